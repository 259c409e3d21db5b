//! The view of who can push a package: a member's key is barred there and may push again, as a real client finds out.

use serde_json::{Value, json};

use super::{ALICE, in_element, sign_in, signed_in};
use crate::{
    browser::{Browser, Fate},
    directory::Directory,
    nuget::NuGet,
    package::Package,
    publisher::{Publisher, id},
    stage::Stage,
};

#[tokio::test]
async fn an_owner_bars_a_key_from_a_package_and_lifts_it() {
    let stage = Stage::ephemeral("keys_page_pushers").await;
    stage.post("/local/sample-accounts", &Value::Null).await.expect(200);
    let nuget = NuGet::new(&stage);
    let bob = Publisher::sign_in(&stage, "bob").await;
    let body = json!({ "name": "of the team", "owner": "fabrikam", "actions": ["push"], "packages": ["Fabrikam.*"] });
    let made = bob.create_from(&body).await;
    nuget.push(&Package::new("Fabrikam.Tools", "1.0.0"), Some(&made.text)).await.went_well();
    let alice = Publisher::sign_in(&stage, "alice").await;
    let own = json!({ "name": "alice's own", "actions": ["push"], "packages": ["*"], "expires_in_days": 5 });
    alice.create_from(&own).await;
    let everywhere = json!({ "name": "everything of ours", "owner": "fabrikam", "actions": ["update", "unlist"], "packages": ["*"], "expires_in_days": 5 });
    alice.create_from(&everywhere).await;

    let browser = signed_in(&stage, ALICE).await;
    browser.find("heading", "alice's own").await;
    browser.click("button", "Who can push").await;
    assert_eq!(browser.focused().await, ("combobox".to_owned(), "Package".to_owned()));
    browser.says("Every live key that reaches a package of yours, whoever holds it.").await;
    browser.says("1 package to choose from.").await;
    browser.choose("Package", "Fabrikam.Tools").await;
    browser.says("2 keys reach Fabrikam.Tools.").await;
    for fact in ["By its pattern", "Fabrikam.*", "Held by", "bob", "Last push of this package", "Expires in"]
    {
        browser.says(fact).await;
    }
    browser.look_at("pushers").await;

    browser.click("button", "Bar “of the team”").await;
    browser.find("dialog", "Bar “of the team” from Fabrikam.Tools?").await;
    browser.says("bob is mailed. You, and every other owner of the package, can lift the bar again.").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Cancel".to_owned()));
    browser.look_at("bar").await;
    browser.press("Escape").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Bar “of the team”".to_owned()));
    let next = Package::new("Fabrikam.Tools", "1.1.0");
    assert_eq!(stage.asks(&made.text, "push", &next.id).await["decision"], "allow", "nothing was done yet");

    browser.click("button", "Bar “of the team”").await;
    browser.click("button", "Bar").await;
    browser.says("“of the team” is barred from Fabrikam.Tools.").await;
    assert_eq!(browser.focused().await, ("heading".to_owned(), "of the team".to_owned()));
    browser.says("by you").await;
    browser.look_at("barred").await;
    let refused = nuget.push(&next, Some(&made.text)).await;
    refused.was_refused("403", "alice barred this API key from Fabrikam.Tools on");
    assert!(!nuget.lists(&next).await);
    nuget.push(&Package::new("Fabrikam.Other", "1.0.0"), Some(&made.text)).await.went_well();

    // What could not be mailed at once is mailed now.
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    let mails = stage.mail().await;
    let subject = "Key “of the team” was barred from Fabrikam.Tools at Sample Gallery";
    let told: Vec<&Value> = mails.iter().filter(|mail| mail["subject"] == subject).collect();
    let is_to_bob = |mail: &&Value| mail["to"].as_str().is_some_and(|to| to.starts_with("bob@"));
    assert!(told.iter().any(is_to_bob), "{mails:#?}");
    assert!(told[0]["text"].as_str().is_some_and(|text| text.contains(id(&made.key))), "{}", told[0]);

    browser.click("button", "Lift the bar “of the team”").await;
    browser.find("dialog", "Lift the bar on “of the team”?").await;
    browser.click("button", "Lift the bar").await;
    browser.says("“of the team” is no longer barred from Fabrikam.Tools.").await;
    assert_eq!(browser.focused().await, ("heading".to_owned(), "of the team".to_owned()));
    nuget.push(&next, Some(&made.text)).await.went_well();
    browser.click("button", "Close “Who can push”").await;
    assert_eq!(browser.focused().await, ("button".to_owned(), "Who can push".to_owned()));
    browser.gone("combobox", "Package").await;

    browser.choose("Keys that act for", "Fabrikam").await;
    browser.click("button", "History “of the team”").await;
    for said in
        ["Bar lifted", "on Fabrikam.Tools", "Barred from a package", "from Fabrikam.Tools", "by alice"]
    {
        browser.says(said).await;
    }
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
async fn the_view_follows_what_changes_and_says_what_goes_wrong() {
    let stage = Stage::ephemeral("keys_page_pushers_trouble").await;
    stage.post("/local/sample-accounts", &Value::Null).await.expect(200);
    let directory = Directory(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made =
        alice.create_from(&json!({ "name": "hers", "actions": ["push"], "packages": ["Tools"] })).await;

    let browser = Browser::start(&stage).await;
    browser.decide_answers().await;
    sign_in(&browser, ALICE).await;
    browser.find("heading", "hers").await;
    browser.click("button", "Who can push").await;
    browser.says("You own no package, and lead no organization that does.").await;
    browser.click("button", "Close “Who can push”").await;

    directory.put_package("Tools", &["alice", "fabrikam"]).await;
    browser.click("button", "Who can push").await;
    let offered = "return [...shadow.querySelectorAll('[part=pushers] option')].map((one) => one.label)";
    browser.says("1 package to choose from.").await;
    assert_eq!(in_element(&browser, offered, &[]).await, json!(["Choose a package", "Tools"]), "each once");
    browser.answer("GET /packages/Tools/keys", Fate::Instead(503, json!({ "detail": "Not now." }))).await;
    browser.choose("Package", "Tools").await;
    browser.says("Not now.").await;
    browser.answer_as_usual().await;
    browser.click("button", "Try again").await;
    browser.says("1 key reaches Tools.").await;

    // Somebody else sells it to others meanwhile.
    directory.put_package("Tools", &["fabrikam"]).await;
    browser.click("button", "Bar “hers”").await;
    browser.click("button", "Bar").await;
    browser.says("No key with this id reaches this package.").await;
    browser.complains_of(&["404"]).await;
    browser.press("Escape").await;

    directory.put_package("Tools", &["alice", "fabrikam"]).await;
    browser.click("button", "Revoke “hers”").await;
    browser.click("button", "Revoke").await;
    browser.says("No key can push Tools.").await;
    assert_eq!(alice.key(&made.key).await["status"], "revoked");

    directory.lock_account("alice").await;
    let another = json!({ "name": "bob's", "owner": "fabrikam", "actions": ["push"], "packages": ["*"] });
    Publisher::sign_in(&stage, "bob").await.create_from(&another).await;
    in_element(&browser, "return keys.reload()", &[]).await;
    browser.choose("Package", "Choose a package").await;
    browser.choose("Package", "Tools").await;
    browser.says("1 key reaches Tools.").await;
    assert!(
        !browser.names("button").await.iter().any(|name| name.starts_with("Bar ")),
        "a locked account bars nothing"
    );
    browser.finish().await;
    stage.finish().await;
}
