//! Whoever has a mail about a key can freeze the key without signing in, and nothing else with it; its holder, once signed
//! in, lifts that.

mod by_hand;
mod links;

use serde_json::Value;

use crate::{
    browser::Browser,
    http::Reply,
    nuget::NuGet,
    package::Package,
    publisher::{Publisher, id},
    stage::Stage,
};

/// What stands before a link in its address.
const PAGE: &str = "/freeze/";

/// The links in a mail, each the end of an address of this stage, in the order of the keys it names.
fn links(stage: &Stage, mail: &Value) -> Vec<String> {
    let address = format!("{}{PAGE}", stage.origin());
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    let links: Vec<String> =
        text.split_whitespace().filter_map(|word| word.strip_prefix(&address)).map(str::to_owned).collect();
    for link in &links {
        assert_eq!(html.matches(&format!("href=\"{address}{link}\"")).count(), 1, "the HTML has it too");
    }
    links
}

/// The link in the newest mail whose subject says this.
async fn link_of(stage: &Stage, subject: &str) -> String {
    let mails = stage.mail().await;
    let mail = mails.iter().rev().find(|mail| mail["subject"].as_str().unwrap().contains(subject));
    let links = links(stage, mail.unwrap_or_else(|| panic!("no mail says {subject:?}: {mails:#?}")));
    let [link] = links.as_slice() else { panic!("it has {} links", links.len()) };
    link.clone()
}

/// Does as the page's button does.
async fn press(stage: &Stage, link: &str) -> Reply {
    let url = format!("{}{PAGE}{link}", stage.origin());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    stage.http().send(hyper::Method::POST, &url, &form, hyper::body::Bytes::new()).await
}

/// No function and no gateway has written the link down.
fn unwritten(stage: &Stage, link: &str) {
    let by_latchkey = stage.log().lines().into_iter().filter(|line| line.from == "local");
    let written: Vec<_> = by_latchkey.filter(|line| line.text.contains(&link[..30])).collect();
    assert!(written.is_empty(), "the log has a link");
}

#[tokio::test]
async fn a_link_in_a_mail_freezes_its_key_and_the_holder_signed_in_thaws_it() {
    let stage = Stage::ephemeral("freeze").await;
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&made.text)).await.went_well();
    let link = link_of(&stage, "was created").await;
    let before = alice.key(&made.key).await;

    let browser = Browser::start(&stage).await;
    browser.open(&format!("{PAGE}{link}")).await;
    browser.find("heading", "Freeze key “a key”?").await;
    browser.says(id(&made.key)).await;
    browser.look_at("ask").await;
    browser.reload().await;
    // Whoever looks at it, a mail scanner too, changes nothing.
    assert_eq!(alice.key(&made.key).await, before);
    nuget.push(&Package::new("Tailspin.Tools", "1.1.0"), Some(&made.text)).await.went_well();

    browser.click("button", "Freeze this key").await;
    browser.find("heading", "Key “a key” is frozen now").await;
    browser.look_at("frozen").await;
    let frozen = alice.key(&made.key).await;
    assert_eq!((&frozen["status"], frozen["frozen_at"].is_string()), (&Value::from("active"), true));
    let next = Package::new("Tailspin.Tools", "1.2.0");
    let why = stage.asks(&made.text, "push", &next.id).await;
    assert_eq!(why["reason"], "frozen");
    let message = why["message"].as_str().unwrap();
    assert!(
        message.starts_with("This API key is frozen since ") && message.contains(id(&made.key)),
        "{message}"
    );
    nuget.push(&next, Some(&made.text)).await.was_refused("403", message);
    let mail = stage.mail().await.pop().unwrap();
    assert_eq!(mail["subject"], "Key “a key” was frozen at Sample Gallery");
    assert_eq!(links(&stage, &mail), [] as [String; 0], "there is nothing more to freeze");

    crate::keys_page::sign_in(&browser, crate::keys_page::ALICE).await;
    browser.says("“a key” is frozen since").await;
    browser.find("button", "Unfreeze “a key”").await;
    browser.look_at("keys-page").await;
    browser.click("button", "Unfreeze “a key”").await;
    browser.says("It opens again what it did, with the text it had.").await;
    browser.look_at("thaw").await;
    browser.click("button", "Unfreeze").await;
    browser.says("“a key” works again.").await;
    nuget.push(&next, Some(&made.text)).await.went_well();
    assert!(nuget.lists(&next).await);

    // And from there, with the page's own button.
    browser.click("button", "Freeze “a key”").await;
    browser.says("A frozen key opens nothing until you unfreeze it here").await;
    browser.look_at("freeze").await;
    browser.click("button", "Freeze").await;
    browser.says("“a key” is frozen.").await;
    assert_eq!(stage.asks(&made.text, "push", &next.id).await["reason"], "frozen");
    browser.click("button", "History “a key”").await;
    browser.says("by whoever has the link in a mail").await;
    browser.finish().await;
    unwritten(&stage, &link);
    stage.finish().await;
}
