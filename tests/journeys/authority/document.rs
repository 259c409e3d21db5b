//! Requests made from the OpenAPI document: each operation with every value it takes, and what each of these values is
//! the name of. An operation with a value that nobody has told the meaning of ends the journey, so that a new one is told.

use serde_json::{Map, Value, json};

/// What a value of a request is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Account,
    Key,
    Package,
    /// A place in a list.
    Place,
    /// A request that is made once.
    Once,
}

/// What is to be sent as a value.
enum Sent {
    /// Something that belongs to somebody.
    Name(Meaning),
    /// The same always.
    Fixed(Value),
    /// Nothing: another value stands in its place.
    Nothing,
}

/// Where in a request a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Path(String),
    Query(String),
    Header(String),
    /// By its JSON pointer.
    Body(String),
}

/// One operation of the document.
pub(crate) struct Operation {
    /// `GET /keys/{id}`.
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whether people are refused here whatever they say.
    pub(crate) of_the_gallery: bool,
    /// Every value that names something.
    pub(crate) names: Vec<(Spot, Meaning)>,
    /// Parameters that are always the same.
    pub(crate) fixed: Vec<(Spot, String)>,
    /// The body, null where it has none. What names something is still to be put in.
    pub(crate) body: Value,
}

/// What the value of this name is, in an operation of this path.
fn told(path: &str, name: &str) -> Option<Sent> {
    use Meaning::{Account, Key, Once, Package, Place};
    Some(match name {
        "id" if path.starts_with("/keys/") => Sent::Name(Key),
        "key_id" => Sent::Name(Key),
        "id" | "packages" | "matching" => Sent::Name(Package),
        "account" | "owner" | "owners" | "organization" | "user" => Sent::Name(Account),
        "after" => Sent::Name(Place),
        "Idempotency-Key" => Sent::Name(Once),
        // The version of each of the victim's keys.
        "If-Match" => Sent::Fixed(json!("\"1\"")),
        "If-None-Match" => Sent::Fixed(json!("\"0123456789abcdef\"")),
        "link" => Sent::Fixed(json!("AQAAAAE0EXAMPLEexampleEXAMPLEexampleEXAMPLEexampleEXAMP")),
        "file" => Sent::Fixed(json!("latchkey-api-keys.js")),
        "limit" => Sent::Fixed(json!("10")),
        "revision" => Sent::Fixed(json!(7)),
        "name" => Sent::Fixed(json!("whatever")),
        "mail" => Sent::Fixed(json!("elsewhere@example.test")),
        "kind" => Sent::Fixed(json!("user")),
        "locked" | "restart_lifetime" | "self_refresh" => Sent::Fixed(json!(true)),
        "role" => Sent::Fixed(json!("admin")),
        "cause" => Sent::Fixed(json!("because")),
        "actions" => Sent::Fixed(json!("push")),
        "expires_in_days" => Sent::Fixed(json!(30)),
        "key_text" => Sent::Fixed(json!("00000000-0000-4000-8000-000000000000")),
        // It does not go with restart_lifetime.
        "nuget_stored" | "hand_over_days" => Sent::Nothing,
        "last_push_at" => Sent::Fixed(json!("2026-01-01T00:00:00Z")),
        // Of a leak report, which nobody here can sign.
        "Github-Public-Key-Identifier" | "Github-Public-Key-Signature" => Sent::Fixed(json!("bm9uZQ==")),
        "token" | "type" => Sent::Fixed(json!("whatever")),
        "url" => Sent::Nothing,
        _ => return None,
    })
}

/// Every operation.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("there are paths") {
        for (method, operation) in item.as_object().expect("a path has operations") {
            operations.push(Operation::read(document, &method.to_uppercase(), path, operation));
        }
    }
    operations
}

