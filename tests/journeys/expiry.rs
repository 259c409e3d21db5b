//! The whole life of a key, with the program as `cargo run` starts it, in a minute.

use hyper::Method;
use serde_json::{Value, json};

use crate::{package::Package, publisher::Publisher, stage::Stage};

async fn sweep(stage: &Stage) -> Value {
    stage.post("/local/sweep", &Value::Null).await.expect(200)
}

fn report(changes: &Value) -> Value {
    let mut report =
        json!({ "due": 0, "warned": 0, "expired": 0, "retired": 0, "mailed": 0, "failed": 0, "left": 0 });
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
    let stage = Stage::ephemeral("expiry").await;
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
