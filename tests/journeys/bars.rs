//! Keys that an owner of a package bars from it: refused from the next push on, until an owner lifts that.

use std::sync::Arc;

use futures_util::future::join_all;
use keyring::{AccountKind, BarError, Keyring};
use keys::{AccountId, KeyId, PackageId, Role};
use push_authorizer::Authorizer;
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    authorizer::{account, ask, authorizer},
    aws::{Aws, act, make, now},
    management::{As, Management, id, refused},
};

const ADA: As<'_> = As::Person("ada");
const BOB: As<'_> = As::Person("bob");
const CAROL: As<'_> = As::Person("carol");

/// contoso and carol own Foo.Bar; ada is contoso's admin, and bob holds a key for it.
struct World {
    api: Management,
    door: Authorizer,
    key: String,
    text: String,
}

impl World {
    async fn start() -> Self {
        let api = Management::start().await;
        api.contoso().await;
        api.tell("PUT /directory/packages/Foo.Bar", &json!({ "owners": ["contoso", "carol"] })).await;
        api.tell("PUT /directory/packages/Foo.Other", &json!({ "owners": ["contoso"] })).await;
        let body =
            json!({ "name": "CI", "owner": "contoso", "actions": ["push", "unlist"], "packages": ["Foo.*"] });
        let made = api.call(BOB, "POST /keys", &body).await;
        let text = made.body["key_text"].as_str().unwrap().to_owned();
        api.aws.overheard.secrets().remember_all_in(text.as_bytes());
        let key = id(&made.body["key"]).to_owned();
        let door = authorizer(&api.aws.keyring(), Clock::new(now));
        Self { api, door, key, text }
    }

    /// The decision about an action on a package: its reason, where it is a deny.
    async fn decided(&self, action: &str, package: &str) -> Value {
        let body = json!({ "action": action, "package": package });
        let (_, mut decision) = ask(&self.door, Some(&self.text), &body).await;
        if let Some(grant) = decision["grant"].as_str() {
            self.api.aws.overheard.secrets().hand_out(grant);
        }
        let reason = decision["reason"].take();
        if reason.is_null() { decision["decision"].take() } else { reason }
    }

    async fn bar(&self, who: As<'_>) -> Value {
        let barred = self.api.call(who, &self.at("PUT"), &Value::Null).await;
        assert_eq!(barred.status, 200, "{}", barred.body);
        barred.body
    }

    async fn lift(&self, who: As<'_>) {
        assert_eq!(self.api.call(who, &self.at("DELETE"), &Value::Null).await.status, 204);
    }

    fn at(&self, method: &str) -> String {
        format!("{method} /packages/foo.bar/barred/{}", self.key)
    }

    async fn events(&self) -> Vec<(String, String, Value)> {
        let events = self.api.call(BOB, &format!("GET /keys/{}/events", self.key), &Value::Null).await.body;
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        let told = |event: &Value| (text(event, "kind"), text(event, "by"), event["detail"].clone());
        events["events"].as_array().unwrap().iter().map(told).collect()
    }
}

#[tokio::test]
async fn a_barred_key_is_refused_for_that_package_alone_until_an_owner_lifts_it() {
    let world = World::start().await;
    for action in ["push", "update", "unlist"] {
        assert_eq!(world.decided(action, "Foo.Bar").await, "allow");
    }
    let told = world.api.aws.count("outbox").await;
    let barred = world.bar(CAROL).await;
    assert_eq!(
        (&barred["key_id"], &barred["barred"], &barred["refused"]),
        (
            &json!(world.key),
            &json!({ "by": "carol", "at": "2026-11-22T10:15:00Z" }),
            &json!("barred_by_owner")
        )
    );
    for action in ["push", "update", "unlist"] {
        assert_eq!(world.decided(action, "foo.bar").await, "barred_by_owner", "{action}");
    }
    let (_, decision) = ask(
        &world.door,
        Some(&world.text),
        &json!({ "action": "push", "package": "Foo.Bar", "preflight": true }),
    )
    .await;
    let message = format!(
        "carol barred this API key from Foo.Bar on 2026-11-22 10:15 UTC. Any owner of Foo.Bar can lift that: ask one of \
         them. Key: CI ({}) at https://gallery.example/keys",
        world.key
    );
    assert_eq!((&decision["reason"], &decision["message"]), (&json!("barred_by_owner"), &json!(message)));
    assert_eq!(world.decided("push", "Foo.Other").await, "allow");
    assert_eq!(world.decided("push", "Foo.New").await, "allow");

    // Its people, the holder and the organization's admin, are told of each once.
    assert_eq!(world.api.aws.count("outbox").await, told + 2);
    assert_eq!(world.bar(ADA).await, barred, "it is barred already, and stays so as it is");
    assert_eq!(world.api.aws.count("outbox").await, told + 2);

    world.lift(ADA).await;
    assert_eq!(world.decided("push", "Foo.Bar").await, "allow", "any owner lifts what another barred");
    assert_eq!(world.api.aws.count("outbox").await, told + 4);
    world.lift(ADA).await;
    assert_eq!(world.api.aws.count("outbox").await, told + 4);
    let events = world.events().await;
    let told = |kind: &str, by: &str, detail: &str| (kind.to_owned(), by.to_owned(), json!(detail));
    assert_eq!(
        events[..2],
        [told("bar_lifted", "ada", "on Foo.Bar"), told("barred", "carol", "from Foo.Bar")]
    );
    assert_eq!(events.len(), 3, "{events:?}");
}

