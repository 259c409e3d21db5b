//! What a REST API makes of a function's answer, Lambda proxy format 1.0. An answer that is no such response is 502.

use axum::{body::Body, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::http_reply::scalar;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<Map<String, Value>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// The response; none if the answer is none.
pub(super) fn reply(answer: Value) -> Option<Response> {
    let answer: Answer = serde_json::from_value(answer).ok()?;
    let body = answer.body.unwrap_or_default();
    let body =
        if answer.is_base64_encoded == Some(true) { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status_code).ok().filter(|status| status.as_u16() >= 200)?;
    let headers = response.headers_mut();
    for (name, values) in answer.multi_value_headers.into_iter().flatten() {
        let name: HeaderName = name.parse().ok()?;
        for value in values.as_array()? {
            headers.append(name.clone(), scalar(value)?);
        }
    }
    for (name, value) in answer.headers.into_iter().flatten() {
        let name: HeaderName = name.parse().ok()?;
        // A name in both lists keeps the values of the multi-value one.
        if !headers.contains_key(&name) {
            headers.insert(name, scalar(&value)?);
        }
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Some(response)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn both_lists_of_headers_and_base64_are_understood() {
        let answer = json!({
            "statusCode": 403, "headers": {"x-a": "1", "x-b": "2"}, "multiValueHeaders": {"x-b": ["3", "4"]},
            "body": "e30=", "isBase64Encoded": true,
        });
        let response = reply(answer).unwrap();
        assert_eq!(response.status(), 403);
        let headers: Vec<_> =
            response.headers().iter().map(|(k, v)| (k.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(headers, [("x-b", "3"), ("x-b", "4"), ("x-a", "1"), ("content-type", "application/json")]);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    }

    #[test]
    fn what_is_no_proxy_response_is_none() {
        for answer in [
            json!({}),
            json!("text"),
            json!({"statusCode": 200, "body": {}}),
            json!({"statusCode": 200, "status": 1}),
            json!({"statusCode": 200, "body": "%", "isBase64Encoded": true}),
            json!({"statusCode": 200, "multiValueHeaders": {"a": "b"}}),
        ] {
            assert!(reply(answer.clone()).is_none(), "{answer}");
        }
    }
}
