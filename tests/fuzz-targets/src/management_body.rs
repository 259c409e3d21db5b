//! A body of the management API is read as what it says: no field twice, none that nobody knows, no more actions, packages,
//! days or accounts than are written in it; what is refused is told in a few words, and no secret in any of them.

use chrono::{DateTime, Utc};
use key_management::{
    Policy,
    reading::{self, Change, Refresh, Wrong},
};
use keyring::LegacySecret;
use keys::{AccountId, Action, Pattern, Patterns};
use serde_json::{Value, json};
use startup::Environment;

use crate::{input::Input, json::names, pattern::by_table};

/// Reads a body: what is wrong with it, or nothing once it is seen to be read as what it says.
type Reader = fn(&[u8]) -> Option<Wrong>;

/// The bodies there are.
const ROUTES: [Reader; 10] = [
    new_key,
    key_edit,
    key_refresh,
    legacy_keys,
    directory_entries,
    directory_account,
    directory_package,
    directory_member,
    revocation_cause,
    own_key_refresh,
];
const FIELDS: [&str; 26] = [
    "name",
    "owner",
    "actions",
    "packages",
    "expires_in_days",
    "restart_lifetime",
    "keys",
    "account",
    "key_text",
    "nuget_stored",
    "last_push_at",
    "entries",
    "put",
    "delete",
    "id",
    "owners",
    "organization",
    "user",
    "role",
    "kind",
    "mail",
    "locked",
    "revision",
    "cause",
    "hand_over_days",
    "self_refresh",
];
const WORDS: [&str; 12] = [
    "push",
    "unlist",
    "update",
    "Fabrikam.*",
    "alice",
    "admin",
    "user",
    "package",
    "member",
    "*",
    "36aafd87-44d7-423b-adb9-ed01493aeb75",
    "2026-01-01T00:00:00Z",
];

/// Bodies: as they come, or made of fields that the input chooses.
///
/// # Panics
/// Where they are not read as they should be.
pub fn management_body(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (route, control) = (input.one_of(&ROUTES), input.byte());
    let body = match control & 1 {
        0 => input.rest().to_vec(),
        _ => made(&mut input).into_bytes(),
    };
    match route(&body) {
        None => assert!(names(&body).is_some(), "a field was given twice and taken"),
        Some(wrong) => {
            assert!((1..=80).contains(&wrong.len()), "{}", wrong.len());
            assert!(wrong.iter().all(|wrong| wrong.len() < 1024 && wrong.contains(": ")), "{wrong:?}");
        }
    }
}

fn new_key(body: &[u8]) -> Option<Wrong> {
    let (alice, policy) = (account("alice"), Policy::read(&mut Environment::of::<&str, &str>([])));
    let new = match reading::new_key(body, &alice, &policy) {
        Ok(new) => new,
        Err(wrong) => return Some(wrong),
    };
    let sent = sent(body, &["name", "owner", "actions", "packages", "expires_in_days", "self_refresh"]);
    assert_eq!(Some(new.name.as_str()), sent["name"].as_str().map(str::trim));
    assert_eq!(new.owner.as_str(), sent["owner"].as_str().unwrap_or("alice"));
    for action in Action::ALL {
        assert_eq!(
            new.scope.actions.contains(action),
            list(&sent["actions"]).any(|said| said == action.as_str())
        );
    }
    packages(&new.scope.packages, &sent["packages"]);
    let days = if sent["expires_in_days"].is_null() { json!(365) } else { sent["expires_in_days"].clone() };
    assert_eq!(json!(new.lifetime.days()), days);
    assert!((1..=365).contains(&new.lifetime.days()));
    assert_eq!(new.self_refresh, sent["self_refresh"].as_bool().unwrap_or_default());
    None
}

fn key_edit(body: &[u8]) -> Option<Wrong> {
    let edit = match reading::key_edit(body) {
        Ok(edit) => edit,
        Err(wrong) => return Some(wrong),
    };
    let sent = sent(body, &["name", "packages", "self_refresh"]);
    assert_eq!(edit.self_refresh, sent["self_refresh"].as_bool());
    assert_eq!(edit.name.as_ref().map(keys::KeyName::as_str), sent["name"].as_str().map(str::trim));
    assert_eq!(edit.packages.is_some(), sent["packages"].is_array());
    if let Some(patterns) = edit.packages {
        packages(&patterns, &sent["packages"]);
    }
    None
}

fn key_refresh(body: &[u8]) -> Option<Wrong> {
    match reading::key_refresh(body) {
        Ok(refresh) => {
            let sent = sent(body, &["restart_lifetime", "hand_over_days"]);
            let restarts = sent["restart_lifetime"].as_bool().unwrap_or_default();
            match refresh {
                Refresh::AtOnce { restart } => {
                    assert_eq!((restart, &sent["hand_over_days"]), (restarts, &Value::Null));
                }
                Refresh::HandOver(window) => {
                    assert_eq!((restarts, &sent["hand_over_days"]), (false, &json!(window.days())));
                    assert!((1..=30).contains(&window.days()));
                }
            }
            None
        }
        Err(wrong) => Some(wrong),
    }
}

