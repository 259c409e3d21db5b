//! A person who signs in and looks after their keys, through the management API.

use hyper::Method;
use serde_json::{Value, json};

use crate::{http::Reply, stage::Stage};

/// A signed-in person.
pub(crate) struct Publisher<'a> {
    stage: &'a Stage,
    authorization: String,
}

/// A key and its text, as the reply that shows it says.
pub(crate) struct Made {
    pub(crate) key: Value,
    pub(crate) text: KeyText,
}

/// A key text. Like the real one it cannot be printed by accident.
pub(crate) struct KeyText(String);

impl KeyText {
    /// The text of a key from before, which no reply shows.
    pub(crate) fn from_before(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What somebody has copied, whatever it is.
    pub(crate) fn copied(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl<'a> Publisher<'a> {
    /// Signs in as the account of this id. Its mail goes to `<account>@example.test`.
    pub(crate) async fn sign_in(stage: &'a Stage, account: &str) -> Self {
        let person =
            json!({ "account": account, "email": format!("{account}@example.test"), "name": account });
        let signed_in = stage.post("/local/sign-in", &person).await.expect(200);
        let token = signed_in["token"].as_str().expect("signing in answers a token");
        Self { stage, authorization: format!("Bearer {token}") }
    }

    /// The token, as their browser has it.
    pub(crate) fn token(&self) -> &str {
        &self.authorization["Bearer ".len()..]
    }

    /// Calls the management API as this person. `body` may be null.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Reply {
        self.stage.call(method, path, &[("authorization", &self.authorization)], body).await
    }

    /// Sends `body` as it is, JSON or not.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &[u8]) -> Reply {
        let url = format!("{}{path}", self.stage.origin());
        let headers = [("authorization", self.authorization.as_str()), ("content-type", "application/json")];
        self.stage.http().send(method, &url, &headers, body.to_vec().into()).await
    }

    /// Calls it about `key`, provided that nobody has changed the key since.
    pub(crate) async fn call_about(&self, method: Method, key: &Value, act: &str, body: &Value) -> Reply {
        let version = match &key["version"] {
            Value::String(version) => version.clone(),
            version => version.to_string(),
        };
        let headers =
            [("authorization", self.authorization.as_str()), ("if-match", &format!("\"{version}\""))];
        self.stage.call(method, &format!("/keys/{}{act}", id(key)), &headers, body).await
    }

    /// Makes a key for these actions on these patterns.
    pub(crate) async fn create(&self, actions: &[&str], packages: &[&str]) -> Made {
        self.create_from(&json!({ "name": "a key", "actions": actions, "packages": packages })).await
    }

    /// Makes a key as `body` asks.
    pub(crate) async fn create_from(&self, body: &Value) -> Made {
        Made::of(self.call(Method::POST, "/keys", body).await.expect(201))
    }

    /// Makes a key as `body` asks, which this `Idempotency-Key` stands for.
    pub(crate) async fn call_once(&self, once: &str, body: &Value) -> Made {
        let headers = [("authorization", self.authorization.as_str()), ("idempotency-key", once)];
        Made::of(self.stage.call(Method::POST, "/keys", &headers, body).await.expect(201))
    }

    /// This person's keys, newest first: the first page.
    pub(crate) async fn keys(&self) -> Vec<Value> {
        let list = self.call(Method::GET, "/keys?limit=100", &Value::Null).await.expect(200);
        list["keys"].as_array().expect("a list has keys").clone()
    }

    pub(crate) async fn key(&self, key: &Value) -> Value {
        self.call(Method::GET, &format!("/keys/{}", id(key)), &Value::Null).await.expect(200)
    }

    pub(crate) async fn edit(&self, key: &Value, change: &Value) -> Value {
        self.call_about(Method::PATCH, key, "", change).await.expect(200)
    }

    pub(crate) async fn refresh(&self, key: &Value) -> Made {
        Made::of(self.call_about(Method::POST, key, "/refresh", &json!({})).await.expect(200))
    }

    pub(crate) async fn revoke(&self, key: &Value) {
        let reply = self.call_about(Method::POST, key, "/revoke", &Value::Null).await;
        assert!(reply.status.is_success(), "a key cannot be revoked: {} {}", reply.status, reply.body);
    }

    pub(crate) async fn delete(&self, key: &Value) {
        let reply = self.call_about(Method::DELETE, key, "", &Value::Null).await;
        assert!(reply.status.is_success(), "a key cannot be deleted: {} {}", reply.status, reply.body);
    }
}

impl Made {
    /// What a reply shows.
    pub(crate) fn of(mut body: Value) -> Self {
        let Value::String(text) = body["key_text"].take() else { panic!("the reply shows no key text") };
        Self { key: body["key"].take(), text: KeyText(text) }
    }
}

/// The id of a key, as replies show it.
pub(crate) fn id(key: &Value) -> &str {
    key["id"].as_str().expect("a key has an id")
}
