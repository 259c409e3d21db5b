//! What an HTTP API makes of a function's answer, payload format 2.0: with a `statusCode` it is a response, without one
//! it is the JSON body of a 200. An answer that is no response is the function's fault, 500.

use axum::{body::Body, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// The response; none if the answer is none.
pub(super) fn reply(answer: Value) -> Option<Response> {
    if answer.get("statusCode").is_none() {
        let mut response = Response::new(Body::from(match answer {
            Value::String(text) => text,
            other => other.to_string(),
        }));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Some(response);
    }
    let answer: Answer = serde_json::from_value(answer).ok()?;
    let body = answer.body.unwrap_or_default();
    let body =
        if answer.is_base64_encoded == Some(true) { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status_code).ok().filter(|status| status.as_u16() >= 200)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    for (name, value) in answer.headers.into_iter().flatten() {
        let name: HeaderName = name.parse().ok()?;
        if name != header::CONTENT_LENGTH {
            headers.insert(name, scalar(&value)?);
        }
    }
    for cookie in answer.cookies.into_iter().flatten() {
        headers.append(header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    Some(response)
}

/// A header's value out of a text, number or boolean.
pub(super) fn scalar(value: &Value) -> Option<HeaderValue> {
    match value {
        Value::String(text) => HeaderValue::from_str(text).ok(),
        Value::Number(_) | Value::Bool(_) => HeaderValue::from_str(&value.to_string()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    async fn seen(answer: Value) -> Option<(u16, Vec<(String, String)>, String)> {
        let (parts, body) = reply(answer)?.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let headers =
            parts.headers.iter().map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned())).collect();
        Some((parts.status.as_u16(), headers, body))
    }

    #[tokio::test]
    async fn a_status_code_makes_it_a_response() {
        let answer = json!({
            "statusCode": 201, "headers": {"Content-Type": "application/json", "x-n": 3, "content-length": "99"},
            "multiValueHeaders": {"x-n": ["4"]}, "cookies": ["a=1", "b=2"], "body": "e30=", "isBase64Encoded": true,
        });
        let (status, headers, body) = seen(answer).await.unwrap();
        assert_eq!((status, body.as_str()), (201, "{}"));
        let expected = [
            ("content-type", "application/json"),
            ("x-n", "3"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ];
        assert_eq!(headers, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[tokio::test]
    async fn anything_else_is_the_body_of_a_200() {
        assert_eq!(seen(json!({"a": 1})).await.unwrap().2, r#"{"a":1}"#);
        assert_eq!(seen(json!("text")).await.unwrap().2, "text");
    }

    #[tokio::test]
    async fn a_broken_response_is_none() {
        for answer in [
            json!({"statusCode": "created"}),
            json!({"statusCode": 42}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "headers": {"a": ["c"]}}),
            json!({"statusCode": 200, "body": "not base64!", "isBase64Encoded": true}),
            json!({"statusCode": 200, "body": {"not": "text"}}),
        ] {
            assert!(reply(answer.clone()).is_none(), "{answer}");
        }
    }
}
