//! Several instances of each function on one table, as Lambda runs them: they share the table and no memory. They are
//! called with the events that API Gateway sends.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http_body_util::BodyExt as _;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use key_management::{Api, Policy};
use keyring::Keyring;
use push_authorizer::Authorizer;
use serde_json::Value;
use stand_ins::{Engine, Kms, KmsKey};
use startup::{Clock, Environment};
use tokio::sync::oneshot;

use crate::{
    api_event::{Caller, own_key},
    authorizer::{ask, authorizer},
    aws::{PEPPER_KEY, TABLE, bound, make_table, now},
    dice::Dice,
    once_at,
};

/// How many instances there are of each function.
const INSTANCES: usize = 2;

/// The instances.
pub(crate) struct Doors {
    management: Vec<Api>,
    authorizers: Vec<Authorizer>,
    wire: Arc<Wire>,
    dynamodb: aws_sdk_dynamodb::Client,
    kms: aws_sdk_kms::Client,
}

/// The way to the table, on which calls can get lost.
struct Wire {
    upstream: String,
    client: Client<HttpConnector, Body>,
    /// One in this many calls that write is lost, half of them with what they asked for done; 0 loses none.
    loses_one_in: AtomicU64,
    dice: Mutex<Dice>,
    held: Mutex<Option<Held>>,
}

/// What the next transaction on the wire waits for: it says that it has come, and goes on when it is told.
struct Held {
    came: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

impl Doors {
    pub(crate) async fn open(seed: u64) -> Self {
        let (listener, engine) = bound().await;
        tokio::spawn(Engine::in_memory().unwrap().serve(listener, pending()));
        let client = Client::builder(TokioExecutor::new()).build_http();
        let wire = Arc::new(Wire {
            upstream: engine,
            client,
            loses_one_in: AtomicU64::new(0),
            dice: Mutex::new(Dice::new(seed)),
            held: Mutex::default(),
        });
        let (listener, at) = bound().await;
        let routes = Router::new().fallback(Wire::pass).with_state(Arc::clone(&wire));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(once_at!(aws_sdk_dynamodb, at));
        let (listener, at) = bound().await;
        let kms = aws_sdk_kms::Client::from_conf(once_at!(aws_sdk_kms, at));
        let keys = [KmsKey::new(PEPPER_KEY, &[7; 32]).unwrap()];
        tokio::spawn(Kms::new(keys, &Clock::new(now)).serve(listener, pending()));
        make_table(&dynamodb).await;
        let mut doors = Self { management: Vec::new(), authorizers: Vec::new(), wire, dynamodb, kms };
        for _ in 0..INSTANCES {
            let policy = Policy::read(&mut Environment::of::<&str, &str>([]));
            doors.management.push(Api::new(doors.keyring(), None, Clock::new(now), policy));
            doors.authorizers.push(doors.cold_authorizer());
        }
        doors
    }

    /// A keyring as a new instance has it.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::new(Keyring::new(self.dynamodb.clone(), self.kms.clone(), TABLE, PEPPER_KEY))
    }

    /// A new instance of the authorizer.
    pub(crate) fn cold_authorizer(&self) -> Authorizer {
        authorizer(&self.keyring(), Clock::new(now))
    }

    /// From now on one in this many writes gets lost; 0 for none.
    pub(crate) fn lose_one_in(&self, many: u64) {
        self.wire.loses_one_in.store(many, Ordering::Relaxed);
    }

    /// Holds the next transaction: one end tells that it has come, the other lets it go on.
    pub(crate) fn hold_next_transaction(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((came, comes), (goes_on, go_on)) = (oneshot::channel(), oneshot::channel());
        *self.wire.held.lock().unwrap() = Some(Held { came, go_on });
        (comes, goes_on)
    }

    /// Status and body of a call of the management API, on one of its instances.
    pub(crate) async fn manage(
        &self,
        instance: u64,
        caller: Caller<'_>,
        call: &str,
        headers: &[(&str, String)],
        body: &Value,
    ) -> (u64, Value) {
        self.on_instance(instance, caller.event(call, headers, body)).await
    }

    /// Status and body of a call of a key about itself, on one of the instances.
    pub(crate) async fn own_key(&self, instance: u64, call: &str, text: &str) -> (u64, Value) {
        self.on_instance(instance, own_key(call, text)).await
    }

    async fn on_instance(&self, instance: u64, event: Value) -> (u64, Value) {
        let api = &self.management[usize::try_from(instance).unwrap() % INSTANCES];
        let answer = api.handle(serde_json::from_value(event).unwrap()).await;
        let answer = serde_json::to_value(answer).unwrap();
        let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), body)
    }

    /// What `POST /authorize` answers on one of its instances.
    pub(crate) async fn ask(&self, instance: u64, key: Option<&str>, body: &Value) -> (u64, Value) {
        ask(&self.authorizers[usize::try_from(instance).unwrap() % INSTANCES], key, body).await
    }
}

impl Wire {
    async fn pass(State(wire): State<Arc<Self>>, request: Request) -> Response {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let is = |operation: &str| target.is_some_and(|target| target.ends_with(operation));
        let transaction = is("TransactWriteItems");
        let writes = transaction || is("UpdateItem");
        let (lost, done) = match wire.loses_one_in.load(Ordering::Relaxed) {
            many if many > 0 && writes => {
                let mut dice = wire.dice.lock().unwrap();
                (dice.below(many) == 0, dice.below(2) == 0)
            }
            _ => (false, false),
        };
        let held = if transaction { wire.held.lock().unwrap().take() } else { None };
        if let Some(held) = held {
            held.came.send(()).unwrap();
            held.go_on.await.unwrap();
        }
        if !lost || done {
            let (mut parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            parts.uri = format!("{}{}", wire.upstream, parts.uri.path()).parse().unwrap();
            let answer = wire.client.request(Request::from_parts(parts, body.into())).await.unwrap();
            if !lost {
                return answer.map(|body| Body::new(body.boxed())).into_response();
            }
        }
        let lost = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"lost"}"#;
        Response::builder().status(500).body(lost.into()).unwrap()
    }
}