#[tokio::test]
async fn what_the_gallery_tells_leaves_bars_as_they_are() {
    let world = World::start().await;
    world.bar(CAROL).await;
    let put = async |owners: &[&str]| {
        world.api.tell("PUT /directory/packages/FOO.Bar", &json!({ "owners": owners })).await;
    };
    put(&["contoso", "carol", "ada"]).await;
    assert_eq!(world.decided("push", "Foo.Bar").await, "barred_by_owner");
    let entry = json!({ "put": "package", "id": "Foo.Bar", "owners": ["contoso"] });
    world.api.tell("POST /directory", &json!({ "entries": [entry] })).await;
    assert_eq!(world.decided("push", "Foo.Bar").await, "barred_by_owner", "though carol owns it no more");

    // Who does not own the package is told of no bar.
    put(&["carol"]).await;
    assert_eq!(world.decided("push", "Foo.Bar").await, "not_package_owner");

    // A package that is gone has no owner who could lift a bar: its id is new, and anybody's to take.
    world.api.tell("DELETE /directory/packages/Foo.Bar", &Value::Null).await;
    assert_eq!(world.decided("push", "Foo.Bar").await, "allow");
    put(&["contoso"]).await;
    assert_eq!(
        world.decided("push", "Foo.Bar").await,
        "barred_by_owner",
        "once it is told of again, the bar binds again"
    );
    world.lift(ADA).await;
    assert_eq!(world.decided("push", "Foo.Bar").await, "allow");
}

#[tokio::test]
async fn a_package_with_bars_is_of_a_format_that_no_earlier_release_writes_over() {
    let world = World::start().await;
    let stored = async || {
        let items = world.api.aws.items().await;
        items
            .into_iter()
            .find(|item| item.contains("S(\"package#foo.bar\")") && item.contains("owners"))
            .unwrap()
    };
    assert!(stored().await.contains("\"v\": N(\"1\")"));
    world.bar(CAROL).await;
    assert!(stored().await.contains("\"v\": N(\"2\")"), "{}", stored().await);
    world.api.tell("DELETE /directory/packages/Foo.Bar", &Value::Null).await;
    assert!(stored().await.contains("\"v\": N(\"2\")"), "{}", stored().await);
    world.api.tell("PUT /directory/packages/Foo.Bar", &json!({ "owners": ["carol"] })).await;
    world.lift(CAROL).await;
    assert!(stored().await.contains("\"v\": N(\"1\")"), "{}", stored().await);
}

#[tokio::test]
async fn only_a_key_that_reaches_the_package_is_barred() {
    let world = World::start().await;
    let others = world.api.make("bob", &json!({ "packages": ["*"] })).await;
    let elsewhere = world.api.make("carol", &json!({ "packages": ["Bar"] })).await;
    let before = world.api.aws.items().await;
    for key in [id(&others), id(&elsewhere), "1KjOSH2ua9K0KdH5PEeMAI", "nonsense"] {
        let answered =
            world.api.call(CAROL, &format!("PUT /packages/Foo.Bar/barred/{key}"), &Value::Null).await;
        refused(&answered, 404, "unknown_key");
        assert_eq!(answered.body["detail"], "No key with this id reaches this package.");
    }
    assert_eq!(world.api.aws.items().await, before);
    let own = world.api.make("carol", &json!({})).await;
    let answered =
        world.api.call(CAROL, &format!("PUT /packages/Foo.Bar/barred/{}", id(&own)), &Value::Null).await;
    assert_eq!(answered.body["barred"]["by"], "carol", "one's own key too");
}

