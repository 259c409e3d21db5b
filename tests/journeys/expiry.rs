//! The whole life of a key, with the program as `cargo run` starts it, in a minute.

use hyper::Method;
use serde_json::{Value, json};

use crate::{package::Package, publisher::Publisher, stage::Stage};

async fn sweep(stage: &Stage) -> Value {
    stage.post("/local/sweep", &Value::Null).await.expect(200)
}

fn report(changes: &Value) -> Value {
    let mut report = json!({ "due": 0, "warned": 0, "expired": 0, "retired": 0, "handed_over": 0, "mailed": 0, "failed": 0, "left": 0 });
    for (name, value) in changes.as_object().expect("changes are an object") {
        report[name] = value.clone();
    }
    report
}

/// The kinds of the notices on top of the keys page.
async fn notices(publisher: &Publisher<'_>) -> Vec<String> {
    let list = publisher.call(Method::GET, "/keys", &Value::Null).await.expect(200);
    let notices = list["notices"].as_array().expect("a list has notices");
    notices.iter().map(|notice| notice["kind"].as_str().expect("a notice has a kind").to_owned()).collect()
}

#[tokio::test]
async fn a_key_of_a_year_is_warned_of_and_expires_and_nobody_is_surprised() {
    let stage = stage!("expiry", Clock);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Fabrikam.*"]).await;
    assert_eq!(stage.mail().await.len(), 1, "the key was made");

    stage.advance_days(354).await;
    assert_eq!(sweep(&stage).await, report(&json!({})));
    stage.advance_days(1).await;
    assert_eq!(sweep(&stage).await, report(&json!({ "due": 1, "warned": 1, "mailed": 1 })));
    assert_eq!(sweep(&stage).await, report(&json!({})));
    assert_eq!(notices(&alice).await, ["expiring"]);
    let package = Package::new("Fabrikam.Web", "1.0.0");
    package.put(&stage, "/api/v2/package", &made.text).await.expect(201);

    stage.advance_days(9).await;
    assert_eq!(sweep(&stage).await, report(&json!({})));
    stage.advance_days(1).await;
    assert_eq!(sweep(&stage).await, report(&json!({ "due": 1, "expired": 1, "mailed": 1 })));
    assert_eq!(notices(&alice).await, ["expired"]);

    let mails = stage.mail().await;
    let subjects: Vec<_> = mails.iter().map(|mail| mail["subject"].as_str().expect("a subject")).collect();
    assert_eq!(
        subjects,
        [
            "Key “a key” was created at Sample Gallery",
            "Key “a key” expires in 9 days at Sample Gallery",
            "Key “a key” has expired at Sample Gallery"
        ]
    );
    assert!(mails.iter().all(|mail| mail["to"] == "alice@example.test"));
    let refreshed = alice.refresh(&made.key).await;
    assert_eq!(refreshed.key["status"], "active");
    assert!(notices(&alice).await.is_empty());
    stage.finish().await;
}

#[tokio::test]
async fn a_legacy_key_is_warned_of_and_retired_unless_a_push_comes_between() {
    const PUSHED: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
    const IDLE: &str = "c0488e19-e450-4512-8af2-06a29b7efac7";
    let stage = stage!("expiry_legacy", Clock);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let (pushed, idle) = (stage.legacy_text(PUSHED), stage.legacy_text(IDLE));
    let keys = [PUSHED, IDLE].map(|text| json!({ "account": "alice", "key_text": text }));
    stage.post("/legacy-keys", &json!({ "keys": keys })).await.expect(200);

    stage.advance_days(354).await;
    assert_eq!(sweep(&stage).await, report(&json!({})));
    stage.advance_days(1).await;
    assert_eq!(
        sweep(&stage).await,
        report(&json!({ "due": 2, "warned": 2, "mailed": 1 })),
        "one mail for both"
    );
    stage.advance_days(9).await;
    let asked = json!({ "action": "push", "package": "Fabrikam.Web" });
    let headers = [("x-nuget-apikey", pushed.reveal())];
    stage.call(Method::POST, "/authorize", &headers, &asked).await.expect(200);

    stage.advance_days(1).await;
    assert_eq!(sweep(&stage).await, report(&json!({ "due": 1, "retired": 1, "mailed": 1 })));
    assert_eq!(stage.asks(&idle, "push", "Fabrikam.Web").await["reason"], "retired");
    assert_eq!(stage.asks(&pushed, "push", "Fabrikam.Web").await["decision"], "allow");
    assert_eq!(sweep(&stage).await, report(&json!({})));

    stage.advance_days(354).await;
    assert_eq!(
        sweep(&stage).await,
        report(&json!({ "due": 1, "warned": 1, "mailed": 1 })),
        "a year after its push"
    );
    stage.advance_days(10).await;
    assert_eq!(sweep(&stage).await, report(&json!({ "due": 1, "retired": 1, "mailed": 1 })));
    assert_eq!(stage.mail().await.len(), 4);
    assert_eq!(notices(&alice).await, ["legacy", "legacy"]);
    stage.finish().await;
}
