//! The hop between a deployment's push API and the gallery, which does what MiniStack leaves out: it hands the gallery the
//! headers that the push API's definition maps, and withholds the key.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt as _;
use hyper::{
    Method, StatusCode,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use local::definitions::{PathTemplate, Source};
use serde_json::{Map, Value, json};

use crate::account::Account;

struct Hop {
    origin: String,
    client: Client<HttpConnector, Body>,
    routes: Vec<Route>,
}

/// A route of the push API, and what is put into which headers on it.
struct Route {
    method: Method,
    path: PathTemplate,
    headers: Vec<(HeaderName, Source)>,
}

/// The gallery's writing routes behind the hop. `origin` is where `POST /authorize` answers.
pub(crate) fn before(writes: Router, origin: &str, account: &Account) -> Router {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let routes = account.mapped_headers().map(Route::read).collect();
    let hop = Arc::new(Hop { origin: origin.to_owned(), client, routes });
    writes.layer(from_fn_with_state(hop, map_headers))
}

/// The key has arrived, so the other door is asked with it for what the authorizer has said to the gateway.
async fn map_headers(State(hop): State<Arc<Hop>>, mut request: Request, next: Next) -> Response {
    let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
    let found = hop.routes.iter().filter(|route| route.method == *request.method());
    let Some((route, parameters)) = found.filter_map(|it| Some((it, it.path.matches(&path)?))).next() else {
        return (StatusCode::BAD_GATEWAY, "the push API has no such route").into_response();
    };
    // Uploads name their package inside the body; whatever names it in its path takes it from the lists or puts it back.
    let action = if parameters.is_empty() { "push" } else { "unlist" };
    let mut asked =
        Request::<()>::post(format!("{}/authorize", hop.origin)).header("content-type", "application/json");
    for name in [AUTHORIZATION, HeaderName::from_static("x-nuget-apikey")] {
        if let Some(value) = request.headers().get(&name) {
            asked = asked.header(name, value);
        }
    }
    let asked = asked.body(json!({ "action": action }).to_string().into()).expect("it is a request");
    let answer = hop.client.request(asked).await.expect("the other door answers");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("the other door answers").to_bytes();
    if status != StatusCode::OK {
        let why = format!("one door has let this pass, and the other answers {status}");
        return (StatusCode::BAD_GATEWAY, why).into_response();
    }
    let said: Map<String, Value> = serde_json::from_slice(&body).expect("the other door answers with JSON");
    let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    let mut context: BTreeMap<String, String> = said.into_iter().filter_map(text).collect();
    context.insert("action".to_owned(), action.to_owned());
    for (name, source) in &route.headers {
        let value = source.value(&context).map(HeaderValue::try_from);
        match value.transpose().expect("what the authorizer says fits a header") {
            Some(value) => request.headers_mut().insert(name, value),
            None => request.headers_mut().remove(name),
        };
    }
    next.run(request).await
}

impl Route {
    fn read((method, path, headers): (&str, &str, &Map<String, Value>)) -> Self {
        let header = |(name, source): (&String, &Value)| {
            let source =
                source.as_str().and_then(Source::parse).expect("the definition is one cargo run can read");
            (HeaderName::try_from(name).expect("it is a header's name"), source)
        };
        Self {
            method: method.parse().expect("it is a method"),
            path: PathTemplate::parse(path).expect("the definition is one cargo run can read"),
            headers: headers.iter().map(header).collect(),
        }
    }
}
