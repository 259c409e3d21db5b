//! When the service does not answer, or refuses, the page says so and goes on from there.

use hyper::Method;
use serde_json::Value;

use super::{ALICE, signed_in};
use crate::{publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_page_that_is_cut_off_comes_back_by_itself() {
    let stage = Stage::ephemeral("keys_page_offline").await;
    Publisher::sign_in(&stage, "alice").await.create(&["push"], &["*"]).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.find("heading", "a key").await;
    browser.offline(true).await;
    browser.run("document.querySelector('latchkey-api-keys').reload()", &[]).await;
    browser.says("The key service cannot be reached.").await;
    browser.complains_of(&["ERR_INTERNET_DISCONNECTED"]).await;
    browser.look_at("offline").await;

    browser.offline(false).await;
    browser.gone("button", "Try again").await;
    browser.find("heading", "a key").await;
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_refusal_stands_at_the_field_it_is_about() {
    let stage = Stage::ephemeral("keys_page_refusal").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "New key").await;
    browser.fill("textbox", "Name", "for the team").await;
    browser.choose("Acts for", "Fabrikam").await;
    browser.click("checkbox", "Unlist and relist packages").await;
    browser.fill("textbox", "Patterns", "Fabrikam.*").await;
    let member = "/directory/organizations/fabrikam/members/alice";
    stage.call(Method::DELETE, member, &[], &Value::Null).await.expect(200);

    browser.click("button", "Create").await;
    browser.says("You are not a member of fabrikam.").await;
    browser.complains_of(&["403"]).await;
    assert_eq!(browser.focused().await, ("combobox".to_owned(), "Acts for".to_owned()));
    let owner = browser.find("combobox", "Acts for").await;
    assert_eq!(owner.property("ariaInvalid").await, "true");
    browser.look_at("refused").await;
    assert_eq!(alice.keys().await, [] as [Value; 0]);
    browser.finish().await;
    stage.finish().await;
}
