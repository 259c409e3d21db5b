//! One line a request. It never holds a header, a query or a body, because keys travel in those.

use http::StatusCode;

use super::received::Received;

/// What the line tells beside method, request id and status.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// `PUT /api/v2/package`, as defined rather than as sent; empty where no route was found.
    pub(super) route: String,
    /// Which kind of authorizer was asked.
    pub(super) authorizer: &'static str,
    /// Why it refused, in one word.
    pub(super) reason: Option<String>,
    /// The public id of the key it was asked with.
    pub(super) key_id: Option<String>,
}

pub(super) fn write(api: &'static str, request: &Received, line: &Line, status: StatusCode) {
    tracing::info!(
        target: "access",
        api,
        request_id = %request.id,
        method = %request.method,
        route = %line.route,
        status = status.as_u16(),
        authorizer = line.authorizer,
        reason = line.reason,
        key_id = line.key_id,
    );
}
