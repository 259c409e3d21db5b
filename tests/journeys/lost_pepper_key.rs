//! The KMS key that keeps the pepper is lost for good: nothing is allowed that cannot be verified, and with a new key
//! whoever refreshes their key goes on.

use std::{future::pending, sync::Arc};

use keyring::Keyring;
use keys::KeyText;
use push_authorizer::Authorizer;
use serde_json::{Value, json};
use stand_ins::{Kms, KmsKey};
use startup::Clock;

use crate::{
    authorizer::{ask, authorizer},
    aws::{Aws, TABLE, act, bound, make, now},
    once_at,
};

const NEW_KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/99999999-2222-3333-4444-555555555555";

/// Instances of functions in a deployment whose KMS has only the new key.
async fn with_new_key(aws: &Aws) -> impl Fn() -> (Arc<Keyring>, Authorizer) {
    let (listener, at) = bound().await;
    let kms = aws_sdk_kms::Client::from_conf(once_at!(aws_sdk_kms, at));
    let keys = [KmsKey::new(NEW_KEY, &[9; 32]).unwrap()];
    tokio::spawn(Kms::new(keys, &Clock::new(now)).serve(listener, pending()));
    let dynamodb = aws.dynamodb.clone();
    move || {
        let keyring = Arc::new(Keyring::new(dynamodb.clone(), kms.clone(), TABLE, NEW_KEY));
        let authorizer = authorizer(&keyring, Clock::new(now));
        (keyring, authorizer)
    }
}

fn revealed(text: KeyText) -> String {
    text.reveal().to_string()
}

async fn push(authorizer: &Authorizer, text: &str) -> (u64, Value) {
    let (status, decision) =
        ask(authorizer, Some(text), &json!({ "action": "push", "package": "Foo.Bar" })).await;
    let said = decision.get("reason").or(decision.get("decision")).cloned().unwrap_or_default();
    (status, said)
}

#[tokio::test]
async fn without_its_kms_key_nothing_is_allowed_and_refreshed_keys_go_on_under_a_new_one() {
    let aws = Aws::start().await;
    let before = aws.keyring();
    let (key, old) = make(&before, "alice").await;
    let (other, lost) = make(&before, "bob").await;
    let (old, lost) = (revealed(old), revealed(lost));
    let warm = authorizer(&before, Clock::new(now));
    assert_eq!(push(&warm, &old).await, (200, json!("allow")));

    let instance = with_new_key(&aws).await;
    let (management, cold) = instance();
    let undecided = (503, Value::Null);
    assert_eq!(push(&cold, &old).await, undecided, "never an allow, and never \"unknown\"");
    assert!(
        management.peppers().newest(now()).await.is_err(),
        "no key is made under a pepper that nobody can open"
    );
    let prefix = "lk".parse().unwrap();
    assert!(management.refresh(&key, &prefix, false, 365, &act("alice")).await.is_err());
    let unchanged = management.key(&key.id).await.unwrap().unwrap();
    assert_eq!(unchanged, before.key(&key.id).await.unwrap().unwrap(), "and nothing is half done");
    management.key(&other.id).await.unwrap().unwrap();

    // The rotation names the newest pepper, and opens only the one that it makes.
    let (sweeper, _) = instance();
    assert_eq!(u32::from(sweeper.peppers().rotate(1.into(), now()).await.unwrap()), 2);
    assert_eq!(
        u32::from(sweeper.peppers().rotate(1.into(), now()).await.unwrap()),
        2,
        "a repeat makes no third"
    );
    let (management, cold) = instance();
    let (_, refreshed) = management.refresh(&key, &prefix, false, 365, &act("alice")).await.unwrap();
    let (_, made) = make(&management, "carol").await;
    for text in [revealed(refreshed), revealed(made)] {
        assert_eq!(push(&cold, &text).await, (200, json!("allow")));
    }
    assert_eq!(push(&cold, &old).await, (403, json!("unknown")), "the secret before the refresh is over");
    assert_eq!(push(&cold, &lost).await, undecided, "bob has not refreshed his");
    let revoked = management.revoke(&other, "by bob".to_owned(), &act("bob")).await;
    assert!(revoked.is_ok(), "to end a key takes no pepper");
    let unknown = "lk_0000000000000000000000";
    assert_eq!(ask(&cold, Some(unknown), &json!({ "action": "push" })).await.1["reason"], "unknown");
}
