//! Whatever is wrong with a request to the management API is told by field, all of it at once, and writes nothing.

use serde_json::{Value, json};

use crate::management::{As, Management, id, refused};

/// A call, its body, and the fields that are named.
type Row = (&'static str, Value, &'static [&'static str]);

fn person() -> Vec<Row> {
    let key = |change: Value| {
        let mut key = json!({ "name": "a key", "actions": ["push"], "packages": ["*"] });
        key.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        key
    };
    let numbered = |count: usize| (0..count).map(|number| format!("P{number}")).collect::<Vec<_>>();
    let heavy: Vec<_> = (0..257).map(|number| format!("{number:0>128}")).collect();
    vec![
        ("POST /keys", json!("{"), &["body"]),
        ("POST /keys", json!("[]"), &["body"]),
        ("POST /keys", Value::Null, &["body"]),
        ("POST /keys", json!({}), &["name", "actions", "packages"]),
        ("POST /keys", key(json!({ "name": "" })), &["name"]),
        ("POST /keys", key(json!({ "name": "n".repeat(257) })), &["name"]),
        ("POST /keys", key(json!({ "name": "a\nb" })), &["name"]),
        ("POST /keys", key(json!({ "name": 7 })), &["name"]),
        ("POST /keys", key(json!({ "actions": [] })), &["actions"]),
        ("POST /keys", key(json!({ "actions": ["all"] })), &["actions[0]"]),
        ("POST /keys", key(json!({ "actions": ["push", "Push", 1] })), &["actions[1]", "actions[2]"]),
        ("POST /keys", key(json!({ "packages": [] })), &["packages"]),
        ("POST /keys", key(json!({ "packages": "*" })), &["packages"]),
        (
            "POST /keys",
            key(json!({ "packages": ["a", "", "b?", "c d"] })),
            &["packages[1]", "packages[2]", "packages[3]"],
        ),
        ("POST /keys", key(json!({ "packages": ["x".repeat(129)] })), &["packages[0]"]),
        ("POST /keys", key(json!({ "packages": numbered(1001) })), &["packages"]),
        ("POST /keys", key(json!({ "packages": heavy })), &["packages"]),
        ("POST /keys", key(json!({ "expires_in_days": 0 })), &["expires_in_days"]),
        ("POST /keys", key(json!({ "expires_in_days": -1 })), &["expires_in_days"]),
        ("POST /keys", key(json!({ "expires_in_days": 366 })), &["expires_in_days"]),
        ("POST /keys", key(json!({ "expires_in_days": 1.5 })), &["expires_in_days"]),
        ("POST /keys", key(json!({ "expires_in_days": "1" })), &["expires_in_days"]),
        ("POST /keys", key(json!({ "owner": "" })), &["owner"]),
        ("POST /keys", key(json!({ "scopes": [], "id": 1 })), &["id", "scopes"]),
        ("POST /keys", json!(r#"{"name":"a","name":"b","actions":["push"],"packages":["*"]}"#), &["name"]),
        (
            "POST /keys",
            json!({ "name": "", "actions": ["x"], "packages": ["?"], "expires_in_days": 0, "owner": " ", "z": 1 }),
            &["name", "owner", "actions[0]", "packages[0]", "expires_in_days", "z"],
        ),
        ("POST /keys?dry_run=true", key(json!({})), &["dry_run"]),
        ("GET /keys?limit=0", Value::Null, &["limit"]),
        (
            "GET /keys?limit=101&after=%20&state=active&state=x",
            Value::Null,
            &["limit", "after", "state", "state"],
        ),
        ("GET /keys?limit=", Value::Null, &["limit"]),
        ("GET /keys?after=package~foo", Value::Null, &["after"]),
        ("GET /keys?owner=", Value::Null, &["owner"]),
        ("GET /account?x=1", Value::Null, &["x"]),
        ("GET /packages?matching=a%3F&limit=x", Value::Null, &["matching", "limit"]),
        ("GET /packages?after=key~1", Value::Null, &["after"]),
        ("GET /keys/ID?x=1", Value::Null, &["x"]),
        ("GET /keys/ID/events?limit=1.0&after=event~0~1", Value::Null, &["limit", "after"]),
        ("PATCH /keys/ID", json!({}), &["body"]),
        ("PATCH /keys/ID", json!({ "actions": ["push"], "owner": "bob" }), &["actions", "owner"]),
        ("PATCH /keys/ID", json!({ "name": " ", "packages": [] }), &["name", "packages"]),
        ("POST /keys/ID/refresh", json!({ "restart_lifetime": "yes" }), &["restart_lifetime"]),
        ("POST /keys/ID/refresh", json!({ "expires_in_days": 30 }), &["expires_in_days"]),
        ("POST /keys/ID/refresh", json!("x"), &["body"]),
        ("POST /keys/ID/revoke", json!({ "cause": "x" }), &["cause"]),
        ("DELETE /keys/ID?force=1", Value::Null, &["force"]),
    ]
}

fn gallery() -> Vec<Row> {
    let long = "é".repeat(257);
    let owners: Vec<_> = (0..41).map(|number| format!("u{number}")).collect();
    vec![
        ("PUT /directory/accounts/alice", json!({}), &["name", "kind"]),
        (
            "PUT /directory/accounts/ alice",
            json!({ "name": long, "kind": "robot", "mail": "a\nb", "locked": 1, "revision": 1.5 }),
            &["account", "name", "kind", "mail", "locked", "revision"],
        ),
        (
            "PUT /directory/accounts/alice",
            json!({ "name": "a", "kind": "user", "revision": -1 }),
            &["revision"],
        ),
        ("PUT /directory/accounts/alice", json!({ "name": "a", "kind": "user", "email": "x" }), &["email"]),
        ("DELETE /directory/accounts/alice?revision=x&cause=y", Value::Null, &["revision", "cause"]),
        ("POST /directory/accounts/alice/revoke-keys", json!({}), &["cause"]),
        ("POST /directory/accounts/alice/revoke-keys", json!({ "cause": " " }), &["cause"]),
        ("POST /directory/accounts/alice/revoke-keys", Value::Null, &["body"]),
        ("PUT /directory/packages/a b", json!({ "owners": [] }), &["id", "owners"]),
        ("PUT /directory/packages/Foo", json!({ "owners": owners }), &["owners"]),
        ("PUT /directory/packages/Foo", json!({ "owners": ["alice", "", 1] }), &["owners[1]", "owners[2]"]),
        ("DELETE /directory/packages/a*?revision=-1", Value::Null, &["id", "revision"]),
        ("PUT /directory/organizations/o/members/u", json!({ "role": "owner" }), &["role"]),
        ("DELETE /directory/organizations/ o/members/u ", Value::Null, &["organization", "user"]),
        ("POST /directory", json!({ "changes": [] }), &["entries", "changes"]),
        ("POST /directory", json!({ "entries": [[]] }), &["entries[0]"]),
    ]
}

#[tokio::test]
async fn bad_input_names_its_fields_and_writes_nothing() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({})).await;
    let before = api.aws.items().await;
    let rows = person().into_iter().map(|row| (As::Person("alice"), row));
    for (who, (call, body, fields)) in rows.chain(gallery().into_iter().map(|row| (As::Gallery, row))) {
        let call = call.replace("ID", id(&key));
        let answered = api.call(who, &call, &body).await;
        assert_eq!(answered.status, 400, "{call} {body}: {}", answered.body);
        refused(&answered, 400, "bad_input");
        let errors = answered.body["errors"].as_array().unwrap();
        let named: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(named, fields, "{call} {body}");
        assert!(errors.iter().all(|error| error["message"].as_str().is_some_and(|text| !text.is_empty())));
    }
    assert_eq!(api.aws.items().await, before);
}

#[tokio::test]
async fn bad_headers_are_told_with_the_rest() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({})).await;
    let before = api.aws.items().await;
    let at = format!("PATCH /keys/{}", id(&key));
    let good = json!({ "name": "a key", "actions": ["push"], "packages": ["*"] });
    let long = "x".repeat(256);
    for (call, header, body, fields) in [
        ("POST /keys", ("content-type", "text/plain"), good.clone(), &["content-type"][..]),
        (
            "POST /keys",
            ("content-type", "application/x-www-form-urlencoded"),
            json!("name=a"),
            &["content-type"],
        ),
        ("POST /keys", ("idempotency-key", ""), good.clone(), &["idempotency-key"]),
        ("POST /keys", ("idempotency-key", "a b"), good.clone(), &["idempotency-key"]),
        (
            "POST /keys",
            ("idempotency-key", long.as_str()),
            json!({ "name": "" }),
            &["idempotency-key", "name", "actions", "packages"],
        ),
        (at.as_str(), ("if-match", "latest"), json!({ "name": "" }), &["if-match", "name"]),
    ] {
        let answered = api.send(As::Person("alice"), call, &[header], &body).await;
        refused(&answered, 400, "bad_input");
        let errors = answered.body["errors"].as_array().unwrap();
        let named: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(named, fields, "{call} {header:?}");
    }
    let too_large = json!(format!("{{\"name\":\"{}\"}}", "n".repeat(256 * 1024)));
    refused(&api.call(As::Person("alice"), "POST /keys", &too_large).await, 413, "too_large");
    assert_eq!(api.aws.items().await, before);
}
