//! What a key pushed: noted with each allowed push, hourly at most, and never at the cost of one.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use keyring::{AccountKind, Keyring, LegacyKey, LegacySecret};
use keys::{Key, KeyId, KeyNumber, LegacyText, NugetStored, PackageId};
use push_authorizer::Authorizer;
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    authorizer::{account, ask, authorizer},
    aws::{Aws, TABLE, act, make, now},
    legacy_keyring::{GUID, STORED},
    tripwire::Tripwire,
};

/// An answer of DynamoDB's when something is wrong with it.
const BROKEN: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"x"}"#;

/// alice's key for Foo.*, at a door whose time can be moved, before a table whose calls are counted.
struct Pushing {
    aws: Aws,
    wire: Arc<Tripwire>,
    keyring: Arc<Keyring>,
    door: Authorizer,
    minutes: Arc<Mutex<i64>>,
    key: Key,
    text: String,
}

impl Pushing {
    async fn start() -> Self {
        let wire = Arc::<Tripwire>::default();
        let aws = Aws::behind(&wire).await;
        let keyring = aws.keyring();
        let minutes = Arc::<Mutex<i64>>::default();
        let clock = Arc::clone(&minutes);
        let door = authorizer(&keyring, Clock::new(move || after(*clock.lock().unwrap())));
        let (key, text) = make(&keyring, "alice").await;
        let text = text.reveal().to_string();
        aws.overheard.secrets().remember_all_in(text.as_bytes());
        Self { aws, wire, keyring, door, minutes, key, text }
    }

    /// The answer so many minutes after the beginning, and the writes that it took.
    async fn asked(&self, minutes: i64, body: &Value) -> (Value, usize) {
        *self.minutes.lock().unwrap() = minutes;
        self.wire.count();
        let (_, answer) = ask(&self.door, Some(&self.text), body).await;
        if let Some(grant) = answer["grant"].as_str() {
            self.aws.overheard.secrets().hand_out(grant);
        }
        let writes = self.wire.calls().iter().filter(|call| *call == "UpdateItem").count();
        (answer["decision"].clone(), writes)
    }

    async fn pushes(&self, minutes: i64, package: &str) -> usize {
        let (decision, writes) = self.asked(minutes, &json!({ "action": "push", "package": package })).await;
        assert_eq!(decision, "allow", "{package}");
        writes
    }

    /// What is noted of this key: the packages, and how many minutes after the beginning.
    async fn noted(&self) -> Vec<(String, i64)> {
        let pushed = self.keyring.pushed_by(&self.key.id, 100).await.unwrap();
        pushed
            .into_iter()
            .map(|pushed| (pushed.package.to_string(), (pushed.at - now()).num_minutes()))
            .collect()
    }
}

fn after(minutes: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minutes)
}

fn named(noted: &[(String, i64)]) -> Vec<(&str, i64)> {
    noted.iter().map(|(package, minutes)| (package.as_str(), *minutes)).collect()
}

#[tokio::test]
async fn what_a_key_pushed_is_noted_by_package_hourly_at_most_and_told_newest_first() {
    let alice = Pushing::start().await;
    assert_eq!(alice.pushes(0, "Foo.One").await, 2, "the key's note, and the package's");
    assert_eq!(alice.pushes(10, "Foo.Two").await, 1, "the package's; the key's is an hour old at most");
    assert_eq!(alice.pushes(59, "foo.one").await, 0);
    assert_eq!(named(&alice.noted().await), [("Foo.Two", 10), ("Foo.One", 0)]);
    assert_eq!(alice.pushes(60, "FOO.ONE").await, 2);
    assert_eq!(alice.pushes(61, "Foo.Two").await, 0);
    assert_eq!(named(&alice.noted().await), [("FOO.ONE", 60), ("Foo.Two", 10)], "one package has one note");
    let newest = alice.keyring.pushed_by(&alice.key.id, 1).await.unwrap();
    assert_eq!(newest[0].package.as_str(), "FOO.ONE");

    // Nothing else is a push.
    for body in [
        json!({ "action": "push", "package": "Foo.Three", "preflight": true }),
        json!({ "action": "push" }),
        json!({ "action": "unlist", "package": "Foo.Three" }),
        json!({ "action": "push", "package": "Bar" }),
    ] {
        assert_eq!(alice.asked(62, &body).await.1, 0, "{body}");
    }
    assert_eq!(alice.noted().await.len(), 2);

    // A key that is gone leaves what it pushed behind, for as long as its event is kept.
    alice.keyring.delete(&alice.key, &act("alice")).await.unwrap();
    assert_eq!(alice.noted().await.len(), 2);
    let purged = after(60) + TimeDelta::days(400);
    let items = alice.aws.items().await;
    let kept = items.iter().find(|item| item.contains("FOO.ONE")).unwrap();
    assert!(kept.contains(&format!("\"purge_at\": N(\"{}\")", purged.timestamp())), "{kept}");
}

