//! The page in another language, given before or after the element is there.

use serde_json::json;

use super::WITH_AN_ICON;
use crate::{browser::Browser, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn what_is_said_can_be_replaced() {
    let stage = Stage::ephemeral("keys_page_language").await;
    stage.post("/local/clock", &json!({ "now": "2039-12-31T00:00:00Z" })).await.expect(200);
    let alice = Publisher::sign_in(&stage, "alice").await;
    alice.create_from(&json!({ "name": "Nachtbau", "actions": ["push"], "packages": ["*"] })).await;
    let person = json!({ "account": "alice", "email": "alice@example.test", "name": "alice" });
    let token = stage.post("/local/sign-in", &person).await.expect(200)["token"].take();
    let browser = Browser::start(&stage).await;
    browser.before_each_page(WITH_AN_ICON).await;
    browser.open("/healthz").await;
    browser
        .run(
            "document.documentElement.lang = 'de';
             document.body.innerHTML = '<latchkey-api-keys></latchkey-api-keys>';
             const keys = document.querySelector('latchkey-api-keys');
             keys.getToken = async () => arguments[0];
             keys.strings = {
               title: 'API-Schlüssel',
               countOf: (shown, all) => `${shown} von ${all}`,
               act: { edit: 'Ändern' },
               actOn: (act, name) => `${act}: ${name}`,
             };
             return import('/keys-page/latchkey-api-keys.js').then(() => {})",
            &[token],
        )
        .await;
    browser.find("heading", "API-Schlüssel").await;
    browser.says("1 von 1").await;
    browser.find("button", "Ändern: Nachtbau").await;
    browser.find("button", "Revoke: Nachtbau").await;
    browser.says("30.12.2040").await;

    let other = "
        document.documentElement.lang = 'fr';
        document.querySelector('latchkey-api-keys').strings = { title: 'Clés d’API' };";
    browser.run(other, &[]).await;
    browser.find("heading", "Clés d’API").await;
    browser.says("30 déc. 2040").await;
    browser.find("button", "Edit “Nachtbau”").await;
    browser.finish().await;
    stage.finish().await;
}
