//! How patterns match, shown with the reader's own packages.

use super::{ALICE, in_element, signed_in};
use crate::{directory::Directory, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_glob_after_a_dot_does_not_cover_the_id_before_it() {
    let stage = Stage::ephemeral("keys_page_examples").await;
    Publisher::sign_in(&stage, "alice").await;
    Directory(&stage).put_package("Tailspin.Tools", &["alice"]).await;
    let browser = signed_in(&stage, ALICE).await;
    browser.click("DisclosureTriangle", "How patterns match").await;
    browser.says("A pattern must match the whole package id.").await;
    let rows = in_element(
        &browser,
        "return [...shadow.querySelectorAll('tbody tr')].map((row) =>
           [...row.cells].map((cell) => cell.textContent.split(', ')))",
        &[],
    )
    .await;
    let rows: Vec<[Vec<String>; 3]> = serde_json::from_value(rows).unwrap();
    let row = |pattern: &str| rows.iter().find(|[of, ..]| *of == [pattern]).unwrap();
    let [_, covers, misses] = row("Tailspin.*");
    assert!(covers.contains(&"Tailspin.Tools".to_owned()), "{rows:?}");
    assert!(
        misses.contains(&"Tailspin".to_owned()) && misses.contains(&"TailspinOther".to_owned()),
        "{rows:?}"
    );
    let [_, covers, misses] = row("Tailspin*");
    assert!(covers.contains(&"Tailspin".to_owned()) && *misses == ["nothing"], "{rows:?}");
    assert_eq!(row("Tailspin.Tools")[1], ["Tailspin.Tools"]);
    assert_eq!(
        row("*")[1..],
        [vec!["every package".to_owned(), "new ones too".to_owned()], vec!["nothing".to_owned()]]
    );
    browser.look_at("examples").await;
    browser.finish().await;
    stage.finish().await;
}
