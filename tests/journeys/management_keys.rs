//! A key's life as its holder sees it through the management API.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::management::{As, Management, id, refused};

const ALICE: As<'_> = As::Person("alice");

#[tokio::test]
async fn a_key_has_the_documented_shape() {
    let api = Management::start().await;
    let asked = json!({
        "name": "CI", "actions": ["unlist", "push"], "packages": ["Foo.*", "Bar", "foo.*"], "expires_in_days": 90,
    });
    let made = api.call(ALICE, "POST /keys", &asked).await;
    assert_eq!(made.headers["etag"], "\"1\"");
    let made = api.expect(made, 201);
    let (key, text) = (&made["key"], made["key_text"].as_str().unwrap());
    assert_eq!(made.as_object().unwrap().len(), 2);
    assert!(text.starts_with(&format!("lk_{}_", id(key))));
    let expected = json!({
        "id": key["id"], "name": "CI", "kind": "scoped", "holder": "alice", "owner": "alice",
        "actions": ["push", "unlist"], "packages": ["Foo.*", "Bar"], "status": "active",
        "created_at": "2026-11-22T10:15:00Z", "expires_at": "2027-02-20T10:15:00Z", "last_push_at": null, "version": 1,
    });
    assert_eq!(*key, expected);
    let got = api.call(ALICE, &format!("GET /keys/{}", id(key)), &Value::Null).await;
    assert_eq!((got.status, &got.body, got.headers["etag"].as_str()), (200, key, "\"1\""));
    let list = api.call(ALICE, "GET /keys", &Value::Null).await;
    assert_eq!(list.body, json!({ "keys": [key], "notices": [], "now": "2026-11-22T10:15:00Z" }));
    let account = api.call(ALICE, "GET /account", &Value::Null).await;
    let expected = json!({
        "account": "alice", "name": null, "mail": "alice@example.test", "mail_state": "good", "locked": false,
        "organizations": [], "offered_lifetimes_days": [1, 90, 180, 270, 365], "default_lifetime_days": 365,
        "maximum_lifetime_days": 365, "key_prefix": "lk",
    });
    assert_eq!(account.body, expected);
}

#[tokio::test]
async fn a_key_is_edited_refreshed_revoked_and_deleted() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({})).await;
    let at = format!("/keys/{}", id(&key));

    let edited =
        api.call(ALICE, &format!("PATCH {at}"), &json!({ "name": "other", "packages": ["Bar"] })).await;
    assert_eq!((edited.status, edited.headers["etag"].as_str()), (200, "\"2\""));
    assert_eq!((&edited.body["name"], &edited.body["packages"]), (&json!("other"), &json!(["Bar"])));

    api.advance(TimeDelta::days(10));
    let refreshed = api.call(ALICE, &format!("POST {at}/refresh"), &Value::Null).await;
    assert_eq!((refreshed.status, refreshed.headers["etag"].as_str()), (200, "\"3\""));
    assert!(refreshed.body["key_text"].as_str().unwrap().starts_with("lk_"));
    assert_eq!(refreshed.body["key"]["expires_at"], key["expires_at"], "its end stays");
    let restarted =
        api.call(ALICE, &format!("POST {at}/refresh"), &json!({ "restart_lifetime": true })).await;
    assert_eq!(restarted.body["key"]["expires_at"], "2027-12-02T10:15:00Z");

    let revoked = api.call(ALICE, &format!("POST {at}/revoke"), &Value::Null).await;
    assert_eq!((revoked.status, &revoked.body["status"]), (200, &json!("revoked")));
    for (call, body) in [
        (format!("PATCH {at}"), json!({ "name": "again" })),
        (format!("POST {at}/refresh"), json!({})),
        (format!("POST {at}/revoke"), json!({})),
    ] {
        refused(&api.call(ALICE, &call, &body).await, 409, "not_now");
    }

    let events = api.call(ALICE, &format!("GET {at}/events?limit=3"), &Value::Null).await;
    let kinds = |events: &Value| -> Vec<Value> {
        events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect()
    };
    assert_eq!(kinds(&events.body), ["revoked", "refreshed", "refreshed"]);
    let first = &events.body["events"][0];
    let expected = json!({
        "kind": "revoked", "by": "alice", "from": "203.0.113.7", "at": "2026-12-02T10:15:00Z", "detail": "by alice",
    });
    assert_eq!(*first, expected);
    let next = events.body["next"].as_str().unwrap();
    let rest = api.call(ALICE, &format!("GET {at}/events?after={next}"), &Value::Null).await;
    assert_eq!(kinds(&rest.body), ["edited", "created"]);
    let edit = &rest.body["events"][0];
    assert_eq!(edit["detail"], "renamed from a key");
    assert_eq!(edit["added"], json!({ "packages": ["Bar"], "count": 1 }));
    assert_eq!(edit["removed"], json!({ "packages": ["Foo.*"], "count": 1 }));

    let deleted = api.call(ALICE, &format!("DELETE {at}"), &Value::Null).await;
    assert_eq!((deleted.status, deleted.body), (204, Value::Null));
    refused(&api.call(ALICE, &format!("GET {at}"), &Value::Null).await, 404, "unknown_key");
    refused(&api.call(ALICE, &format!("DELETE {at}"), &Value::Null).await, 404, "unknown_key");
}