fn own_key_refresh(body: &[u8]) -> Option<Wrong> {
    match reading::own_key_refresh(body) {
        Ok(window) => {
            let sent = sent(body, &["hand_over_days"]);
            let days =
                if sent["hand_over_days"].is_null() { json!(7) } else { sent["hand_over_days"].clone() };
            assert_eq!(json!(window.days()), days);
            assert!((1..=30).contains(&window.days()));
            None
        }
        Err(wrong) => Some(wrong),
    }
}

fn legacy_keys(body: &[u8]) -> Option<Wrong> {
    let now = DateTime::from_timestamp(1_798_761_600, 0).unwrap_or_default();
    let keys = match reading::legacy_keys(body, now) {
        Ok(keys) => keys,
        Err(wrong) => {
            let told = wrong.join("\n");
            let secret = |key: &Value| {
                [&key["key_text"], &key["nuget_stored"]].map(|text| text.as_str().map(str::to_owned))
            };
            let sent: Value = serde_json::from_slice(body).unwrap_or_default();
            let secrets = sent["keys"].as_array().into_iter().flatten().flat_map(secret).flatten();
            // A name that nobody knows is told, also where the same stands as a secret elsewhere.
            assert!(
                secrets
                    .filter(|secret| secret.len() > 30 && !is_in_a_name(secret, &sent))
                    .all(|secret| !told.contains(&secret)),
                "a secret is told"
            );
            return Some(wrong);
        }
    };
    let sent = sent(body, &["keys"]);
    let said: Vec<&Value> = list(&sent["keys"]).collect();
    assert!((1..=100).contains(&keys.len()) && said.len() == keys.len());
    for (key, said) in keys.iter().zip(said) {
        only(said, &["account", "key_text", "nuget_stored", "last_push_at"]);
        assert_eq!(said["account"], key.account.as_str());
        assert_eq!(said["key_text"].is_string(), matches!(key.secret, LegacySecret::Text(_)));
        if let LegacySecret::Stored(stored) = &key.secret {
            assert_eq!(said["nuget_stored"], stored.as_str());
        }
        let time = said["last_push_at"].as_str().and_then(|time| time.parse::<DateTime<Utc>>().ok());
        assert_eq!(time, key.last_push_at);
        assert!(key.last_push_at.is_none_or(|time| time <= now));
    }
    None
}

/// Whether some field's name holds this text.
fn is_in_a_name(text: &str, value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains(text) || is_in_a_name(text, value))
        }
        Value::Array(entries) => entries.iter().any(|entry| is_in_a_name(text, entry)),
        _ => false,
    }
}

fn directory_entries(body: &[u8]) -> Option<Wrong> {
    let changes = match reading::directory_entries(body) {
        Ok(changes) => changes,
        Err(wrong) => return Some(wrong),
    };
    let sent = sent(body, &["entries"]);
    let said: Vec<&Value> = list(&sent["entries"]).collect();
    assert!((1..=100).contains(&changes.len()) && said.len() == changes.len());
    for (change, said) in changes.iter().zip(said) {
        let (put, about) = match change {
            Change::PutAccount(_) => (true, "account"),
            Change::DeleteAccount(..) => (false, "account"),
            Change::PutPackage(..) => (true, "package"),
            Change::DeletePackage(..) => (false, "package"),
            Change::PutMember(..) => (true, "member"),
            Change::DeleteMember(..) => (false, "member"),
        };
        let (is, is_not) = if put { ("put", "delete") } else { ("delete", "put") };
        assert_eq!(said[is].as_str().map(str::trim), Some(about), "{said}");
        assert!(said[is_not].is_null(), "{said}");
        changed(change, said);
    }
    None
}

fn directory_account(body: &[u8]) -> Option<Wrong> {
    one(reading::directory_account(body, &account("alice")), body, json!({ "account": "alice" }))
}

fn directory_package(body: &[u8]) -> Option<Wrong> {
    let Ok(id) = "Fabrikam.Core".parse() else { unreachable!("it is one") };
    one(reading::directory_package(body, &id), body, json!({ "id": "Fabrikam.Core" }))
}

fn directory_member(body: &[u8]) -> Option<Wrong> {
    let of = (&account("contoso"), &account("alice"));
    one(reading::directory_member(body, of), body, json!({ "organization": "contoso", "user": "alice" }))
}

