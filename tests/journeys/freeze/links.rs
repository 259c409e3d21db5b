//! What a link is good for, and what is none.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use keys::{FreezeLink, KeyId, Pepper};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{PAGE, link_of, links, press, unwritten};
use crate::{
    directory::Directory,
    http::Reply,
    nuget::NuGet,
    package::Package,
    publisher::{Publisher, id},
    stage::Stage,
};

async fn look(stage: &Stage, link: &str) -> Reply {
    stage.get(&format!("{PAGE}{link}")).await
}

/// What a page says, provided its status is this one; and that nobody else may keep, frame or be told of it.
#[track_caller]
fn page(reply: Reply, status: u16) -> String {
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.headers[name], value, "{name}");
    }
    let policy = reply.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = reply.expect(status);
    let html = html.as_str().unwrap().to_owned();
    for what in ["<script", "src=", "http-equiv", "url("] {
        assert!(!html.contains(what), "{what}");
    }
    html
}

#[tokio::test]
async fn a_link_freezes_whatever_has_happened_to_its_key_and_never_another() {
    let stage = Stage::ephemeral("freeze_links").await;
    let (alice, directory) = (Publisher::sign_in(&stage, "alice").await, Directory(&stage));
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let link = link_of(&stage, "was created").await;
    let other = alice.create(&["push"], &["Tailspin.*"]).await;
    let is_frozen = async |key: &Value| alice.key(key).await["frozen_at"].is_string();
    let thaw = async |key: &Value| {
        let version = alice.key(key).await;
        alice.call_about(hyper::Method::POST, &version, "/thaw", &Value::Null).await.expect(200)
    };

    assert!(page(press(&stage, &link).await, 200).contains("is frozen now"));
    let events = alice.key(&made.key).await["version"].clone();
    assert!(page(press(&stage, &link).await, 200).contains("is frozen</h1>"), "again it changes nothing");
    assert_eq!(alice.key(&made.key).await["version"], events);
    assert!(page(look(&stage, &link).await, 200).contains("Frozen since"));
    assert!(!page(look(&stage, &link).await, 200).contains("<form"));
    assert!(thaw(&made.key).await["frozen_at"].is_null());
    // It is good after a thaw, and after a refresh: a refreshed key is as frozen as before.
    page(press(&stage, &link).await, 200);
    let refreshed = alice.refresh(&alice.key(&made.key).await).await;
    assert!(is_frozen(&made.key).await);
    assert_eq!(stage.asks(&refreshed.text, "push", "Tailspin.Tools").await["reason"], "frozen");
    thaw(&made.key).await;
    assert_eq!(stage.asks(&refreshed.text, "push", "Tailspin.Tools").await["decision"], "allow");
    // A locked account keeps nobody from it, but its holder from lifting it.
    directory.lock_account("alice").await;
    page(press(&stage, &link).await, 200);
    assert!(is_frozen(&made.key).await && !is_frozen(&other.key).await);
    let frozen = alice.key(&made.key).await;
    let refused = alice.call_about(hyper::Method::POST, &frozen, "/thaw", &Value::Null).await.expect(403);
    assert_eq!(refused["reason"], "account_locked");

    alice.revoke(&frozen).await;
    assert!(page(press(&stage, &link).await, 200).contains("It was revoked."));
    alice.delete(&alice.key(&made.key).await).await;
    for reply in [look(&stage, &link).await, press(&stage, &link).await] {
        assert!(page(reply, 404).contains("This key is gone"));
    }
    assert!(!is_frozen(&other.key).await);
    unwritten(&stage, &link);
    stage.finish().await;
}

#[tokio::test]
async fn what_is_no_link_of_ours_says_the_same_whatever_it_is() {
    let stage = Stage::ephemeral("freeze_forged").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let link = link_of(&stage, "was created").await;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&link).unwrap();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    };
    let (mine, now): (KeyId, _) = (id(&made.key).parse().unwrap(), startup::Clock::system().now());
    let sealed =
        |version: u32| FreezeLink::new(mine, now).seal(&Pepper::new(version.into(), Zeroizing::new([0; 32])));
    let mut wrong: Vec<String> =
        (0..bytes.len() * 8).step_by(13).map(|bit| with(&|bytes| bytes[bit / 8] ^= 1 << (bit % 8))).collect();
    wrong.extend([
        // Another's key, and one that nobody has, under this link's MAC.
        with(&|bytes| bytes[5..21].fill(0)),
        with(&|bytes| bytes[10] ^= 1),
        // Another pepper: one that anybody knows, under the version that there is and one that there is not.
        sealed(1),
        sealed(7),
        link[..54].to_owned(),
        format!("{link}A"),
        format!("{link}="),
        id(&made.key).to_owned(),
        "self".to_owned(),
    ]);
    let told = page(look(&stage, "x").await, 404);
    assert!(told.contains("This link does not work") && !told.contains("<form"), "{told}");
    for wrong in &wrong {
        assert_eq!(page(look(&stage, wrong).await, 404), told, "{wrong}");
        assert_eq!(page(press(&stage, wrong).await, 404), told, "{wrong}");
    }
    // What a mail program adds to the address is nothing to it.
    assert!(page(look(&stage, &format!("{link}?utm_source=mail")).await, 200).contains("<form"));
    assert!(alice.key(&made.key).await["frozen_at"].is_null());

    stage.advance_days(400).await;
    for reply in [look(&stage, &link).await, press(&stage, &link).await] {
        assert_eq!(page(reply, 410), told, "it was good for 400 days");
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_mail_of_several_keys_has_a_link_for_each_and_keys_from_before_have_theirs() {
    const GUID: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
    let stage = Stage::ephemeral("freeze_several").await;
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let legacy = stage.legacy_text(GUID);
    let imported = json!({ "keys": [{ "account": "alice", "key_text": GUID }] });
    stage.post("/legacy-keys", &imported).await.expect(200);
    let keys = [alice.create(&["push"], &["*"]).await, alice.create(&["push"], &["*"]).await];
    stage.advance_days(356).await;
    stage.post("/local/sweep", &Value::Null).await.expect(200);

    let mails = stage.mail().await;
    let mail = mails.iter().find(|mail| mail["subject"].as_str().unwrap().contains("2 keys expire soon"));
    let mail = mail.unwrap_or_else(|| panic!("{mails:#?}"));
    let links = links(&stage, mail);
    assert_eq!(links.len(), 2);
    let text = mail["text"].as_str().unwrap();
    let place = |part: &str| text.find(part).unwrap();
    let second = keys.iter().max_by_key(|made| place(id(&made.key))).unwrap();
    page(press(&stage, &links[1]).await, 200);
    for made in &keys {
        let is_frozen = alice.key(&made.key).await["frozen_at"].is_string();
        assert_eq!(is_frozen, made.key["id"] == second.key["id"], "each its own");
    }

    let link = link_of(&stage, "is retired in").await;
    let package = Package::new("Tailspin.Tools", "1.0.0");
    page(press(&stage, &link).await, 200);
    let why = stage.asks(&legacy, "push", &package.id).await;
    assert_eq!(why["reason"], "frozen");
    nuget.push(&package, Some(&legacy)).await.was_refused("403", why["message"].as_str().unwrap());
    let frozen = alice.keys().await.into_iter().find(|key| key["kind"] == "legacy").unwrap();
    alice.call_about(hyper::Method::POST, &frozen, "/thaw", &Value::Null).await.expect(200);
    nuget.push(&package, Some(&legacy)).await.went_well();
    stage.finish().await;
}
