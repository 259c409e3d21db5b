//! Stands before an AWS service and passes calls on, unless it was told to answer some of them itself.

use std::sync::{Arc, Mutex, OnceLock};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::{aws::bound, overheard::Said, tripwire::Tripwire};

/// A front before one service.
pub(crate) struct Front {
    upstream: String,
    client: Client<HttpConnector, Body>,
    answers: Mutex<Vec<Planned>>,
    overheard: OnceLock<Said>,
}

/// An answer to be given in the service's place.
struct Planned {
    operation: String,
    times: usize,
    status: u16,
    body: String,
}

impl Front {
    /// A front before the service at `upstream`, and where it is.
    pub(crate) async fn before(upstream: &str, tripwire: &Arc<Tripwire>) -> (Arc<Self>, String) {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let front = Arc::new(Self {
            upstream: upstream.to_owned(),
            client,
            answers: Mutex::default(),
            overheard: OnceLock::new(),
        });
        let (listener, at) = bound().await;
        let routes = Router::new().fallback(Self::pass).with_state(Arc::clone(&front));
        let routes = routes.layer(from_fn_with_state(Arc::clone(tripwire), Tripwire::pass));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (front, at)
    }

    /// What is sent to the service is heard from now on.
    pub(crate) fn overheard_by(&self, said: &Said) {
        self.overheard.get_or_init(|| said.clone());
    }

    /// The next `times` calls of `operation` (`TransactWriteItems`) get this answer, and the service hears nothing.
    pub(crate) fn answer(&self, operation: &str, times: usize, status: u16, body: &str) {
        let planned = Planned { operation: operation.to_owned(), times, status, body: body.to_owned() };
        self.answers.lock().unwrap().push(planned);
    }

    /// How many of the planned answers were not asked for yet.
    pub(crate) fn left(&self) -> usize {
        self.answers.lock().unwrap().iter().map(|planned| planned.times).sum()
    }

    async fn pass(State(front): State<Arc<Self>>, request: Request) -> Response {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        if let Some(answer) = target.and_then(|target| front.planned(target)) {
            return answer;
        }
        let (mut parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        if let Some(said) = front.overheard.get() {
            said.hear(&body);
        }
        parts.uri = format!("{}{}", front.upstream, parts.uri.path()).parse().unwrap();
        let answer = front.client.request(Request::from_parts(parts, body.into())).await.unwrap();
        answer.map(|body| Body::new(body.boxed())).into_response()
    }

    fn planned(&self, target: &str) -> Option<Response> {
        let operation = target.rsplit('.').next()?;
        let mut answers = self.answers.lock().unwrap();
        let planned =
            answers.iter_mut().find(|planned| planned.operation == operation && planned.times > 0)?;
        planned.times -= 1;
        let answer =
            Response::builder().status(planned.status).header("content-type", "application/x-amz-json-1.0");
        Some(answer.body(planned.body.clone().into()).unwrap())
    }
}
