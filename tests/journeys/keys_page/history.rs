//! What happened to a key, newest first, as far back as it is kept.

use serde_json::{Value, json};

use super::{ALICE, in_element, signed_in};
use crate::{publisher::Publisher, stage::Stage};

/// How many edits make a second page necessary.
const EDITS: usize = 50;

#[tokio::test]
async fn everything_that_happened_to_a_key_is_named() {
    let stage = Stage::ephemeral("keys_page_history").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let body = json!({ "name": "nightly", "actions": ["push"], "packages": ["*"], "expires_in_days": 30 });
    let made = alice.create_from(&body).await;
    let mut key = alice.refresh(&made.key).await.key;
    for edit in 1..EDITS {
        key = alice.edit(&key, &json!({ "name": format!("nightly {edit}") })).await;
    }
    alice.edit(&key, &json!({ "name": "nightly", "packages": ["Tailspin.*", "Fabrikam.*"] })).await;
    for days in [21, 10] {
        stage.advance_days(days).await;
        stage.post("/local/sweep", &Value::Null).await.expect(200);
    }
    let browser = signed_in(&stage, ALICE).await;
    browser.click("button", "History “nightly”").await;
    browser.find("dialog", "History of “nightly”").await;
    browser.says("Warned of its expiry").await;
    let kinds = async || -> Vec<String> {
        let named = "return [...shadow.querySelectorAll('.events strong')].map((kind) => kind.textContent)";
        serde_json::from_value(in_element(&browser, named, &[]).await).unwrap()
    };
    let first = kinds().await;
    assert_eq!(
        (first.len(), &first[..3]),
        (50, &["Expired", "Warned of its expiry", "Edited"].map(str::to_owned)[..])
    );
    browser.says("by alice, from 127.0.0.1").await;
    browser.says("Added: Tailspin.*, Fabrikam.*").await;
    browser.says("Removed: *").await;
    browser.look_at("history").await;

    browser.click("button", "Show more").await;
    browser.says("Refreshed").await;
    let all = kinds().await;
    assert_eq!((all.len(), &all[EDITS + 2..]), (EDITS + 4, &["Refreshed", "Created"].map(str::to_owned)[..]));
    browser.gone("button", "Show more").await;
    browser.look_at("history-all").await;
    browser.click("button", "Close").await;
    browser.finish().await;
    stage.finish().await;
}
