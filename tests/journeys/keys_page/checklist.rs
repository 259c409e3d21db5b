//! The owner's packages to be ticked, beside patterns that cover those of tomorrow too.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use super::{ALICE, in_element, signed_in};
use crate::{directory::Directory, publisher::Publisher, stage::Stage};

const OWN: [&str; 5] =
    ["Contoso.Web", "Fabrikam.Web", "Tailspin.Core", "Tailspin.Tools", "Tailspin.Tools.Cli"];

#[tokio::test]
async fn packages_are_searched_ticked_and_covered() {
    let stage = Stage::ephemeral("keys_page_checklist").await;
    let directory = Directory(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    join_all(OWN.map(|id| directory.put_package(id, &["alice"]))).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.says("You have no API keys yet.").await;
    directory.put_package("Fabrikam.Data", &["fabrikam"]).await;
    browser.click("button", "New key").await;
    browser.says("0 of 5 selected").await;
    let listed = async || -> Vec<String> {
        let ids = "return [...shadow.querySelectorAll('.checklist input')].map((box) => box.value)";
        serde_json::from_value(in_element(&browser, ids, &[]).await).unwrap()
    };
    let ticked = async || {
        in_element(&browser, "return shadow.querySelectorAll('.checklist :checked').length", &[]).await
    };
    assert_eq!((listed().await.as_slice(), ticked().await), (OWN.map(str::to_owned).as_slice(), json!(0)));
    browser.fill("textbox", "Name", "tools").await;
    browser.click("checkbox", "Unlist and relist packages").await;
    browser.says("Still missing: packages.").await;
    let create = browser.find("button", "Create").await;
    assert!(!create.is_enabled().await);

    browser.fill("searchbox", "Search packages", "TOOLS").await;
    assert_eq!(listed().await, ["Tailspin.Tools", "Tailspin.Tools.Cli"]);
    browser.click("checkbox", "Select all 2").await;
    browser.says("2 of 5 selected").await;
    assert!(create.is_enabled().await);
    browser.click("checkbox", "Tailspin.Tools").await;
    browser.says("1 of 5 selected").await;
    assert!(!browser.find("checkbox", "Select all 2").await.is_selected().await);
    browser.fill("searchbox", "Search packages", "no such").await;
    assert!(!browser.find("checkbox", "Select all 0").await.is_enabled().await);
    browser.fill("searchbox", "Search packages", "x").await;
    browser.press("Backspace").await;
    assert_eq!((listed().await.len(), ticked().await), (5, json!(1)));

    browser.fill("textbox", "Patterns", "Tailspin.*, *.web\nTailspin Foo?").await;
    browser.says("covers 3 of 5 packages now, and new ones that match.").await;
    browser.says("covers 2 of 5 packages now, and new ones that match.").await;
    browser.says("is not there yet; it covers exactly this id.").await;
    browser.says("is no package id or glob").await;
    browser.says("Still missing: a correct list of patterns.").await;
    assert!(!create.is_enabled().await);
    let text = browser.text().await;
    assert_eq!(
        (text.matches("covered by Tailspin.*").count(), text.matches("covered by *.web").count()),
        (3, 2)
    );
    assert_eq!(ticked().await, 1, "what a pattern covers is marked, not ticked");
    browser.look_at("checklist").await;
    browser.fill("textbox", "Patterns", "Tailspin.* *.web").await;
    assert!(create.is_enabled().await);
    create.click().await;
    browser.says("The key “tools” was made.").await;
    let key = alice.keys().await.remove(0);
    let packages: BTreeSet<_> =
        key["packages"].as_array().unwrap().iter().filter_map(|id| id.as_str()).collect();
    assert_eq!(packages, BTreeSet::from(["*.web", "Tailspin.*", "Tailspin.Tools.Cli"]));

    browser.click("button", "New key").await;
    browser.click("checkbox", "Tailspin.Core").await;
    browser.choose("Acts for", "Fabrikam").await;
    browser.says("0 of 1 selected").await;
    assert_eq!(listed().await, ["Fabrikam.Data"], "an organization's packages, and no tick of another's");
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn long_lists_are_narrowed_by_search_and_have_an_end() {
    let stage = Stage::ephemeral("keys_page_long_lists").await;
    let directory = Directory(&stage);
    Publisher::sign_in(&stage, "alice").await;
    let ids: Vec<_> = (0..205).map(|number| format!("Tailspin.Part{number:03}")).collect();
    join_all(ids.iter().map(|id| directory.put_package(id, &["alice"]))).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "New key").await;
    browser.says("5 more. Search to narrow them down.").await;
    browser.click("checkbox", "Select all 205").await;
    browser.says("205 of 205 selected").await;
    browser.fill("searchbox", "Search packages", "part204").await;
    assert!(browser.find("checkbox", "Tailspin.Part204").await.is_selected().await);

    let many: Vec<_> = (0..1001).map(|number| format!("Fabrikam.{number}")).collect();
    let typed = "
        const box = shadow.querySelector('textarea');
        box.value = arguments[0];
        box.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));";
    in_element(&browser, typed, &[many.join("\n").into()]).await;
    browser.says("a shorter list (at most 1000 packages and patterns").await;
    in_element(&browser, typed, &[[&many[..900].join(" "), "not/an/id"].join(" ").into()]).await;
    browser.says("not/an/id").await;
    browser.finish().await;
    stage.finish().await;
}
