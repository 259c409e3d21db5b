//! What needs somebody's attention stands at the top, each with what to do about it.

use hyper::Method;
use serde_json::json;

use super::{ALICE, in_element, reload, signed_in};
use crate::{publisher::Publisher, stage::Stage};

const LEGACY: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";

#[tokio::test]
async fn each_kind_of_notice_has_its_remedy() {
    let stage = Stage::ephemeral("keys_page_notices").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let make = async |name: &str, days: u32| {
        let body = json!({ "name": name, "actions": ["push"], "packages": ["*"], "expires_in_days": days });
        alice.create_from(&body).await
    };
    make("soon over", 30).await;
    make("over", 20).await;
    let revoked = make("stopped", 90).await;
    alice.revoke(&revoked.key).await;
    stage.legacy_text(LEGACY);
    let legacy = json!({ "keys": [{ "account": "alice", "key_text": LEGACY }] });
    stage.post("/legacy-keys", &legacy).await.expect(200);
    let browser = signed_in(&stage, ALICE).await;
    browser.find("heading", "soon over").await;
    browser.says("“stopped” was revoked on").await;
    let text = browser.text().await;
    assert!(
        !text.contains("expire on") && !text.contains("expired on") && !text.contains("expires in"),
        "{text}"
    );

    stage.advance_days(25).await;
    let account = json!({ "name": "Alice Fields", "kind": "user", "mail": "alice@exam_ple.test" });
    stage.call(Method::PUT, "/directory/accounts/alice", &[], &account).await.expect(200);
    make("of a moment", 1).await;
    stage.advance_days(2).await;
    in_element(&browser, "keys.setAttribute('account-url', '/account')", &[]).await;
    browser.says("Your mail address cannot be read, so 1 mail about your keys waits.").await;
    browser.find("link", "Your account").await;
    browser.says("“of a moment” expired on").await;
    browser.says("“over” expired on").await;
    let more = browser.find("DisclosureTriangle", "3 more notices").await;
    browser.look_at("notices-folded").await;
    more.click().await;
    browser.says("“soon over” expires in").await;
    browser.says("allows every action on every package").await;
    browser.look_at("notices").await;

    // The buttons of the notices, in their order: the newest expired key first.
    let remedy = async |about: &str| {
        let click = "
            const notice = [...shadow.querySelectorAll('.notice')].find((one) => one.textContent.includes(arguments[0]));
            notice.querySelector('button').focus();
            notice.querySelector('button').click();";
        in_element(&browser, click, &[about.into()]).await;
    };
    for (about, dialog) in [
        ("“over”", "Refresh “over”"),
        ("“soon over”", "Refresh “soon over”"),
        ("“stopped”", "Delete “stopped”?"),
    ] {
        remedy(about).await;
        browser.find("dialog", dialog).await;
        browser.press("Escape").await;
        browser.gone("dialog", dialog).await;
    }
    remedy("“stopped”").await;
    browser.click("button", "Delete").await;
    browser.gone("heading", "stopped").await;
    browser.says_no_more("“stopped” was revoked on").await;
    assert!(browser.text().await.contains("The legacy key"), "what was unfolded stays so");
    remedy("The legacy key").await;
    assert_eq!(
        browser.focused().await,
        ("textbox".to_owned(), "Name".to_owned()),
        "of the form for a new key"
    );
    browser.click("button", "Cancel").await;

    let mended = json!({ "name": "Alice Fields", "kind": "user", "mail": "alice@example.test" });
    stage.call(Method::PUT, "/directory/accounts/alice", &[], &mended).await.expect(200);
    reload(&browser).await;
    browser.gone("link", "Your account").await;
    browser.finish().await;
    stage.finish().await;
}
