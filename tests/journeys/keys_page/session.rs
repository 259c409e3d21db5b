//! Tokens that end: another is asked for once, and where there is none nothing that was entered is lost.

use serde_json::json;

use super::{ALICE, in_element, make_key, reload, signed_in};
use crate::{publisher::Publisher, stage::Stage};

/// Keeps what the page gave as `getToken`, and gives each of `arguments[0]` in its place: null is the page's own.
const TOKENS: &str = "
    globalThis.given ??= keys.getToken;
    const [tokens, asked] = [[...arguments[0]], []];
    globalThis.asked = asked;
    keys.getToken = async ({ rejected }) => {
      asked.push(rejected ?? null);
      const token = tokens.length > 1 ? tokens.shift() : tokens[0];
      return token === null ? given({ rejected }) : token;
    };";

#[tokio::test]
async fn a_session_that_ends_within_a_form_loses_nothing() {
    let stage = Stage::ephemeral("keys_page_session").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let browser = signed_in(&stage, ALICE).await;
    browser.says("You have no API keys yet.").await;
    in_element(&browser, TOKENS, &[json!(["stale", null])]).await;
    make_key(&browser, "by a second token", "*").await;
    let asked = browser.run("return globalThis.asked.slice(0, 2)", &[]).await;
    assert_eq!(asked, json!([null, "stale"]), "and not again where a token is good");
    browser.complains_of(&["401"]).await;

    browser.click("button", "New key").await;
    browser.fill("textbox", "Name", "kept").await;
    browser.click("checkbox", "Unlist and relist packages").await;
    browser.fill("textbox", "Patterns", "Tailspin.*").await;
    in_element(&browser, TOKENS, &[json!(["stale"])]).await;
    browser.click("button", "Create").await;
    browser.says("Your session has ended. Sign in again; nothing you have entered is lost.").await;
    assert_eq!(browser.run("return globalThis.asked", &[]).await, json!([null, "stale"]));
    browser.complains_of(&["401"]).await;
    browser.look_at("session-ended").await;
    in_element(&browser, TOKENS, &[json!([""])]).await;
    browser.click("button", "Create").await;
    browser.says("Your session has ended.").await;

    browser.click("button", "Sign in").await;
    browser.click("button", ALICE).await;
    browser.says_no_more("Your session has ended.").await;
    assert_eq!(browser.find("textbox", "Name").await.property("value").await, "kept");
    assert_eq!(browser.find("textbox", "Patterns").await.property("value").await, "Tailspin.*");
    assert!(browser.find("checkbox", "Unlist and relist packages").await.is_selected().await);
    browser.click("button", "Create").await;
    browser.says("The key “kept” was made.").await;
    assert_eq!(alice.keys().await.len(), 2);

    browser.click("button", "Edit “kept”").await;
    browser.fill("textbox", "Name", "kept again").await;
    in_element(&browser, TOKENS, &[json!(["stale"])]).await;
    browser.click("button", "Save").await;
    browser.says("Your session has ended.").await;
    browser.complains_of(&["401"]).await;
    browser.click("button", "Sign in").await;
    browser.click("button", ALICE).await;
    browser.find("dialog", "Edit “kept”").await;
    assert_eq!(browser.find("textbox", "Name").await.property("value").await, "kept again");
    browser.click("button", "Save").await;
    browser.says("“kept again” was saved.").await;

    in_element(&browser, TOKENS, &[json!(["stale"])]).await;
    reload(&browser).await;
    browser.says("Your session has ended.").await;
    browser.complains_of(&["401"]).await;
    browser.find("heading", "kept again").await;
    in_element(&browser, TOKENS, &[json!([""])]).await;
    reload(&browser).await;
    browser.says("Sign in to see your API keys.").await;
    browser.gone("heading", "kept again").await;
    browser.look_at("signed-out").await;
    browser.finish().await;
    stage.finish().await;
}
