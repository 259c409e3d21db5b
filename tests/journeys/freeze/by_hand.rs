//! Freezing and thawing over the management API: who may, and what it leaves behind.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    directory::Directory,
    publisher::{Publisher, id},
    stage::Stage,
};

#[tokio::test]
async fn holder_and_admins_freeze_and_the_holder_alone_thaws() {
    let stage = Stage::ephemeral("freeze_by_hand").await;
    let directory = Directory(&stage);
    let [bob, ada, mallory] = [
        Publisher::sign_in(&stage, "bob").await,
        Publisher::sign_in(&stage, "ada").await,
        Publisher::sign_in(&stage, "mallory").await,
    ];
    directory.put_account("contoso", "organization").await;
    for (user, role) in [("bob", "member"), ("ada", "admin")] {
        directory.put_member("contoso", user, role).await;
    }
    let asked = json!({ "name": "team", "owner": "contoso", "actions": ["push"], "packages": ["Contoso.*"] });
    let made = bob.create_from(&asked).await;
    let call = async |who: &Publisher<'_>, act: &str| {
        who.call(Method::POST, &format!("/keys/{}/{act}", id(&made.key)), &Value::Null).await
    };
    let before = stage.mail().await.len();

    for act in ["freeze", "thaw"] {
        assert_eq!(call(&mallory, act).await.expect(404)["reason"], "unknown_key");
    }
    let stale = json!({ "id": made.key["id"], "version": 7 });
    for act in ["/freeze", "/thaw"] {
        let refused = bob.call_about(Method::POST, &stale, act, &Value::Null).await.expect(412);
        assert_eq!(refused["reason"], "other_version");
    }
    let frozen = call(&ada, "freeze").await.expect(200);
    assert!(frozen["frozen_at"].is_string() && frozen["version"] == 2, "{frozen}");
    assert_eq!(call(&bob, "freeze").await.expect(200), frozen, "again it changes nothing");
    assert_eq!(stage.asks(&made.text, "push", "Contoso.Tools").await["reason"], "frozen");
    assert_eq!(call(&ada, "thaw").await.expect(403)["reason"], "not_the_holder");

    // Whoever has left the organization does not lift it.
    directory.remove_member("contoso", "bob").await;
    assert_eq!(call(&bob, "thaw").await.expect(403)["reason"], "not_a_member");
    directory.put_member("contoso", "bob", "member").await;
    let thawed = call(&bob, "thaw").await.expect(200);
    assert!(thawed["frozen_at"].is_null() && thawed["version"] == 3, "{thawed}");
    assert_eq!(call(&bob, "thaw").await.expect(200), thawed, "again it changes nothing");
    assert_eq!(stage.asks(&made.text, "push", "Contoso.Tools").await["decision"], "allow");

    stage.post("/local/sweep", &Value::Null).await.expect(200);
    let mails = stage.mail().await.split_off(before);
    let mut told: Vec<_> = mails
        .iter()
        .map(|mail| format!("{} {}", mail["to"].as_str().unwrap(), mail["subject"].as_str().unwrap()))
        .collect();
    told.sort_unstable();
    let expected = ["ada", "bob"].map(|who| {
        ["frozen", "unfrozen"]
            .map(|what| format!("{who}@example.test Key “team” was {what} at Sample Gallery"))
    });
    assert_eq!(told, expected.concat());
    let path = format!("/keys/{}/events", id(&made.key));
    let events = bob.call(Method::GET, &path, &Value::Null).await.expect(200);
    let events: Vec<_> =
        events["events"].as_array().unwrap().iter().map(|it| (&it["kind"], &it["by"])).collect();
    let by = |kind, who| (Value::from(kind), Value::from(who));
    let told = [by("thawed", "bob"), by("frozen", "ada"), by("created", "bob")];
    assert_eq!(events, told.each_ref().map(|(kind, who)| (kind, who)));

    bob.revoke(&bob.key(&made.key).await).await;
    for act in ["freeze", "thaw"] {
        assert_eq!(call(&bob, act).await.expect(409)["reason"], "not_now");
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_frozen_key_runs_on_and_can_be_edited_refreshed_burned_revoked_and_deleted() {
    let stage = Stage::ephemeral("freeze_runs_on").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let body = json!({ "name": "short", "actions": ["push"], "packages": ["*"], "expires_in_days": 20 });
    let keys = [
        alice.create_from(&body).await,
        alice.create_from(&body).await,
        alice.create_from(&body).await,
        alice.create_from(&body).await,
    ];
    for made in &keys {
        alice.call(Method::POST, &format!("/keys/{}/freeze", id(&made.key)), &Value::Null).await.expect(200);
    }
    let [edited, burned, revoked, deleted] = &keys;
    let now = alice.edit(&alice.key(&edited.key).await, &json!({ "packages": ["Tailspin.*"] })).await;
    assert!(now["frozen_at"].is_string());
    let notices = alice.call(Method::GET, "/keys", &Value::Null).await.expect(200)["notices"].take();
    assert!(notices.as_array().unwrap().iter().all(|notice| notice["kind"] == "frozen"), "{notices}");
    let shown = [("x-nuget-apikey", burned.text.reveal())];
    let now = stage.call(Method::DELETE, "/keys/self", &shown, &Value::Null).await.expect(200);
    assert_eq!(now["status"], "revoked");
    assert_eq!(stage.asks(&burned.text, "push", "Tailspin.Tools").await["reason"], "revoked");
    alice.revoke(&alice.key(&revoked.key).await).await;
    alice.delete(&alice.key(&deleted.key).await).await;

    stage.advance_days(11).await;
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    assert!(stage.mail().await.pop().unwrap()["subject"].as_str().unwrap().contains("expires in"));
    stage.advance_days(10).await;
    assert_eq!(stage.asks(&edited.text, "push", "Tailspin.Tools").await["reason"], "expired");
    let refreshed = alice.refresh(&alice.key(&edited.key).await).await;
    assert_eq!(stage.asks(&refreshed.text, "push", "Tailspin.Tools").await["reason"], "frozen");
    let key = alice.key(&edited.key).await;
    assert_eq!((&key["status"], key["frozen_at"].is_string()), (&json!("active"), true));
    stage.finish().await;
}
