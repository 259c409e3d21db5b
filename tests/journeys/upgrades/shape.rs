//! What a kind of item looks like, whatever stands in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use aws_sdk_dynamodb::types::AttributeValue;
use regex::Regex;

use super::set::{Item, place};

/// A run of hexadecimal digits: a tag, a number, a digest, a time.
static RUN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{10,}").unwrap());

/// Each kind of item, with every form that its items have: which attributes of which types, and how the texts are put
/// together that others than the item itself know.
pub(super) fn shapes(items: &[Item]) -> BTreeMap<String, BTreeSet<BTreeMap<String, String>>> {
    let mut shapes: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for item in items {
        let shape = item.iter().map(|(name, value)| (name.clone(), form(name, value))).collect();
        shapes.entry(kind(item)).or_default().insert(shape);
    }
    shapes
}

/// The row of the keyring's table of items that this one belongs to.
pub(super) fn kind(item: &Item) -> String {
    let (pk, sk) = place(item);
    let first = |key: &str| key.split('#').next().unwrap_or_default().to_owned();
    match first(&pk).as_str() {
        "account" if sk.starts_with("package#") => "owned package".to_owned(),
        "account" => first(&sk),
        other => other.to_owned(),
    }
}

fn form(name: &str, value: &AttributeValue) -> String {
    match (name, value) {
        ("pk" | "sk" | "due_key", AttributeValue::S(text)) => {
            let form = RUN.replace_all(text, |run: &regex::Captures<'_>| format!("<{}>", run[0].len()));
            // Over which shard an account falls says nothing of the format.
            if form.starts_with("outbox#") { "outbox#<2>".to_owned() } else { form.into_owned() }
        }
        ("v", AttributeValue::N(number)) => number.clone(),
        (_, AttributeValue::S(_)) => "S".to_owned(),
        (_, AttributeValue::N(_)) => "N".to_owned(),
        (_, AttributeValue::B(bytes)) => format!("B of {}", bytes.as_ref().len()),
        (_, AttributeValue::Bool(_)) => "BOOL".to_owned(),
        (_, AttributeValue::L(list)) => {
            let forms: BTreeSet<_> = list.iter().map(|value| form("", value)).collect();
            format!("L of {forms:?}")
        }
        (name, other) => panic!("{name} is of a type without a form: {other:?}"),
    }
}
