//! Whatever event comes to the management API, it is answered as the gateway takes it; with a problem, unless it asks for
//! what everybody may see; and with nothing that was only to be looked up.

use std::sync::LazyLock;

use key_management::{Api, Event, Policy};
use serde_json::{Value, json};
use startup::{Clock, Environment};

use crate::{
    gateway_event::key_text,
    input::Input,
    unreachable::{answer, keyring},
};

const ROUTES: [(&str, &str); 28] = [
    ("POST", "/keys"),
    ("GET", "/keys"),
    ("GET", "/keys/{}"),
    ("PATCH", "/keys/{}"),
    ("DELETE", "/keys/{}"),
    ("GET", "/keys/{}/events"),
    ("POST", "/keys/{}/refresh"),
    ("POST", "/keys/{}/revoke"),
    ("GET", "/account"),
    ("GET", "/packages"),
    ("POST", "/directory"),
    ("PUT", "/directory/accounts/{}"),
    ("DELETE", "/directory/accounts/{}"),
    ("POST", "/directory/accounts/{}/revoke-keys"),
    ("PUT", "/directory/packages/{}"),
    ("DELETE", "/directory/packages/{}"),
    ("PUT", "/directory/organizations/{}/members/b"),
    ("DELETE", "/directory/organizations/a/members/{}"),
    ("POST", "/legacy-keys"),
    ("GET", "/openapi.json"),
    ("GET", "/keys-page/{}"),
    ("PUT", "{}"),
    ("DELETE", "/keys/self"),
    ("POST", "/keys/self/refresh"),
    ("POST", "/keys/{}/freeze"),
    ("POST", "/keys/{}/thaw"),
    ("GET", "/freeze/{}"),
    ("POST", "/freeze/{}"),
];
const HEADERS: [&str; 5] =
    ["If-Match", "if-none-match", "idempotency-key", "Idempotency-Key", "x-latchkey-key-id"];
/// The longest answer that says what is wrong: twenty fields, and some words on each.
const LONGEST_PROBLEM: usize = 32 * 1024;

/// Events of either API: as they come, or made of a route, a caller, headers, a query and a body.
///
/// # Panics
/// Where they are not answered as they should be.
pub fn management_event(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let event = match input.byte() & 1 {
        0 => serde_json::from_slice::<Event>(input.rest()),
        _ => serde_json::from_value(made(&mut input)),
    };
    let Ok(event) = event else { return };
    thread_local! { static API: Api = api(); }
    let is_head = bytes.windows(4).any(|word| word == b"HEAD");
    let reply = API.with(|api| answer(api.handle(event)));
    let reply = serde_json::to_value(reply).unwrap_or_default();
    let status = reply["statusCode"].as_u64().unwrap_or_default();
    let (headers, body) = (&reply["headers"], reply["body"].as_str().unwrap_or_default());
    if [200, 304].contains(&status) {
        // The page and the document, which everybody may see; nothing else is known here.
        assert!(headers["etag"].is_string() || headers["content-type"] == "application/json", "{reply}");
        return;
    }
    assert!([400, 401, 403, 404, 405, 413, 503].contains(&status), "{reply}");
    if headers["content-type"] == "text/html; charset=utf-8" {
        // The page behind a link that is none, or of which no pepper can be read to tell.
        assert!([404, 503].contains(&status) && !body.contains("<form"), "{reply}");
        return;
    }
    assert_eq!(headers["content-type"], "application/problem+json", "{reply}");
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    // What answers HEAD has no body (RFC 9110, section 9.3.2).
    assert!(problem["status"] == status || (is_head && body.is_empty()), "{reply}");
    assert!(problem["incident"].is_string() == (status == 503) || (is_head && body.is_empty()), "{reply}");
    assert_eq!(headers["www-authenticate"].is_string(), status == 401, "{reply}");
    assert!(body.len() <= LONGEST_PROBLEM, "{}", body.len());
}

fn api() -> Api {
    let policy = Policy::read(&mut Environment::of::<&str, &str>([]));
    Api::new(keyring(), None, Clock::new(|| *NOW), policy)
}

/// 2027.
static NOW: LazyLock<chrono::DateTime<chrono::Utc>> =
    LazyLock::new(|| chrono::DateTime::from_timestamp(1_798_761_600, 0).unwrap_or_default());

fn made(input: &mut Input<'_>) -> Value {
    let (method, path) = input.one_of(&ROUTES);
    if path.starts_with("/keys/self") {
        return shown((method, path), input);
    }
    let path = path.replace("{}", &input.line());
    let authorizer = match input.byte() % 8 {
        0 => Value::Null,
        1 => json!({ "jwt": { "claims": { "sub": input.line() } } }),
        2 | 3 => json!({ "iam": { "userArn": "arn:aws:iam::123456789012:role/gallery" } }),
        4 => json!({ "jwt": { "claims": { "sub": 7, "email": input.line() } }, "iam": { "userArn": null } }),
        _ => {
            json!({ "jwt": { "claims": { "sub": "alice", "email": input.line(), "email_verified": "true" } } })
        }
    };
    let mut headers = json!({ "content-type": "application/json" });
    for _ in 0..input.byte() % 3 {
        headers[input.one_of(&HEADERS)] = input.line().into();
    }
    let query = if input.byte() < 192 { "".into() } else { input.line() };
    json!({
        "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": headers,
        "requestContext": {
            "http": { "method": method, "sourceIp": "203.0.113.7" }, "authorizer": authorizer,
        },
        "body": input.text(),
    })
}

/// A call of the push API that shows a key, perhaps.
fn shown((method, resource): (&str, &str), input: &mut Input<'_>) -> Value {
    let text = if input.byte() < 128 { key_text(input) } else { input.line().into_owned() };
    let (name, text) = match input.byte() % 3 {
        0 => ("Authorization", format!("Bearer {text}")),
        _ => ("X-NuGet-ApiKey", text),
    };
    json!({
        "resource": resource, "httpMethod": method, "headers": { name: text },
        "multiValueHeaders": { name: [text], input.one_of(&HEADERS): [input.line()] },
        "multiValueQueryStringParameters": if input.byte() < 192 { Value::Null } else { json!({ input.line(): [input.line()] }) },
        "requestContext": { "identity": { "sourceIp": "203.0.113.7" } },
        "body": input.text(),
    })
}
