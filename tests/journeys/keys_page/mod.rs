//! The keys page in a browser, on the page that `cargo run` puts around it.

mod create;
mod edit;
mod gallery;
mod machine;
mod senses;
mod trouble;

use crate::{browser::Browser, stage::Stage};

/// A browser in which this sample person has just signed in.
async fn signed_in(stage: &Stage, person: &str) -> Browser {
    let browser = Browser::start(stage).await;
    browser.open("/").await;
    browser.click("button", person).await;
    browser
}

const ALICE: &str = "Alice Fields admin of fabrikam";
const BOB: &str = "Bob Rivers member of fabrikam";
