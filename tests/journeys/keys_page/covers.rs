//! What the page says a pattern covers is what the service decides.

use futures_util::future::join_all;
use hyper::Method;
use serde_json::{Value, json};

use super::signed_in;
use crate::{directory::Directory, publisher::Publisher, stage::Stage};

const IDS: [&str; 18] = [
    "a",
    "aa",
    "aba",
    "abab",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    "Foo",
    "foo.bar",
    "FooBar",
    "Foo.Bar.Baz",
    "Foo-Bar_1",
    "My.Core",
    "My.Core.X",
    "Core",
    "1.2.3.4",
    "kelvin.Kit",
    "thaitest.alpha.AppLogger",
    "___",
    "---",
];
const PATTERNS: [&str; 30] = [
    "*",
    "**",
    "a",
    "A",
    "a*",
    "*a",
    "a*a",
    "a**a",
    "*a*",
    "*a*a*",
    "*b*a*",
    "a*b*a*b",
    "ab*ab",
    "*ab",
    "a*a*a*a*a*a*a*a*a*a*a*a*c",
    "Foo.*",
    "Foo*",
    "foo*BAR",
    "*.bar*",
    "*.*",
    "*.*.*",
    "*..*",
    "*.Core",
    "*Core*X",
    "FOO-bar_1",
    "*-*_*",
    "K*.kit",
    "_*_",
    "*-",
    "1.*.4",
];

#[tokio::test]
async fn the_page_and_the_service_agree() {
    let stage = Stage::ephemeral("keys_page_covers").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let directory = Directory(&stage);
    join_all(IDS.map(|id| directory.put_package(id, &["alice"]))).await;
    let browser = signed_in(&stage, super::ALICE).await;
    let page = async |pairs: &[(&str, &str)]| -> Vec<bool> {
        let covers = "return import('/keys-page/latchkey-api-keys.js')
            .then(({ covers }) => arguments[0].map(([pattern, id]) => covers(pattern, id)))";
        serde_json::from_value(browser.run(covers, &[json!(pairs)]).await).unwrap()
    };

    for pattern in PATTERNS {
        let path = format!("/packages?matching={pattern}");
        let listed = alice.call(Method::GET, &path, &Value::Null).await.expect(200);
        let listed = listed["packages"].as_array().unwrap();
        assert_eq!(listed.len(), IDS.len());
        let pairs: Vec<_> = listed.iter().map(|package| (pattern, package["id"].as_str().unwrap())).collect();
        for ((_, id), (package, covered)) in pairs.iter().zip(listed.iter().zip(page(&pairs).await)) {
            assert_eq!(package["matched"], covered, "{pattern} {id}");
        }
    }

    let vectors: Value = serde_json::from_str(include_str!("../../vectors/nuget.json")).unwrap();
    let text = |row: &'static str| {
        vectors["glob_match"].as_array().unwrap().iter().map(move |each| each[row].as_str().unwrap())
    };
    let pairs: Vec<_> = text("pattern").zip(text("id")).collect();
    let covered = page(&pairs).await;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.*-".contains(letter);
    for (row, covered) in vectors["glob_match"].as_array().unwrap().iter().zip(covered) {
        // NuGet takes these literally; here they are refused as patterns, and cover nothing.
        let refused = !row["pattern"].as_str().unwrap().chars().all(allowed);
        assert_eq!(covered, row["expected"] == true && !refused, "{row}");
    }

    // What Unicode folds into letters of ids is no such letter.
    assert_eq!(
        page(&[("\u{212a}elvin.*", "kelvin.Kit"), ("\u{17f}*", "s"), ("", ""), ("a b", "a b")]).await,
        [false; 4]
    );
    let longest = "a".repeat(128);
    assert_eq!(page(&[(&longest, &longest), (&format!("{longest}*"), &longest)]).await, [true, false]);
    browser.finish().await;
    stage.finish().await;
}