#[tokio::test]
async fn one_package_is_looked_for_over_many_keys() {
    let alice = Pushing::start().await;
    alice.pushes(0, "Foo.One").await;
    let (other, _) = make(&alice.keyring, "bob").await;
    let never = |number: u8| KeyId::new(alice.key.id.tag(), KeyNumber::new(now(), [number, 255]));
    let mut keys: Vec<KeyId> = (0..120).map(never).collect();
    keys.insert(110, alice.key.id);
    keys.push(other.id);
    let last = alice.keyring.last_pushes_of(&"foo.ONE".parse().unwrap(), &keys).await.unwrap();
    let pushed: Vec<usize> = (0..keys.len()).filter(|number| last[*number].is_some()).collect();
    assert_eq!((last.len(), pushed, last[110]), (122, vec![110], Some(now())));
    assert_eq!(
        alice.keyring.last_pushes_of(&"Foo.Two".parse().unwrap(), &keys[110..111]).await.unwrap(),
        [None]
    );
}

#[tokio::test]
async fn a_note_that_cannot_be_written_stops_no_push_and_is_not_tried_where_the_one_before_failed() {
    let alice = Pushing::start().await;
    alice.aws.front.answer("UpdateItem", 1, 500, BROKEN);
    assert_eq!(alice.pushes(0, "Foo.One").await, 1, "who waited for the first note waits for no second");
    assert!(alice.noted().await.is_empty());
    assert_eq!(alice.pushes(1, "Foo.One").await, 2);
    alice.aws.front.answer("UpdateItem", 1, 500, BROKEN);
    assert_eq!(alice.pushes(2, "Foo.Two").await, 1);
    assert_eq!(named(&alice.noted().await), [("Foo.One", 1)]);
    assert_eq!(alice.pushes(3, "Foo.Two").await, 1);
    assert_eq!(named(&alice.noted().await), [("Foo.Two", 3), ("Foo.One", 1)]);
    assert_eq!(alice.aws.front.left(), 0);
}

#[tokio::test]
async fn a_note_of_another_release_stops_no_push_and_one_that_cannot_be_read_is_written_anew() {
    let alice = Pushing::start().await;
    alice.pushes(0, "Foo.One").await;
    let set = async |name: &str, value: AttributeValue| {
        let (pk, sk) =
            (format!("pushed#{}#{}", alice.key.id.tag(), alice.key.id.number()), "package#foo.one");
        let call = alice.aws.dynamodb.update_item().table_name(TABLE);
        let call = call.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned()));
        let call = call.update_expression("SET #name = :value").expression_attribute_names("#name", name);
        call.expression_attribute_values(":value", value).send().await.unwrap();
    };
    set("last_push_at", AttributeValue::S("soon".into())).await;
    assert_eq!(alice.pushes(2, "Foo.One").await, 1);
    assert_eq!(named(&alice.noted().await), [("Foo.One", 2)]);

    set("v", AttributeValue::N("99".into())).await;
    let before = alice.aws.items().await;
    assert_eq!(alice.pushes(3, "Foo.One").await, 1);
    assert_eq!(alice.aws.items().await, before, "what a later release wrote stays");
    let fault = alice.keyring.pushed_by(&alice.key.id, 10).await.unwrap_err();
    assert!(fault.to_string().ends_with("format 99 is not known here"), "{fault}");
}

#[tokio::test]
async fn what_a_legacy_key_pushed_is_noted_too_and_its_own_note_comes_first() {
    let alice = Pushing::start().await;
    alice.aws.overheard.secrets().remember_legacy(GUID);
    account(&alice.keyring, "alice", AccountKind::User, false).await;
    let import = async |secret, idle_days: Option<i64>| {
        let last_push_at = idle_days.map(|days| now() - TimeDelta::days(days));
        let key = LegacyKey { account: "alice".parse().unwrap(), secret, last_push_at };
        alice.keyring.import(&key, &act("gallery")).await.unwrap().id
    };
    let id = import(LegacySecret::Stored(NugetStored::parse(STORED).unwrap()), None).await;
    let package: PackageId = "Foo.One".parse().unwrap();
    let pushed = async || alice.keyring.last_pushes_of(&package, &[id]).await.unwrap()[0];
    let asked = json!({ "action": "push", "package": "Foo.One" });

    // NuGet's hash could not be replaced: nothing else is written.
    alice.aws.front.answer("UpdateItem", 1, 500, BROKEN);
    assert_eq!(ask(&alice.door, Some(GUID), &asked).await.0, 200);
    assert_eq!(pushed().await, None);
    assert_eq!(ask(&alice.door, Some(GUID), &asked).await.0, 200);
    assert_eq!(pushed().await, Some(now()));
    assert_eq!(alice.keyring.key(&id).await.unwrap().unwrap().last_push_at, Some(now()));
}

#[tokio::test]
async fn a_legacy_push_that_must_be_noted_and_is_not_leaves_no_note_of_its_package() {
    let alice = Pushing::start().await;
    alice.aws.overheard.secrets().remember_legacy(GUID);
    let secret = LegacySecret::Text(LegacyText::parse(GUID).unwrap());
    let key = LegacyKey {
        account: "alice".parse().unwrap(),
        secret,
        last_push_at: Some(now() - TimeDelta::days(340)),
    };
    let id = alice.keyring.import(&key, &act("gallery")).await.unwrap().id;
    let asked = json!({ "action": "push", "package": "Foo.One" });
    alice.aws.front.answer("UpdateItem", 1, 500, BROKEN);
    assert_eq!(ask(&alice.door, Some(GUID), &asked).await.0, 503);
    assert!(alice.keyring.pushed_by(&id, 10).await.unwrap().is_empty());
    assert_eq!(ask(&alice.door, Some(GUID), &asked).await.0, 200);
    assert_eq!(alice.keyring.pushed_by(&id, 10).await.unwrap().len(), 1);
}
