//! An organization's admins see the keys that act for it, whoever holds them, and can end them. No more than that.

use serde_json::{Value, json};

use super::{ALICE, reload, signed_in};
use crate::{directory::Directory, package::Package, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn an_admin_revokes_a_members_key() {
    let stage = Stage::ephemeral("keys_page_organization").await;
    stage.post("/local/sample-accounts", &Value::Null).await.expect(200);
    let bob = Publisher::sign_in(&stage, "bob").await;
    bob.create_from(&json!({ "name": "bob's own", "actions": ["push"], "packages": ["*"] })).await;
    let body = json!({ "name": "of the team", "owner": "fabrikam", "actions": ["push"], "packages": ["Fabrikam.*"] });
    let made = bob.create_from(&body).await;
    let package = Package::new("Fabrikam.Tools", "1.0.0");
    package.put(&stage, "/api/v2/package", &made.text).await.expect(201);

    let browser = signed_in(&stage, ALICE).await;
    browser.says("You have no API keys yet.").await;
    browser.choose("Keys that act for", "Fabrikam").await;
    browser.find("heading", "of the team").await;
    let mut acts = browser.names("button").await;
    acts.retain(|name| name.contains('“'));
    assert_eq!(
        acts,
        ["Freeze “of the team”", "Revoke “of the team”", "History “of the team”"],
        "and nothing of bob's own"
    );
    browser.says("Held by").await;
    browser.look_at("organization").await;
    browser.click("button", "Revoke “of the team”").await;
    browser.click("button", "Revoke").await;
    browser.says("“of the team” was revoked.").await;
    browser.click("button", "History “of the team”").await;
    browser.says("by alice, from 127.0.0.1").await;
    browser.click("button", "Close").await;
    let next = Package::new("Fabrikam.Tools", "1.1.0");
    next.put(&stage, "/api/v2/package", &made.text).await.expect(403);
    assert_eq!(bob.key(&made.key).await["status"], "revoked");

    Directory(&stage).put_member("fabrikam", "alice", "member").await;
    reload(&browser).await;
    browser.gone("heading", "of the team").await;
    browser.says("You have no API keys yet.").await;
    browser.gone("combobox", "Keys that act for").await;
    browser.finish().await;
    stage.finish().await;
}
