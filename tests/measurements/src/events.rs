//! Events as `events/` has them, with what a case needs put in.

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{Result, places};

fn sample(name: &str) -> Result<Value> {
    let path = places::workspace().join("events").join(name).with_extension("json");
    Ok(serde_json::from_slice(&fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?)?)
}

fn with_key(mut event: Value, key: &str) -> Value {
    event["headers"]["X-NuGet-ApiKey"] = key.into();
    event["multiValueHeaders"]["X-NuGet-ApiKey"] = json!([key]);
    event
}

/// The gateway's question whether `key` may unlist a release of `package`.
pub(crate) fn unlist(key: &str, package: &str) -> Result<Value> {
    let mut event = with_key(sample("unlist")?, key);
    event["pathParameters"]["id"] = package.into();
    event["path"] = format!("/api/v2/package/{package}/1.0.0").into();
    Ok(event)
}

/// The gateway's question whether `key` may push; which package is in the body, which it does not send.
pub(crate) fn push(key: &str) -> Result<Value> {
    Ok(with_key(sample("push")?, key))
}

/// `POST /authorize`: whether `key` may push `package`.
pub(crate) fn authorize(key: &str, package: &str) -> Result<Value> {
    let mut event = with_key(sample("authorize-with-key")?, key);
    let question = json!({ "action": "push", "package": package });
    event["body"] = BASE64_STANDARD.encode(question.to_string()).into();
    event["isBase64Encoded"] = true.into();
    Ok(event)
}

/// What key management gets from `account`, in place of what the sample says.
pub(crate) fn managed(name: &str, account: &str, key: Option<&str>, body: &Value) -> Result<Value> {
    let mut event = sample(name)?;
    let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
    claims["sub"] = account.into();
    claims["email"] = format!("{account}@example.com").into();
    if let Some(headers) = event["headers"].as_object_mut() {
        headers.remove("idempotency-key");
        headers.remove("if-match");
    }
    if let Some(key) = key {
        let route = event["routeKey"].as_str().unwrap_or_default();
        let path = route.split_once(' ').map_or(route, |(_, path)| path).replace("{id}", key);
        event["rawPath"] = path.as_str().into();
        event["requestContext"]["http"]["path"] = path.into();
        event["pathParameters"] = json!({ "id": key });
    }
    if !body.is_null() {
        event["body"] = body.to_string().into();
        event["isBase64Encoded"] = false.into();
    }
    Ok(event)
}

/// `GET /keys` of `account`, a hundred at once.
pub(crate) fn list(account: &str) -> Result<Value> {
    let mut event = managed("list-keys", account, None, &Value::Null)?;
    event["rawQueryString"] = "limit=100".into();
    event["queryStringParameters"] = json!({ "limit": "100" });
    Ok(event)
}

/// A run of the sweeper, scheduled for `at`.
pub(crate) fn sweep(at: &str) -> Value {
    json!({ "scheduled_time": at })
}
