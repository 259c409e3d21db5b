//! The event a function behind an HTTP API gets: Lambda proxy payload, format 2.0.
//!
//! Path and path parameters are percent-decoded, the query stays as sent, header names are lower case, repeated headers
//! and query parameters are joined by commas, and what would be empty is left out. A body is text for `text/*`, JSON,
//! XML and JavaScript, and Base64 for everything else, form fields and bodies of no type included (measured against AWS
//! by the authors of ministack, pull request 766).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Map, Value, json};

use super::received::{Received, text};
use crate::definitions::ACCOUNT;

/// What the route adds to what was received.
pub(super) struct Routed<'a> {
    /// `GET /keys/{id}`.
    pub(super) route_key: &'a str,
    /// The path, percent-decoded.
    pub(super) path: &'a str,
    pub(super) parameters: &'a BTreeMap<String, String>,
    /// `requestContext.authorizer`.
    pub(super) authorizer: Option<Value>,
    pub(super) api: &'a str,
}

pub(super) fn event(request: &Received, routed: &Routed<'_>, body: &Bytes) -> Value {
    let domain = request.domain();
    let mut context = json!({
        "accountId": ACCOUNT,
        "apiId": routed.api,
        "domainName": domain,
        "domainPrefix": domain.split('.').next().unwrap_or(domain),
        "http": {
            "method": request.method.as_str(),
            "path": routed.path,
            "protocol": request.protocol(),
            "sourceIp": request.peer.to_string(),
            "userAgent": request.header("user-agent").unwrap_or_default(),
        },
        "requestId": request.id,
        "routeKey": routed.route_key,
        "stage": "$default",
        "time": request.request_time(),
        "timeEpoch": request.at.timestamp_millis(),
    });
    if let Some(authorizer) = &routed.authorizer {
        context["authorizer"] = authorizer.clone();
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": routed.route_key,
        "rawPath": routed.path,
        "rawQueryString": request.query,
        "headers": headers(request, body),
        "requestContext": context,
        "isBase64Encoded": false,
    });
    let cookies: Vec<_> =
        request.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    if !cookies.is_empty() {
        event["cookies"] = cookies.iter().flat_map(|line| line.split(';')).map(str::trim).collect();
    }
    if !request.query.is_empty() {
        event["queryStringParameters"] = joined(request.query_pairs());
    }
    if !routed.parameters.is_empty() {
        event["pathParameters"] = json!(routed.parameters);
    }
    if !body.is_empty() {
        let text = is_text(request.header(CONTENT_TYPE)).then(|| std::str::from_utf8(body).ok()).flatten();
        event["isBase64Encoded"] = text.is_none().into();
        event["body"] = text.map_or_else(|| STANDARD.encode(body), str::to_owned).into();
    }
    event
}

fn headers(request: &Received, body: &Bytes) -> Value {
    let sent = request.headers.iter().filter(|(name, _)| **name != COOKIE);
    let sent = sent.map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let mut headers = joined(sent.collect());
    for (name, value) in request.added_headers() {
        headers[name.to_ascii_lowercase()] = value.into();
    }
    headers["content-length"] = body.len().to_string().into();
    headers
}

fn joined(pairs: Vec<(String, String)>) -> Value {
    let mut object = Map::new();
    for (name, value) in pairs {
        let value = match object.get(&name).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier},{value}"),
            None => value,
        };
        object.insert(name, value.into());
    }
    Value::Object(object)
}

fn is_text(content_type: Option<&str>) -> bool {
    let media_type =
        content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    media_type.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&media_type.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_few_media_types_are_text() {
        for text in
            ["text/plain", "Application/JSON; charset=utf-8", "application/xml", "application/javascript"]
        {
            assert!(is_text(Some(text)), "{text}");
        }
        for binary in
            [Some("application/x-www-form-urlencoded"), Some("application/problem+json"), Some(""), None]
        {
            assert!(!is_text(binary), "{binary:?}");
        }
    }
}
