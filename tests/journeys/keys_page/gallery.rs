//! The page in a gallery of another origin, which loads it by one script tag and from there calls the management API.

use serde_json::json;

use super::WITH_AN_ICON;
use crate::{browser::Browser, stage::Stage};

#[tokio::test]
async fn a_page_of_another_origin_uses_it() {
    let stage = Stage::ephemeral("keys_page_gallery").await;
    // The same program under another name of this machine: to a browser, and to the gateway, another origin.
    let elsewhere = stage.origin().replace("127.0.0.1", "localhost");
    let person = json!({ "account": "ann", "email": "ann@example.test", "name": "Ann" });
    let token = stage.post("/local/sign-in", &person).await.expect(200)["token"].clone();
    let browser = Browser::start(&stage).await;
    browser.before_each_page(WITH_AN_ICON).await;
    browser.open("/healthz").await;
    browser
        .run(
            "const keys = document.createElement('latchkey-api-keys');
             keys.getToken = async () => arguments[1];
             document.body.replaceChildren(keys);
             return import(`${arguments[0]}/keys-page/latchkey-api-keys.js`).then(() => {})",
            &[elsewhere.clone().into(), token],
        )
        .await;
    browser.says("You have no API keys yet.").await;
    browser.finish().await;
    stage.finish().await;
}
