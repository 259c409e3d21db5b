//! Bad input is answered with a problem that names the field, and changes nothing.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    directory::Directory,
    http::Reply,
    publisher::{Publisher, id},
};

#[tokio::test]
async fn a_key_that_is_asked_for_badly_is_not_made() {
    let stage = stage!("bad_create");
    let alice = Publisher::sign_in(&stage, "alice").await;
    Publisher::sign_in(&stage, "bob").await;
    Directory(&stage).put_account("contoso", "organization").await;
    let before = stage.mail().await;

    let many: Vec<String> = (0..1001).map(|number| format!("Tailspin.{number}")).collect();
    let heavy: Vec<String> = (0..300).map(|number| format!("{number:0>128}")).collect();
    for (change, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "   " }), "name"),
        (json!({ "name": "n".repeat(257) }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "actions": [] }), "actions"),
        (json!({ "actions": null }), "actions"),
        (json!({ "actions": "push" }), "actions"),
        (json!({ "actions": ["push", "all"] }), "actions"),
        (json!({ "actions": ["package:push"] }), "actions"),
        (json!({ "actions": [""] }), "actions"),
        (json!({ "packages": [] }), "packages"),
        (json!({ "packages": null }), "packages"),
        (json!({ "packages": "*" }), "packages"),
        (json!({ "packages": [""] }), "packages"),
        (json!({ "packages": ["  "] }), "packages"),
        (json!({ "packages": ["Tailspin.*", null] }), "packages"),
        (json!({ "packages": ["Tailspin.?"] }), "packages"),
        (json!({ "packages": ["Tailspin Tools"] }), "packages"),
        (json!({ "packages": ["a".repeat(129)] }), "packages"),
        (json!({ "packages": many }), "packages"),
        (json!({ "packages": heavy }), "packages"),
        (json!({ "expires_in_days": 0 }), "expires_in_days"),
        (json!({ "expires_in_days": -1 }), "expires_in_days"),
        (json!({ "expires_in_days": 366 }), "expires_in_days"),
        (json!({ "expires_in_days": 1.5 }), "expires_in_days"),
        (json!({ "expires_in_days": "30" }), "expires_in_days"),
        (json!({ "expires_in_days": 99_999_999_999_999_999_u64 }), "expires_in_days"),
        (json!({ "owner": "" }), "owner"),
        (json!({ "owner": "bob" }), "owner"),
        (json!({ "owner": "contoso" }), "owner"),
        (json!({ "owner": "nobody" }), "owner"),
        (json!({ "scopes": ["*"] }), "scopes"),
        (json!({ "id": "0000000000000000000000" }), "id"),
    ] {
        let mut body = json!({ "name": "a key", "actions": ["push"], "packages": ["*"] });
        merge(&mut body, &change);
        let status = if field == "owner" && change["owner"] != "" { 403 } else { 400 };
        names(alice.call(Method::POST, "/keys", &body).await, status, field);
    }
    for missing in ["name", "actions", "packages"] {
        let mut body = json!({ "name": "a key", "actions": ["push"], "packages": ["*"] });
        body.as_object_mut().unwrap().remove(missing);
        names(alice.call(Method::POST, "/keys", &body).await, 400, missing);
    }
    for text in
        ["", "{", "[]", "null", "7", "{\"name\": \"a\"} x", "\u{0}", "{\"name\":\"a\",\"name\":\"b\"}"]
    {
        problem(alice.send(Method::POST, "/keys", text.as_bytes()).await, 400);
    }
    problem(alice.send(Method::POST, "/keys", &[0xff, 0xfe, 0x00]).await, 400);
    problem(alice.send(Method::POST, "/keys", " ".repeat(257 * 1024).as_bytes()).await, 413);

    assert_eq!(alice.keys().await, Vec::<Value>::new());
    assert_eq!(stage.mail().await, before);
    stage.finish().await;
}

