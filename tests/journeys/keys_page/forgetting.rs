//! A key text that was not copied is forgotten: after ten idle minutes, and when the page is left.

use serde_json::json;

use super::{ALICE, WITH_AN_ICON, copied, in_element, make_key, offers_a_key, sign_in};
use crate::{browser::Browser, publisher::Publisher, stage::Stage};

const FORGOTTEN: &str = "The key text was forgotten. If you did not copy it, refresh the key.";

#[tokio::test]
async fn ten_idle_minutes_are_enough() {
    let stage = Stage::ephemeral("keys_page_idle").await;
    let browser = Browser::start(&stage).await;
    browser.move_clock().await;
    sign_in(&browser, ALICE).await;
    make_key(&browser, "first", "*").await;
    browser.pass(9).await;
    browser.press("Shift").await;
    browser.pass(9).await;
    copied(&browser, "first").await;
    browser.pass(9).await;
    assert!(offers_a_key(&browser).await, "somebody is there");
    browser.pass(1).await;
    browser.says(FORGOTTEN).await;
    assert!(!offers_a_key(&browser).await);
    assert_eq!(browser.focused().await, ("button".to_owned(), "New key".to_owned()));
    browser.look_at("forgotten").await;

    make_key(&browser, "second", "*").await;
    browser.sleep_for(11).await;
    browser.press("Shift").await;
    browser.says(FORGOTTEN).await;
    assert!(!offers_a_key(&browser).await, "a computer that slept has been idle");
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn whoever_comes_back_finds_none() {
    let stage = Stage::ephemeral("keys_page_leaving").await;
    let browser = Browser::start(&stage).await;
    browser.before_each_page(WITH_AN_ICON).await;
    sign_in(&browser, ALICE).await;
    make_key(&browser, "left behind", "*").await;
    browser.run("globalThis.was_here = true", &[]).await;
    browser.open("/healthz").await;
    browser.back().await;
    assert_eq!(
        browser.run("return globalThis.was_here ?? false", &[]).await,
        json!(true),
        "the page was kept alive"
    );
    browser.says(FORGOTTEN).await;
    assert!(!offers_a_key(&browser).await);
    browser.holdings().await;

    // The element is taken out of the page, and put back.
    make_key(&browser, "taken out", "*").await;
    in_element(&browser, "const place = keys.parentNode; keys.remove(); place.append(keys)", &[]).await;
    browser.find("heading", "taken out").await;
    assert!(!offers_a_key(&browser).await);
    let alice = Publisher::sign_in(&stage, "alice").await;
    assert_eq!(alice.keys().await.len(), 2);
    browser.finish().await;
    stage.finish().await;
}
