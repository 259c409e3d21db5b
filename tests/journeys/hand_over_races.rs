//! What a hand-over promises to whoever pushes, ends or asks at the same moment, and where the table fails.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use keyring::{Again, Ending, EventKind, Keyring, Undone};
use keys::{HandOverWindow, Key, KeyText};
use push_authorizer::Authorizer;
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    authorizer::{ask, authorizer},
    aws::{Aws, act, make, now},
};

const PACKAGE: &str = "Foo.Bar";

fn revealed(text: KeyText) -> String {
    text.reveal().to_string()
}

/// alice's key that is being handed over, and both of its texts.
async fn handing(keyring: &Keyring) -> (Key, String, String) {
    let (key, old) = make(keyring, "alice").await;
    let window = HandOverWindow::new(7).unwrap();
    let (changed, new) =
        keyring.hand_over(&key, &"lk".parse().unwrap(), window, 365, &act("alice")).await.unwrap();
    (changed.key, revealed(old), revealed(new))
}

/// What a push with this text is answered: a status, and the reason of a refusal.
async fn pushes(doors: &Authorizer, text: &str) -> (u64, Value) {
    let (status, decision) = ask(doors, Some(text), &json!({ "action": "push", "package": PACKAGE })).await;
    (status, decision["reason"].clone())
}

fn unknown() -> (u64, Value) {
    (403, json!("unknown"))
}

#[tokio::test]
async fn grants_of_both_secrets_count_until_one_of_the_new_ones_pushes() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = authorizer(&keyring, Clock::new(now));
    let (key, old, new) = handing(&keyring).await;
    let granted = async |text: &str| {
        let (status, decision) = ask(&doors, Some(text), &json!({ "action": "push" })).await;
        assert_eq!(status, 200, "{decision}");
        decision["grant"].clone()
    };
    let (of_old, of_new) = (granted(&old).await, granted(&new).await);
    let with = async |grant: &Value, preflight: bool| {
        let body = json!({ "action": "push", "package": PACKAGE, "grant": grant, "preflight": preflight });
        let (status, decision) = ask(&doors, None, &body).await;
        (status, decision["reason"].clone())
    };
    let allowed = (200, Value::Null);
    assert_eq!(with(&of_old, false).await, allowed);
    assert_eq!(with(&of_new, true).await, allowed);
    assert!(keyring.key(&key.id).await.unwrap().unwrap().hand_over.is_some(), "a preflight ends nothing");

    assert_eq!(with(&of_new, false).await, allowed);
    let after = keyring.key(&key.id).await.unwrap().unwrap();
    assert_eq!((after.secret.version, &after.hand_over, after.version), (2, &None, key.version));
    assert_eq!(
        (after.last_push_at, after.handed_over_at, after.due()),
        (Some(now()), Some(now()), Some(now()))
    );
    assert_eq!(with(&of_old, false).await, unknown());
    assert_eq!(pushes(&doors, &old).await, unknown());
    for again in [with(&of_new, false).await, pushes(&doors, &new).await] {
        assert_eq!(again, allowed);
    }
}

#[tokio::test]
async fn a_grant_of_a_new_secret_ends_with_its_window() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (_, _, new) = handing(&keyring).await;
    let last = authorizer(&keyring, Clock::new(|| now() + TimeDelta::days(7) - TimeDelta::seconds(1)));
    let (_, decision) = ask(&last, Some(&new), &json!({ "action": "push" })).await;
    let grant = decision["grant"].clone();
    let after = authorizer(&keyring, Clock::new(|| now() + TimeDelta::days(7)));
    let body = json!({ "action": "push", "package": PACKAGE, "grant": grant });
    assert_eq!(ask(&after, None, &body).await.1["reason"], "unknown");
    assert_eq!(pushes(&after, &new).await, unknown());
}

