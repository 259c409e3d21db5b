use std::sync::Arc;

use axum::{Router, body::Bytes, middleware, response::IntoResponse as _};
use keyring::Keyring;
use mail::Postman;
use metrics::{Metric, Metrics};
use startup::Clock;
use tower::ServiceExt as _;
use utoipa::openapi::OpenApi;

use crate::{
    app::App,
    config::Policy,
    event::{Answer, Door, Event},
    openapi as document,
    problem::{Incident, Problem, Reason},
    routes, trace,
};

/// The management API, ready to answer. Clones are the same.
#[derive(Clone)]
pub struct Api {
    management: Router,
    own_key: Router,
    metrics: Metrics,
}

impl Api {
    /// The API over `keyring`. Without a postman, mails wait for somebody else to deliver them.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>, postman: Option<Postman>, clock: Clock, policy: Policy) -> Self {
        let (router, document) = routes::router().split_for_parts();
        let document = document::completed(document);
        let app = App::new(keyring, postman, clock, policy, json(&document));
        let served = |router: Router<App>| {
            router
                .method_not_allowed_fallback(no_such_method)
                .fallback(no_such_route)
                .layer(middleware::from_fn_with_state(app.clone(), trace::line))
                .with_state(app.clone())
        };
        let (management, own_key) = (served(router), served(routes::own_key::router()));
        Self { management, own_key, metrics: Metrics::off() }
    }

    /// The same, and its faults are counted. What leaves as mail its postman counts.
    #[must_use]
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Answers one event.
    pub async fn handle(&self, event: Event) -> Answer {
        let response = match event.into_request() {
            Ok((door, request)) => {
                let router = match door {
                    Door::Management => &self.management,
                    Door::OwnKey => &self.own_key,
                };
                router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
            }
            Err(problem) => problem.into_response(),
        };
        if let Some(incident) = response.extensions().get::<Incident>() {
            self.metrics.count(Metric::Fault(incident.of));
        }
        Answer::of(response).await
    }
}

/// The API's OpenAPI document, as `GET /openapi.json` answers it.
#[must_use]
pub fn openapi() -> OpenApi {
    document::completed(routes::router().into_openapi())
}

fn json(document: &OpenApi) -> Bytes {
    document.to_json().unwrap_or_default().into()
}

async fn no_such_route() -> Problem {
    Problem::new(Reason::UnknownRoute, "There is nothing here. GET /openapi.json tells what there is.")
}

async fn no_such_method() -> Problem {
    Problem::new(Reason::MethodNotAllowed, "The Allow header names the methods that can be used here.")
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