#[tokio::test]
async fn a_locked_account_bars_and_lifts_nothing() {
    let world = World::start().await;
    let lock = async |account: &str, kind: &str, locked: bool| {
        let body = json!({ "name": account, "kind": kind, "locked": locked });
        world.api.tell(&format!("PUT /directory/accounts/{account}"), &body).await;
    };
    world.bar(CAROL).await;
    for (account, kind) in [("ada", "user"), ("contoso", "organization")] {
        lock(account, kind, true).await;
        refused(&world.api.call(ADA, &world.at("DELETE"), &Value::Null).await, 403, "account_locked");
        assert_eq!(world.api.call(ADA, "GET /packages/Foo.Bar/keys", &Value::Null).await.status, 200);
        lock(account, kind, false).await;
    }
    lock("carol", "user", true).await;
    refused(&world.api.call(CAROL, &world.at("DELETE"), &Value::Null).await, 403, "account_locked");
    world.lift(ADA).await;
    lock("contoso", "organization", true).await;
    refused(&world.api.call(ADA, &world.at("PUT"), &Value::Null).await, 403, "account_locked");
    lock("contoso", "organization", false).await;
    assert_eq!(world.decided("push", "Foo.Bar").await, "allow");
}

#[tokio::test]
async fn a_bar_outlives_an_edit_and_a_refresh_and_goes_with_its_key() {
    let world = World::start().await;
    world.bar(CAROL).await;
    for packages in ["Elsewhere", "Foo.*"] {
        let edit = json!({ "packages": [packages] });
        let edited = world.api.call(BOB, &format!("PATCH /keys/{}", world.key), &edit).await;
        assert_eq!(edited.status, 200, "{}", edited.body);
    }
    assert_eq!(world.decided("push", "Foo.Bar").await, "barred_by_owner");
    let refreshed = world.api.call(BOB, &format!("POST /keys/{}/refresh", world.key), &json!({})).await;
    let text = refreshed.body["key_text"].as_str().unwrap();
    world.api.aws.overheard.secrets().remember_all_in(text.as_bytes());
    let (_, decision) =
        ask(&world.door, Some(text), &json!({ "action": "push", "package": "Foo.Bar" })).await;
    assert_eq!(decision["reason"], "barred_by_owner");
    assert_eq!(world.api.call(BOB, &format!("DELETE /keys/{}", world.key), &Value::Null).await.status, 204);
    let told = world.api.aws.count("outbox").await;
    world.lift(CAROL).await;
    assert_eq!(world.api.aws.count("outbox").await, told, "of a key that is gone nobody is told");
}

struct Many {
    aws: Aws,
    keyring: Arc<Keyring>,
    package: PackageId,
    alice: AccountId,
}

/// alice owns Foo.Bar.
async fn owned() -> Many {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    account(&keyring, "alice", AccountKind::User, false).await;
    let (package, alice): (PackageId, AccountId) = ("Foo.Bar".parse().unwrap(), "alice".parse().unwrap());
    keyring.put_package(&package, std::slice::from_ref(&alice), None, now()).await.unwrap();
    Many { aws, keyring, package, alice }
}

