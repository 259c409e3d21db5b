//! The management API: an HTTP API. Route, caller, event, answer, in API Gateway's order and words.

use std::{collections::BTreeMap, sync::Arc};

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{
    Gateway,
    access_log::{self, Line},
    authorizer_name,
    body::{self, BodyError},
    cors, http_event,
    http_event::Routed,
    http_reply, iam,
    received::Received,
    token::TokenError,
};
use crate::definitions::{Caller, ManagementRoute};

pub(super) async fn answer(gateway: &Arc<Gateway>, request: Request) -> Response {
    let (received, body) = Received::of(request, &gateway.clock);
    let mut line = Line::default();
    let mut response = respond(gateway, &received, body, &mut line).await;
    if let Ok(id) = HeaderValue::from_str(&received.id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    access_log::write("management", &received, &line, response.status());
    response
}

async fn respond(gateway: &Gateway, received: &Received, body: Body, line: &mut Line) -> Response {
    let api = &gateway.definitions.management;
    if let Some(preflight) = api.cors.as_ref().and_then(|cors| cors::preflight(cors, received)) {
        line.route = "preflight".to_owned();
        return preflight;
    }
    let Some(path) = decoded(&received.path) else { return message(StatusCode::BAD_REQUEST, "Bad Request") };
    let Some((route, parameters)) = find(&api.routes, received, path.as_str()) else {
        return message(StatusCode::NOT_FOUND, "Not Found");
    };
    let route_key = format!("{} {}", route.method, route.path);
    line.route.clone_from(&route_key);
    line.authorizer = authorizer_name(&route.caller);

    let authorizer = match authorize(gateway, received, &route.caller) {
        Ok(authorizer) => authorizer,
        Err(refusal) => {
            line.reason = Some(refusal.reason);
            return refusal.response;
        }
    };
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        Err(BodyError::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let routed =
        Routed { route_key: &route_key, path: &path, parameters: &parameters, authorizer, api: &api.id };
    let event = http_event::event(received, &routed, &body);
    let mut response = match call(gateway, route, event).await {
        Ok(response) => response,
        Err(failure) => return failure,
    };
    if let Some(cors) = &api.cors {
        cors::replace(cors, &received.headers, response.headers_mut());
    }
    response
}

/// The path percent-decoded, once and before routes are looked at: a `%2F` is a slash here. What follows a decoded
/// question mark is lost, as it is in AWS. None if it is not UTF-8.
fn decoded(path: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    Some(decoded.split('?').next().unwrap_or_default().to_owned())
}

fn find<'a>(
    routes: &'a [ManagementRoute],
    received: &Received,
    path: &str,
) -> Option<(&'a ManagementRoute, BTreeMap<String, String>)> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let matching = routes.iter().filter(|route| route.method == received.method);
    let matching = matching.filter_map(|route| Some((route, route.path.matches(&segments)?)));
    matching.min_by(|(a, _), (b, _)| a.path.by_precedence(&b.path))
}

/// An answer to a caller who may not, and why in a few words.
struct Refusal {
    response: Response,
    reason: String,
}

/// What the event says of the caller.
fn authorize(gateway: &Gateway, received: &Received, caller: &Caller) -> Result<Option<Value>, Box<Refusal>> {
    match caller {
        Caller::Open => Ok(None),
        Caller::Iam if iam::is_gallery(received) => Ok(Some(json!({"iam": iam::gallery()}))),
        Caller::Iam => Err(Box::new(Refusal {
            response: message(StatusCode::FORBIDDEN, "Forbidden"),
            reason: "not the gallery".to_owned(),
        })),
        Caller::Jwt(rules) => {
            let authorization = received.joined(header::AUTHORIZATION);
            match gateway.tokens.verify(authorization.as_deref(), rules, received.at) {
                Ok(claims) => Ok(Some(json!({"jwt": {"claims": claims, "scopes": null}}))),
                Err(error) => {
                    Err(Box::new(Refusal { response: unauthorized(error), reason: error.to_string() }))
                }
            }
        }
    }
}

fn unauthorized(error: TokenError) -> Response {
    let mut response = message(StatusCode::UNAUTHORIZED, "Unauthorized");
    let challenge = match error {
        TokenError::Missing => "Bearer".to_owned(),
        _ => format!(r#"Bearer scope="" error="invalid_token" error_description="{error}""#),
    };
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

async fn call(gateway: &Gateway, route: &ManagementRoute, event: Value) -> Result<Response, Response> {
    let error = || message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let function = gateway.functions.get(&route.function).ok_or_else(error)?;
    match tokio::time::timeout(route.timeout, function(event)).await {
        Ok(Ok(answer)) => http_reply::reply(answer).ok_or_else(error),
        Ok(Err(failure)) => {
            tracing::error!(function = route.function, failure, "the function failed");
            Err(error())
        }
        Err(_) => Err(message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")),
    }
}

fn message(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(json!({"message": text}).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn a_path_is_decoded_before_it_is_split() {
        assert_eq!(decoded("/keys/a%7Cb").as_deref(), Some("/keys/a|b"));
        assert_eq!(decoded("/keys/a%2Fb").as_deref(), Some("/keys/a/b"));
        assert_eq!(decoded("/keys/a%3Fb").as_deref(), Some("/keys/a"));
        assert_eq!(decoded("/keys/%ff"), None);
    }
}
