//! The push API: a REST API. Route, authorizer, policy, integration, in API Gateway's order and words.

use std::{collections::BTreeMap, sync::Arc};

use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::{
    Gateway,
    access_log::{self, Line},
    body::{self, BodyError},
    gateway_response, policy, proxy,
    received::Received,
    rest_event, rest_reply,
};
use crate::definitions::{PushApi, PushIntegration, PushRoute};

/// What the authorizer said, as text.
type Context = BTreeMap<String, String>;

pub(super) async fn answer(gateway: &Arc<Gateway>, request: Request) -> Response {
    let (received, body) = Received::of(request, &gateway.clock);
    let mut line = Line::default();
    let mut response = respond(gateway, &received, body, &mut line).await;
    if let Ok(id) = HeaderValue::from_str(&received.id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    access_log::write("push", &received, &line, response.status());
    response
}

async fn respond(gateway: &Gateway, received: &Received, body: Body, line: &mut Line) -> Response {
    let api = &gateway.definitions.push;
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            return gateway_response::default(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Request Too Long",
                "RequestTooLargeException",
            );
        }
        Err(BodyError::Broken) => {
            return gateway_response::default(StatusCode::BAD_REQUEST, "Bad Request", "BadRequestException");
        }
    };
    let Some((route, parameters)) = find(&api.routes, received) else { return gateway_response::no_route() };
    line.route = format!("{} {}", route.method, route.path);

    let context = match &route.authorizer {
        Some(name) => {
            line.authorizer = "request";
            match authorize(gateway, received, route, name, &parameters, line).await {
                Ok(context) => context,
                Err(refusal) => return refusal,
            }
        }
        None => {
            line.authorizer = "open";
            Context::new()
        }
    };
    match &route.integration {
        PushIntegration::HttpProxy(proxy) => {
            proxy::pass_on(&gateway.client, proxy, route, received, body, &parameters, &context).await
        }
        PushIntegration::Function(name) => {
            call(gateway, api, route, name, received, &parameters, &body).await
        }
    }
}

/// The route of this method and path, and the path's parameters, decoded. One slash at the end does not count.
fn find<'a>(
    routes: &'a [PushRoute],
    received: &Received,
) -> Option<(&'a PushRoute, BTreeMap<String, String>)> {
    let path = received.path.strip_prefix('/')?;
    let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let matching = routes.iter().filter(|route| route.method == received.method);
    let matching = matching.filter_map(|route| Some((route, route.path.matches(&segments)?)));
    let (route, parameters) = matching.min_by(|(a, _), (b, _)| a.path.by_precedence(&b.path))?;
    let decoded = parameters.into_iter().map(|(name, value)| {
        let value = percent_encoding::percent_decode_str(&value).decode_utf8().ok()?.into_owned();
        Some((name, value))
    });
    Some((route, decoded.collect::<Option<_>>()?))
}

/// What the authorizer said of a request it lets through, or the gateway's refusal.
async fn authorize(
    gateway: &Gateway,
    received: &Received,
    route: &PushRoute,
    name: &str,
    parameters: &BTreeMap<String, String>,
    line: &mut Line,
) -> Result<Context, Response> {
    let api = &gateway.definitions.push;
    let failed =
        |error_type| gateway_response::default(StatusCode::INTERNAL_SERVER_ERROR, Value::Null, error_type);
    let Some(function) = gateway.functions.get(name) else {
        return Err(failed("AuthorizerConfigurationException"));
    };
    let event = rest_event::authorizer(received, api, route, parameters);
    let answer = match tokio::time::timeout(route.timeout, function(event)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(message)) if message == "Unauthorized" => {
            line.reason = Some("missing".to_owned());
            return Err(gateway_response::defined(
                &api.unauthorized,
                &Context::new(),
                "UnauthorizedException",
            ));
        }
        Ok(Err(message)) => {
            tracing::error!(function = name, message, "the authorizer failed");
            return Err(failed("AuthorizerFailureException"));
        }
        Err(_) => return Err(failed("AuthorizerFailureException")),
    };
    let verdict = policy::evaluate(answer, &rest_event::method_arn(received, api)).map_err(|error| {
        tracing::error!(function = name, %error);
        failed("AuthorizerConfigurationException")
    })?;
    line.reason = verdict.context.get("reason").cloned();
    line.key_id = verdict.context.get("key_id").cloned();
    if verdict.allowed {
        return Ok(verdict.context);
    }
    Err(gateway_response::defined(&api.access_denied, &verdict.context, "AccessDeniedException"))
}

async fn call(
    gateway: &Gateway,
    api: &PushApi,
    route: &PushRoute,
    name: &str,
    received: &Received,
    parameters: &BTreeMap<String, String>,
    body: &Bytes,
) -> Response {
    let error = || gateway_response::internal_error(StatusCode::BAD_GATEWAY);
    let Some(function) = gateway.functions.get(name) else { return error() };
    let event = rest_event::proxy(received, api, route, parameters, body);
    match tokio::time::timeout(route.timeout, function(event)).await {
        Ok(Ok(answer)) => rest_reply::reply(answer).unwrap_or_else(error),
        Ok(Err(message)) => {
            tracing::error!(function = name, message, "the function failed");
            error()
        }
        Err(_) => gateway_response::timed_out(),
    }
}