impl Operation {
    fn read(document: &Value, method: &str, path: &str, operation: &Value) -> Self {
        let mut read = Self {
            name: format!("{method} {path}"),
            method: method.to_owned(),
            path: path.to_owned(),
            of_the_gallery: operation["security"][0].get("gallery").is_some(),
            names: Vec::new(),
            fixed: Vec::new(),
            body: Value::Null,
        };
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let text = |field: &str| parameter[field].as_str().expect("a parameter has a name and a place");
            let name = text("name").to_owned();
            let spot = match text("in") {
                "path" => Spot::Path(name.clone()),
                "query" => Spot::Query(name.clone()),
                "header" => Spot::Header(name.clone()),
                other => panic!("{}: nobody has told how to fill a parameter in {other}", read.name),
            };
            match read.value(&name) {
                Sent::Name(meaning) => read.names.push((spot, meaning)),
                Sent::Fixed(value) => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    read.fixed.push((spot, text));
                }
                Sent::Nothing => {}
            }
        }
        let content = &operation["requestBody"]["content"];
        if !content.is_null() {
            let schema = &content["application/json"]["schema"];
            assert!(schema.is_object(), "{}: nobody has told how to fill {content}", read.name);
            read.body = read.fill(document, schema, "", "");
        }
        read
    }

    fn value(&self, name: &str) -> Sent {
        told(&self.path, name).unwrap_or_else(|| panic!("{}: nobody has told what {name} is", self.name))
    }

    /// A value as the schema has it. `name` is that of the nearest field.
    fn fill(&mut self, document: &Value, schema: &Value, name: &str, pointer: &str) -> Value {
        if let Some(target) = schema["$ref"].as_str() {
            let schema = document.pointer(&target[1..]).expect("a reference leads somewhere");
            return self.fill(document, schema, name, pointer);
        }
        let several = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        if let Some(several) = several {
            let one = several.iter().find(|schema| schema["type"] != "null").expect("one of them is a value");
            return self.fill(document, one, name, pointer);
        }
        if let Some([only]) = schema["enum"].as_array().map(Vec::as_slice) {
            return only.clone();
        }
        let of_type = |wanted: &str| match &schema["type"] {
            Value::Array(types) => types.iter().any(|name| name == wanted),
            one => one == wanted,
        };
        if of_type("object") {
            let properties = schema["properties"].as_object();
            let properties = properties.unwrap_or_else(|| panic!("{}: {pointer} is any object", self.name));
            let mut object = Map::new();
            for (name, schema) in properties {
                let value = self.fill(document, schema, name, &format!("{pointer}/{name}"));
                if !value.is_null() {
                    object.insert(name.clone(), value);
                }
            }
            return object.into();
        }
        if of_type("array") {
            let items = resolved(document, &schema["items"]);
            let alternatives = items["oneOf"].as_array().cloned().unwrap_or_else(|| vec![items.clone()]);
            let filled = alternatives.iter().enumerate();
            return filled
                .map(|(place, it)| self.fill(document, it, name, &format!("{pointer}/{place}")))
                .collect();
        }
        match self.value(name) {
            Sent::Fixed(value) => value,
            Sent::Nothing => Value::Null,
            Sent::Name(meaning) => {
                self.names.push((Spot::Body(pointer.to_owned()), meaning));
                json!("to be named")
            }
        }
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => document.pointer(&target[1..]).expect("a reference leads somewhere"),
        None => schema,
    }
}

#[test]
fn a_route_that_nobody_has_told_how_to_fill_ends_the_journey() {
    let with = |parameter: Value, body: Value| {
        json!({ "paths": { "/new": { "post": {
            "parameters": [parameter],
            "requestBody": { "content": { "application/json": { "schema": body } } },
        } } } })
    };
    let known = json!({ "name": "owner", "in": "query" });
    let object = |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } } });
    let fills = |document: Value| std::panic::catch_unwind(|| operations(&document).len()).is_ok();
    assert!(fills(with(known.clone(), object("owner"))));
    for unknown in [
        with(json!({ "name": "novel", "in": "query" }), object("owner")),
        with(json!({ "name": "owner", "in": "cookie" }), object("owner")),
        with(known.clone(), object("novel")),
        with(known, json!({ "type": "object" })),
    ] {
        assert!(!fills(unknown.clone()), "{unknown}");
    }
}
