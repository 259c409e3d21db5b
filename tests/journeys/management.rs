//! The management API over a real engine, called with the events that API Gateway sends.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use key_management::{Api, Policy};
use serde_json::{Value, json};
use startup::{Clock, Environment};

use crate::aws::{Aws, now};

/// The API, its table, and a clock that goes a millisecond a call. No mails leave: they wait in the table.
pub(crate) struct Management {
    pub(crate) aws: Aws,
    api: Api,
    now: Arc<Mutex<DateTime<Utc>>>,
}

/// Who calls, as the gateway says.
#[derive(Clone, Copy)]
pub(crate) enum As<'a> {
    /// A person with this account.
    Person(&'a str),
    Gallery,
    Nobody,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u64,
    pub(crate) headers: BTreeMap<String, String>,
    /// Null if there was none.
    pub(crate) body: Value,
}

impl Management {
    pub(crate) async fn start() -> Self {
        Self::configured(&[]).await
    }

    /// The same, configured with these variables.
    pub(crate) async fn configured(variables: &[(&str, &str)]) -> Self {
        let aws = Aws::start().await;
        let time = Arc::new(Mutex::new(now()));
        let told = time.clone();
        let clock = Clock::new(move || *told.lock().unwrap());
        let mut environment = Environment::of(variables.iter().copied());
        let policy = Policy::read(&mut environment);
        environment.finish().unwrap();
        let api = Api::new(aws.keyring(), None, clock, policy);
        Self { aws, api, now: time }
    }

    pub(crate) fn advance(&self, time: TimeDelta) {
        *self.now.lock().unwrap() += time;
    }

    /// Sends an [`event`].
    pub(crate) async fn send(
        &self,
        caller: As<'_>,
        call: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answered {
        self.handle(event(caller, call, headers, body), call).await
    }

    /// Hands an event over as it is.
    pub(crate) async fn handle(&self, event: Value, call: &str) -> Answered {
        let answer = self.api.handle(serde_json::from_value(event).unwrap()).await;
        // What happens within one millisecond has no order.
        self.advance(TimeDelta::milliseconds(1));
        let answer = serde_json::to_value(answer).unwrap();
        let text = answer["body"].as_str().unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(text).unwrap() };
        let headers: BTreeMap<String, String> = serde_json::from_value(answer["headers"].clone()).unwrap();
        assert_eq!(headers["cache-control"], "no-store", "{call}");
        let status = answer["statusCode"].as_u64().unwrap();
        let secrets = self.aws.overheard.secrets();
        match call.ends_with("/refresh") || call == "POST /keys" {
            true => _ = secrets.remember_all_in(text.as_bytes()),
            false => assert!(!secrets.leak_in(text.as_bytes()), "{call} answers with a key text"),
        }
        Answered { status, headers, body }
    }

    pub(crate) async fn call(&self, caller: As<'_>, call: &str, body: &Value) -> Answered {
        self.send(caller, call, &[], body).await
    }

    /// The body, provided the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, answered: Answered, status: u64) -> Value {
        assert_eq!(answered.status, status, "{}", answered.body);
        answered.body
    }

    /// A new key of this person for `Foo.*`, with these fields changed.
    pub(crate) async fn make(&self, account: &str, change: &Value) -> Value {
        let mut body = json!({ "name": "a key", "actions": ["push"], "packages": ["Foo.*"] });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let made = self.call(As::Person(account), "POST /keys", &body).await;
        self.expect(made, 201)["key"].take()
    }

    /// Tells the directory.
    pub(crate) async fn tell(&self, call: &str, body: &Value) -> Value {
        let told = self.call(As::Gallery, call, body).await;
        self.expect(told, 200)
    }

    /// contoso, with ada as an admin and bob as a member; carol is none.
    pub(crate) async fn contoso(&self) {
        let mut entries = vec![json!({
            "put": "account", "account": "contoso", "name": "Contoso", "kind": "organization",
        })];
        for user in ["ada", "bob", "carol"] {
            let mail = format!("{user}@example.test");
            entries.push(json!({
                "put": "account", "account": user, "name": user, "kind": "user", "mail": mail,
            }));
        }
        for (user, role) in [("ada", "admin"), ("bob", "member")] {
            entries.push(json!({ "put": "member", "organization": "contoso", "user": user, "role": role }));
        }
        let told = self.tell("POST /directory", &json!({ "entries": entries })).await;
        let results = told["results"].as_array().unwrap();
        assert!(results.iter().all(|result| *result == json!({ "written": true })), "{told}");
    }
}

/// The event of `METHOD /path?query`. A text is sent as it is, null as nothing, and everything else as JSON.
pub(crate) fn event(caller: As<'_>, call: &str, headers: &[(&str, &str)], body: &Value) -> Value {
    let (method, target) = call.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let authorizer = match caller {
        As::Person(account) => json!({ "jwt": { "claims": {
            "sub": account, "email": format!("{account}@example.test"), "email_verified": "true",
        } } }),
        As::Gallery => json!({ "iam": { "userArn": "arn:aws:iam::123456789012:role/gallery" } }),
        As::Nobody => Value::Null,
    };
    let mut sent = json!({ "content-type": "application/json", "authorization": "Bearer EXAMPLE" });
    for (name, value) in headers {
        sent[*name] = json!(value);
    }
    let body = match body {
        Value::Null => Value::Null,
        Value::String(text) => json!(text),
        body => json!(body.to_string()),
    };
    json!({
        "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": sent, "body": body,
        "requestContext": {
            "stage": "$default",
            "http": { "method": method, "path": path, "sourceIp": "203.0.113.7" },
            "authorizer": authorizer,
        },
        "isBase64Encoded": false,
    })
}

/// The id of a key in a reply.
pub(crate) fn id(key: &Value) -> &str {
    key["id"].as_str().unwrap()
}

/// A problem's reason.
#[track_caller]
pub(crate) fn refused(answered: &Answered, status: u64, reason: &str) {
    assert_eq!((answered.status, &answered.body["reason"]), (status, &json!(reason)), "{}", answered.body);
    assert_eq!(answered.headers["content-type"], "application/problem+json");
    assert_eq!(answered.body["status"], status);
}
