//! What the push API's gateway says itself, before anything reaches the gallery.

use hyper::Method;
use serde_json::json;

use crate::{package::Package, publisher::Publisher};

#[tokio::test]
async fn a_push_without_a_key_is_told_to_bring_one() {
    let stage = stage!("gateway_missing");
    Publisher::sign_in(&stage, "alice").await;
    let url = format!("{}/api/v2/package", stage.origin());
    let reply = stage.http().send(Method::PUT, &url, &[], "anything".into()).await;
    assert_eq!(reply.headers["www-authenticate"], "ApiKey realm=\"packages\"");
    let told = reply.expect(401);
    assert_eq!((&told["decision"], &told["reason"]), (&json!("deny"), &json!("missing")), "{told}");
    stage.finish().await;
}

#[tokio::test]
async fn a_push_with_a_dead_key_is_told_why() {
    let stage = stage!("gateway_denied", Gateway);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["*"]).await;
    alice.revoke(&made.key).await;
    let told =
        Package::new("Tailspin.Tools", "1.0.0").put(&stage, "/api/v2/package", &made.text).await.expect(403);
    assert_eq!((&told["decision"], &told["reason"]), (&json!("deny"), &json!("revoked")), "{told}");
    let asked = stage.asks(&made.text, "push", "Tailspin.Tools").await;
    assert_eq!(told["message"], asked["message"], "both doors say the same");
    stage.finish().await;
}
