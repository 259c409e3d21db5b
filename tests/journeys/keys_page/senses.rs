//! What a browser is blind to, no journey with it proves: it notices what it is there to notice.

use serde_json::json;

use crate::{browser::Browser, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn what_is_planted_in_a_page_is_found() {
    let stage = Stage::ephemeral("keys_page_senses").await;
    Publisher::sign_in(&stage, "alice").await;
    let browser = Browser::start(&stage).await;
    browser.open("/").await;
    let plant = "
        const part = document.body.appendChild(document.createElement('div'));
        const root = part.attachShadow({ mode: 'open' });
        const field = root.appendChild(document.createElement('input'));
        field.value = 'planted as a value';
        root.append(document.createComment('planted as a comment'), 'planted as text');
        const template = root.appendChild(document.createElement('template'));
        template.content.append('planted in a template');
        field.title = 'planted as a title';
        field.memory = 'planted on an element';
        localStorage.setItem('a', 'planted in storage');
        history.replaceState('planted in the history', '', '#planted-in-the-address');
        name = 'planted in the name';
        return fetch('/healthz?planted-in-a-request').then((answer) => answer.text()).then(() => null)";
    browser.run(plant, &[]).await;
    let held = browser.holdings().await;
    for place in [
        "as a value",
        "as a comment",
        "as text",
        "in a template",
        "as a title",
        "on an element",
        "in storage",
        "in the history",
        "in the name",
    ] {
        assert!(held.contains(&format!("planted {place}")), "{place}");
    }
    assert!(held.contains("#planted-in-the-address") && held.contains("?planted-in-a-request"));
    assert!(browser.text().await.contains("planted as text"));

    browser
        .run(
            "const button = document.createElement('button');
             document.body.lastChild.shadowRoot.append(button);
             document.body.lastChild.setAttribute('style', 'width: 3000px');
             console.error('planted complaint');",
            &[],
        )
        .await;
    let violations = browser.violations().await;
    assert!(violations.iter().any(|violation| violation.contains("button-name")), "{violations:#?}");
    let complaints = browser.complaints().await;
    for part in ["planted complaint", "Content Security Policy"] {
        assert!(complaints.iter().any(|complaint| complaint.contains(part)), "{part}: {complaints:#?}");
    }
    assert_eq!(complaints.len(), 2, "{complaints:#?}");

    assert_eq!(browser.overhang().await, [""; 0], "the policy has kept the style out");
    browser.run("document.body.lastChild.style.width = '3000px'", &[]).await;
    assert!(browser.overhang().await.concat().contains("div. to"));
    browser.finish().await;
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "with a key's secret")]
async fn a_key_text_in_a_page_ends_the_journey() {
    let stage = Stage::ephemeral("keys_page_leak").await;
    let text = Publisher::sign_in(&stage, "alice").await.create(&["push"], &["*"]).await.text;
    let browser = Browser::start(&stage).await;
    browser.open("/").await;
    let plant = "document.querySelector('latchkey-api-keys').shadowRoot.firstChild.title = arguments[0]";
    browser.run(plant, &[json!(text.reveal())]).await;
    browser.holdings().await;
}