#[tokio::test]
async fn a_hundred_keys_are_barred_and_no_more_until_one_is_lifted_or_has_ended() {
    let Many { aws, keyring, package, alice } = owned().await;
    let act = act("alice");
    let mut keys = Vec::new();
    for _ in 0..102 {
        keys.push(make(&keyring, "alice").await.0);
    }
    for key in &keys[..100] {
        keyring.bar(&package, &key.id, &alice, &act).await.unwrap();
    }
    let before = aws.items().await;
    assert!(matches!(keyring.bar(&package, &keys[100].id, &alice, &act).await, Err(BarError::Full)));
    assert_eq!(aws.items().await, before);
    keyring.bar(&package, &keys[7].id, &alice, &act).await.unwrap();
    keyring.delete(&keys[3], &act).await.unwrap();
    keyring.revoke(&keys[4], "by alice".to_owned(), &act).await.unwrap();
    for key in &keys[100..] {
        let (voice, ..) = keyring.bar(&package, &key.id, &alice, &act).await.unwrap();
        assert!(voice.package.bar_on(&key.id).is_some());
    }
    keyring.lift_bar(&package, &keys[7].id, &alice, &act).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_set_lifted_and_told_over_at_once_are_each_as_they_were_asked_for() {
    let Many { aws, keyring: first, package, alice } = owned().await;
    let mut keys: Vec<KeyId> = Vec::new();
    for _ in 0..6 {
        keys.push(make(&first, "alice").await.0.id);
    }
    first.bar(&package, &keys[0], &alice, &act("alice")).await.unwrap();
    let environments: Vec<_> = (0..8).map(|_| aws.keyring()).collect();
    let acts = environments.iter().enumerate().map(|(number, keyring)| {
        let (package, alice, keys) = (&package, &alice, &keys);
        async move {
            let act = act("alice");
            // Whoever is overtaken too often is told to try again, as the gateway's callers are.
            loop {
                let done = match number {
                    0 => keyring.lift_bar(package, &keys[0], alice, &act).await.map(drop),
                    1..6 => keyring.bar(package, &keys[number], alice, &act).await.map(drop),
                    _ => {
                        let put =
                            keyring.put_package(package, std::slice::from_ref(alice), None, now()).await;
                        match put {
                            Ok(_) => return,
                            Err(keyring::DirectoryError::Fault(keyring::Fault::Busy { .. })) => continue,
                            Err(error) => panic!("{error}"),
                        }
                    }
                };
                match done {
                    Ok(()) => return,
                    Err(BarError::Fault(keyring::Fault::Busy { .. })) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    join_all(acts).await;
    let known = first.package(&package).await.unwrap().unwrap();
    let barred: Vec<bool> = keys.iter().map(|key| known.bar_on(key).is_some()).collect();
    assert_eq!(barred, [false, true, true, true, true, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_push_that_begins_after_a_bar_was_answered_is_allowed() {
    let Many { aws, keyring, package, alice } = owned().await;
    for _ in 0..20 {
        let (key, text) = make(&keyring, "alice").await;
        let text = text.reveal().to_string();
        aws.overheard.secrets().remember_all_in(text.as_bytes());
        let (bars, pushes) = (aws.keyring(), aws.keyring());
        let barred = async {
            bars.bar(&package, &key.id, &alice, &act("alice")).await.unwrap();
            let door = authorizer(&pushes, Clock::new(now));
            ask(&door, Some(&text), &json!({ "action": "push", "package": "Foo.Bar" })).await.1["reason"]
                .clone()
        };
        let others = async {
            let door = authorizer(&keyring, Clock::new(now));
            for _ in 0..5 {
                let asked = json!({ "action": "push", "package": "Foo.Bar" });
                let decision = ask(&door, Some(&text), &asked).await.1;
                if let Some(grant) = decision["grant"].as_str() {
                    aws.overheard.secrets().hand_out(grant);
                }
            }
        };
        let (after, ()) = tokio::join!(barred, others);
        assert_eq!(after, "barred_by_owner");
        keyring.lift_bar(&package, &key.id, &alice, &act("alice")).await.unwrap();
    }
}

#[tokio::test]
async fn a_grant_given_before_a_bar_is_good_for_nothing_on_that_package() {
    let Many { aws, keyring, package, alice } = owned().await;
    let (key, text) = make(&keyring, "alice").await;
    let text = text.reveal().to_string();
    aws.overheard.secrets().remember_all_in(text.as_bytes());
    let door = authorizer(&keyring, Clock::new(now));
    let granted = ask(&door, Some(&text), &json!({ "action": "push" })).await.1["grant"].clone();
    aws.overheard.secrets().hand_out(granted.as_str().unwrap());
    keyring.bar(&package, &key.id, &alice, &act("alice")).await.unwrap();
    let body = json!({ "action": "push", "package": "Foo.Bar", "grant": granted });
    assert_eq!(ask(&door, None, &body).await.1["reason"], "barred_by_owner");
}

#[tokio::test]
async fn who_stopped_speaking_for_a_package_meanwhile_bars_nothing() {
    let Many { aws, keyring, package, alice } = owned().await;
    let (fabrikam, bob): (AccountId, AccountId) = ("fabrikam".parse().unwrap(), "bob".parse().unwrap());
    account(&keyring, "fabrikam", AccountKind::Organization, false).await;
    account(&keyring, "bob", AccountKind::User, false).await;
    keyring.put_package(&package, &[alice.clone(), fabrikam.clone()], None, now()).await.unwrap();
    let key = make(&keyring, "alice").await.0.id;
    for role in [None, Some(Role::Member)] {
        if let Some(role) = role {
            keyring.put_member(&fabrikam, &bob, role, None, now()).await.unwrap();
        }
        let later = act("bob");
        let refused = keyring.bar(&package, &key, &bob, &later).await;
        assert!(matches!(refused, Err(BarError::UnknownPackage)), "{refused:?}");
    }
    keyring.put_member(&fabrikam, &bob, Role::Admin, None, now()).await.unwrap();
    let stale = aws.keyring();
    let voice = stale.voice(&package, &bob).await.unwrap().unwrap();
    assert_eq!(voice.owner, fabrikam);
    keyring.remove_member(&fabrikam, &bob, None, now()).await.unwrap();
    assert!(matches!(stale.bar(&package, &key, &bob, &act("bob")).await, Err(BarError::UnknownPackage)));
    assert!(keyring.package(&package).await.unwrap().unwrap().bar_on(&key).is_none());
}
