//! What is edited on the page counts at the next push; what was changed elsewhere meanwhile is not overwritten.

use serde_json::json;

use super::{ALICE, signed_in};
use crate::{nuget::NuGet, package::Package, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn an_edited_key_pushes_what_it_covers_now() {
    let stage = Stage::ephemeral("keys_page_edit").await;
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.Tools", "Tailspin.Old.*"]).await;
    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&made.text)).await.went_well();

    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "Edit “a key”").await;
    browser.find("dialog", "Edit “a key”").await;
    let owned = browser.find("checkbox", "Tailspin.Tools").await;
    assert!(owned.is_selected().await, "a package of one's own is ticked, not typed");
    let patterns = browser.find("textbox", "Patterns").await;
    assert_eq!(patterns.property("value").await, "Tailspin.Old.*");
    browser.look_at("edit").await;
    owned.click().await;
    browser.fill("textbox", "Patterns", "Fabrikam.*").await;
    browser.fill("textbox", "Name", "another name").await;
    browser.click("button", "Save").await;
    browser.says("“another name” was saved.").await;
    assert_eq!(browser.focused().await, ("heading".to_owned(), "another name".to_owned()));

    let next = Package::new("Tailspin.Tools", "1.1.0");
    nuget.push(&next, Some(&made.text)).await.was_refused("403", "does not cover Tailspin.Tools");
    nuget.push(&Package::new("Fabrikam.Tools", "1.0.0"), Some(&made.text)).await.went_well();
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_key_changed_elsewhere_is_shown_as_it_is_before_it_is_changed_again() {
    let stage = Stage::ephemeral("keys_page_conflict").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "Edit “a key”").await;
    let edited = alice.edit(&made.key, &json!({ "packages": ["Contoso.*"] })).await;

    browser.fill("textbox", "Name", "a name of mine").await;
    browser.click("button", "Save").await;
    browser.says("The key was changed elsewhere since it was shown.").await;
    browser.complains_of(&["412"]).await;
    browser.look_at("changed-elsewhere").await;
    assert_eq!(alice.key(&made.key).await, edited);
    browser.click("button", "Cancel").await;
    browser.says("Contoso.*").await;
    browser.finish().await;
    stage.finish().await;
}
