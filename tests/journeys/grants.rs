//! A grant proves one secret of one key for one action, one package where it names one, and five minutes, and nothing else
//! to anybody.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use keys::{KeyId, KeyText};
use serde_json::{Value, json};
use startup::Clock;
use zeroize::Zeroizing;

use crate::{
    authorizer::{ask, authorizer},
    aws::{Aws, act, make, now},
};

/// Where a grant's key id stands in it, behind its format and its pepper's version.
const KEY_ID: usize = 5;

fn revealed(text: KeyText) -> String {
    text.reveal().to_string()
}

#[tokio::test]
async fn a_grant_that_is_not_ours_or_for_something_else_is_unknown() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = authorizer(&keyring, Clock::new(now));
    let (alices, text) = make(&keyring, "alice").await;
    let (bobs, bobs_text) = make(&keyring, "bob").await;
    let (text, bobs_text) = (revealed(text), revealed(bobs_text));
    let granted = async |key: &str, question: Value| {
        let (status, decision) = ask(&doors, Some(key), &question).await;
        assert_eq!(status, 200, "{decision}");
        decision["grant"].as_str().unwrap().to_owned()
    };
    let open = granted(&text, json!({ "action": "push" })).await;
    let named = granted(&text, json!({ "action": "push", "package": "Foo.Bar" })).await;
    let with = async |key: Option<&str>, grant: &str, action: &str, package: Option<&str>| {
        let mut question = json!({ "action": action, "grant": grant });
        if let Some(package) = package {
            question["package"] = package.into();
        }
        ask(&doors, key, &question).await
    };

    // What each stands for, also where a key of somebody else's is sent beside it.
    for key in [None, Some(bobs_text.as_str()), Some("nonsense")] {
        for (grant, action, package) in [
            (&open, "push", None),
            (&open, "push", Some("Foo.Bar")),
            (&open, "update", Some("Foo.Other")),
            (&named, "push", Some("Foo.Bar")),
            (&named, "update", Some("foo.bar")),
        ] {
            let (status, decision) = with(key, grant, action, package).await;
            assert_eq!(
                (status, &decision["holder"]),
                (200, &json!("alice")),
                "{action} {package:?}: {decision}"
            );
        }
    }
    // What it does not stand for, also where the key itself, which would do, is sent beside it.
    let raw = BASE64_URL_SAFE_NO_PAD.decode(&open).unwrap();
    let changed = |at: usize, bytes: &[u8]| {
        let mut changed = raw.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        BASE64_URL_SAFE_NO_PAD.encode(changed)
    };
    let bytes_of = |id: KeyId| [id.tag().as_bytes().as_slice(), &number(id)].concat();
    let for_bob = changed(KEY_ID, &bytes_of(bobs.id));
    assert_eq!(changed(KEY_ID, &bytes_of(alices.id)), open, "this is where the key id stands");
    let second_secret = changed(KEY_ID + 16, &2_u32.to_be_bytes());
    let unlist = changed(KEY_ID + 20, &[2]);
    let for_ever = changed(KEY_ID + 21, &i64::MAX.to_be_bytes());
    let later = changed(KEY_ID + 21, &(now() + chrono::TimeDelta::minutes(6)).timestamp().to_be_bytes());
    let longer = [&raw[..raw.len() - 32], b"Foo.Bar", &raw[raw.len() - 32..]].concat();
    let longer = BASE64_URL_SAFE_NO_PAD.encode(longer);
    let named_raw = BASE64_URL_SAFE_NO_PAD.decode(&named).unwrap();
    let mixed = [&raw[..raw.len() - 32], &named_raw[named_raw.len() - 32..]].concat();
    let mixed = BASE64_URL_SAFE_NO_PAD.encode(mixed);
    for key in [None, Some(text.as_str())] {
        for (name, grant, action, package) in [
            ("another action", &open, "unlist", None),
            ("another action on the package", &named, "unlist", Some("Foo.Bar")),
            ("another package", &named, "push", Some("Foo.Other")),
            ("no package", &named, "push", None),
            ("another account's key", &for_bob, "push", Some("Foo.Bar")),
            ("another secret", &second_secret, "push", Some("Foo.Bar")),
            ("forged action", &unlist, "unlist", Some("Foo.Bar")),
            ("forged expiry", &for_ever, "push", Some("Foo.Bar")),
            ("forged minute", &later, "push", Some("Foo.Bar")),
            ("forged package", &longer, "push", Some("Foo.Bar")),
            ("the seal of another", &mixed, "push", Some("Foo.Bar")),
            ("a key", &text, "push", Some("Foo.Bar")),
            ("nothing", &String::new(), "push", Some("Foo.Bar")),
            ("a very long one", &"A".repeat(10_000), "push", Some("Foo.Bar")),
            ("a line's end", &format!("{open}\r\n"), "push", Some("Foo.Bar")),
        ] {
            let (status, decision) = with(key, grant, action, package).await;
            assert_eq!((status, &decision["reason"]), (403, &json!("unknown")), "{name}: {decision}");
            assert_eq!(decision.get("key_id"), None, "{name}: nothing is told of the key");
        }
        for bit in 0..raw.len() * 8 {
            let flipped = changed(bit / 8, &[raw[bit / 8] ^ (1 << (bit % 8))]);
            let (status, decision) = with(key, &flipped, "push", Some("Foo.Bar")).await;
            assert_eq!((status, &decision["reason"]), (403, &json!("unknown")), "bit {bit}: {decision}");
        }
        for cut in 0..open.len() {
            assert_eq!(with(key, &open[..cut], "push", None).await.1["reason"], "unknown", "{cut} are left");
        }
    }
    assert_eq!(
        ask(&doors, Some(&open), &json!({ "action": "push" })).await.1["reason"],
        "unknown",
        "as a key"
    );
}

