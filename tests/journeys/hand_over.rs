//! A key goes over to a new secret without a moment in which neither works: both do until the new one's first push.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    http::Reply,
    nuget::NuGet,
    package::Package,
    publisher::{KeyText, Made, Publisher, id},
    stage::Stage,
};

async fn hand_over(publisher: &Publisher<'_>, key: &Value, days: i64) -> Made {
    let body = json!({ "hand_over_days": days });
    Made::of(publisher.call_about(Method::POST, key, "/refresh", &body).await.expect(200))
}

async fn refreshes_itself(stage: &Stage, text: &KeyText, body: &Value) -> Reply {
    let shown = [("x-nuget-apikey", text.reveal())];
    stage.call(Method::POST, "/keys/self/refresh", &shown, body).await
}

/// What an ask with this text for a push of `package` is answered, before a long upload.
async fn asked(stage: &Stage, text: &KeyText, package: &str) -> String {
    let decision = stage.asks(text, "push", package).await;
    decision["reason"].as_str().or(decision["decision"].as_str()).unwrap().to_owned()
}

/// What was mailed since, kind by kind as the subjects begin.
async fn subjects(stage: &Stage, since: usize) -> Vec<String> {
    let mails = stage.mail().await.split_off(since);
    mails.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect()
}

async fn history(publisher: &Publisher<'_>, key: &Value) -> Vec<Value> {
    let path = format!("/keys/{}/events", id(key));
    let events = publisher.call(Method::GET, &path, &Value::Null).await.expect(200);
    events["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn builds_push_with_the_old_text_until_the_new_one_has_pushed() {
    let stage = stage!("hand_over", Clock, Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let old = alice.create(&["push", "unlist"], &["Tailspin.*"]).await;
    let first = Package::new("Tailspin.Tools", "1.0.0");
    nuget.push(&first, Some(&old.text)).await.went_well();

    let mailed = stage.mail().await.len();
    let new = hand_over(&alice, &old.key, 14).await;
    assert!(new.text.reveal() != old.text.reveal() && new.text.reveal().contains(id(&old.key)));
    let until = new.key["hand_over"]["until"].clone();
    assert_eq!((&new.key["expires_at"], &new.key["status"]), (&old.key["expires_at"], &json!("active")));
    assert_eq!(new.key["version"], 2);
    assert_eq!(alice.key(&old.key).await["hand_over"], json!({ "until": until }));
    assert_eq!(subjects(&stage, mailed).await, ["Key “a key” was given a second secret at Sample Gallery"]);

    // Nothing but a push with the new text ends the old one: no question, no unlisting, no push of the old one.
    let second = Package::new("Tailspin.Tools", "1.1.0");
    let pushed = nuget.push(&second, Some(&old.text)).await;
    pushed.went_well();
    assert!(
        pushed.output.contains("WARNING") && pushed.output.contains("being handed over"),
        "{}",
        pushed.output
    );
    assert_eq!(asked(&stage, &new.text, &second.id).await, "allow");
    assert!(nuget.unlist(&first, &new.text).await.succeeded);
    assert_eq!(asked(&stage, &old.text, &second.id).await, "allow");
    assert_eq!(history(&alice, &old.key).await.len(), 2, "created and begun");

    let third = Package::new("Tailspin.Tools", "1.2.0");
    nuget.push(&third, Some(&new.text)).await.went_well();
    let fourth = Package::new("Tailspin.Tools", "1.3.0");
    let why = stage.asks(&old.text, "push", &fourth.id).await;
    assert_eq!(why["reason"], "unknown");
    nuget.push(&fourth, Some(&old.text)).await.was_refused("403", why["message"].as_str().unwrap());
    assert!(!nuget.lists(&fourth).await);
    nuget.push(&fourth, Some(&new.text)).await.went_well();

    let key = alice.key(&old.key).await;
    assert_eq!(key.get("hand_over"), None, "{key}");
    assert_eq!((&key["version"], &key["expires_at"]), (&json!(2), &old.key["expires_at"]));
    let report = stage.post("/local/sweep", &Value::Null).await.expect(200);
    assert_eq!(
        (&report["due"], &report["handed_over"], &report["mailed"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(stage.post("/local/sweep", &Value::Null).await.expect(200)["due"], 0, "it is told once");
    assert_eq!(
        subjects(&stage, mailed + 1).await,
        ["Key “a key” was handed over to its new secret at Sample Gallery"]
    );
    let kinds: Vec<Value> =
        history(&alice, &old.key).await.iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["handed_over", "hand_over_begun", "created"]);

    // When the window would have closed nothing happens.
    stage.advance_days(15).await;
    assert_eq!(stage.post("/local/sweep", &Value::Null).await.expect(200)["due"], 0);
    assert_eq!(asked(&stage, &new.text, &fourth.id).await, "allow");
    stage.finish().await;
}

#[tokio::test]
async fn a_new_text_that_does_not_push_in_time_is_dropped_and_the_old_one_lives_to_its_own_end() {
    let stage = stage!("hand_over_lapse", Clock, Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let body = json!({ "name": "monthly", "actions": ["push"], "packages": ["*"], "expires_in_days": 60 });
    let old = alice.create_from(&body).await;
    let new = hand_over(&alice, &old.key, 7).await;
    let package = Package::new("Tailspin.Tools", "1.0.0");

    let again = json!({ "hand_over_days": 1 });
    let refused = alice.call_about(Method::POST, &new.key, "/refresh", &again).await.expect(409);
    assert_eq!(refused["reason"], "not_now");
    assert!(refused["detail"].as_str().unwrap().contains("is being handed over until"), "{refused}");

    // The window counts at use; the sweeper that comes later only tells.
    stage.advance_days(7).await;
    assert_eq!(asked(&stage, &new.text, &package.id).await, "unknown");
    let why = stage.asks(&new.text, "push", &package.id).await;
    nuget.push(&package, Some(&new.text)).await.was_refused("403", why["message"].as_str().unwrap());
    assert_eq!(alice.key(&old.key).await.get("hand_over"), None);
    nuget.push(&package, Some(&old.text)).await.went_well();
    let mailed = stage.mail().await.len();
    assert_eq!(stage.post("/local/sweep", &Value::Null).await.expect(200)["handed_over"], 1);
    assert_eq!(subjects(&stage, mailed).await, ["Key “monthly” keeps its old secret at Sample Gallery"]);
    let key = alice.key(&old.key).await;
    assert_eq!((&key["version"], &key["expires_at"]), (&new.key["version"], &old.key["expires_at"]));
    assert_eq!(history(&alice, &old.key).await[0]["kind"], "hand_over_lapsed");

    // A window that would outlive the key ends with it, and the old text with both.
    stage.advance_days(50).await;
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    let last = hand_over(&alice, &key, 30).await;
    assert_eq!(last.key["hand_over"]["until"], old.key["expires_at"]);
    assert_eq!(asked(&stage, &last.text, &package.id).await, "allow");
    stage.advance_days(3).await;
    assert_eq!(asked(&stage, &old.text, &package.id).await, "expired");
    assert_eq!(asked(&stage, &last.text, &package.id).await, "unknown");
    let report = stage.post("/local/sweep", &Value::Null).await.expect(200);
    assert_eq!((&report["handed_over"], &report["expired"]), (&json!(1), &json!(1)), "{report}");
    let refused = alice.call_about(Method::POST, &last.key, "/refresh", &again).await.expect(409);
    assert!(refused["detail"].as_str().unwrap().contains("expired"), "{refused}");
    stage.finish().await;
}

#[tokio::test]
async fn a_plain_refresh_a_revocation_and_a_deletion_end_both_texts() {
    let stage = stage!("hand_over_ended");
    let alice = Publisher::sign_in(&stage, "alice").await;
    for (end, of_old, of_new) in [
        ("refresh", "unknown", "unknown"),
        ("revoke", "revoked", "unknown"),
        ("delete", "unknown", "unknown"),
    ] {
        let old = alice.create(&["push"], &["Tailspin.*"]).await;
        let new = hand_over(&alice, &old.key, 7).await;
        let key = alice.edit(&new.key, &json!({ "name": "handing over" })).await;
        assert_eq!(key["hand_over"], new.key["hand_over"], "an edit keeps it");
        let fresh = match end {
            "refresh" => Some(alice.refresh(&key).await),
            "revoke" => {
                alice.revoke(&key).await;
                None
            }
            _ => {
                alice.delete(&key).await;
                None
            }
        };
        assert_eq!(asked(&stage, &old.text, "Tailspin.Tools").await, of_old, "{end}");
        assert_eq!(asked(&stage, &new.text, "Tailspin.Tools").await, of_new, "{end}");
        if let Some(fresh) = fresh {
            assert_eq!(asked(&stage, &fresh.text, "Tailspin.Tools").await, "allow");
            assert_eq!(fresh.key.get("hand_over"), None);
        }
    }
    let old = alice.create(&["push"], &["Tailspin.*"]).await;
    for body in [
        json!({ "hand_over_days": 0 }),
        json!({ "hand_over_days": 31 }),
        json!({ "hand_over_days": 1.5 }),
        json!({ "hand_over_days": 7, "restart_lifetime": true }),
    ] {
        let refused = alice.call_about(Method::POST, &old.key, "/refresh", &body).await.expect(400);
        assert_eq!(refused["errors"][0]["field"], "hand_over_days", "{refused}");
    }
    let stale = json!({ "id": id(&old.key), "version": 9 });
    let body = json!({ "hand_over_days": 7 });
    alice.call_about(Method::POST, &stale, "/refresh", &body).await.expect(412);
    assert_eq!(alice.key(&old.key).await, old.key);
    stage.finish().await;
}

#[tokio::test]
async fn a_build_hands_its_own_key_over_where_its_holder_allowed_that() {
    let stage = stage!("self_refresh", Clock, Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let old = alice.create(&["push"], &["Tailspin.*"]).await;
    let refused = refreshes_itself(&stage, &old.text, &Value::Null).await.expect(403);
    assert_eq!(refused["reason"], "self_refresh_not_allowed");
    assert_eq!(alice.key(&old.key).await, old.key);

    let mailed = stage.mail().await.len();
    let key = alice.edit(&old.key, &json!({ "self_refresh": true })).await;
    assert_eq!((&key["self_refresh"], &key["version"]), (&json!(true), &json!(2)));
    for body in
        [json!({ "hand_over_days": 0 }), json!({ "hand_over_days": 31 }), json!({ "restart_lifetime": true })]
    {
        assert_eq!(refreshes_itself(&stage, &old.text, &body).await.expect(400)["reason"], "bad_input");
    }
    let reply = refreshes_itself(&stage, &old.text, &json!({})).await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let new = Made::of(reply.expect(200));
    let week = chrono::TimeDelta::days(7);
    let now: chrono::DateTime<chrono::Utc> =
        stage.post("/local/clock", &json!({ "advance_days": 0 })).await.expect(200)["now"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
    let until: chrono::DateTime<chrono::Utc> =
        new.key["hand_over"]["until"].as_str().unwrap().parse().unwrap();
    assert!(until <= now + week && until > now + week - chrono::TimeDelta::hours(1), "{until}");
    assert_eq!(new.key["expires_at"], old.key["expires_at"], "its end does not move");
    for text in [&old.text, &new.text] {
        assert_eq!(refreshes_itself(&stage, text, &Value::Null).await.expect(409)["reason"], "not_now");
    }
    let told = stage.mail().await.split_off(mailed);
    let subjects: Vec<_> = told.iter().map(|mail| mail["subject"].as_str().unwrap()).collect();
    assert_eq!(
        subjects,
        [
            "Key “a key” was allowed to refresh itself at Sample Gallery",
            "Key “a key” was given a second secret at Sample Gallery"
        ]
    );
    assert!(
        told[1]["text"].as_str().unwrap().contains("Begun by:         whoever has the key text"),
        "{told:?}"
    );

    let package = Package::new("Tailspin.Tools", "1.0.0");
    nuget.push(&package, Some(&new.text)).await.went_well();
    assert_eq!(refreshes_itself(&stage, &old.text, &Value::Null).await.expect(403)["reason"], "unknown");
    // The next one, in a month: for ever, but never beyond the key's end.
    let next =
        Made::of(refreshes_itself(&stage, &new.text, &json!({ "hand_over_days": 30 })).await.expect(200));
    nuget.push(&Package::new("Tailspin.Tools", "1.1.0"), Some(&next.text)).await.went_well();
    let key = alice.key(&old.key).await;
    alice.edit(&key, &json!({ "self_refresh": false })).await;
    refreshes_itself(&stage, &next.text, &Value::Null).await.expect(403);
    let by_itself = json!({ "name": "short", "actions": ["push"], "packages": ["*"], "expires_in_days": 1, "self_refresh": true });
    let short = alice.create_from(&by_itself).await;
    assert_eq!(short.key["self_refresh"], true);
    stage.advance_days(1).await;
    assert_eq!(refreshes_itself(&stage, &short.text, &Value::Null).await.expect(409)["reason"], "not_now");
    stage.finish().await;
}
