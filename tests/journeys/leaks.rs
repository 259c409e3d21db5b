//! The search that ends every journey finds what it is for.

use serde_json::json;

use crate::{publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_secret_is_found_wherever_it_gets_to() {
    let stage = Stage::kept("leaks").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let text = alice.create(&["push"], &["*"]).await.text;
    stage.log().append("careless", &format!("pushing with {}", text.reveal()));
    // A name is kept, and is in the mail about the key: nothing can keep people from naming a key so.
    alice.create_from(&json!({ "name": text.reveal(), "actions": ["push"], "packages": ["*"] })).await;

    let leaks = stage.leaks().await;

    for place in ["mail 1", "table: account#", ", by careless", "keyring.sqlite", "mailbox.jsonl"] {
        assert!(leaks.iter().any(|leak| leak.contains(place)), "{place} is not among {leaks:#?}");
    }
    assert!(!leaks.concat().contains(text.reveal()), "what is told of it does not tell it again");
}
