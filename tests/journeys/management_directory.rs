//! What the gallery tells, and what comes of it.

use serde_json::{Value, json};

use crate::management::{As, Management, id, refused};

#[tokio::test]
async fn a_lower_revision_is_ignored_and_said_so() {
    let api = Management::start().await;
    let account = |name: &str, revision: i64| json!({ "name": name, "kind": "user", "revision": revision });
    let put = "PUT /directory/accounts/alice";
    assert_eq!(api.tell(put, &account("Alice", 1_800_000_000_005)).await, json!({ "written": true }));
    assert_eq!(api.tell(put, &account("Old", 1_800_000_000_004)).await, json!({ "written": false }));
    assert_eq!(
        api.tell(put, &account("Alice", 1_800_000_000_005)).await,
        json!({ "written": true }),
        "a repeat"
    );
    let known = api.call(As::Person("alice"), "GET /account", &Value::Null).await;
    assert_eq!(known.body["name"], "Alice");
    let key = api.make("alice", &json!({})).await;
    assert_eq!(
        api.tell("DELETE /directory/accounts/alice?revision=1800000000004", &Value::Null).await,
        json!({ "written": false })
    );
    let still = api.call(As::Person("alice"), &format!("GET /keys/{}", id(&key)), &Value::Null).await;
    assert_eq!(still.body["status"], "active");
}

#[tokio::test]
async fn a_deleted_accounts_keys_end_with_it() {
    let api = Management::start().await;
    api.contoso().await;
    let (own, for_contoso) =
        (api.make("bob", &json!({})).await, api.make("bob", &json!({ "owner": "contoso" })).await);
    let adas = api.make("ada", &json!({ "owner": "contoso" })).await;
    let gone = api.tell("DELETE /directory/accounts/bob", &Value::Null).await;
    assert_eq!(gone, json!({ "written": true, "revoked": 2 }));
    for key in [&own, &for_contoso] {
        let seen = api.call(As::Person("bob"), &format!("GET /keys/{}", id(key)), &Value::Null).await;
        assert_eq!(seen.body["status"], "revoked");
    }
    let gone = api.tell("DELETE /directory/accounts/contoso", &Value::Null).await;
    assert_eq!(gone, json!({ "written": true, "revoked": 1 }));
    let seen = api.call(As::Person("ada"), &format!("GET /keys/{}", id(&adas)), &Value::Null).await;
    assert_eq!(seen.body["status"], "revoked");
}

#[tokio::test]
async fn all_keys_of_an_account_are_revoked_for_a_cause() {
    let api = Management::start().await;
    for _ in 0..3 {
        api.make("alice", &json!({})).await;
    }
    let call = "POST /directory/accounts/alice/revoke-keys";
    assert_eq!(
        api.tell(call, &json!({ "cause": "the account was taken over" })).await,
        json!({ "revoked": 3 })
    );
    assert_eq!(api.tell(call, &json!({ "cause": "again" })).await, json!({ "revoked": 0 }));
    let list = api.call(As::Person("alice"), "GET /keys", &Value::Null).await.body;
    let text = list["notices"][0]["text"].as_str().unwrap();
    assert!(text.contains("(the account was taken over)"), "{text}");
    let at = format!("GET /keys/{}/events", id(&list["keys"][0]));
    let events = api.call(As::Person("alice"), &at, &Value::Null).await.body;
    assert_eq!(events["events"][0]["by"], "arn:aws:iam::123456789012:role/gallery");
}

#[tokio::test]
async fn many_entries_have_a_result_each() {
    let api = Management::start().await;
    let entries = json!({ "entries": [
        { "put": "account", "account": "alice", "name": "Alice", "kind": "user" },
        { "put": "package", "id": "Foo", "owners": ["alice", "nobody"] },
        { "put": "package", "id": "Foo", "owners": ["alice"], "revision": 2 },
        { "put": "package", "id": "foo", "owners": ["alice"], "revision": 1 },
        { "put": "account", "account": "alice", "name": "Alice", "kind": "organization" },
        { "put": "member", "organization": "alice", "user": "alice", "role": "admin" },
        { "delete": "package", "id": "Foo" },
        { "delete": "account", "account": "alice" },
    ] });
    let told = api.tell("POST /directory", &entries).await;
    let conflict = |detail: &str| json!({ "written": false, "error": { "reason": "directory_conflict", "detail": detail } });
    let expected = json!([
        { "written": true },
        conflict("The directory does not know the account nobody: send it first."),
        { "written": true },
        { "written": false },
        conflict("Alice is a user already, and stays one."),
        conflict("Alice is not an organization."),
        { "written": true },
        { "written": true, "revoked": 0 },
    ]);
    assert_eq!(told["results"], expected);
}

#[tokio::test]
async fn one_bad_entry_keeps_all_of_them_out() {
    let api = Management::start().await;
    let before = api.aws.items().await;
    let good = json!({ "put": "account", "account": "alice", "name": "Alice", "kind": "user" });
    let bad = json!({ "entries": [good, { "put": "package", "id": "a b", "owners": [] }, {}] });
    let answered = api.call(As::Gallery, "POST /directory", &bad).await;
    refused(&answered, 400, "bad_input");
    let fields: Vec<_> =
        answered.body["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["entries[1].id", "entries[1].owners", "entries[2].put"]);
    for count in [0, 101] {
        let many = json!({ "entries": vec![good.clone(); count] });
        refused(&api.call(As::Gallery, "POST /directory", &many).await, 400, "bad_input");
    }
    assert_eq!(api.aws.items().await, before);
}

#[tokio::test]
async fn an_account_id_is_taken_literally() {
    let api = Management::start().await;
    for account in ["auth0|507f", "a%2Fb", "a b", "名前", "a#b", "a+b", "a\\b"] {
        let entry = json!({ "name": account, "kind": "user" });
        api.tell(&format!("PUT /directory/accounts/{account}"), &entry).await;
        let known = api.call(As::Person(account), "GET /account", &Value::Null).await;
        assert_eq!((&known.body["account"], &known.body["name"]), (&json!(account), &json!(account)));
    }
}

#[tokio::test]
async fn what_the_directory_contradicts_is_a_conflict() {
    let api = Management::start().await;
    api.contoso().await;
    let before = api.aws.items().await;
    for (call, body) in [
        ("PUT /directory/packages/Foo", json!({ "owners": ["nobody"] })),
        ("PUT /directory/accounts/contoso", json!({ "name": "x", "kind": "user" })),
        ("PUT /directory/organizations/contoso/members/nobody", json!({ "role": "member" })),
        ("PUT /directory/organizations/contoso/members/contoso", json!({ "role": "member" })),
        ("PUT /directory/organizations/bob/members/ada", json!({ "role": "member" })),
    ] {
        refused(&api.call(As::Gallery, call, &body).await, 409, "directory_conflict");
    }
    assert_eq!(api.aws.items().await, before);
}
