//! The REST API's own answers: the two that the definitions have, and API Gateway's defaults for the rest.

use std::collections::BTreeMap;

use axum::{body::Body, response::Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::definitions::GatewayResponse;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A defined answer, filled from what the authorizer said. A value that fits in no header is left out.
pub(super) fn defined(
    defined: &GatewayResponse,
    context: &BTreeMap<String, String>,
    error_type: &'static str,
) -> Response {
    let mut response = answer(defined.status, defined.body.fill(context), error_type);
    for (name, source) in &defined.headers {
        if let Some(value) = source.value(context).and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name.clone(), value);
        }
    }
    response
}

/// The default answer of this status, with `message` in its body.
pub(super) fn default(status: StatusCode, message: impl Into<Value>, error_type: &'static str) -> Response {
    answer(status, json!({"message": message.into()}).to_string(), error_type)
}

/// No route of this method and path.
pub(super) fn no_route() -> Response {
    default(StatusCode::FORBIDDEN, "Missing Authentication Token", "MissingAuthenticationTokenException")
}

/// The integration or its answer is broken.
pub(super) fn internal_error(status: StatusCode) -> Response {
    default(status, "Internal server error", "InternalServerErrorException")
}

/// The integration took too long.
pub(super) fn timed_out() -> Response {
    default(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out", "InternalServerErrorException")
}

fn answer(status: StatusCode, body: String, error_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    response
}
