//! A publisher's first day: signs in, makes a key, pushes with a real client, is kept from what the key does not cover,
//! and hears of it all by mail. It asks nothing of a stage that not every one has.

use hyper::Method;
use serde_json::{Value, json};

use crate::{nuget::NuGet, package::Package, publisher::Publisher};

#[tokio::test]
async fn a_key_is_made_used_changed_and_ended() {
    let stage = stage!("first_day");
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push", "unlist"], &["Tailspin.*"]).await;

    let package = Package::new("Tailspin.Tools", "1.0.0");
    nuget.push(&package, Some(&made.text)).await.went_well();
    assert!(nuget.lists(&package).await);
    let outside = Package::new("Fabrikam.Tools", "1.0.0");
    nuget.push(&outside, Some(&made.text)).await.was_refused("403", "Forbidden");
    assert_eq!(stage.asks(&made.text, "push", &outside.id).await["reason"], "package_not_covered");
    assert!(!nuget.lists(&outside).await);
    nuget.push(&Package::new("Tailspin.Other", "1.0.0"), None).await.was_refused("401", "Unauthorized");

    let refreshed = alice.refresh(&made.key).await;
    let next = Package::new("Tailspin.Tools", "1.1.0");
    nuget.push(&next, Some(&made.text)).await.was_refused("403", "Forbidden");
    nuget.push(&next, Some(&refreshed.text)).await.went_well();
    nuget.unlist(&package, &refreshed.text).await.went_well();
    assert!(nuget.lists(&next).await && !nuget.lists(&package).await);
    assert!(alice.key(&made.key).await["last_push_at"].is_string());

    alice.revoke(&refreshed.key).await;
    nuget
        .push(&Package::new("Tailspin.Tools", "1.2.0"), Some(&refreshed.text))
        .await
        .was_refused("403", "Forbidden");
    assert_eq!(stage.asks(&refreshed.text, "push", &next.id).await["reason"], "revoked");

    // What could not be mailed at once is mailed now.
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    let mails = stage.mail().await;
    assert!(mails.iter().all(|mail| mail["to"] == "alice@example.test"), "{mails:#?}");
    let mut subjects: Vec<_> =
        mails.iter().map(|mail| mail["subject"].as_str().expect("a subject")).collect();
    subjects.sort_unstable();
    let told =
        ["created", "refreshed", "revoked"].map(|what| format!("Key “a key” was {what} at Sample Gallery"));
    assert_eq!(subjects, told);
    stage.finish().await;
}

#[tokio::test]
async fn a_push_is_noted_and_nothing_else_is() {
    let stage = stage!("first_push");
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push", "unlist"], &["Tailspin.*"]).await;
    let headers = [("x-nuget-apikey", made.text.reveal())];
    for (asked, noted) in [
        (json!({ "action": "push", "package": "Tailspin.Tools", "preflight": true }), false),
        (json!({ "action": "push" }), false),
        (json!({ "action": "push", "package": "Tailspin.Tools" }), true),
    ] {
        stage.call(Method::POST, "/authorize", &headers, &asked).await.expect(200);
        assert_eq!(alice.key(&made.key).await["last_push_at"].is_string(), noted, "{asked}");
    }
    stage.finish().await;
}
