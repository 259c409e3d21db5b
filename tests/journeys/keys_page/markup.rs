//! Names, addresses and errors with markup in them are text.

use hyper::Method;
use serde_json::json;

use super::{copied, in_element, reload};
use crate::{
    browser::{Browser, Fate},
    stage::Stage,
};

const MARKUP: &str = "<img src=x onerror=\"ran=1\"><b>bold</b><script>ran=1</script>";
/// The organization's name, and its id, `<u>team`, in a path.
const NAME: &str = "<b>The</b> team";
const TEAM: &str = "%3Cu%3Eteam";

async fn nothing_of_it_is_markup(browser: &Browser) {
    let tags = "
        const made = [...document.querySelectorAll('*'), ...shadow.querySelectorAll('*')].map((part) => part.localName);
        return made.filter((name) => ['img', 'b', 'u'].includes(name)).concat(globalThis.ran ?? []);";
    assert_eq!(in_element(browser, tags, &[]).await, json!([]));
}

#[tokio::test]
async fn markup_is_shown_as_text() {
    let stage = Stage::ephemeral("keys_page_markup").await;
    for (path, body) in [
        ("accounts/%3Cu%3Emallory".to_owned(), json!({ "name": MARKUP, "kind": "user" })),
        (format!("accounts/{TEAM}"), json!({ "name": NAME, "kind": "organization" })),
        (format!("organizations/{TEAM}/members/%3Cu%3Emallory"), json!({ "role": "admin" })),
    ] {
        stage.call(Method::PUT, &format!("/directory/{path}"), &[], &body).await.expect(200);
    }
    let browser = Browser::start(&stage).await;
    browser.decide_answers().await;
    browser.open("/").await;
    browser.click("DisclosureTriangle", "Someone else").await;
    browser.fill("textbox", "Account", "<u>mallory").await;
    browser.fill("textbox", "Name", MARKUP).await;
    browser.fill("textbox", "Mail", "mallory@example.test").await;
    browser.click("button", "Sign in").await;

    browser.click("button", "New key").await;
    browser.fill("textbox", "Name", MARKUP).await;
    browser.choose("Acts for", NAME).await;
    browser.click("checkbox", "Unlist and relist packages").await;
    browser.fill("textbox", "Patterns", MARKUP).await;
    browser.says("is no package id or glob").await;
    nothing_of_it_is_markup(&browser).await;
    browser.fill("textbox", "Patterns", "Tailspin.*").await;
    let errors = json!([{ "field": "name", "message": MARKUP }, { "field": MARKUP, "message": "is odd" }]);
    browser.answer("POST /keys", Fate::Instead(400, json!({ "detail": MARKUP, "errors": errors }))).await;
    browser.click("button", "Create").await;
    browser.says(&format!("{MARKUP}: is odd")).await;
    nothing_of_it_is_markup(&browser).await;
    browser.answer_as_usual().await;
    browser.click("button", "Create").await;
    browser.says("was made. Copy it now.").await;
    copied(&browser, MARKUP).await;
    for (act, title) in [
        ("Edit", format!("Edit “{MARKUP}”")),
        ("Refresh", format!("Refresh “{MARKUP}”")),
        ("Revoke", format!("Revoke “{MARKUP}”?")),
        ("Delete", format!("Delete “{MARKUP}”?")),
        ("History", format!("History of “{MARKUP}”")),
    ] {
        browser.click("button", &format!("{act} “{MARKUP}”")).await;
        browser.find("dialog", &title).await;
        nothing_of_it_is_markup(&browser).await;
        browser.press("Escape").await;
    }
    browser.choose("Keys that act for", NAME).await;
    stage.advance_days(360).await;
    reload(&browser).await;
    browser.says(&format!("“{MARKUP}” expires in")).await;
    nothing_of_it_is_markup(&browser).await;
    browser.finish().await;
    stage.finish().await;
}
