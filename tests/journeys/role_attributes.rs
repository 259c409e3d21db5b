//! What the authorizer writes to a key names no attribute that its role does not let it name: neither one that it sets or
//! removes, nor one that a condition compares. DynamoDB counts all of them (`dynamodb:Attributes`), and no emulator does.

use std::{collections::BTreeSet, fs};

use chrono::TimeDelta;
use keyring::{Keyring, LegacyKey, LegacySecret};
use keys::{HandOverWindow, LegacyText, NugetStored};
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    authorizer::{ask, authorizer},
    aws::{Aws, act, make, now},
    legacy_keyring::{GUID, STORED},
    places,
};

/// Words of an expression that are no attributes.
const WORDS: [&str; 7] =
    ["AND", "OR", "SET", "REMOVE", "attribute_exists", "attribute_not_exists", "if_not_exists"];

/// What the template lets the authorizer name.
fn allowed() -> BTreeSet<String> {
    let template = fs::read_to_string(places::workspace().join("infra/template.yaml")).unwrap();
    let (_, statement) = template.split_once("Sid: NotePushAndReplaceHash").unwrap();
    let (_, list) = statement.split_once("dynamodb:Attributes:\n").unwrap();
    list.lines().map_while(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect()
}

/// What a call names.
fn named(call: &Value) -> BTreeSet<String> {
    let aliases = call["ExpressionAttributeNames"].as_object().into_iter().flatten();
    let mut named: BTreeSet<String> = aliases.map(|(_, name)| name.as_str().unwrap().to_owned()).collect();
    named.extend(call["Key"].as_object().unwrap().keys().cloned());
    for expression in ["UpdateExpression", "ConditionExpression"] {
        let text = call[expression].as_str().unwrap_or_default();
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_#:".contains(letter));
        let plain = words.filter(|word| !word.is_empty() && !word.starts_with(['#', ':']));
        named.extend(plain.filter(|word| !WORDS.contains(word)).map(str::to_owned));
    }
    named
}

async fn import(keyring: &Keyring, secret: LegacySecret) {
    let legacy = LegacyKey { account: "alice".parse().unwrap(), secret, last_push_at: None };
    keyring.import(&legacy, &act("gallery")).await.unwrap();
}

#[tokio::test]
async fn what_the_authorizer_writes_to_a_key_names_what_its_role_allows_and_all_of_that() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (key, old) = make(&keyring, "alice").await;
    let window = HandOverWindow::default();
    let begun = keyring.hand_over(&key, &"lk".parse().unwrap(), window, 365, &act("alice")).await;
    let (_, new) = begun.unwrap();
    import(&keyring, LegacySecret::Text(LegacyText::parse("11111111-1111-1111-1111-111111111111").unwrap()))
        .await;
    import(&keyring, LegacySecret::Stored(NugetStored::parse(STORED).unwrap())).await;

    let before = aws.overheard.said().all().len();
    let doors = authorizer(&keyring, Clock::new(|| now() + TimeDelta::hours(2)));
    let texts = [old.reveal().to_string(), new.reveal().to_string()];
    let legacy = ["11111111-1111-1111-1111-111111111111", GUID].map(str::to_owned);
    for text in texts.iter().chain(&legacy) {
        let asked = json!({ "action": "push", "package": "Foo.Bar" });
        let (status, decision) = ask(&doors, Some(text), &asked).await;
        assert_eq!(status, 200, "{decision}");
    }
    let said = aws.overheard.said().all().split_off(before);
    let calls =
        said.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let of_keys = |call: &Value| {
        let sk = call["Key"]["sk"]["S"].as_str().unwrap_or_default();
        call["UpdateExpression"].is_string() && sk.starts_with("key#")
    };
    let calls: Vec<Value> = calls.filter(of_keys).collect();
    // Two last pushes of scoped secrets, one of them a hand-over; a legacy key's by its MAC; another's hash and push.
    assert_eq!(calls.len(), 5, "{calls:#?}");
    let named: BTreeSet<String> = calls.iter().flat_map(named).collect();
    // DynamoDB asks for the attributes of every key and index beside these.
    let with_index =
        named.into_iter().chain(["due_shard".to_owned(), "due_key".to_owned()]).collect::<BTreeSet<_>>();
    assert_eq!(with_index, allowed());
}
