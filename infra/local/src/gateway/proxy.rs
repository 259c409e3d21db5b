//! Passing a push on to the gallery over HTTP, with the headers the definitions map.
//!
//! A REST API sets the mapped headers and lets all others through as sent, its names being case-sensitive: a client's
//! `x-latchkey-holder` would reach the gallery beside the mapped `X-Latchkey-Holder`. The gallery has to trust the grant
//! alone. Here no `X-Latchkey-*` header of the client gets through in any spelling, and neither does the key.

use std::{collections::BTreeMap, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::{body::LIMIT, gateway_response, received::Received};
use crate::definitions::{HttpProxy, PushRoute};

pub(super) type HttpClient = Client<HttpConnector, Body>;

pub(super) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(5)).build_http()
}

/// Headers of one connection, which end at the gateway.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers of an integration's answer that a REST API passes on under another name.
///
/// Source: "Amazon API Gateway important notes", remapped headers.
const REMAPPED: [(HeaderName, &str); 3] = [
    (header::DATE, "x-amzn-remapped-date"),
    (header::SERVER, "x-amzn-remapped-server"),
    (header::WWW_AUTHENTICATE, "x-amzn-remapped-www-authenticate"),
];

/// The gallery's answer to a push, or the gateway's own where there is none.
pub(super) async fn pass_on(
    client: &HttpClient,
    proxy: &HttpProxy,
    route: &PushRoute,
    received: &Received,
    body: Bytes,
    parameters: &BTreeMap<String, String>,
    context: &BTreeMap<String, String>,
) -> Response {
    let Some(request) = request(proxy, received, body, parameters, context) else {
        return gateway_response::internal_error(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let answer = async {
        let response = client
            .request(request)
            .await
            .map_err(|error| tracing::error!(%error, "no answer from the gallery"))?;
        let (parts, body) = response.into_parts();
        Ok::<_, ()>((parts, Limited::new(body, LIMIT).collect().await))
    };
    match tokio::time::timeout(route.timeout, answer).await {
        Ok(Ok((parts, Ok(body)))) => {
            let mut response = Response::new(Body::from(body.to_bytes()));
            *response.status_mut() = parts.status;
            *response.headers_mut() = answer_headers(&parts.headers);
            response
        }
        Ok(Ok((_, Err(_)))) => gateway_response::internal_error(StatusCode::INTERNAL_SERVER_ERROR),
        Ok(Err(())) => gateway_response::default(
            StatusCode::GATEWAY_TIMEOUT,
            "Network error communicating with endpoint",
            "InternalServerErrorException",
        ),
        Err(_) => gateway_response::timed_out(),
    }
}

fn request(
    proxy: &HttpProxy,
    received: &Received,
    body: Bytes,
    parameters: &BTreeMap<String, String>,
    context: &BTreeMap<String, String>,
) -> Option<Request<Body>> {
    let value = |(name, source): (&String, &String)| Some((name.clone(), parameters.get(source)?.clone()));
    let parameters = proxy.path_parameters.iter().map(value).collect::<Option<_>>()?;
    let query = if received.query.is_empty() { String::new() } else { format!("?{}", received.query) };
    let uri = format!("{}{}{query}", proxy.origin, proxy.path.fill(&parameters)?);
    let mut request = Request::builder().method(proxy.method.clone()).uri(uri).body(Body::from(body)).ok()?;
    let headers = request.headers_mut();
    *headers = end_to_end(&received.headers);
    headers.remove(header::CONTENT_LENGTH);
    for (name, value) in received.added_headers() {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?);
    }
    for (name, source) in &proxy.headers {
        headers.remove(name);
        if let Some(value) = source.value(context) {
            headers.insert(name.clone(), HeaderValue::from_str(value).ok()?);
        }
    }
    Some(request)
}

/// The headers that go beyond this connection, and none that only the gateway may set.
pub(super) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let stays = |name: &HeaderName| {
        !HOP_BY_HOP.contains(name)
            && !name.as_str().starts_with("x-latchkey-")
            && name.as_str() != "keep-alive"
            && !named.iter().any(|hop| hop == name.as_str())
    };
    headers
        .iter()
        .filter(|(name, _)| stays(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn answer_headers(headers: &HeaderMap) -> HeaderMap {
    let mut headers = end_to_end(headers);
    headers.remove(header::CONTENT_LENGTH);
    for (name, remapped) in REMAPPED {
        if let Some(value) = headers.remove(&name) {
            headers.insert(HeaderName::from_static(remapped), value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_connection_and_of_the_gateway_stay_behind() {
        let sent = [
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("keep-alive", "5"),
            ("host", "a"),
            ("expect", "100-continue"),
            ("x-latchkey-grant", "forged"),
            ("X-LATCHKEY-Anything", "forged"),
            ("accept", "*/*"),
        ];
        let pair = |(name, value): (&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let sent: HeaderMap = sent.map(pair).into_iter().collect();
        assert_eq!(end_to_end(&sent).keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn some_headers_of_an_answer_are_remapped() {
        let answer: HeaderMap =
            [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))].into_iter().collect();
        assert_eq!(answer_headers(&answer).get("x-amzn-remapped-www-authenticate").unwrap(), "Basic");
        assert_eq!(answer_headers(&answer).len(), 1);
    }
}
