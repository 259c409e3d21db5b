//! The services behind the wire: one engine and one KMS for the whole matrix, on a thread of their own.
//!
//! Whoever asks one is blocked until it has answered, so that to the asker it takes no time: only what the wire itself
//! holds back does, and no cell depends on how busy the machine is.

use std::{
    future::pending,
    sync::{LazyLock, mpsc},
    thread,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{Request, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use stand_ins::{Engine, Kms, KmsKey};
use startup::Clock;
use tokio::runtime::{Builder, Handle};
use tower::ServiceExt as _;

use crate::aws::{PEPPER_KEY, bound, now};

static SERVICES: LazyLock<Services> = LazyLock::new(Services::start);

/// What the engine takes for a signature: it looks at the form alone.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// The services that all worlds share.
pub(crate) struct Services {
    runtime: Handle,
    client: Client<HttpConnector, Body>,
    engine: String,
    kms: Router,
}

/// Who is called.
#[derive(Clone, Debug)]
pub(crate) enum Service {
    DynamoDb,
    Kms,
    /// The mail service of one world.
    Ses(Router),
    /// Where a reporter of leaks publishes its keys.
    Reporter(Router),
}

impl Services {
    pub(crate) fn shared() -> &'static Self {
        &SERVICES
    }

    fn start() -> Self {
        let (ready, started) = mpsc::channel();
        thread::spawn(move || {
            Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let (listener, engine) = bound().await;
                tokio::spawn(Engine::in_memory().unwrap().serve(listener, pending()));
                ready.send((Handle::current(), engine)).unwrap();
                pending::<()>().await;
            });
        });
        let (runtime, engine) = started.recv().unwrap();
        let key = KmsKey::new(PEPPER_KEY, &[7; 32]).unwrap();
        let kms = Kms::new([key], &Clock::new(now)).router();
        Self { runtime, client: Client::builder(TokioExecutor::new()).build_http(), engine, kms }
    }

    /// What the service answers.
    pub(crate) fn ask(&self, service: &Service, request: Request<Bytes>) -> Response<Bytes> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let router = match service {
            Service::DynamoDb => None,
            Service::Kms => Some(self.kms.clone()),
            Service::Ses(router) | Service::Reporter(router) => Some(router.clone()),
        };
        let at = if router.is_some() { path } else { format!("{}{path}", self.engine) };
        head.uri = at.parse().unwrap();
        // The body may be another than was sent.
        head.headers.remove("content-length");
        let request = Request::from_parts(head, Body::from(body));
        let client = self.client.clone();
        let (answer, answered) = mpsc::channel();
        self.runtime.spawn(async move {
            let (head, body) = match router {
                Some(router) => {
                    router.oneshot(request).await.unwrap_or_else(|never| match never {}).into_parts()
                }
                None => {
                    let (head, body) = client.request(request).await.unwrap().into_parts();
                    (head, Body::new(body))
                }
            };
            let body = to_bytes(body, usize::MAX).await.unwrap();
            answer.send(Response::from_parts(head, body)).unwrap();
        });
        answered.recv().unwrap()
    }

    /// Calls the engine past every wire.
    pub(crate) fn table(&self, operation: &str, asked: &Value) -> Value {
        let request = Request::post("/")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20261122T101500Z")
            .header("authorization", SIGNATURE)
            .body(Bytes::from(asked.to_string()))
            .unwrap();
        let answer = self.ask(&Service::DynamoDb, request);
        assert!(answer.status().is_success(), "{operation}: {}", String::from_utf8_lossy(answer.body()));
        serde_json::from_slice(answer.body()).unwrap()
    }
}
