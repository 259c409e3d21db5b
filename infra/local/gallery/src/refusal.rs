use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

/// NuGet's clients print this header's text, on a refusal as on success.
/// Source: <https://learn.microsoft.com/nuget/api/nuget-protocols>.
pub(crate) const WARNING: HeaderName = HeaderName::from_static("x-nuget-warning");

/// The longest text put into a header; the gateway carries 10,240 bytes of them in all.
const MAXIMUM_HEADER: usize = 1_000;

/// A request not carried out, and what its sender is told: in the header that clients print, and as RFC 9457 JSON.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// A stable word for programs.
    pub(crate) reason: String,
    /// A sentence for people.
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, reason: &str, message: impl Into<String>) -> Self {
        Self { status, reason: reason.to_owned(), message: message.into() }
    }

    /// Nothing is wrong with the request; the same again may succeed.
    pub(crate) fn try_again(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.message,
            "reason": self.reason,
        });
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(WARNING, header_text(&self.message));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Text as a header value: what is not printable ASCII becomes `?`, and the end of a long text is cut.
pub(crate) fn header_text(text: &str) -> HeaderValue {
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let text: String = text.chars().take(MAXIMUM_HEADER).map(printable).collect();
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_a_header() {
        assert_eq!(header_text("key \"é\"\r\nSet-Cookie: a=b"), "key \"?\"??Set-Cookie: a=b");
        assert_eq!(header_text(&"x".repeat(5_000)).len(), MAXIMUM_HEADER);
    }
}
