//! All that lies in the table, read past the keyring.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Region},
    types::AttributeValue,
};

use crate::account::operator;

/// One value of one item, with the item's keys and the attribute's name to tell where it is.
pub(crate) struct Value {
    pub(crate) place: String,
    pub(crate) bytes: Vec<u8>,
}

/// Every value of every item, the keys and the names of attributes included.
pub(crate) async fn values(endpoint: &str, table: &str) -> Vec<Value> {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(operator())
        .build();
    let scan = Client::from_conf(config).scan().table_name(table).consistent_read(true);
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