#[tokio::test]
async fn every_grant_ends_with_the_secret_it_was_given_for() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = authorizer(&keyring, Clock::new(now));
    let (mut key, text) = make(&keyring, "alice").await;
    let mut text = revealed(text);
    let (_, others) = make(&keyring, "alice").await;
    let others = ask(&doors, Some(&revealed(others)), &json!({ "action": "push" })).await.1["grant"].clone();
    let prefix = "lk".parse().unwrap();
    let mut ended = Vec::new();
    for _ in 0..3 {
        for question in [json!({ "action": "push" }), json!({ "action": "push", "package": "Foo.Bar" })] {
            let first = ask(&doors, Some(&text), &question).await.1["grant"].clone();
            let mut again = question;
            again["grant"] = first.clone();
            let (status, second) = ask(&doors, None, &again).await;
            assert_eq!(status, 200, "{second}");
            ended.extend([first, second["grant"].clone()]);
        }
        let (changed, fresh) = keyring.refresh(&key, &prefix, false, 365, &act("alice")).await.unwrap();
        (key, text) = (changed.key, revealed(fresh));
        for grant in &ended {
            let (status, decision) =
                ask(&doors, None, &json!({ "action": "push", "package": "Foo.Bar", "grant": grant })).await;
            assert_eq!((status, &decision["reason"]), (403, &json!("unknown")), "{decision}");
        }
    }
    let (status, _) =
        ask(&doors, None, &json!({ "action": "push", "package": "Foo.Bar", "grant": others })).await;
    assert_eq!(status, 200, "another key's grant is not touched");
}

#[tokio::test]
async fn a_wrong_secret_of_a_key_that_is_there_and_of_one_that_is_not_are_answered_alike() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let doors = authorizer(&keyring, Clock::new(now));
    let (key, text) = make(&keyring, "alice").await;
    let absent = KeyId::new(key.id.tag(), "000000000000".parse().unwrap());
    let stranger = KeyId::new("nobody".parse::<keys::AccountId>().unwrap().tag(), key.id.number());
    let with = |id: KeyId, secret: u8| {
        revealed(KeyText::new(&"lk".parse().unwrap(), id, &Zeroizing::new([secret; 32])))
    };
    let revoked = keyring.revoke(&key, "by alice".into(), &act("alice")).await.unwrap().key;
    for question in
        [json!({ "action": "push" }), json!({ "action": "unlist", "package": "Foo.Bar", "preflight": true })]
    {
        let nobodys = ask(&doors, Some(&with(absent, 7)), &question).await;
        assert_eq!((nobodys.0, &nobodys.1["reason"]), (403, &json!("unknown")));
        for (id, secret) in [(stranger, 7), (revoked.id, 7), (revoked.id, 0), (revoked.id, 255)] {
            assert_eq!(ask(&doors, Some(&with(id, secret)), &question).await, nobodys);
        }
    }
    assert_eq!(ask(&doors, Some(&revealed(text)), &json!({ "action": "push" })).await.1["reason"], "revoked");
}

/// The six bytes of a key's number.
fn number(id: KeyId) -> Vec<u8> {
    let digits = id.number().to_string();
    (0..6).map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap()).collect()
}
