//! An error as AWS answers it: an exception's name, an HTTP status and, mostly, a message.

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Why a stand-in does not do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    exception: &'static str,
    message: Option<String>,
}

impl Refusal {
    /// A refusal that is the caller's fault, which is 400 with almost every exception of AWS.
    pub(crate) fn new(exception: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, exception, message: Some(message.into()) }
    }

    /// A refusal AWS gives no message for.
    pub(crate) fn bare(exception: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, exception, message: None }
    }

    /// The same refusal with another status.
    pub(crate) fn with(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// As the protocol AWS JSON 1.1 has it: the exception's name in the body.
    pub(crate) fn into_json_1_1(self) -> Response {
        tracing::debug!(refusal = ?self, "refused");
        let body = match self.message {
            Some(message) => json!({ "__type": self.exception, "message": message }),
            None => json!({ "__type": self.exception }),
        };
        (self.status, [(CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
    }
}

/// As the protocol REST-JSON 1 has it: the exception's name in a header.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(refusal = ?self, "refused");
        let body = json!({ "message": self.message });
        let headers = [(CONTENT_TYPE.as_str(), "application/json"), ("x-amzn-errortype", self.exception)];
        (self.status, headers, body.to_string()).into_response()
    }
}
