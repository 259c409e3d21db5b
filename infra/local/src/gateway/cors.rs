//! An HTTP API's own answers to browsers about calls from pages of other origins.
//!
//! Source: "Configure CORS for HTTP APIs" in API Gateway's guide: with a configuration the gateway answers preflight
//! requests itself, on every path, and what an integration says about CORS is dropped for what the configuration says.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::received::Received;
use crate::definitions::Cors;

/// The answer to a preflight request; none if this is not one.
pub(super) fn preflight(cors: &Cors, request: &Received) -> Option<Response> {
    let method = request.header(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    if request.method != Method::OPTIONS || !request.headers.contains_key(header::ORIGIN) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let asked = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let mut asked = asked.split(',').map(str::trim).filter(|name| !name.is_empty());
    let method_allowed = has(&cors.allow_methods, method);
    if let Some(origin) = origin(cors, &request.headers)
        && method_allowed
        && asked.all(|name| has(&cors.allow_headers, name))
    {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        list(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods);
        list(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers);
        if let Some(seconds) = cors.max_age {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, seconds.into());
        }
    }
    Some(response)
}

/// Puts the configuration's word about CORS in place of the integration's.
pub(super) fn replace(cors: &Cors, request: &HeaderMap, response: &mut HeaderMap) {
    let said: Vec<_> =
        response.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in said {
        response.remove(name);
    }
    if let Some(origin) = origin(cors, request) {
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        list(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers);
    }
}

fn origin(cors: &Cors, request: &HeaderMap) -> Option<HeaderValue> {
    let origin = request.get(header::ORIGIN)?;
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    cors.allow_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

fn has(allowed: &[String], name: &str) -> bool {
    allowed.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(name))
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(","))
        && !values.is_empty()
    {
        headers.insert(name, value);
    }
}
