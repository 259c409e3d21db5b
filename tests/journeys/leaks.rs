//! The search that ends every journey finds what it is for.

use hyper::Method;
use serde_json::json;

use crate::{publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_secret_is_found_wherever_it_gets_to() {
    let stage = Stage::kept("leaks").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let text = alice.create(&["push"], &["*"]).await.text;
    stage.log().append("careless", &format!("pushing with {}", text.reveal()));
    // A name is kept, and is in the mail about the key. A key text is no name; that a GUID is a key from before cannot be
    // seen.
    let key = |name: &str| json!({ "name": name, "actions": ["push"], "packages": ["*"] });
    alice.call(Method::POST, "/keys", &key(text.reveal())).await.expect(400);
    let legacy = stage.legacy_text("36aafd87-44d7-423b-adb9-ed01493aeb75");
    alice.create_from(&key(legacy.reveal())).await;

    let leaks = stage.leaks().await;

    for place in ["mail 1", "table: account#", ", by careless", "keyring.sqlite", "mailbox.jsonl"] {
        assert!(leaks.iter().any(|leak| leak.contains(place)), "{place} is not among {leaks:#?}");
    }
    for secret in [&text, &legacy] {
        assert!(!leaks.concat().contains(secret.reveal()), "what is told of it does not tell it again");
    }
}
