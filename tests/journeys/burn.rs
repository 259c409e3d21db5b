//! Whoever has a key's text can end the key with it, and nothing else can: the one thing a key may do about itself.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    directory::Directory,
    http::Reply,
    nuget::NuGet,
    package::Package,
    publisher::{KeyText, Publisher, id},
    stage::Stage,
};

const GUID: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
const GUID_STORED: &str =
    "36aafd8744AQAAAAEAACcQAAAAEKbL2BEqIg8KUMje6q69fW1f2jsVm+gOLf4nD5G392Til5KnGEyFHuwKEj3HEpZKug==";
const OTHER_GUID: &str = "c0488e19-e450-4512-8af2-06a29b7efac7";

async fn burns(stage: &Stage, headers: &[(&str, &str)]) -> Reply {
    stage.call(Method::DELETE, "/keys/self", headers, &Value::Null).await
}

async fn burnt(stage: &Stage, key: &KeyText) -> Value {
    burns(stage, &[("x-nuget-apikey", key.reveal())]).await.expect(200)
}

#[tokio::test]
async fn whoever_has_a_keys_text_ends_the_key_and_its_people_are_told() {
    let stage = stage!("burn", Reason);
    let (nuget, directory) = (NuGet::new(&stage), Directory(&stage));
    let (bob, ada) = (Publisher::sign_in(&stage, "bob").await, Publisher::sign_in(&stage, "ada").await);
    directory.put_account("contoso", "organization").await;
    for (user, role) in [("bob", "member"), ("ada", "admin")] {
        directory.put_member("contoso", user, role).await;
    }
    // What it may do does not matter.
    let asked = json!({ "name": "leaky", "owner": "contoso", "actions": ["unlist", "push"], "packages": ["Contoso.*"] });
    let made = bob.create_from(&asked).await;
    let package = Package::new("Contoso.Tools", "1.0.0");
    nuget.push(&package, Some(&made.text)).await.went_well();
    let before = stage.mail().await.len();

    let key = burnt(&stage, &made.text).await;
    assert_eq!((&key["status"], &key["id"]), (&json!("revoked"), &made.key["id"]));
    assert_eq!(key, bob.key(&made.key).await);
    let next = Package::new("Contoso.Tools", "1.1.0");
    let why = stage.asks(&made.text, "push", &next.id).await;
    assert_eq!(why["reason"], "revoked");
    nuget.push(&next, Some(&made.text)).await.was_refused("403", why["message"].as_str().unwrap());
    assert!(!nuget.lists(&next).await);

    // Again it changes nothing, and tells nobody.
    assert_eq!(burnt(&stage, &made.text).await, key);
    assert_eq!(key, bob.key(&made.key).await);
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    let mails = stage.mail().await.split_off(before);
    let mut told: Vec<&str> = mails.iter().map(|mail| mail["to"].as_str().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ["ada@example.test", "bob@example.test"], "{mails:#?}");
    for mail in &mails {
        let text = mail["text"].as_str().unwrap();
        assert!(text.contains(id(&made.key)) && text.contains("by somebody who has the key text"), "{text}");
    }
    let path = format!("/keys/{}/events", id(&made.key));
    let events = ada.call(Method::GET, &path, &Value::Null).await.expect(200);
    let (first, last) = (&events["events"][0], &events["events"][1]);
    assert_eq!((&first["kind"], &first["by"]), (&json!("revoked"), &json!("whoever has the key text")));
    assert_eq!(last["kind"], "created", "{events}");
    stage.finish().await;
}

