//! When the service does not answer, or refuses, the page says so and goes on from there.

use hyper::Method;
use serde_json::{Value, json};

use super::{ALICE, reload, signed_in};
use crate::{
    browser::{Browser, Fate},
    directory::Directory,
    publisher::{Publisher, id},
    stage::Stage,
};

#[tokio::test]
async fn a_page_that_is_cut_off_comes_back_by_itself() {
    let stage = Stage::ephemeral("keys_page_offline").await;
    Publisher::sign_in(&stage, "alice").await.create(&["push"], &["*"]).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.find("heading", "a key").await;
    browser.offline(true).await;
    reload(&browser).await;
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

#[tokio::test]
async fn a_locked_account_can_end_its_keys_and_nothing_else() {
    let stage = Stage::ephemeral("keys_page_locked").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    alice.create(&["push"], &["*"]).await;
    stage.advance_days(360).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.find("heading", "a key").await;
    browser.find("button", "Refresh").await;
    Directory(&stage).lock_account("alice").await;
    browser.click("button", "Edit “a key”").await;
    browser.click("button", "Save").await;
    browser.says("locked").await;
    browser.complains_of(&["403"]).await;
    browser.click("button", "Cancel").await;

    reload(&browser).await;
    browser.says("Your account is locked.").await;
    let mut acts = browser.names("button").await;
    acts.retain(|name| name.contains('“') || ["New key", "Refresh"].contains(&name.as_str()));
    assert_eq!(acts, ["Freeze “a key”", "Revoke “a key”", "Delete “a key”", "History “a key”"]);
    browser.look_at("locked").await;
    for act in ["Revoke", "Delete"] {
        browser.click("button", &format!("{act} “a key”")).await;
        browser.click("button", act).await;
        browser.says(&format!("“a key” was {}d.", act.to_lowercase())).await;
    }
    assert_eq!(alice.keys().await, [] as [Value; 0]);
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_key_deleted_elsewhere_leaves_the_list() {
    let stage = Stage::ephemeral("keys_page_gone").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["*"]).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "Edit “a key”").await;
    alice.delete(&made.key).await;
    browser.click("button", "Save").await;
    browser.says("The key is gone: it was deleted elsewhere.").await;
    browser.look_at("gone").await;
    browser.says("You have no API keys yet.").await;
    browser.gone("dialog", "Edit “a key”").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "New key".to_owned()));
    browser.complains_of(&["404"]).await;
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_fault_of_the_service_is_told_with_its_incident() {
    let stage = Stage::ephemeral("keys_page_fault").await;
    let made = Publisher::sign_in(&stage, "alice").await.create(&["push"], &["*"]).await;
    let browser = Browser::start(&stage).await;
    browser.decide_answers().await;
    browser.open("/").await;
    browser.answer("GET /keys", Fate::Held).await;
    browser.click("button", ALICE).await;
    browser.says("Loading your keys…").await;
    browser.look_at("loading").await;
    browser.answer_as_usual().await;
    browser.find("heading", "a key").await;

    let detail = "Something we depend on did not answer. Try again in a moment.";
    let fault = json!({ "detail": detail, "incident": "00c0ffee00c0ffee", "status": 503 });
    let revoke = format!("POST /keys/{}/revoke", id(&made.key));
    browser.answer(&revoke, Fate::Instead(503, fault.clone())).await;
    browser.click("button", "Revoke “a key”").await;
    browser.click("button", "Revoke").await;
    browser.says(&format!("{detail} (00c0ffee00c0ffee)")).await;
    browser.look_at("incident").await;
    browser.answer(&revoke, Fate::Instead(502, json!("no problem details"))).await;
    browser.click("button", "Revoke").await;
    browser.says("The key service answered 502. Try again in a moment.").await;
    browser.click("button", "Cancel").await;

    browser.answer("GET /account", Fate::Instead(503, fault)).await;
    reload(&browser).await;
    browser.says(&format!("{detail} (00c0ffee00c0ffee)")).await;
    browser.find("heading", "a key").await;
    browser.answer_as_usual().await;
    browser.click("button", "Try again").await;
    browser.gone("button", "Try again").await;
    browser.finish().await;
    stage.finish().await;
}
