//! What is true of a table in which nothing was done by halves, found by reading all of it past the keyring.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use keys::AccountId;
use serde_json::Value;

type Item = HashMap<String, AttributeValue>;

/// The table, item by item.
#[derive(Debug)]
pub(crate) struct WholeTable(BTreeMap<(String, String), Item>);

/// What a key's history counts.
#[derive(Default)]
struct Count {
    /// Each change of a key by anybody raises its version by one and has one event. How a hand-over ends is none.
    changes: u64,
    created: u64,
    deleted: u64,
    /// Changes that people are told of.
    told: u64,
}

impl WholeTable {
    pub(crate) async fn read(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Self {
        let scan = dynamodb.scan().table_name(table).consistent_read(true);
        let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let items = items.unwrap_or_else(|error| panic!("the table cannot be read: {error:?}"));
        Self(items.into_iter().map(|item| ((text(&item, "pk"), text(&item, "sk")), item)).collect())
    }

    /// Puts the table back to what this is, as a restore does, and takes away what is not in it.
    pub(crate) async fn restore(&self, dynamodb: &aws_sdk_dynamodb::Client, table: &str) {
        for (pk, sk) in Self::read(dynamodb, table).await.0.into_keys() {
            let delete = dynamodb.delete_item().table_name(table);
            let delete = delete.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk));
            delete.send().await.unwrap_or_else(|error| panic!("an item cannot be removed: {error:?}"));
        }
        for item in self.0.values() {
            let put = dynamodb.put_item().table_name(table).set_item(Some(item.clone()));
            put.send().await.unwrap_or_else(|error| panic!("an item cannot be put back: {error:?}"));
        }
    }

    pub(crate) fn keys(&self) -> usize {
        self.0.keys().filter(|(_, sk)| sk.starts_with("key#")).count()
    }

    /// What is there by halves: a key without its account, event, pointer, pepper or notice, or one of these without its key;
    /// a member or an owner told of on one side only. `mails` is the mailbox.
    pub(crate) fn halves(&self, mails: &[Value]) -> Vec<String> {
        let mut found = Vec::new();
        let mut wrong = |right: bool, what: String| {
            if !right {
                found.push(what);
            }
        };
        let counts = self.counts();
        let told = self.told(mails);
        let mut there = BTreeSet::new();
        for ((pk, sk), item) in &self.0 {
            let other = |pk: String, sk: String| self.0.get(&(pk, sk));
            let tag = pk.trim_start_matches("account#");
            if let Some(number) = sk.strip_prefix("key#") {
                let (id, owner) = (text(item, "id"), text(item, "owner"));
                there.insert(id.clone());
                let account = other(pk.clone(), "account".to_owned());
                let held = account.is_some_and(|account| text(account, "account") == text(item, "holder"));
                wrong(held, format!("key {id} without its account"));
                let count = counts.get(&(pk.clone(), number.to_owned()));
                let version: u64 = number_of(item, "version");
                let same = count.is_some_and(|count| {
                    count.created == 1 && count.changes == version && count.deleted == 0
                });
                wrong(same, format!("key {id} in version {version} without its {version} events"));
                let second = item.contains_key("hand_over_pepper").then_some("hand_over_pepper");
                for name in ["pepper"].into_iter().chain(second) {
                    let pepper = format!("{:010}", number_of(item, name));
                    let there = other("pepper".to_owned(), pepper).is_some();
                    wrong(there, format!("key {id} without its {name}"));
                }
                if owner != text(item, "holder") {
                    let place = (partition(&owner), format!("held#{number}#{tag}"));
                    wrong(self.0.contains_key(&place), format!("key {id} without its pointer"));
                }
                let notices = told.get(&id).copied().unwrap_or_default();
                let due = count.map_or(0, |count| count.told);
                wrong(
                    notices >= due,
                    format!("key {id}: {due} changes to tell of, {notices} told or waiting"),
                );
            } else if let Some(rest) = sk.strip_prefix("held#") {
                let (number, holder) = rest.split_once('#').unwrap();
                let key = other(format!("account#{holder}"), format!("key#{number}"));
                let whole = key.is_some_and(|key| partition(&text(key, "owner")) == *pk);
                wrong(whole, format!("a pointer {rest} without its key"));
            } else if let Some(user) = sk.strip_prefix("member#") {
                let twin = other(format!("account#{user}"), format!("org#{tag}"));
                wrong(
                    twin.is_some_and(|twin| twin.contains_key("gone") == item.contains_key("gone")),
                    format!("member {user} on one side only"),
                );
            } else if let Some(organization) = sk.strip_prefix("org#") {
                let twin = other(format!("account#{organization}"), format!("member#{tag}"));
                wrong(twin.is_some(), format!("membership of {organization} on one side only"));
            } else if let Some(package) = sk.strip_prefix("package#") {
                wrong(
                    other(format!("package#{package}"), "package".to_owned()).is_some(),
                    format!("an owned package {package} that is not there"),
                );
            }
        }
        for ((pk, number), count) in &counts {
            let key = self.0.contains_key(&(pk.clone(), format!("key#{number}")));
            let whole = count.created == 1 && if key { count.deleted == 0 } else { count.deleted == 1 };
            wrong(whole, format!("events of {pk} {number} without their key, or with one that was deleted"));
        }
        for ((pk, _), item) in self.0.iter().filter(|((_, sk), _)| sk.starts_with("once#")) {
            let id = text(item, "key");
            let number = id.parse::<keys::KeyId>().unwrap().number().to_string();
            let whole = there.contains(&id)
                || counts.get(&(pk.clone(), number)).is_some_and(|count| count.deleted == 1);
            wrong(whole, format!("an idempotency mark of key {id}, which was never made"));
        }
        found
    }

    fn counts(&self) -> BTreeMap<(String, String), Count> {
        let mut counts: BTreeMap<_, Count> = BTreeMap::new();
        for ((pk, sk), item) in &self.0 {
            let Some(number) = sk.strip_prefix("event#").and_then(|rest| rest.split('#').next()) else {
                continue;
            };
            let count = counts.entry((pk.clone(), number.to_owned())).or_default();
            let what = text(item, "what");
            match what.as_str() {
                "created" => count.created += 1,
                "deleted" => count.deleted += 1,
                _ => {}
            }
            // What a restore had undone is frozen again in the version that the key has.
            let again = what == "frozen" && text(item, "from") == "restore";
            let changes =
                ["created", "edited", "refreshed", "hand_over_begun", "frozen", "thawed", "revoked"];
            count.changes += u64::from(changes.contains(&what.as_str()) && !again);
            let scope_changed = number_of(item, "added_count") + number_of(item, "removed_count") > 0;
            let by_time = ["handed_over", "hand_over_lapsed"].contains(&what.as_str());
            let always = by_time || (changes.contains(&what.as_str()) && what != "edited");
            count.told += u64::from(always || scope_changed);
        }
        counts
    }

    /// How often people were told of each key, or will be.
    fn told(&self, mails: &[Value]) -> HashMap<String, u64> {
        let mut told: HashMap<String, u64> = HashMap::new();
        let waiting = self.0.iter().filter(|((pk, _), _)| pk.starts_with("outbox#"));
        for (_, item) in waiting {
            *told.entry(text(item, "key")).or_default() += 1;
        }
        let is_id_letter = |letter: char| letter.is_ascii_alphanumeric();
        for mail in mails {
            let words: BTreeSet<&str> =
                mail["text"].as_str().unwrap().split(|letter| !is_id_letter(letter)).collect();
            for id in words.into_iter().filter(|word| word.parse::<keys::KeyId>().is_ok()) {
                *told.entry(id.to_owned()).or_default() += 1;
            }
        }
        told
    }
}

fn partition(account: &str) -> String {
    format!("account#{}", account.parse::<AccountId>().unwrap().tag())
}

fn text(item: &Item, name: &str) -> String {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

fn number_of(item: &Item, name: &str) -> u64 {
    item.get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}
