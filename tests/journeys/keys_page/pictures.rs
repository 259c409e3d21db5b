//! The pictures in README: `cargo test --test journeys -- --ignored keys_page::pictures` makes them anew.

use futures_util::future::join_all;
use hyper::Method;
use serde_json::{Value, json};

use super::{ALICE, in_element, reload, signed_in};
use crate::{directory::Directory, package::Package, places, publisher::Publisher, stage::Stage};

const PACKAGES: [&str; 6] = [
    "Fabrikam.Caching",
    "Fabrikam.Http",
    "Fabrikam.Logging",
    "Fabrikam.Logging.Console",
    "Fabrikam.Tools",
    "Tailspin.Toys",
];
const LEGACY: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";

const ELEMENT: &str = "latchkey-api-keys";
/// Higher than any of it.
const WHOLE: u32 = 4000;

#[tokio::test]
#[ignore = "makes the pictures in README"]
async fn pictures() {
    let folder = places::workspace().join("functions/key-management/page/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    let stage = Stage::ephemeral("keys_page_pictures").await;
    stage.post("/local/clock", &json!({ "now": "2027-03-01T09:00:00Z" })).await.expect(200);
    stage.post("/local/sample-accounts", &Value::Null).await.expect(200);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let directory = Directory(&stage);
    join_all(PACKAGES.map(|id| directory.put_package(id, &["alice"]))).await;
    let make = async |name: &str, owner: &str, actions: &[&str], packages: &[&str], days: u32| {
        let body = json!({ "name": name, "owner": owner, "actions": actions, "packages": packages, "expires_in_days": days });
        alice.create_from(&body).await
    };
    stage.legacy_text(LEGACY);
    let legacy = json!({ "keys": [{ "account": "alice", "key_text": LEGACY }] });
    stage.post("/legacy-keys", &legacy).await.expect(200);
    let laptop = make("Laptop", "alice", &["push", "unlist"], &["Tailspin.*"], 90).await;
    stage.advance_days(75).await;
    make("Workshop", "alice", &["push"], &["Tailspin.Demo.*"], 7).await;
    stage.advance_days(5).await;
    let browser = signed_in(&stage, ALICE).await;
    let nightly = make("Nightly build", "alice", &["update"], &PACKAGES[..5], 180).await;
    stage.advance_days(3).await;
    make("Clean-up script", "fabrikam", &["unlist"], &["*"], 90).await;
    for (package, key) in [("Tailspin.Toys", &laptop), ("Fabrikam.Http", &nightly)] {
        Package::new(package, "1.0.0").put(&stage, "/api/v2/package", &key.text).await.expect(201);
    }

    browser.width(1280, 1).await;
    reload(&browser).await;
    browser.says("“Laptop” expires in").await;
    browser.picture_of(ELEMENT, 580, &folder.join("notice.png")).await;

    for key in alice.keys().await {
        if key["kind"] == "legacy" || key["status"] == "expired" {
            alice.delete(&key).await;
        }
    }
    let restart = json!({ "restart_lifetime": true });
    let laptop = alice.key(&laptop.key).await;
    alice.call_about(Method::POST, &laptop, "/refresh", &restart).await.expect(200);
    reload(&browser).await;
    browser.gone("region", "What needs your attention").await;
    browser.picture_of(ELEMENT, WHOLE, &folder.join("manage.png")).await;

    for key in alice.keys().await {
        alice.delete(&key).await;
    }
    reload(&browser).await;
    browser.click("button", "New key").await;
    browser.fill("textbox", "Name", "Release pipeline").await;
    browser.click("checkbox", "Push").await;
    browser.click("radio", "New packages and new versions").await;
    browser.fill("textbox", "Patterns", "Fabrikam.Logging*").await;
    browser.click("checkbox", "Fabrikam.Tools").await;
    browser.says("1 of 6 selected").await;
    in_element(&browser, "shadow.activeElement.blur()", &[]).await;
    browser.picture_of(ELEMENT, WHOLE, &folder.join("create.png")).await;
    browser.finish().await;
    stage.finish().await;
}
