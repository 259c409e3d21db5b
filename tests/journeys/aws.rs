//! DynamoDB and KMS on stand-ins, within the journey's process, for what is walked through below the functions.

use std::{
    collections::{BTreeMap, HashMap},
    future::pending,
    sync::Arc,
};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType,
};
use axum::{
    body::to_bytes,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use keyring::{Act, Created, Holder, Keyring, NewKey};
use keys::{Action, Actions, Key, KeyText, Lifetime, Patterns, Scope, Stored};
use serde_json::Value;
use stand_ins::{Engine, Kms, KmsKey};
use startup::Clock;
use tokio::net::TcpListener;

use crate::{front::Front, overheard::Overheard, secrets::Secrets, tripwire::Tripwire};

pub(crate) const PEPPER_KEY: &str =
    "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
pub(crate) const TABLE: &str = "keyring";

/// The table and the pepper key, and before the table a front that can answer in its place.
pub(crate) struct Aws {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    kms: aws_sdk_kms::Client,
    pub(crate) front: Arc<Front>,
    /// What must not be said of it. It is searched when this goes.
    pub(crate) overheard: Overheard,
}

/// The settings of a client that tries once, at a stand-in.
#[macro_export]
macro_rules! once_at {
    ($sdk:ident, $endpoint:expr) => {
        $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("us-east-1"))
            .credentials_provider($sdk::config::Credentials::new(
                "journeys", "journeys", None, None, "journeys",
            ))
            .retry_config($sdk::config::retry::RetryConfig::disabled())
            .endpoint_url($endpoint)
            .build()
    };
}

impl Aws {
    pub(crate) async fn start() -> Self {
        Self::behind(&Tripwire::default().into()).await
    }

    /// The same, the table's calls going past this wire.
    pub(crate) async fn behind(tripwire: &Arc<Tripwire>) -> Self {
        let (listener, engine) = bound().await;
        tokio::spawn(Engine::in_memory().unwrap().serve(listener, pending()));
        let overheard = Overheard::open();
        let (front, at) = Front::before(&engine, tripwire).await;
        front.overheard_by(overheard.said());
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(once_at!(aws_sdk_dynamodb, at));
        let (listener, at) = bound().await;
        let kms = aws_sdk_kms::Client::from_conf(once_at!(aws_sdk_kms, at));
        let clock = Clock::new(now);
        let keys = [KmsKey::new(PEPPER_KEY, &[7; 32]).unwrap()];
        let kms_routes = Kms::new(keys, &clock).router();
        let kms_routes = kms_routes.layer(from_fn_with_state(overheard.secrets().clone(), meet_pepper));
        tokio::spawn(async move { axum::serve(listener, kms_routes).await });
        make_table(&dynamodb).await;
        Self { dynamodb, kms, front, overheard }
    }

    /// A keyring as a function's new execution environment has it: it shares the table with others, and no memory.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::new(Keyring::new(self.dynamodb.clone(), self.kms.clone(), TABLE, PEPPER_KEY))
    }

    /// The whole table, item by item, in an order of its own.
    pub(crate) async fn items(&self) -> Vec<String> {
        let scan = self.dynamodb.scan().table_name(TABLE).consistent_read(true);
        let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
        let sorted = |item: HashMap<String, AttributeValue>| item.into_iter().collect::<BTreeMap<_, _>>();
        let mut items: Vec<String> = items.into_iter().map(|item| format!("{:?}", sorted(item))).collect();
        items.sort();
        items
    }

    /// How many items' pk begins with this.
    pub(crate) async fn count(&self, pk: &str) -> usize {
        let scan = self.dynamodb.scan().table_name(TABLE).consistent_read(true);
        let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
        items.iter().filter(|item| item["pk"].as_s().unwrap().starts_with(pk)).count()
    }
}

/// Remembers the plaintext that KMS answers with.
async fn meet_pepper(State(secrets): State<Secrets>, request: Request, next: Next) -> Response {
    let (head, body) = next.run(request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(plaintext) = answer["Plaintext"].as_str() {
        secrets.remember(&BASE64_STANDARD.decode(plaintext).unwrap());
    }
    Response::from_parts(head, body.into())
}

/// The time in these journeys.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-22T10:15:00Z".parse().unwrap()
}

/// What `by` does now.
pub(crate) fn act(by: &str) -> Act {
    Act { by: by.to_owned(), from: "192.0.2.1".to_owned(), at: now() }
}

/// A user whose token says no more than who they are.
pub(crate) fn user(account: &str) -> Holder {
    Holder { id: account.parse().unwrap(), name: None, mail: None }
}

/// A key that pushes what `packages` cover, for `owner`.
pub(crate) fn wanted(owner: &str, packages: &[&str]) -> NewKey {
    let scope = Scope {
        actions: Actions::new([Action::Push]).unwrap(),
        packages: Patterns::parse(packages).unwrap(),
    };
    let lifetime = Lifetime::new(90, 365).unwrap();
    NewKey {
        name: "CI deploy".parse().unwrap(),
        owner: owner.parse().unwrap(),
        scope,
        lifetime,
        self_refresh: false,
    }
}

/// `holder`'s new key for their own packages.
pub(crate) async fn make(keyring: &Keyring, holder: &str) -> (Key, KeyText) {
    let prefix = "lk".parse().unwrap();
    let made = keyring.create(&user(holder), &wanted(holder, &["Foo.*"]), &prefix, None, &act(holder)).await;
    match made.unwrap_or_else(|error| panic!("no key was made: {error}")) {
        Created::Made(key, text, _) => (*key, text),
        Created::Before(key) => panic!("no request was repeated, and yet there is {}", key.id),
    }
}

/// Whether this text is the secret of the key as it is stored.
pub(crate) async fn opens(keyring: &Keyring, text: &KeyText) -> bool {
    let Some(key) = keyring.key(&text.id()).await.unwrap() else { return false };
    let Stored::Mac { mac, pepper } = key.secret.stored else { return false };
    text.mac(&keyring.peppers().get(pepper).await.unwrap()) == mac
}

/// A free port on this machine, and where it is.
pub(crate) async fn bound() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    (listener, at)
}

/// The table and the sweeper's index, as the template has them.
pub(crate) async fn make_table(dynamodb: &aws_sdk_dynamodb::Client) {
    let mut table = dynamodb.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    let element =
        |name: &str, key| KeySchemaElement::builder().attribute_name(name).key_type(key).build().unwrap();
    for name in ["pk", "sk", "due_shard", "due_key"] {
        let text = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        table = table.attribute_definitions(text.build().unwrap());
    }
    table = table.key_schema(element("pk", KeyType::Hash)).key_schema(element("sk", KeyType::Range));
    let index = GlobalSecondaryIndex::builder()
        .index_name("by_due")
        .key_schema(element("due_shard", KeyType::Hash))
        .key_schema(element("due_key", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    table = table.global_secondary_indexes(index.build().unwrap());
    table.send().await.unwrap();
}
