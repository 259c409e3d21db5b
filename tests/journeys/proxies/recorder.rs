//! Stands before a server, passes on what comes, piece by piece, and remembers what it was.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, StatusCode, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::aws::bound;

/// A recorder before one server.
pub(super) struct Recorder {
    upstream: String,
    client: Client<HttpConnector, Body>,
    seen: Mutex<Vec<Seen>>,
    instead: Mutex<Option<StatusCode>>,
}

/// A request as the server got it.
#[derive(Clone)]
pub(super) struct Seen {
    /// Method and request target.
    pub(super) line: String,
    pub(super) headers: HeaderMap,
    received: Arc<AtomicU64>,
}

impl Recorder {
    /// A recorder before the server at `upstream`, and where it is.
    pub(super) async fn before(upstream: &str) -> (Arc<Self>, String) {
        let recorder = Arc::new(Self {
            upstream: upstream.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            seen: Mutex::default(),
            instead: Mutex::default(),
        });
        let (listener, at) = bound().await;
        let routes = Router::new().fallback(Self::pass).with_state(Arc::clone(&recorder));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (recorder, at)
    }

    /// The requests since it was last asked.
    pub(super) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// From now on it answers so by itself, or passes on again.
    pub(super) fn answer(&self, status: Option<u16>) {
        *self.instead.lock().unwrap() = status.map(|status| StatusCode::from_u16(status).unwrap());
    }

    async fn pass(State(recorder): State<Arc<Self>>, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str()).to_owned();
        let received = Arc::new(AtomicU64::new(0));
        let line = format!("{} {target}", parts.method);
        let seen = Seen { line, headers: parts.headers.clone(), received: Arc::clone(&received) };
        recorder.seen.lock().unwrap().push(seen);
        if let Some(status) = *recorder.instead.lock().unwrap() {
            return status.into_response();
        }
        parts.uri = format!("{}{target}", recorder.upstream).parse().unwrap();
        parts.headers.remove(header::CONNECTION);
        let body = body.map_frame(move |frame| {
            let bytes = frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap());
            received.fetch_add(bytes, Ordering::Relaxed);
            frame
        });
        let request = Request::from_parts(parts, Body::new(body));
        let answer = recorder.client.request(request).await.expect("what it stands before answers");
        answer.map(|body| Body::new(body.boxed())).into_response()
    }
}

impl Seen {
    /// How many bytes of its body have come.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// All that was sent under this name.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}