fn revocation_cause(body: &[u8]) -> Option<Wrong> {
    match reading::revocation_cause(body) {
        Ok(cause) => {
            assert_eq!(sent(body, &["cause"])["cause"].as_str().map(str::trim), Some(cause.as_str()));
            assert!(!cause.chars().any(char::is_control) && (1..=256).contains(&cause.chars().count()));
            None
        }
        Err(wrong) => Some(wrong),
    }
}

/// One change, whose ids stand in the address.
fn one(read: Result<Change, Wrong>, body: &[u8], address: Value) -> Option<Wrong> {
    match read {
        Ok(change) => {
            let mut said = sent(body, &["name", "kind", "mail", "locked", "owners", "role", "revision"]);
            if let (Value::Object(said), Value::Object(address)) = (&mut said, address) {
                said.extend(address);
            }
            changed(&change, &said);
            None
        }
        Err(wrong) => Some(wrong),
    }
}

/// A change is what was said of it.
fn changed(change: &Change, said: &Value) {
    let revision = match change {
        Change::PutAccount(change) => {
            assert_eq!(said["account"], change.id.as_str());
            assert_eq!(change.name.as_deref(), said["name"].as_str().map(str::trim));
            assert_eq!(change.mail.as_deref(), said["mail"].as_str());
            assert_eq!(change.locked, said["locked"].as_bool());
            change.revision
        }
        Change::DeleteAccount(id, revision) => {
            assert_eq!(said["account"], id.as_str());
            *revision
        }
        Change::PutPackage(id, owners, revision) => {
            assert_eq!(said["id"], id.as_str());
            assert!(!owners.is_empty());
            assert!(owners.iter().all(|owner| list(&said["owners"]).any(|said| said == owner.as_str())));
            assert!(list(&said["owners"]).all(|said| owners.iter().any(|owner| said == owner.as_str())));
            *revision
        }
        Change::DeletePackage(id, revision) => {
            assert_eq!(said["id"], id.as_str());
            *revision
        }
        Change::PutMember((organization, user), role, revision) => {
            assert_eq!(
                (&said["organization"], &said["user"]),
                (&json!(organization.as_str()), &json!(user.as_str()))
            );
            assert_eq!(said["role"], role.as_str());
            *revision
        }
        Change::DeleteMember((organization, user), revision) => {
            assert_eq!(
                (&said["organization"], &said["user"]),
                (&json!(organization.as_str()), &json!(user.as_str()))
            );
            *revision
        }
    };
    assert_eq!(revision, said["revision"].as_i64());
}

/// Every pattern is one that was written, and every text that was written is covered by one that is no wider.
fn packages(patterns: &Patterns, said: &Value) {
    let kept = patterns.as_slice();
    assert!(kept.len() <= Patterns::MOST && kept.len() <= list(said).count());
    assert!(kept.iter().all(|pattern| list(said).any(|said| said == pattern.as_str())));
    for text in list(said).map(Value::as_str) {
        let Some(text) = text else { unreachable!("a pattern that is no text") };
        assert!(kept.iter().any(|pattern| pattern.as_str().eq_ignore_ascii_case(text)));
        assert!(by_table(text, text) && text.parse::<Pattern>().is_ok());
    }
}

/// A body that was taken: an object that has these fields and no others.
fn sent(body: &[u8], known: &[&str]) -> Value {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    only(&sent, known);
    sent
}

fn only(sent: &Value, known: &[&str]) {
    assert!(
        sent.as_object().is_some_and(|sent| sent.keys().all(|name| known.contains(&name.as_str()))),
        "{sent}"
    );
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn account(id: &str) -> AccountId {
    let Ok(id) = id.parse() else { unreachable!("it is one") };
    id
}

/// An object of fields that the input chooses, in any order and number.
fn made(input: &mut Input<'_>) -> String {
    object(input, 3)
}

fn object(input: &mut Input<'_>, depth: u8) -> String {
    let mut fields = Vec::new();
    for _ in 0..input.byte() % 8 {
        let name =
            if input.byte() < 250 { input.one_of(&FIELDS).to_owned() } else { input.line().into_owned() };
        fields.push(format!("{}:{}", json!(name), any(input, depth)));
    }
    format!("{{{}}}", fields.join(","))
}

fn any(input: &mut Input<'_>, depth: u8) -> String {
    match input.byte() % 10 {
        0 | 1 => json!(input.one_of(&WORDS)).to_string(),
        2 => json!(input.line()).to_string(),
        3 => json!(i16::from_be_bytes(input.array())).to_string(),
        4 => json!(input.byte() & 1 == 1).to_string(),
        5 => "null".to_owned(),
        6 | 7 if depth > 0 => {
            let entries: Vec<_> = (0..input.byte() % 4).map(|_| any(input, depth - 1)).collect();
            format!("[{}]", entries.join(","))
        }
        8 if depth > 0 => object(input, depth - 1),
        _ => input.line().into_owned(),
    }
}
