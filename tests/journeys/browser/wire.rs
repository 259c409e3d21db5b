//! The calls of one WebDriver session.

use hyper::Method;
use serde_json::{Value, json};

use crate::{http::Http, secrets::Secrets};

/// The name under which WebDriver hands an element over.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An element's id within the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ElementId(pub(super) String);

impl ElementId {
    /// As an argument of a script.
    pub(super) fn argument(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }

    /// An element among the values that a script answers.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(Self(value[ELEMENT].as_str()?.to_owned()))
    }
}

/// A session of the driver.
pub(super) struct Wire {
    http: Http,
    session: String,
}

impl Wire {
    pub(super) async fn open(http: Http, driver: &str, capabilities: &Value) -> Self {
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let reply = http.json(Method::POST, &format!("{driver}/session"), &[], &wanted).await.expect(200);
        let id = reply["value"]["sessionId"].as_str().expect("a session has an id");
        Self { session: format!("{driver}/session/{id}"), http }
    }

    pub(super) async fn close(&self) {
        self.call(Method::DELETE, "", &Value::Null).await.expect("a session can be closed");
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Value {
        self.call(Method::POST, path, body).await.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Runs the body of a function in the page, waiting for what it promises.
    pub(super) async fn run(&self, body: &str, arguments: &[Value]) -> Result<Value, String> {
        self.call(Method::POST, "/execute/sync", &json!({ "script": body, "args": arguments })).await
    }

    /// The same for the one script that may answer a key text.
    pub(super) async fn reveal(&self, body: &str) -> Value {
        let body = json!({ "script": body, "args": [] });
        let mut reply =
            self.http.invoke(&format!("{}/execute/sync", self.session), &body, true).await.expect(200);
        reply["value"].take()
    }

    /// A command of the DevTools protocol (<https://chromedevtools.github.io/devtools-protocol/>).
    pub(super) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }

    /// The value answered, or what is wrong.
    pub(super) async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let mut reply = self.http.json(method, &format!("{}{path}", self.session), &[], body).await;
        let value = reply.body["value"].take();
        if reply.status.is_success() {
            return Ok(value);
        }
        let told = format!("{}: {}", value["error"].as_str().unwrap_or_default(), value["message"]);
        Err(Secrets::withheld(&told))
    }
}