#[tokio::test]
async fn an_expired_key_can_be_edited_and_refreshed_and_not_revoked() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({ "expires_in_days": 30 })).await;
    let at = format!("/keys/{}", id(&key));
    api.advance(TimeDelta::days(30));
    assert_eq!(api.call(ALICE, &format!("GET {at}"), &Value::Null).await.body["status"], "expired");
    refused(&api.call(ALICE, &format!("POST {at}/revoke"), &Value::Null).await, 409, "not_now");
    assert_eq!(api.call(ALICE, &format!("PATCH {at}"), &json!({ "name": "b" })).await.status, 200);
    let refreshed = api.call(ALICE, &format!("POST {at}/refresh"), &Value::Null).await;
    assert_eq!(refreshed.body["key"]["status"], "active");
    assert_eq!(refreshed.body["key"]["expires_at"], "2027-01-21T10:15:00Z");
}

#[tokio::test]
async fn a_repeat_under_an_idempotency_key_makes_no_second_key() {
    let api = Management::start().await;
    let headers = [("idempotency-key", "0190a000-0000-7000-8000-000000000000")];
    let one = r#"{"name":"CI","actions":["push"],"packages":["Foo"]}"#;
    let same = r#"{ "packages": ["Foo"], "actions": ["push"], "expires_in_days": 365, "name": "CI" }"#;
    let other = r#"{"name":"CI","actions":["push"],"packages":["*"]}"#;
    let made = api.send(ALICE, "POST /keys", &headers, &json!(one)).await;
    let made = api.expect(made, 201);
    let again = api.send(ALICE, "POST /keys", &headers, &json!(same)).await;
    assert_eq!((again.status, &again.body), (200, &json!({ "key": made["key"] })));
    refused(&api.send(ALICE, "POST /keys", &headers, &json!(other)).await, 409, "idempotency_key_used");
    let bob = api.send(As::Person("bob"), "POST /keys", &headers, &json!(other)).await;
    assert_eq!(bob.status, 201, "another account's keys are its own");

    let list = api.call(ALICE, "GET /keys", &Value::Null).await;
    assert_eq!(list.body["keys"].as_array().unwrap().len(), 1);
    api.call(ALICE, &format!("DELETE /keys/{}", id(&made["key"])), &Value::Null).await;
    refused(&api.send(ALICE, "POST /keys", &headers, &json!(one)).await, 409, "idempotency_key_used");
    api.advance(TimeDelta::hours(24));
    let next_day = api.send(ALICE, "POST /keys", &headers, &json!(other)).await;
    assert_eq!(next_day.status, 201, "after a day it is forgotten");
}

#[tokio::test]
async fn a_change_for_another_version_is_not_made() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({})).await;
    let at = format!("/keys/{}", id(&key));
    let before = api.aws.items().await;
    let calls = [
        (format!("PATCH {at}"), json!({ "name": "b" })),
        (format!("POST {at}/refresh"), json!({})),
        (format!("POST {at}/revoke"), Value::Null),
        (format!("DELETE {at}"), Value::Null),
    ];
    for (call, body) in &calls {
        for version in ["\"2\"", "0", "\"4294967295\""] {
            let answered = api.send(ALICE, call, &[("if-match", version)], body).await;
            refused(&answered, 412, "other_version");
        }
        for version in ["", "x", "W/\"1\"", "\"1\", \"2\""] {
            let answered = api.send(ALICE, call, &[("if-match", version)], body).await;
            refused(&answered, 400, "bad_input");
            assert_eq!(answered.body["errors"][0]["field"], "if-match");
        }
    }
    assert_eq!(api.aws.items().await, before);
    for ((call, body), version) in calls.iter().zip(["\"1\"", "2", "*", "\"4\""]) {
        let answered = api.send(ALICE, call, &[("if-match", version)], body).await;
        assert!([200, 204].contains(&answered.status), "{call}: {}", answered.body);
    }
}

