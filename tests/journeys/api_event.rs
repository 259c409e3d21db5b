//! The events by which API Gateway hands calls to the key management function.

use serde_json::{Value, json};

/// Who calls, as the gateway has made sure.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// A person with this account.
    Person(&'a str),
    Gallery,
}

impl Caller<'_> {
    /// The event of a call, `METHOD /path?query`, whose body, unless it is null, is JSON.
    pub(crate) fn event(self, call: &str, headers: &[(&str, String)], body: &Value) -> Value {
        let (method, path) = call.split_once(' ').unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let authorizer = match self {
            Self::Person(account) => json!({ "jwt": { "claims": { "sub": account } } }),
            Self::Gallery => json!({ "iam": { "userArn": "arn:aws:iam::123456789012:role/gallery" } }),
        };
        let mut sent = json!({ "content-type": "application/json" });
        for (name, value) in headers {
            sent[*name] = json!(value);
        }
        json!({
            "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": sent,
            "body": (!body.is_null()).then(|| body.to_string()), "isBase64Encoded": false,
            "requestContext": { "http": { "method": method, "sourceIp": "203.0.113.7" }, "authorizer": authorizer },
        })
    }
}

/// The event of a call of the push API, `METHOD /path`, about the key whose text is shown.
pub(crate) fn own_key(call: &str, text: &str) -> Value {
    let (method, resource) = call.split_once(' ').unwrap();
    json!({
        "resource": resource, "httpMethod": method, "headers": { "X-NuGet-ApiKey": text },
        "requestContext": { "identity": { "sourceIp": "203.0.113.7" } },
    })
}
