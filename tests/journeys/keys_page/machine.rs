//! What `cargo run` puts around the page: who is signed in, the clock, the sweeper and the mailbox; by keyboard alone.

use serde_json::json;

use super::{ALICE, BOB, signed_in};
use crate::{browser::Browser, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_key_ends_when_the_clock_is_moved_and_its_holder_is_told() {
    let stage = Stage::ephemeral("keys_page_machine").await;
    let browser = Browser::start(&stage).await;
    browser.open("/").await;
    browser.says("No mail yet.").await;
    browser.look_at("sign-in").await;

    let alice = Publisher::sign_in(&stage, "alice").await;
    let body = json!({ "name": "nightly", "actions": ["push"], "packages": ["*"], "expires_in_days": 30 });
    alice.create_from(&body).await;
    browser.tab_to("button", ALICE).await;
    browser.press("Enter").await;
    browser.find("heading", "nightly").await;
    browser.tab_to("spinbutton", "Days to skip").await;
    browser.press("Control+a").await;
    for digit in ["2", "5"] {
        browser.press(digit).await;
    }
    browser.press("Enter").await;
    browser.says("Expires in ").await;
    browser.tab_to("button", "Run it now").await;
    browser.press("Space").await;
    browser.says("The sweeper has run.").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Run it now".to_owned()));
    browser.look_at("swept").await;
    let mail = stage.mail().await;
    let last = mail.last().unwrap();
    browser.says(last["subject"].as_str().unwrap()).await;

    browser.fill("spinbutton", "Days to skip", "5").await;
    browser.press("Enter").await;
    browser.says("Expired").await;
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn nothing_of_one_person_is_left_for_the_next() {
    let stage = Stage::ephemeral("keys_page_sign_out").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    alice.create_from(&json!({ "name": "of alice", "actions": ["push"], "packages": ["Alice.*"] })).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.find("heading", "of alice").await;
    browser.click("button", "Sign out").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), ALICE.to_owned()));
    browser.gone("heading", "of alice").await;

    browser.click("button", BOB).await;
    browser.says("You have no API keys yet.").await;
    let held = "return document.querySelector('latchkey-api-keys').shadowRoot.innerHTML";
    let held = browser.run(held, &[]).await;
    assert!(!held.as_str().unwrap().to_lowercase().contains("alice"), "{held}");
    browser.finish().await;
    stage.finish().await;
}
