//! All that lies in the table, read past the keyring.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Region},
    types::AttributeValue,
};
use aws_sdk_kms as kms;

use crate::account::operator;

/// Every pepper in the table, opened as the functions open it. `environment` says where table and KMS are.
pub(crate) async fn peppers(environment: &BTreeMap<String, String>) -> Vec<Vec<u8>> {
    let client = client(&environment["AWS_ENDPOINT_URL_DYNAMODB"]);
    let asked = client.query().table_name(&environment["TABLE_NAME"]).consistent_read(true);
    let asked = asked.key_condition_expression("pk = :pepper");
    let found = asked.expression_attribute_values(":pepper", AttributeValue::S("pepper".to_owned())).send();
    let items = found.await.expect("the peppers can be read").items.unwrap_or_default();
    let kms = kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&environment["AWS_ENDPOINT_URL_KMS"])
        .credentials_provider(operator())
        .build();
    let kms = kms::Client::from_conf(kms);
    let mut peppers = Vec::new();
    for item in items {
        let (AttributeValue::B(ciphertext), AttributeValue::N(version)) =
            (&item["ciphertext"], &item["version"])
        else {
            panic!("a pepper is kept as something else")
        };
        let opened = kms.decrypt().ciphertext_blob(ciphertext.clone());
        let opened =
            opened.encryption_context("purpose", "latchkey pepper").encryption_context("version", version);
        let opened = opened.send().await.expect("KMS opens the peppers");
        peppers.push(opened.plaintext.expect("KMS opens the peppers").into_inner());
    }
    peppers
}

/// One value of one item, with the item's keys and the attribute's name to tell where it is.
pub(crate) struct Value {
    pub(crate) place: String,
    pub(crate) bytes: Vec<u8>,
}

/// Every value of every item, the keys and the names of attributes included.
pub(crate) async fn values(endpoint: &str, table: &str) -> Vec<Value> {
    let scan = client(endpoint).scan().table_name(table).consistent_read(true);
    let mut items = scan.into_paginator().items().send();
    let mut values = Vec::new();
    while let Some(item) = items.next().await {
        let item = item.unwrap_or_else(|error| panic!("the table cannot be read: {error:?}"));
        let key =
            |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        let place = format!("{} / {}", key("pk"), key("sk"));
        for (name, value) in &item {
            gather(&format!("{place}, {name}"), name.as_bytes().to_vec(), &mut values);
            flatten(&format!("{place}, {name}"), value, &mut values);
        }
    }
    values
}

fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(operator())
        .build();
    Client::from_conf(config)
}

fn flatten(place: &str, value: &AttributeValue, values: &mut Vec<Value>) {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => gather(place, text.clone().into_bytes(), values),
        AttributeValue::B(bytes) => gather(place, bytes.clone().into_inner(), values),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => {
            texts.iter().for_each(|text| gather(place, text.clone().into_bytes(), values));
        }
        AttributeValue::Bs(all) => {
            all.iter().for_each(|bytes| gather(place, bytes.clone().into_inner(), values));
        }
        AttributeValue::L(list) => list.iter().for_each(|value| flatten(place, value, values)),
        AttributeValue::M(map) => {
            for (name, value) in map {
                gather(place, name.clone().into_bytes(), values);
                flatten(place, value, values);
            }
        }
        AttributeValue::Bool(_) | AttributeValue::Null(_) => {}
        other => panic!("{place} is of a kind this search does not know: {other:?}"),
    }
}

fn gather(place: &str, bytes: Vec<u8>, values: &mut Vec<Value>) {
    values.push(Value { place: place.to_owned(), bytes });
}