#[tokio::test]
async fn a_first_push_that_cannot_be_written_is_no_allow_and_the_next_one_is() {
    const DENIED: &str = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"}"#;
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = authorizer(&keyring, Clock::new(now));
    let (_, old, new) = handing(&keyring).await;
    aws.front.answer("UpdateItem", 1, 400, DENIED);
    assert_eq!(pushes(&doors, &new).await.0, 503);
    // The answer may have been lost alone: then the old secret has ended, and nothing is lost.
    assert_eq!(pushes(&doors, &new).await.0, 200);
    assert_eq!(pushes(&doors, &old).await, unknown());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_first_pushes_at_once_all_are_allowed_and_one_is_written() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = Arc::new(authorizer(&keyring, Clock::new(now)));
    for _ in 0..20 {
        let (key, old, new) = handing(&keyring).await;
        let answers = join_all((0..4).map(|_| pushes(&doors, &new))).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        assert_eq!(pushes(&doors, &old).await, unknown());
        let after = keyring.key(&key.id).await.unwrap().unwrap();
        assert_eq!((after.secret.version, after.secrets), (2, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_key_while_both_secrets_push_ends_both() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = Arc::new(authorizer(&keyring, Clock::new(now)));
    let mut seen = BTreeSet::new();
    for round in 0..40 {
        let (key, old, new) = handing(&keyring).await;
        let texts = [&new, &old, &new, &old];
        let pushed = join_all(texts.map(|text| pushes(&doors, text)));
        let ended = async {
            match round % 4 {
                0 => drop(keyring.revoke(&key, "by alice".into(), &act("alice")).await.unwrap()),
                1 => drop(keyring.delete(&key, &act("alice")).await.unwrap()),
                _ => drop(
                    keyring.refresh(&key, &"lk".parse().unwrap(), false, 365, &act("alice")).await.unwrap(),
                ),
            }
        };
        let (answers, ()) = join(pushed, ended).await;
        for (status, reason) in &answers {
            assert!(*status == 200 || ["unknown", "revoked"].contains(&reason.as_str().unwrap_or_default()));
        }
        seen.insert(answers.iter().filter(|(status, _)| *status == 200).count());
        for text in [&old, &new] {
            let (status, reason) = pushes(&doors, text).await;
            assert_eq!(status, 403, "round {round}: {reason}");
        }
    }
    println!("allowed of four: {seen:?}");
}

#[tokio::test]
async fn a_first_push_between_reading_and_changing_a_key_is_no_change_by_anybody_else() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = authorizer(&keyring, Clock::new(now));
    let prefix = "lk".parse().unwrap();
    for change in 0..3 {
        let (read, old, new) = handing(&keyring).await;
        assert_eq!(pushes(&doors, &new).await.0, 200);
        let changed = match change {
            0 => keyring.revoke(&read, "by alice".into(), &act("alice")).await.unwrap(),
            1 => keyring.refresh(&read, &prefix, false, 365, &act("alice")).await.unwrap().0,
            _ => keyring.burn(&read, 2, &act("somebody")).await.unwrap(),
        };
        assert_eq!(changed.key.version, read.version + 1);
        for text in [&old, &new] {
            assert_eq!(pushes(&doors, text).await.0, 403);
        }
        // That it had been handed over is told all the same.
        let stored = keyring.key(&read.id).await.unwrap().unwrap();
        assert_eq!((stored.handed_over_at, stored.due()), (Some(now()), Some(now())));
        told(&keyring, 1).await;
        let events = keyring.events(&read.id, 10, None).await.unwrap().entries;
        assert!(events.iter().any(|event| event.kind == EventKind::HandedOver), "{events:?}");
    }
    // A freeze that comes between reading and writing is overtaken by nothing.
    let (read, _, new) = handing(&keyring).await;
    keyring.freeze(&read.id, &act("alice")).await.unwrap();
    assert!(!keyring.hand_over_by_push(&read, now()).await.unwrap());
    assert_eq!(pushes(&doors, &new).await, (403, json!("frozen")));
    // Whoever burns with the old text, after the new one has pushed, burns nothing.
    let (read, _, new) = handing(&keyring).await;
    assert_eq!(pushes(&doors, &new).await.0, 200);
    assert!(keyring.burn(&read, 1, &act("somebody")).await.is_err());
    assert_eq!(pushes(&doors, &new).await.0, 200);
}

/// The sweeper finds as many keys due, and tells of them once.
async fn told(keyring: &Keyring, expected: usize) {
    for expected in [expected, 0] {
        let mut due = Vec::new();
        for shard in 0..keyring::DUE_SHARDS {
            due.extend(keyring.due(shard, now(), None, 100).await.unwrap().0);
        }
        assert_eq!(due.len(), expected);
        for hint in due {
            assert_ne!(keyring.tell(&hint, now()).await.unwrap(), keyring::Told::Nothing);
        }
    }
}

#[tokio::test]
async fn a_hand_over_that_a_restore_undid_is_made_again_or_the_key_ends() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = authorizer(&keyring, Clock::new(now));
    let again = async |key: &Key, secret_version: u32| {
        let undone = Undone { key: key.id, what: Ending::HandedOver, version: 2, secret_version };
        keyring.end_again(&undone, now() + TimeDelta::days(30)).await.unwrap()
    };
    // The table has both secrets: the old one ends, and the new one stays, whatever has become of the window.
    let (key, old, new) = handing(&keyring).await;
    assert_eq!(again(&key, 2).await, Again::HandedOver);
    assert_eq!(again(&key, 2).await, Again::Known);
    assert_eq!((pushes(&doors, &old).await, pushes(&doors, &new).await.0), (unknown(), 200));
    // It knows nothing of the new one, or has dropped it.
    let (key, old) = make(&keyring, "alice").await;
    assert_eq!(again(&key, 2).await, Again::Revoked);
    assert_eq!(pushes(&doors, &revealed(old)).await, (403, json!("revoked")));
    // It knows of it all.
    let (key, old, new) = handing(&keyring).await;
    assert_eq!(pushes(&doors, &new).await.0, 200);
    assert_eq!(again(&key, 2).await, Again::Known);
    assert_eq!((pushes(&doors, &old).await, pushes(&doors, &new).await.0), (unknown(), 200));
}

#[tokio::test]
async fn the_second_secret_has_the_newest_pepper_and_either_opens_with_its_own() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (key, old) = make(&keyring, "alice").await;
    keyring.peppers().rotate(1.into(), now()).await.unwrap();
    let window = HandOverWindow::default();
    let (changed, new) =
        keyring.hand_over(&key, &"lk".parse().unwrap(), window, 365, &act("alice")).await.unwrap();
    assert!(changed.key.hand_over.is_some());
    let (old, new) = (revealed(old), revealed(new));
    // A new execution environment knows no pepper yet.
    let doors = authorizer(&aws.keyring(), Clock::new(now));
    for (text, action) in [(&old, "push"), (&new, "unlist")] {
        let (status, decision) = ask(&doors, Some(text), &json!({ "action": action })).await;
        assert!(status == 200 || decision["reason"] == "action_not_granted", "{decision}");
    }
    assert_eq!(pushes(&doors, &new).await.0, 200);
    assert_eq!(pushes(&doors, &old).await, unknown());
}
