//! Both APIs on one origin, answered as API Gateway answers them.
//!
//! A path that begins as one of the push API's routes does, up to its first parameter, belongs to that REST API. Any other
//! whose first segment is the first of one of the management API's routes belongs to that HTTP API, likewise for the push
//! API: so `/keys/self` is a key's own and `/keys/{id}` is people's, as no id is `self`. Every other path is a reading route of the gallery, which in production does not pass
//! through us at all, and is passed on as it is (less any `X-Latchkey-*` header).
//!
//! Where behaviour is not documented by AWS, what people measured against it is followed; where that is unknown too, the
//! stricter reading is taken. Left out: throttles, the limit on the size of headers, X-Ray, and response streaming.

mod access_log;
mod body;
mod cors;
mod gateway_response;
mod http_api;
mod http_event;
mod http_reply;
mod iam;
mod passing_on;
mod policy;
mod proxy;
mod received;
mod rest_api;
mod rest_event;
mod rest_reply;
mod token;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::serve as serve_for_test;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::Uri;
use startup::Clock;

use crate::{
    definitions::{Caller, Definitions, PushIntegration},
    function::Function,
};
pub use token::TokenVerifier;

/// The address a connection comes from: a server puts it among a request's extensions. Without it a request counts as
/// coming from this machine.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// A function that the definitions name and nobody brought.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the definitions call {0}, which is not among the functions served")]
pub struct MissingFunction(String);

/// Everything a request's answer depends on.
struct Gateway {
    definitions: Definitions,
    functions: BTreeMap<String, Function>,
    gallery: Uri,
    tokens: TokenVerifier,
    clock: Clock,
    client: proxy::HttpClient,
}

/// The two APIs, and behind them the gallery's reading routes, as the fallback of a router.
///
/// `functions` are found by their names in the template, `gallery` is where reading routes are passed on to (pushes go
/// where the definitions say), `tokens` knows the key that people's tokens are signed with, `clock` is the gateway's.
///
/// # Errors
/// [`MissingFunction`] for a function that a definition names and `functions` lacks.
pub fn router(
    definitions: Definitions,
    functions: BTreeMap<String, Function>,
    gallery: Uri,
    tokens: TokenVerifier,
    clock: Clock,
) -> Result<Router, MissingFunction> {
    for name in called(&definitions) {
        if !functions.contains_key(name) {
            return Err(MissingFunction(name.to_owned()));
        }
    }
    let gateway = Gateway { definitions, functions, gallery, tokens, clock, client: proxy::client() };
    Ok(Router::new().fallback(answer).with_state(Arc::new(gateway)))
}

/// The functions that the routes need.
fn called(definitions: &Definitions) -> impl Iterator<Item = &str> {
    let management = definitions.management.routes.iter().map(|route| route.function.as_str());
    let authorizers = definitions.push.routes.iter().filter_map(|route| route.authorizer.as_deref());
    let push = definitions.push.routes.iter().filter_map(|route| match &route.integration {
        PushIntegration::Function(name) => Some(name.as_str()),
        PushIntegration::HttpProxy(_) => None,
    });
    management.chain(authorizers).chain(push)
}

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    let segments: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
    let root = segments.first().copied().unwrap_or_default();
    let Definitions { management, push, .. } = &gateway.definitions;
    if push.routes.iter().any(|route| route.path.leads(&segments)) {
        rest_api::answer(&gateway, request).await
    } else if management.routes.iter().any(|route| route.path.root() == Some(root)) {
        http_api::answer(&gateway, request).await
    } else if push.routes.iter().any(|route| route.path.root() == Some(root)) {
        rest_api::answer(&gateway, request).await
    } else {
        passing_on::answer(&gateway, request).await
    }
}

/// How a caller is named in the access log.
fn authorizer_name(caller: &Caller) -> &'static str {
    match caller {
        Caller::Jwt(_) => "jwt",
        Caller::Iam => "iam",
        Caller::Open => "open",
    }
}
