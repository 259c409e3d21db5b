//! A thousand keys: the first is seen at once, each is found, and the page holds no more than it shows.

use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_kms::Client as Kms;
use futures_util::{StreamExt as _, stream};
use keyring::{Act, Keyring, NewKey};
use serde_json::{Value, json};

use super::{WITH_AN_ICON, in_element};
use crate::{
    aws::{user, wanted},
    browser::Browser,
    once_at,
    publisher::Publisher,
    stage::Stage,
};

const KEYS: usize = 1000;

/// Puts the element alone into a page, and measures from then on. Times are milliseconds.
const LIST: &str = "
    return import('/keys-page/latchkey-api-keys.js').then(async () => {
      const keys = document.createElement('latchkey-api-keys');
      keys.getToken = async () => arguments[0];
      const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
      const shadow = keys.shadowRoot;
      const [start, seen] = [performance.now(), {}];
      document.body.replaceChildren(keys);
      const look = () => shadow.querySelectorAll('.key').length;
      while (look() === 0) await frame();
      await frame();
      seen.firstPaint = performance.now() - start;
      seen.cards = look();
      while (!shadow.textContent.includes('1000 keys') || shadow.querySelector('[aria-busy=true]')) await frame();
      seen.allListed = performance.now() - start;
      seen.cardsThen = look();
      const asked = performance.getEntriesByType('resource').filter(({ name }) => new URL(name).pathname === '/keys');
      seen.requests = asked.length;
      seen.firstAnswer = asked[0].responseEnd - start;
      seen.elements = shadow.querySelectorAll('*').length;
      return seen;
    });";

/// Filters for each key by its name, and measures.
const FILTER: &str = "
    const shadow = document.querySelector('latchkey-api-keys').shadowRoot;
    const filter = [...shadow.querySelectorAll('input[type=search]')].find((input) => input.checkVisibility());
    const seek = (text) => {
      filter.value = text;
      const start = performance.now();
      filter.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
      shadow.host.getBoundingClientRect();
      return performance.now() - start;
    };
    const times = [];
    let found = 0;
    for (let number = 0; number < arguments[0]; number++) {
      const name = `build ${String(number).padStart(4, '0')}`;
      times.push(seek(name));
      const shown = [...shadow.querySelectorAll('.key h4')].map((title) => title.textContent);
      if (shown.length === 1 && shown[0] === name) found += 1;
    }
    times.sort((one, other) => one - other);
    const back = seek('');
    return { found, median: times[times.length / 2], worst: times.at(-1), back, cards: shadow.querySelectorAll('.key').length };";

/// Makes alice's keys, below the API and without its mails: that takes seconds, not a minute.
async fn fill(stage: &Stage) {
    let environment = stage.environment().await;
    let dynamodb = DynamoDb::from_conf(once_at!(aws_sdk_dynamodb, &environment["AWS_ENDPOINT_URL_DYNAMODB"]));
    let kms = Kms::from_conf(once_at!(aws_sdk_kms, &environment["AWS_ENDPOINT_URL_KMS"]));
    let keyring = Keyring::new(dynamodb, kms, &environment["TABLE_NAME"], &environment["PEPPER_KEY_ID"]);
    let now = stage.get("/local/clock").await.expect(200)["now"].as_str().unwrap().parse().unwrap();
    let act = Act { by: "alice".to_owned(), from: "127.0.0.1".to_owned(), at: now };
    let (alice, prefix) = (user("alice"), "lk".parse().unwrap());
    let make = async |number: usize| {
        let name = format!("build {number:04}").parse().unwrap();
        let new = NewKey { name, ..wanted("alice", &[&format!("Tailspin.Part{number}.*"), "Fabrikam.*"]) };
        keyring.create(&alice, &new, &prefix, None, &act).await.unwrap();
    };
    stream::iter(0..KEYS).for_each_concurrent(4, make).await;
}

#[tokio::test]
async fn a_thousand_keys_are_listed_and_found() {
    let stage = Stage::ephemeral("keys_page_thousand").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let last = alice.create(&["push"], &["*"]).await;
    fill(&stage).await;
    alice.delete(&last.key).await;

    let browser = Browser::start(&stage).await;
    browser.before_each_page(WITH_AN_ICON).await;
    browser.open("/healthz").await;
    let person = json!({ "account": "alice", "email": "alice@example.test", "name": "alice" });
    let token = stage.post("/local/sign-in", &person).await.expect(200)["token"].take();
    let listed = browser.run(LIST, &[token]).await;
    stage.log().append("measured", &format!("listed: {listed}"));
    assert_eq!((&listed["cards"], &listed["cardsThen"]), (&json!(50), &json!(50)));
    assert_eq!(listed["requests"], 11, "a hundred a page, and one that tells that it was the last");
    in_element(&browser, "shadow.querySelector('[part=keys]').lastChild.scrollIntoView()", &[]).await;
    let more =
        "return document.querySelector('latchkey-api-keys').shadowRoot.querySelectorAll('.key').length > 50";
    browser.until("more keys, when the list is scrolled", more, &[]).await;

    let found = browser.run(FILTER, &[Value::from(KEYS)]).await;
    stage.log().append("measured", &format!("filtered: {found}"));
    assert_eq!((&found["found"], &found["cards"]), (&json!(KEYS), &json!(50)));
    browser.fill("searchbox", "Filter keys", "part77.").await;
    browser.says("1 of 1000 keys").await;
    browser.fill("searchbox", "Filter keys", "nothing like it").await;
    browser.says("No key matches this filter.").await;
    browser.finish().await;
    stage.finish().await;
}
