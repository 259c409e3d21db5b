//! A key text leaves by the clipboard alone, the older way where the newer one is refused.

use super::{ALICE, copied, in_element, make_key, offers_a_key, sign_in};
use crate::{browser::Browser, package::Package, stage::Stage};

const REFUSED: &str = "
    navigator.clipboard.writeText = async () => {
      globalThis.refusals = (globalThis.refusals ?? 0) + 1;
      throw new DOMException('not here', 'NotAllowedError');
    };";

#[tokio::test]
async fn the_older_way_copies_too() {
    let stage = Stage::ephemeral("keys_page_clipboard").await;
    let browser = Browser::start(&stage).await;
    browser.before_each_page(REFUSED).await;
    sign_in(&browser, ALICE).await;
    make_key(&browser, "a key", "Tailspin.*").await;
    let text = copied(&browser, "a key").await;
    assert_eq!(browser.run("return globalThis.refusals", &[]).await, 1);
    let package = Package::new("Tailspin.Tools", "1.0.0");
    package.put(&stage, "/api/v2/package", &text).await.expect(201);
    browser.holdings().await;

    browser.click("button", "Copy “nuget.exe”").await;
    browser.says("Copied.").await;
    let command = browser.clipboard().await;
    let source = format!("-Source {}/v3/index.json -ApiKey %NUGET_API_KEY%", stage.origin());
    assert!(command.reveal().ends_with(&source), "{}", command.reveal());

    in_element(&browser, "document.execCommand = () => false", &[]).await;
    browser.click("button", "Copy key “a key”").await;
    browser.says("The browser did not let us copy.").await;
    assert!(offers_a_key(&browser).await, "it can be tried again");
    browser.look_at("copy-refused").await;
    browser.finish().await;
    stage.finish().await;
}