#[tokio::test]
async fn a_key_is_not_changed_by_what_may_not_be_asked_of_it() {
    let stage = stage!("bad_change");
    let (alice, bob) = (Publisher::sign_in(&stage, "alice").await, Publisher::sign_in(&stage, "bob").await);
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let key = &made.key;
    let before = stage.mail().await;

    for (change, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "packages": [] }), "packages"),
        (json!({ "packages": ["[a]"] }), "packages"),
        (json!({ "actions": ["push", "unlist"] }), "actions"),
        (json!({ "owner": "bob" }), "owner"),
        (json!({ "expires_at": "2999-01-01T00:00:00Z" }), "expires_at"),
    ] {
        names(alice.call_about(Method::PATCH, key, "", &change).await, 400, field);
    }
    names(
        alice.call_about(Method::POST, key, "/refresh", &json!({ "restart_lifetime": 1 })).await,
        400,
        "restart_lifetime",
    );

    let stale = json!({ "id": key["id"], "version": key["version"].as_u64().unwrap() + 1 });
    let ghost = json!({ "id": "0EXAMPLEexampleEXAMPLE", "version": 1 });
    for (method, act, body) in [
        (Method::PATCH, "", json!({ "name": "another" })),
        (Method::POST, "/refresh", json!({})),
        (Method::POST, "/revoke", Value::Null),
        (Method::DELETE, "", Value::Null),
    ] {
        problem(alice.call_about(method.clone(), &stale, act, &body).await, 412);
        problem(alice.call_about(method.clone(), &ghost, act, &body).await, 404);
        problem(bob.call_about(method, key, act, &body).await, 404);
    }
    problem(bob.call(Method::GET, &format!("/keys/{}", id(key)), &Value::Null).await, 404);
    problem(alice.call(Method::GET, "/keys/not-an-id", &Value::Null).await, 404);
    for query in ["limit=0", "limit=101", "limit=x", "after=x"] {
        problem(alice.call(Method::GET, &format!("/keys?{query}"), &Value::Null).await, 400);
    }

    assert_eq!(alice.key(key).await, *key);
    assert_eq!(stage.mail().await, before);
    assert_eq!(stage.asks(&made.text, "push", "Tailspin.Tools").await["decision"], "allow");
    stage.finish().await;
}

#[tokio::test]
async fn a_decision_is_asked_for_in_the_documented_shape_only() {
    let stage = stage!("bad_question");
    let alice = Publisher::sign_in(&stage, "alice").await;
    let key = alice.create(&["push"], &["*"]).await.text;
    for (change, field) in [
        (json!({ "action": "all" }), "action"),
        (json!({ "action": null }), "action"),
        (json!({ "package": "a b" }), "package"),
        (json!({ "package": "" }), "package"),
        (json!({ "package": "a*" }), "package"),
        (json!({ "package": "pac\u{212a}age" }), "package"),
        (json!({ "package": "a".repeat(129) }), "package"),
        (json!({ "preflight": "yes" }), "preflight"),
        (json!({ "key": "x" }), "key"),
    ] {
        let mut body = json!({ "action": "push", "package": "Tailspin.Tools" });
        merge(&mut body, &change);
        let headers = [("x-nuget-apikey", key.reveal())];
        names(stage.call(Method::POST, "/authorize", &headers, &body).await, 400, field);
    }
    for text in ["", "{", "[]"] {
        let url = format!("{}/authorize", stage.origin());
        let headers = [("x-nuget-apikey", key.reveal())];
        problem(stage.http().send(Method::POST, &url, &headers, text.to_owned().into()).await, 400);
    }
    stage.finish().await;
}

fn merge(body: &mut Value, change: &Value) {
    let (body, change) = (body.as_object_mut().unwrap(), change.as_object().unwrap());
    body.extend(change.clone());
}

/// Expects a problem (RFC 9457) with this status.
#[track_caller]
fn problem(reply: Reply, status: u16) -> Value {
    let kind = reply.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let problem = reply.expect(status);
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{problem}");
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    problem
}

/// Expects a problem whose first error is in this field, or in a part of it.
#[track_caller]
fn names(reply: Reply, status: u16, field: &str) {
    let problem = problem(reply, status);
    let error = &problem["errors"][0];
    let named = error["field"].as_str().unwrap_or_default();
    assert!(named == field || named.starts_with(&format!("{field}[")), "not {field}: {problem}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{problem}");
}
