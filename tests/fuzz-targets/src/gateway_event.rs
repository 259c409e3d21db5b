//! Whatever event comes to the authorizer's first door, it is answered with a refusal while nothing can be looked up; a
//! context is printable; and no key is told to anybody.

use keys::{KeyPrefix, KeyText};
use push_authorizer::{Authorizer, Config, Event, Refusal};
use serde_json::{Value, json};
use startup::Clock;
use zeroize::Zeroizing;

use crate::{
    input::Input,
    key_text::id_from,
    unreachable::{answer, keyring},
};

const ROUTES: [(&str, &str); 6] = [
    ("PUT", "/api/v2/package"),
    ("POST", "/api/v2/package"),
    ("PUT", "/api/v2/symbolpackage"),
    ("DELETE", "/api/v2/package/{id}/{version}"),
    ("POST", "/api/v2/package/{id}/{version}"),
    ("POST", "/authorize"),
];
const HEADERS: [&str; 6] =
    ["X-NuGet-ApiKey", "x-nuget-apikey", "Authorization", "authorization", "X-Latchkey-Grant", "Host"];

/// Events of a `REQUEST` authorizer: as they come, or made of a route, headers and an id.
///
/// # Panics
/// Where they are not answered as they should be.
pub fn gateway_event(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let is_made = input.byte() & 1 == 1;
    let event = if is_made { made(&mut input).to_string().into_bytes() } else { input.rest().to_vec() };
    let Ok(read) = serde_json::from_slice::<Event>(&event) else { return };
    // What is skipped may be no UTF-8; then it is no JSON that Lambda hands on.
    let Ok(whole) = serde_json::from_slice::<Value>(&event) else { return };
    // Read by name or by place, as serde reads a struct.
    let at_gateway = whole["methodArn"].is_string() || whole[0].is_string();
    match answer(authorizer().handle(read)) {
        Err(Refusal::Unauthorized | Refusal::Fault) => {
            assert!(at_gateway, "the other door answers everything");
        }
        Ok(reply) => {
            let reply = serde_json::to_value(reply).unwrap_or_default();
            if at_gateway {
                denied(&reply);
            } else {
                crate::authorize_event::refused(&reply);
            }
            let text = reply.to_string();
            let secret = secret_of(&event).filter(|_| is_made);
            assert!(secret.is_none_or(|secret| !text.contains(secret)), "a key is told");
        }
    }
}

fn denied(policy: &Value) {
    assert_eq!(policy["policyDocument"]["Statement"][0]["Effect"], "Deny", "{policy}");
    assert_eq!(policy["policyDocument"]["Statement"].as_array().map(Vec::len), Some(1), "{policy}");
    for (name, value) in policy["context"].as_object().into_iter().flatten() {
        let fit = |letter: u8| matches!(letter, b' '..=b'~') && !matches!(letter, b'"' | b'\\');
        assert!(
            value.as_str().is_some_and(|text| text.len() <= 512 && text.bytes().all(fit)),
            "{name}: {value}"
        );
    }
    assert!(policy["context"]["grant"].is_null(), "{policy}");
}

/// An authorizer that can look nothing up.
pub(crate) fn authorizer() -> Authorizer {
    thread_local! { static KEYRING: std::sync::Arc<keyring::Keyring> = keyring(); }
    let prefixes = ["lk"].iter().flat_map(|prefix| prefix.parse()).collect();
    let config = Config { prefixes, keys_page: "https://keys.example/".to_owned() };
    Authorizer::new(config, KEYRING.with(Clone::clone), Clock::new(chrono::DateTime::default))
}

fn made(input: &mut Input<'_>) -> Value {
    let (method, resource) = input.one_of(&ROUTES);
    let mut headers = serde_json::Map::new();
    let mut many = serde_json::Map::new();
    for _ in 0..input.byte() % 4 {
        let name = input.one_of(&HEADERS).to_owned();
        let value = match input.byte() % 4 {
            0 => key_text(input),
            1 => format!("Bearer {}", key_text(input)),
            _ => input.line().into_owned(),
        };
        match input.byte() % 3 {
            0 => drop(headers.insert(name, value.into())),
            1 => drop(many.insert(name, json!([value]))),
            _ => drop(many.insert(name, json!([value, input.line()]))),
        }
    }
    json!({
        "type": "REQUEST", "methodArn": format!("arn:aws:execute-api:us-east-1:1:a/live/{}", input.line()),
        "resource": resource, "httpMethod": method, "headers": headers, "multiValueHeaders": many,
        "pathParameters": { "id": input.line(), "version": "1.0.0" },
    })
}

/// A key text that is well formed, and nobody's.
pub(crate) fn key_text(input: &mut Input<'_>) -> String {
    let prefix: Result<KeyPrefix, _> = "lk".parse();
    let first = input.byte();
    // No run of one digit, which an input would hold by chance.
    let secret =
        Zeroizing::new(std::array::from_fn(|place| first.wrapping_add(place as u8).wrapping_mul(167)));
    prefix
        .map(|prefix| KeyText::new(&prefix, id_from([7; 16]), &secret).reveal().to_string())
        .unwrap_or_default()
}

/// The secret in the first key text of an event that was made here. One that comes as it is may well say the same twice.
fn secret_of(event: &[u8]) -> Option<&str> {
    let event = std::str::from_utf8(event).ok()?;
    let (_, key) = event.split_once("lk_")?;
    let (id, secret) = (key.get(..23)?.strip_suffix('_')?, key.get(23..66)?);
    id.bytes().chain(secret.bytes()).all(|letter| letter.is_ascii_alphanumeric()).then_some(secret)
}
