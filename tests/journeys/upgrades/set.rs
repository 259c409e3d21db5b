//! A set of stored items, as DynamoDB's JSON has them, and what is known of them beside.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
};

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use keys::KeyId;
use serde_json::{Map, Value, json};

use crate::{
    aws::{Aws, TABLE},
    places,
};

/// An item, its attributes in order.
pub(super) type Item = BTreeMap<String, AttributeValue>;

/// The items that a release has written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Set {
    /// The release.
    pub(super) release: String,
    pub(super) items: Vec<Item>,
    pub(super) known: Known,
}

/// What cannot be found out from the items.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// When they were written.
    pub(super) written_at: DateTime<Utc>,
    /// By the name that the scenario gives it, each key's id and the end of its text: secret and checksum.
    pub(super) keys: BTreeMap<String, (KeyId, String)>,
}

impl Known {
    pub(super) fn id(&self, name: &str) -> KeyId {
        self.keys[name].0
    }

    /// The whole text, which stands in no file.
    pub(super) fn text(&self, name: &str) -> String {
        let (id, end) = &self.keys[name];
        format!("lk_{id}_{end}")
    }
}

fn folder() -> PathBuf {
    places::workspace().join("tests/items")
}

/// Every set there is, the oldest release's first.
pub(super) fn all() -> Vec<Set> {
    let folders = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut releases: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    releases.sort_by_key(|release| {
        release.split('.').map(|part| part.parse::<u32>().unwrap()).collect::<Vec<_>>()
    });
    releases.iter().map(|release| Set::read(release)).collect()
}

impl Set {
    fn read(release: &str) -> Self {
        let json = |name: &str| -> Value {
            let file = folder().join(release).join(name);
            serde_json::from_slice(&fs::read(&file).unwrap())
                .unwrap_or_else(|error| panic!("{file:?}: {error}"))
        };
        let items = json("items.json").as_array().unwrap().iter().map(item).collect();
        let known = json("known.json");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = |(name, key): (&String, &Value)| {
            (name.clone(), (text(&key["id"]).parse().unwrap(), text(&key["end_of_text"])))
        };
        let keys = known["keys"].as_object().unwrap().iter().map(key).collect();
        let written_at = text(&known["written_at"]).parse().unwrap();
        Self { release: release.to_owned(), items, known: Known { written_at, keys } }
    }

    /// Writes it, where no set of this release is yet.
    pub(super) fn write(&self) {
        let folder = folder().join(&self.release);
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let items: Vec<Value> = self.items.iter().map(to_json).collect();
        let key = |(id, end): &(KeyId, String)| json!({ "id": id.to_string(), "end_of_text": end });
        let keys: BTreeMap<&String, Value> =
            self.known.keys.iter().map(|(name, made)| (name, key(made))).collect();
        let known = json!({ "written_at": self.known.written_at, "keys": keys });
        for (name, content) in [("items.json", Value::Array(items)), ("known.json", known)] {
            fs::write(folder.join(name), format!("{content:#}\n")).unwrap();
        }
    }

    /// Puts the items into a table.
    pub(super) async fn put_into(&self, aws: &Aws) {
        for items in self.items.chunks(25) {
            let put = |item: &Item| {
                let put = PutRequest::builder().set_item(Some(item.clone().into_iter().collect()));
                WriteRequest::builder().put_request(put.build().unwrap()).build()
            };
            let call = aws.dynamodb.batch_write_item().request_items(TABLE, items.iter().map(put).collect());
            let left = call.send().await.unwrap().unprocessed_items.unwrap_or_default();
            assert!(left.is_empty());
        }
    }
}

/// Everything in the table, by place.
pub(super) async fn items_of(aws: &Aws) -> Vec<Item> {
    let scan = aws.dynamodb.scan().table_name(TABLE).consistent_read(true);
    let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    let mut items: Vec<Item> =
        items.into_iter().map(|item: HashMap<_, _>| item.into_iter().collect()).collect();
    items.sort_by_key(place);
    items
}

/// An item's pk and sk.
pub(super) fn place(item: &Item) -> (String, String) {
    (item["pk"].as_s().unwrap().clone(), item["sk"].as_s().unwrap().clone())
}

fn item(json: &Value) -> Item {
    let attributes = json.as_object().unwrap().iter();
    attributes.map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn to_json(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), value_of(value))).collect::<Map<_, _>>().into()
}

fn attribute(json: &Value) -> AttributeValue {
    let (kind, value) = json.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "B" => AttributeValue::B(Blob::new(BASE64_STANDARD.decode(text()).unwrap())),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        other => panic!("no release has written an attribute of the type {other}"),
    }
}

fn value_of(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": BASE64_STANDARD.encode(bytes) }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::L(list) => json!({ "L": list.iter().map(value_of).collect::<Vec<_>>() }),
        other => panic!("the set's files do not know an attribute like {other:?}"),
    }
}
