//! What a call is about, in words for a row of the matrix: its operation, and the kinds of items it names.

use std::collections::HashMap;

use serde_json::Value;

/// The name of a call with this `x-amz-target` (none: SES) and body.
pub(crate) fn label(target: Option<&str>, body: &[u8]) -> String {
    let Some(operation) = target.and_then(|target| target.rsplit('.').next()) else {
        return "SendEmail".to_owned();
    };
    let body: Value = serde_json::from_slice(body).unwrap();
    let kinds = match operation {
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().unwrap().values();
            tables.flat_map(|table| table["Keys"].as_array().unwrap()).map(kind).collect()
        }
        "Query" => vec![queried(&body)],
        "TransactWriteItems" => {
            let parts = body["TransactItems"].as_array().unwrap().iter();
            let part = |part: &Value| {
                let (does, part) = part.as_object().unwrap().iter().next().unwrap();
                match (does.as_str(), kind(if part["Item"].is_null() { &part["Key"] } else { &part["Item"] }))
                {
                    ("Update", "notice") => "notice, taken",
                    ("Delete", "notice") => "notice, removed",
                    (_, kind) => kind,
                }
            };
            parts.map(part).collect()
        }
        "GetItem" => vec![kind(&body["Key"])],
        "DeleteItem" => vec![kind(&body["Key"])],
        "PutItem" => vec![kind(&body["Item"])],
        "UpdateItem" => vec![updated(&body)],
        // KMS.
        _ => return operation.to_owned(),
    };
    let mut kinds: Vec<&str> = kinds;
    let mut seen = HashMap::new();
    kinds.retain(|kind| seen.insert(*kind, ()).is_none());
    format!("{operation} {}", kinds.join(", "))
}

fn queried(body: &Value) -> &'static str {
    if body["IndexName"].is_string() {
        return "due";
    }
    let values = body["ExpressionAttributeValues"].as_object().unwrap();
    let texts: Vec<&str> = values.values().filter_map(|value| value["S"].as_str()).collect();
    let pk = texts.iter().find(|text| kind_of(text, "").is_some()).copied().unwrap_or_default();
    let sk = texts.iter().find(|text| **text != pk).copied().unwrap_or_default();
    kind_of(pk, sk).unwrap_or("?")
}

fn updated(body: &Value) -> &'static str {
    let expression = body["UpdateExpression"].as_str().unwrap();
    let kind = kind(&body["Key"]);
    let names = body["ExpressionAttributeNames"].as_object();
    let sets = |name: &str| names.is_some_and(|names| names.values().any(|value| *value == *name));
    match kind {
        "notice" if expression.starts_with("REMOVE") => "notice, given back",
        "notice" => "notice, taken",
        "key" if sets("last_push_at") => "last push",
        "key" => "hash",
        other => other,
    }
}

/// Of what kind the item with these keys is.
pub(super) fn kind(key: &Value) -> &'static str {
    let text = |name: &str| key[name]["S"].as_str().unwrap_or_default();
    kind_of(text("pk"), text("sk")).unwrap_or("?")
}

fn kind_of(pk: &str, sk: &str) -> Option<&'static str> {
    let (pk, _) = pk.split_once('#').unwrap_or((pk, ""));
    let (sk, _) = sk.split_once('#').unwrap_or((sk, ""));
    Some(match (pk, sk) {
        ("outbox", _) => "notice",
        ("package", _) => "package",
        ("legacy", _) => "legacy pointer",
        ("pushed", _) => "pushed package",
        ("pepper", _) => "pepper",
        ("account", "key") => "key",
        ("account", "held") => "held key",
        ("account", "event") => "event",
        ("account", "once") => "mark",
        ("account", "package") => "owned package",
        ("account", "member") => "member",
        ("account", "org") => "membership",
        ("account", _) => "account",
        _ => return None,
    })
}