#[tokio::test]
async fn a_list_goes_on_where_it_ended_and_its_notices_are_over_all_of_it() {
    let api = Management::start().await;
    for days in [5, 20, 20, 365, 365] {
        api.make("alice", &json!({ "name": format!("{days} days"), "expires_in_days": days })).await;
        api.advance(TimeDelta::seconds(1));
    }
    api.advance(TimeDelta::days(12));
    let first = api.call(ALICE, "GET /keys?limit=2", &Value::Null).await.body;
    let names = |page: &Value| -> Vec<String> {
        let keys = page["keys"].as_array().unwrap().iter();
        keys.map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first), ["365 days", "365 days"]);
    let notices = first["notices"].as_array().unwrap();
    let kinds: Vec<_> = notices.iter().map(|notice| notice["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["expired", "expiring", "expiring"]);
    assert_eq!(notices[0]["text"], "“5 days” expired on 2026-11-27 10:15 UTC.");
    assert_eq!(notices[1]["text"], "“20 days” expires in 7 days, on 2026-12-12 10:15 UTC.");

    let next = first["next"].as_str().unwrap();
    let second = api.call(ALICE, &format!("GET /keys?limit=2&after={next}"), &Value::Null).await.body;
    assert_eq!((names(&second), &second["notices"]), (vec!["20 days".into(), "20 days".into()], &json!([])));
    let next = second["next"].as_str().unwrap();
    let third = api.call(ALICE, &format!("GET /keys?limit=2&after={next}"), &Value::Null).await.body;
    assert_eq!((names(&third), third.get("next")), (vec!["5 days".into()], None));
    let elsewhere = api.call(ALICE, &format!("GET /packages?after={next}"), &Value::Null).await;
    refused(&elsewhere, 400, "bad_input");
}

#[tokio::test]
async fn anothers_key_reads_like_none_at_all() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({})).await;
    let before = api.aws.items().await;
    let unknown = "0EXAMPLEexampleEXAMPLE";
    for (method, act, body) in [
        ("GET", "", Value::Null),
        ("GET", "/events", Value::Null),
        ("PATCH", "", json!({ "name": "b" })),
        ("POST", "/refresh", Value::Null),
        ("POST", "/revoke", Value::Null),
        ("DELETE", "", Value::Null),
    ] {
        let mut answers = Vec::new();
        for id in [id(&key), unknown, "junk"] {
            let answered = api.call(As::Person("bob"), &format!("{method} /keys/{id}{act}"), &body).await;
            refused(&answered, 404, "unknown_key");
            answers.push(answered.body);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    assert_eq!(api.aws.items().await, before);
}

#[tokio::test]
async fn a_locked_account_can_end_keys_and_nothing_else() {
    let api = Management::start().await;
    let keys = [api.make("alice", &json!({})).await, api.make("alice", &json!({})).await];
    let locked = json!({ "name": "Alice", "kind": "user", "locked": true });
    api.tell("PUT /directory/accounts/alice", &locked).await;
    let at = format!("/keys/{}", id(&keys[0]));
    let asked = json!({ "name": "b", "actions": ["push"], "packages": ["*"] });
    for (call, body) in [
        ("POST /keys".to_owned(), asked),
        (format!("PATCH {at}"), json!({ "name": "b" })),
        (format!("POST {at}/refresh"), json!({})),
    ] {
        refused(&api.call(ALICE, &call, &body).await, 403, "account_locked");
    }
    assert_eq!(api.call(ALICE, "GET /account", &Value::Null).await.body["locked"], true);
    assert_eq!(api.call(ALICE, &format!("POST {at}/revoke"), &Value::Null).await.status, 200);
    let other = format!("DELETE /keys/{}", id(&keys[1]));
    assert_eq!(api.call(ALICE, &other, &Value::Null).await.status, 204);
}

#[tokio::test]
async fn our_own_trouble_is_told_without_its_cause() {
    let api = Management::start().await;
    let cause = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"secret"}"#;
    api.aws.front.answer("Query", 1, 500, cause);
    let answered = api.call(ALICE, "GET /keys", &Value::Null).await;
    refused(&answered, 503, "unavailable");
    assert_eq!(answered.headers["retry-after"], "1");
    let told = answered.body.to_string();
    assert!(!told.contains("secret") && !told.contains("Query") && !told.contains("dynamo"), "{told}");
    assert_eq!(answered.body["incident"].as_str().unwrap().len(), 16);
}
