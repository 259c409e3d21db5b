//! A gallery's own looks, and what people have set for their whole system.

use serde_json::json;

use super::{ALICE, in_element, signed_in};
use crate::{publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_gallery_and_its_people_decide_on_looks() {
    let stage = Stage::ephemeral("keys_page_themes").await;
    Publisher::sign_in(&stage, "alice").await.create(&["push"], &["*"]).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.find("heading", "a key").await;
    let looks = "
        const of = (part, property) => getComputedStyle(shadow.querySelector(part))[property];
        return [
          of('button.primary', 'backgroundColor'), of('h2', 'fontFamily'), of('.key', 'borderTopLeftRadius'),
          of('.key', 'borderTopWidth'), of('button', 'letterSpacing'),
        ];";
    browser.features(&[("prefers-reduced-motion", "reduce")]).await;
    let own = in_element(&browser, looks, &[]).await;
    let theme = "
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`
          latchkey-api-keys { --latchkey-accent: rgb(90, 20, 120); --latchkey-font: Georgia, serif; --latchkey-radius: 0; }
          latchkey-api-keys::part(key) { border-top-width: 4px; }
          latchkey-api-keys::part(button) { letter-spacing: 1px; }`);
        document.adoptedStyleSheets.push(sheet);";
    browser.run(theme, &[]).await;
    let themed = json!(["rgb(90, 20, 120)", "Georgia, serif", "0px", "4px", "1px"]);
    assert_eq!(in_element(&browser, looks, &[]).await, themed);
    for (own, themed) in own.as_array().unwrap().iter().zip(themed.as_array().unwrap()) {
        assert_ne!(own, themed);
    }
    browser.picture("themed").await;

    let moves = "return getComputedStyle(shadow.querySelector('button')).transitionDuration !== '0s'";
    browser.features(&[("prefers-reduced-motion", "no-preference")]).await;
    assert_eq!(in_element(&browser, moves, &[]).await, true);
    browser.features(&[("prefers-reduced-motion", "reduce")]).await;
    assert_eq!(in_element(&browser, moves, &[]).await, false);
    browser.features(&[("forced-colors", "active"), ("prefers-reduced-motion", "reduce")]).await;
    assert_eq!(browser.violations().await, [""; 0]);
    browser.picture("forced-colors").await;
    browser.finish().await;
    stage.finish().await;
}
