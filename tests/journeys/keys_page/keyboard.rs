//! All of it without a mouse: after each act the focus is where one goes on.

use crate::{browser::Browser, package::Package, publisher::Publisher, stage::Stage};

use super::ALICE;

async fn is_at(browser: &Browser, role: &str, name: &str) {
    assert_eq!(browser.focused().await, (role.to_owned(), name.to_owned()));
}

#[tokio::test]
async fn a_key_lives_by_keyboard_alone() {
    let stage = Stage::ephemeral("keys_page_keyboard").await;
    let browser = Browser::start(&stage).await;
    browser.open("/").await;
    browser.tab_to("button", ALICE).await;
    browser.press("Enter").await;
    browser.says("You have no API keys yet.").await;

    browser.tab_to("button", "New key").await;
    browser.press("Enter").await;
    is_at(&browser, "textbox", "Name").await;
    browser.press("Escape").await;
    browser.type_text("nightly").await;
    browser.tab_to("checkbox", "Push").await;
    browser.press("Space").await;
    browser.tab_to("radio", "New packages and new versions").await;
    browser.press("Down").await;
    is_at(&browser, "radio", "Only new versions of existing packages").await;
    browser.press("Up").await;
    browser.tab_to("textbox", "Patterns").await;
    browser.type_text("Tailspin.*").await;
    browser.tab_to("button", "Create").await;
    browser.press("Enter").await;
    browser.says("The key “nightly” was made. Copy it now.").await;
    is_at(&browser, "button", "Copy key “nightly”").await;
    browser.press("Enter").await;
    browser.says("The key “nightly” is on the clipboard.").await;
    let text = browser.clipboard().await;
    browser.tab_to("button", "Done “nightly”").await;
    browser.press("Space").await;
    is_at(&browser, "heading", "nightly").await;
    let package = Package::new("Tailspin.Tools", "1.0.0");
    package.put(&stage, "/api/v2/package", &text).await.expect(201);

    browser.tab_to("button", "Edit “nightly”").await;
    browser.press("Enter").await;
    is_at(&browser, "textbox", "Name").await;
    browser.press("End").await;
    browser.type_text(" build").await;
    browser.press("Enter").await;
    browser.says("“nightly build” was saved.").await;
    is_at(&browser, "heading", "nightly build").await;

    browser.tab_to("button", "History “nightly build”").await;
    browser.press("Enter").await;
    browser.find("dialog", "History of “nightly build”").await;
    is_at(&browser, "button", "Close").await;
    browser.press("Escape").await;
    is_at(&browser, "button", "History “nightly build”").await;

    browser.tab_to("button", "Revoke “nightly build”").await;
    browser.press("Enter").await;
    is_at(&browser, "button", "Cancel").await;
    browser.press("Shift+Tab").await;
    is_at(&browser, "button", "Revoke").await;
    browser.press("Enter").await;
    browser.says("“nightly build” was revoked.").await;
    is_at(&browser, "heading", "nightly build").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    assert_eq!(alice.keys().await[0]["status"], "revoked");
    browser.finish().await;
    stage.finish().await;
}