#[tokio::test]
async fn keys_from_before_are_burned_too_whatever_is_stored_of_them() {
    let stage = stage!("burn_legacy", Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let (hashed, plain) = (stage.legacy_text(GUID), stage.legacy_text(OTHER_GUID));
    let imported = json!({ "keys": [
        { "account": "alice", "nuget_stored": GUID_STORED }, { "account": "alice", "key_text": OTHER_GUID },
    ] });
    stage.post("/legacy-keys", &imported).await.expect(200);
    // Almost the text is not the text.
    let almost = stage.legacy_text("36aafd87-44d7-423b-adb9-ed01493aeb76");
    assert_eq!(burns(&stage, &[("x-nuget-apikey", almost.reveal())]).await.expect(403)["reason"], "unknown");
    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&plain)).await.went_well();
    for (number, text) in [&hashed, &plain].into_iter().enumerate() {
        assert_eq!(burnt(&stage, text).await["status"], "revoked");
        let package = Package::new("Tailspin.Tools", &format!("1.{}.0", number + 1));
        let why = stage.asks(text, "push", &package.id).await;
        assert_eq!(why["reason"], "revoked");
        nuget.push(&package, Some(text)).await.was_refused("403", why["message"].as_str().unwrap());
    }
    let keys = alice.keys().await;
    assert!(keys.len() == 2 && keys.iter().all(|key| key["status"] == "revoked"), "{keys:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_key_that_has_ended_stays_as_it_ended_and_a_locked_accounts_key_can_be_burned() {
    let stage = stage!("burn_ended", Clock);
    let (alice, directory) = (Publisher::sign_in(&stage, "alice").await, Directory(&stage));
    let short = json!({ "name": "short", "actions": ["push"], "packages": ["*"], "expires_in_days": 1 });
    let expired = alice.create_from(&short).await;
    let (revoked, deleted) = (alice.create(&["push"], &["*"]).await, alice.create(&["push"], &["*"]).await);
    let (old, locked) = (alice.create(&["push"], &["*"]).await, alice.create(&["push"], &["*"]).await);
    stage.advance_days(2).await;
    alice.revoke(&revoked.key).await;
    alice.delete(&deleted.key).await;
    alice.refresh(&old.key).await;
    for (made, status) in [(&expired, "expired"), (&revoked, "revoked")] {
        let before = alice.key(&made.key).await;
        let key = burnt(&stage, &made.text).await;
        assert_eq!((&key, &key["status"]), (&before, &json!(status)));
        assert_eq!(alice.key(&made.key).await, before);
    }
    for made in [&deleted, &old] {
        let refused = burns(&stage, &[("x-nuget-apikey", made.text.reveal())]).await.expect(403);
        assert_eq!(refused["reason"], "unknown");
    }
    assert_eq!(alice.key(&old.key).await["status"], "active", "the old text is nobody's any more");

    directory.lock_account("alice").await;
    assert_eq!(burnt(&stage, &locked.text).await["status"], "revoked");
    stage.finish().await;
}

#[tokio::test]
async fn nothing_but_one_keys_text_opens_the_door_and_refusals_tell_nothing() {
    let stage = stage!("burn_refused");
    let alice = Publisher::sign_in(&stage, "alice").await;
    let (one, other) = (alice.create(&["push"], &["*"]).await, alice.create(&["push"], &["*"]).await);
    let asked = json!({ "action": "push" });
    let shown = [("x-nuget-apikey", one.text.reveal())];
    let decision = stage.call(Method::POST, "/authorize", &shown, &asked).await.expect(200);
    let grant = decision["grant"].as_str().unwrap();
    let before = alice.keys().await;

    for headers in [&[][..], &[("authorization", "Basic azps")], &[("x-nuget-apikey", " ")]] {
        let reply = burns(&stage, headers).await;
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
        assert_eq!(reply.expect(401)["reason"], "missing");
    }
    let text = one.text.reveal();
    let wrong = format!("{}000000", &text[..69]);
    let (bearer_of_token, bearer_of_grant) = (format!("Bearer {}", alice.token()), format!("Bearer {grant}"));
    let unknown = burns(&stage, &[("x-nuget-apikey", "nonsense")]).await.expect(403);
    assert_eq!(unknown["reason"], "unknown");
    for headers in [
        &[("x-nuget-apikey", wrong.as_str())][..],
        &[("x-nuget-apikey", grant)],
        &[("x-nuget-apikey", alice.token())],
        &[("authorization", &bearer_of_token)],
        &[("authorization", &bearer_of_grant)],
        &[("x-nuget-apikey", text), ("x-nuget-apikey", other.text.reveal())],
        &[("x-nuget-apikey", text), ("x-nuget-apikey", text)],
    ] {
        assert_eq!(burns(&stage, headers).await.expect(403), unknown, "{} headers", headers.len());
    }
    // What is misspelt does not do something else.
    let reply = stage.call(Method::DELETE, "/keys/self?dry_run=true", &shown, &Value::Null).await;
    assert_eq!(reply.expect(400)["reason"], "bad_input");
    for (method, path) in
        [(Method::GET, "/keys/self"), (Method::DELETE, "/keys/self/x"), (Method::POST, "/keys/self")]
    {
        assert_eq!(
            stage.call(method, path, &shown, &Value::Null).await.status,
            403,
            "there is no such route"
        );
    }
    assert_eq!(alice.keys().await, before);
    let bearer = format!("Bearer {text}");
    assert_eq!(burns(&stage, &[("authorization", &bearer)]).await.expect(200)["id"], one.key["id"]);
    stage.finish().await;
}
