//! The page hands a key over: the present text works until the new one's first push, and the card says until when.

use serde_json::{Value, json};

use super::{ALICE, copied, reload, signed_in};
use crate::{nuget::NuGet, package::Package, publisher::Publisher, stage::Stage};

const KEEP_WORKING: &str = "Keep the present one working until the new one's first push";
const ITSELF: &str = "This key may refresh itself";

#[tokio::test]
async fn the_present_text_works_until_the_new_one_pushes() {
    let stage = Stage::ephemeral("keys_page_hand_over").await;
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;

    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "Refresh “a key”").await;
    browser.says("The present one stops working at once").await;
    browser.click("checkbox", KEEP_WORKING).await;
    browser.says("Both work until the new one pushes for the first time, which ends the old one.").await;
    browser.says("If it does not push in time, it is dropped and the old one works on.").await;
    assert_eq!(browser.find("combobox", "At most").await.property("value").await, "7");
    assert!(browser.names("radio").await.is_empty(), "a hand-over keeps the lifetime");
    browser.look_at("hand-over").await;
    browser.click("button", "Refresh").await;
    browser.says("“a key” has a second key text. Copy it now: its first push ends the old one.").await;
    browser.holdings().await;
    let text = copied(&browser, "a key").await;
    browser.click("button", "Done “a key”").await;
    browser.says("Being handed over").await;
    browser.says("waits for its first push until").await;
    browser.look_at("handing-over").await;

    // There are two texts at most, and a refresh ends both.
    browser.click("button", "Refresh “a key”").await;
    browser.says("both of its key texts stop working at once").await;
    browser.gone("checkbox", KEEP_WORKING).await;
    browser.look_at("refresh-both").await;
    browser.click("button", "Cancel").await;

    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&made.text)).await.went_well();
    nuget.push(&Package::new("Tailspin.Tools", "1.1.0"), Some(&text)).await.went_well();
    let last = Package::new("Tailspin.Tools", "1.2.0");
    nuget.push(&last, Some(&made.text)).await.was_refused("403", "not known");
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    reload(&browser).await;
    browser.says("Active").await;
    browser.click("button", "History “a key”").await;
    browser.says("Handed over to its new key text").await;
    browser.says("Given a second key text").await;
    browser.click("button", "Close").await;
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_key_is_allowed_to_refresh_itself_on_the_page() {
    let stage = Stage::ephemeral("keys_page_self_refresh").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;

    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "Edit “a key”").await;
    assert!(!browser.find("checkbox", ITSELF).await.is_selected().await);
    browser.says("A build can then ask with the key for its next text").await;
    browser.click("checkbox", ITSELF).await;
    browser.look_at("self-refresh").await;
    browser.click("button", "Save").await;
    browser.says("“a key” was saved.").await;
    browser.says("Refreshing itself").await;
    assert_eq!(alice.key(&made.key).await["self_refresh"], true);
    browser.click("button", "Edit “a key”").await;
    assert!(browser.find("checkbox", ITSELF).await.is_selected().await);
    browser.click("checkbox", ITSELF).await;
    browser.click("button", "Save").await;
    browser.says_no_more("Refreshing itself").await;
    assert_eq!(alice.key(&made.key).await.get("self_refresh"), None);

    browser.click("button", "New key").await;
    browser.fill("textbox", "Name", "by itself").await;
    browser.click("checkbox", "Push").await;
    browser.click("radio", "New packages and new versions").await;
    browser.fill("textbox", "Patterns", "Tailspin.*").await;
    browser.click("checkbox", ITSELF).await;
    browser.look_at("new-self-refresh").await;
    browser.click("button", "Create").await;
    browser.says("The key “by itself” was made. Copy it now.").await;
    let keys = alice.keys().await;
    assert_eq!((&keys[0]["name"], &keys[0]["self_refresh"]), (&json!("by itself"), &json!(true)));
    browser.finish().await;
    stage.finish().await;
}
