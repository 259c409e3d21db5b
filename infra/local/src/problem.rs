//! What went wrong, as RFC 9457 has it, for the routes that are the local program's own.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A refusal with what is wrong in which field.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<Value>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new() }
    }

    /// Bad input: 400, and each field at fault.
    pub(crate) fn fields(faults: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let faults = faults.into_iter();
        let errors = faults.map(|(field, message)| json!({ "field": field, "message": message })).collect();
        Self { status: StatusCode::BAD_REQUEST, detail: "The input is not valid.".to_owned(), errors }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if !self.errors.is_empty() {
            problem["errors"] = Value::Array(self.errors);
        }
        let mut response = Response::new(Body::from(problem.to_string()));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, http::HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// Reads a JSON body.
///
/// It must be called JSON: a page of another site can send a form or plain text here, but no JSON without being let.
pub(crate) fn read_json<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "Send JSON with Content-Type: application/json."));
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("The body cannot be read: {error}.")))
}
