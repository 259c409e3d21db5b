//! The keys page in a browser, on the page that `cargo run` puts around it.

mod checklist;
mod clipboard;
mod covers;
mod create;
mod edit;
mod ending;
mod examples;
mod forgetting;
mod gallery;
mod hand_over;
mod history;
mod keyboard;
mod language;
mod lost_answer;
mod machine;
mod markup;
mod notices;
mod organization;
mod pictures;
mod pushers;
mod refresh;
mod senses;
mod session;
mod themes;
mod thousand;
mod trouble;

use serde_json::Value;

use crate::{browser::Browser, publisher::KeyText, stage::Stage};

/// A browser in which this sample person has just signed in.
async fn signed_in(stage: &Stage, person: &str) -> Browser {
    let browser = Browser::start(stage).await;
    sign_in(&browser, person).await;
    browser
}

/// Opens the page, and signs in there as this sample person.
pub(crate) async fn sign_in(browser: &Browser, person: &str) {
    browser.open("/").await;
    browser.click("button", person).await;
}

pub(crate) const ALICE: &str = "Alice Fields admin of fabrikam";
const BOB: &str = "Bob Rivers member of fabrikam";

/// Makes a key that may push new packages, on the page.
async fn make_key(browser: &Browser, name: &str, patterns: &str) {
    browser.click("button", "New key").await;
    browser.fill("textbox", "Name", name).await;
    browser.click("checkbox", "Push").await;
    browser.click("radio", "New packages and new versions").await;
    browser.fill("textbox", "Patterns", patterns).await;
    browser.click("button", "Create").await;
    browser.says(&format!("The key “{name}” was made. Copy it now.")).await;
}

/// Copies the new text of the key of this name.
async fn copied(browser: &Browser, name: &str) -> KeyText {
    browser.click("button", &format!("Copy key “{name}”")).await;
    browser.says(&format!("The key “{name}” is on the clipboard.")).await;
    browser.clipboard().await
}

/// Whether the page offers a key text to be copied.
async fn offers_a_key(browser: &Browser) -> bool {
    browser.names("button").await.iter().any(|name| name.starts_with("Copy key"))
}

/// Runs the body of a function in which `keys` is the element, and `shadow` what is in it.
async fn in_element(browser: &Browser, body: &str, arguments: &[Value]) -> Value {
    let element = "const keys = document.querySelector('latchkey-api-keys'), shadow = keys.shadowRoot;";
    browser.run(&format!("{element} {body}"), arguments).await
}

/// Has the page look again at what was changed without it.
async fn reload(browser: &Browser) {
    in_element(browser, "return keys.reload()", &[]).await;
}

/// Puts an icon into a page that has none, for which the browser would ask the stage, in vain.
const WITH_AN_ICON: &str = "
    new MutationObserver((_, watcher) => {
      if (document.head === null) return;
      watcher.disconnect();
      document.head.append(Object.assign(document.createElement('link'), { rel: 'icon', href: 'data:,' }));
    }).observe(document, { childList: true, subtree: true });";
