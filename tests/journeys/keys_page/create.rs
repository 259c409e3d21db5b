//! A key is made on the page, is copied away as its text can be only once, and pushes.

use crate::{
    nuget::NuGet,
    package::Package,
    publisher::{Publisher, id},
    stage::Stage,
};

use super::{ALICE, signed_in};

#[tokio::test]
async fn a_key_made_and_copied_pushes_what_it_covers() {
    let stage = Stage::ephemeral("keys_page_create").await;
    let browser = signed_in(&stage, ALICE).await;
    browser.says("You have no API keys yet.").await;
    browser.look_at("empty").await;

    browser.click("button", "New key").await;
    browser.says("Still missing: a name, what it may do, packages.").await;
    assert!(!browser.find("button", "Create").await.is_enabled().await);
    browser.look_at("create-empty").await;
    browser.fill("textbox", "Name", "nightly <b>build</b>").await;
    browser.click("checkbox", "Push").await;
    browser.says("Still missing: what may be pushed, packages.").await;
    browser.click("radio", "New packages and new versions").await;
    browser.fill("textbox", "Patterns", "Tailspin.*").await;
    assert!(browser.find("button", "Create").await.is_enabled().await);
    browser.look_at("create").await;
    browser.click("button", "Create").await;

    browser.says("The key “nightly <b>build</b>” was made. Copy it now.").await;
    let copy = "Copy key “nightly <b>build</b>”";
    assert_eq!(browser.focused().await, ("button".to_owned(), copy.to_owned()));
    browser.look_at("created").await;
    browser.click("button", copy).await;
    browser.says("The key “nightly <b>build</b>” is on the clipboard.").await;
    let text = browser.clipboard().await;
    browser.holdings().await;

    let nuget = NuGet::new(&stage);
    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&text)).await.went_well();
    let outside = nuget.push(&Package::new("Fabrikam.Tools", "1.0.0"), Some(&text)).await;
    outside.was_refused("403", "does not cover Fabrikam.Tools");
    let alice = Publisher::sign_in(&stage, "alice").await;
    let keys = alice.keys().await;
    assert_eq!((keys.len(), &keys[0]["name"]), (1, &"nightly <b>build</b>".into()));
    assert!(text.reveal().contains(id(&keys[0])), "the text copied is this key's");

    browser.reload().await;
    browser.click("button", ALICE).await;
    browser.find("button", "Revoke “nightly <b>build</b>”").await;
    assert!(
        browser.names("button").await.iter().all(|name| !name.starts_with("Copy key")),
        "a reload loses it"
    );
    browser.finish().await;
    stage.finish().await;
}
