//! Revoked on the page, a key pushes no more; deleted, it is gone. Both say first what will stop.

use serde_json::{Value, json};

use super::{ALICE, signed_in};
use crate::{nuget::NuGet, package::Package, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_key_is_revoked_and_then_deleted() {
    let stage = Stage::ephemeral("keys_page_ending").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let kept = alice.create(&["unlist"], &["Contoso.*"]).await;
    stage.advance_days(1).await;
    alice.edit(&kept.key, &json!({ "name": "kept" })).await;
    let made = alice.create(&["push"], &["Tailspin.*", "Fabrikam.Web", "Fabrikam.Data", "Contoso.*"]).await;
    let first = Package::new("Tailspin.Tools", "1.0.0");
    first.put(&stage, "/api/v2/package", &made.text).await.expect(201);

    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "Revoke “a key”").await;
    browser.find("dialog", "Revoke “a key”?").await;
    browser.says("It allows: Push new packages and versions.").await;
    browser.says("Its packages: Tailspin.*, Fabrikam.Web, Fabrikam.Data, 1 more.").await;
    browser.says("Its last push:").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Cancel".to_owned()));
    browser.look_at("revoke").await;
    browser.press("Escape").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Revoke “a key”".to_owned()));
    assert_eq!(alice.key(&made.key).await["status"], "active");

    browser.click("button", "Revoke “a key”").await;
    browser.click("button", "Revoke").await;
    browser.says("“a key” was revoked.").await;
    assert_eq!(browser.focused().await, ("heading".to_owned(), "a key".to_owned()));
    let next = Package::new("Tailspin.Tools", "1.1.0");
    NuGet::new(&stage).push(&next, Some(&made.text)).await.was_refused("403", "was revoked on");
    let acts = browser.names("button").await;
    let acts: Vec<_> = acts.iter().filter(|name| name.ends_with(" “a key”")).collect();
    assert_eq!(acts, ["Delete “a key”", "History “a key”"]);

    browser.says("“a key” was revoked on").await;
    browser.click("button", "Delete “a key”").await;
    browser.says("so nothing stops").await;
    browser.look_at("delete").await;
    browser.click("button", "Delete").await;
    browser.says("“a key” was deleted.").await;
    assert_eq!(browser.focused().await, ("heading".to_owned(), "kept".to_owned()), "the next of the list");
    browser.gone("heading", "a key").await;
    browser.gone("region", "What needs your attention").await;
    browser.click("button", "Delete “kept”").await;
    browser.says("It has never pushed.").await;
    browser.click("button", "Delete").await;
    browser.says("You have no API keys yet.").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "New key".to_owned()));
    assert_eq!(alice.keys().await, [] as [Value; 0]);
    browser.finish().await;
    stage.finish().await;
}
