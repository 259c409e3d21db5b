//! A refreshed key has a new text, and the old one stops: with the same end date, or with its lifetime anew.

use serde_json::json;

use super::{ALICE, copied, reload, signed_in};
use crate::{
    nuget::NuGet,
    package::Package,
    publisher::{Publisher, id},
    stage::Stage,
};

#[tokio::test]
async fn the_old_text_stops_and_the_copied_one_pushes() {
    let stage = Stage::ephemeral("keys_page_refresh").await;
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    stage.advance_days(20).await;

    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "Refresh “a key”").await;
    browser.says("The present one stops working at once").await;
    let [keep, _] = browser.names("radio").await.try_into().unwrap();
    assert!(keep.starts_with("Keep the end date: "), "{keep}");
    assert!(browser.find("radio", &keep).await.is_selected().await);
    browser.look_at("refresh").await;
    browser.click("button", "Refresh").await;
    browser.says("“a key” has a new key text. Copy it now.").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Copy key “a key”".to_owned()));
    browser.holdings().await;
    let text = copied(&browser, "a key").await;
    browser.click("button", "Done “a key”").await;
    assert_eq!(browser.focused().await, ("heading".to_owned(), "a key".to_owned()));

    let key = alice.key(&made.key).await;
    assert_eq!(key["expires_at"], made.key["expires_at"]);
    assert!(text.reveal() != made.text.reveal() && text.reveal().contains(id(&key)));
    let package = Package::new("Tailspin.Tools", "1.0.0");
    nuget.push(&package, Some(&made.text)).await.was_refused("403", "not known");
    nuget.push(&package, Some(&text)).await.went_well();
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_key_at_its_end_starts_its_lifetime_again() {
    const KEEP: &str = "Keep the end date: Jan 1, 2040";
    const RESTART: &str = "Start the same lifetime again from now";
    let stage = Stage::ephemeral("keys_page_restart").await;
    stage.post("/local/clock", &json!({ "now": "2039-12-02T00:00:00Z" })).await.expect(200);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let body = json!({ "name": "monthly", "actions": ["push"], "packages": ["*"], "expires_in_days": 30 });
    let made = alice.create_from(&body).await;

    stage.post("/local/clock", &json!({ "now": "2039-12-25T00:00:00Z" })).await.expect(200);
    let browser = signed_in(&stage, ALICE).await;
    browser.says("Expires in ").await;
    browser.click("button", "Refresh “monthly”").await;
    assert!(browser.find("radio", RESTART).await.is_selected().await, "what is asked for, near the end");
    assert!(browser.find("radio", KEEP).await.is_enabled().await);
    browser.click("button", "Cancel").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Refresh “monthly”".to_owned()));

    stage.post("/local/clock", &json!({ "now": "2040-02-01T12:00:00Z" })).await.expect(200);
    let package = Package::new("Tailspin.Tools", "1.0.0");
    package.put(&stage, "/api/v2/package", &made.text).await.expect(403);
    reload(&browser).await;
    browser.says("“monthly” expired on").await;
    browser.click("button", "Refresh “monthly”").await;
    assert!(browser.find("radio", RESTART).await.is_selected().await);
    assert!(!browser.find("radio", KEEP).await.is_enabled().await, "an end that is past cannot be kept");
    browser.look_at("restart").await;
    browser.click("button", "Refresh").await;
    browser.says("“monthly” has a new key text. Copy it now.").await;
    let text = copied(&browser, "monthly").await;

    let key = alice.key(&made.key).await;
    assert_eq!(
        (&key["status"], &key["expires_at"].as_str().unwrap()[..10]),
        (&"active".into(), "2040-03-02")
    );
    package.put(&stage, "/api/v2/package", &text).await.expect(201);
    browser.finish().await;
    stage.finish().await;
}
