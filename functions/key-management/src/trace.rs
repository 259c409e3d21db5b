use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};
use keys::{AccountId, KeyId};
use serde_json::Value;

use crate::{
    app::App,
    extract::{Caller, Identity},
    problem::Incident,
};

/// Writes one line of the log a request: its route as it is defined, who called by tag or principal, the key, the
/// outcome. Never a body, a header, a query or a name. And no reply may be kept by a cache unless its handler says so: most
/// are about keys, and two show one.
pub(crate) async fn line(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let caller = caller(&app, request.extensions().get());
    let asked = if route.starts_with("/keys/{id}") { request.uri().path().split('/').nth(2) } else { None };
    let asked: Option<KeyId> = asked.and_then(|id| id.parse().ok());

    let mut response = next.run(request).await;

    let status = response.status().as_u16();
    let key = response.extensions().get().copied().or(asked).map(|id: KeyId| id.to_string());
    match response.extensions().get::<Incident>() {
        None => tracing::info!(%method, route, status, caller, key, "answered"),
        Some(Incident { id, cause, .. }) => {
            tracing::error!(%method, route, status, caller, key, incident = id, cause, "failed");
        }
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn caller(app: &App, caller: Option<&Caller>) -> String {
    match caller.map(Caller::identity) {
        Some(Identity::Person(claims)) => {
            let account = claims.get(&app.policy.account_claim).and_then(Value::as_str);
            let account: Option<AccountId> = account.and_then(|account| account.parse().ok());
            account
                .map_or_else(|| "a token without an account".to_owned(), |account| account.tag().to_string())
        }
        Some(Identity::Gallery(principal)) => principal.clone(),
        Some(Identity::Key(_)) => "a key".to_owned(),
        Some(Identity::Nobody) | None => "nobody".to_owned(),
    }
}
