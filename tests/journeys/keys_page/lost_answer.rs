//! A change whose answer is lost on the way back is not made twice, and a key text lost with it can be had again.

use super::{ALICE, copied, offers_a_key, sign_in};
use crate::{
    browser::{Browser, Fate},
    package::Package,
    publisher::{Publisher, id},
    stage::Stage,
};

#[tokio::test]
async fn a_repeat_makes_no_second_key() {
    let stage = Stage::ephemeral("keys_page_lost_answer").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let browser = Browser::start(&stage).await;
    browser.decide_answers().await;
    sign_in(&browser, ALICE).await;
    browser.click("button", "New key").await;
    browser.fill("textbox", "Name", "nightly").await;
    browser.click("checkbox", "Push").await;
    browser.click("radio", "New packages and new versions").await;
    browser.fill("textbox", "Patterns", "Tailspin.*").await;
    browser.answer("POST /keys", Fate::Lost).await;
    browser.click("button", "Create").await;
    browser.says("it is not known whether this was done. Trying again is safe.").await;
    browser.look_at("no-answer").await;
    assert_eq!(alice.keys().await.len(), 1);

    browser.answer_as_usual().await;
    browser.click("button", "Create").await;
    browser.says("The key “nightly” was made, but the answer with its text was lost on the way.").await;
    assert_eq!(browser.focused().await, ("heading".to_owned(), "nightly".to_owned()));
    assert!(!offers_a_key(&browser).await);
    let keys = alice.keys().await;
    assert_eq!(keys.len(), 1);

    let refresh = format!("POST /keys/{}/refresh", id(&keys[0]));
    browser.answer(&refresh, Fate::Lost).await;
    browser.click("button", "Refresh “nightly”").await;
    browser.click("button", "Refresh").await;
    browser.says("it is not known whether this was done.").await;
    browser.answer_as_usual().await;
    browser.click("button", "Refresh").await;
    browser.says("The key was changed elsewhere since it was shown.").await;
    browser.complains_of(&["412"]).await;
    browser.click("button", "Refresh").await;
    browser.says("“nightly” has a new key text. Copy it now.").await;
    let text = copied(&browser, "nightly").await;
    Package::new("Tailspin.Tools", "1.0.0").put(&stage, "/api/v2/package", &text).await.expect(201);
    browser.finish().await;
    stage.finish().await;
}
