//! Keys from before: the gallery imports them, publishers go on pushing with them, and a year without a push ends them.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    directory::Directory,
    nuget::NuGet,
    package::Package,
    publisher::{KeyText, Publisher},
    stage::Stage,
};

const GUID: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
const GUID_STORED: &str =
    "36aafd8744AQAAAAEAACcQAAAAEKbL2BEqIg8KUMje6q69fW1f2jsVm+gOLf4nD5G392Til5KnGEyFHuwKEj3HEpZKug==";
const OTHER_GUID: &str = "c0488e19-e450-4512-8af2-06a29b7efac7";
const V4: &str = "oy2iuvoucviouojnrbzaqxjewdop3yseppnqlewvavhupm";
const V4_STORED: &str = "oy2iuvoucviouojnrbzaAEAAAAABAAACOEAAAAABAMHUIIUXSFAIOTEAFWF3K2E7L6YRUDOZDPHKSRX3YEOFUWPCID325EZH5JXBBGBMYBECT4KCGMWOQQ======";

/// What became of these keys, as the gallery is told.
async fn import(stage: &Stage, keys: Value) -> Vec<Value> {
    let results = stage.post("/legacy-keys", &json!({ "keys": keys })).await.expect(200);
    results["results"].as_array().unwrap().clone()
}

async fn import_one(stage: &Stage, key: Value) -> Value {
    import(stage, json!([key])).await.remove(0)
}

/// Asks for a push that counts as one.
async fn pushes(stage: &Stage, key: &KeyText, package: &str) -> Value {
    let asked = json!({ "action": "push", "package": package });
    stage.call(Method::POST, "/authorize", &[("x-nuget-apikey", key.reveal())], &asked).await.body
}

#[tokio::test]
async fn a_key_from_before_pushes_and_unlists_whatever_its_account_owns() {
    let stage = stage!("legacy_text");
    let (nuget, directory) = (NuGet::new(&stage), Directory(&stage));
    let alice = Publisher::sign_in(&stage, "alice").await;
    let key = stage.legacy_text(GUID);
    assert_eq!(stage.asks(&key, "push", "Tailspin.Tools").await["reason"], "unknown");

    let imported = import_one(&stage, json!({ "account": "alice", "key_text": GUID })).await;
    assert_eq!(imported["status"], "active");
    assert_eq!(imported.as_object().unwrap().len(), 2, "{imported}");

    let first = Package::new("Tailspin.Tools", "1.0.0");
    nuget.push(&first, Some(&key)).await.went_well();
    let second = Package::new("Tailspin.Tools", "1.1.0");
    nuget.push(&second, Some(&stage.legacy_text(&GUID.to_uppercase()))).await.went_well();
    nuget.unlist(&first, &stage.legacy_text(&GUID.replace('-', ""))).await.went_well();
    assert!(nuget.lists(&second).await && !nuget.lists(&first).await);

    directory.put_account("bob", "user").await;
    directory.put_package("Fabrikam.Tools", &["bob"]).await;
    directory.put_package("Tailspin.Others", &["bob", "alice"]).await;
    for action in ["push", "update", "unlist"] {
        for (package, outcome) in [
            ("Tailspin.Tools", "allow"),
            ("tailspin.others", "allow"),
            ("Fabrikam.Tools", "not_package_owner"),
            ("Tailspin.New", if action == "unlist" { "package_unknown" } else { "allow" }),
        ] {
            let decision = stage.asks(&key, action, package).await;
            let said =
                if decision["decision"] == "allow" { &decision["decision"] } else { &decision["reason"] };
            assert_eq!(said, outcome, "{action} {package}: {decision}");
            assert_eq!(decision["key_id"], imported["key_id"]);
        }
    }
    for almost in
        ["36aafd87-44d7-423b-adb9-ed01493aeb76", "36aafd87-4500-0000-0000-000000000000", OTHER_GUID, V4]
    {
        let decision = stage.asks(&stage.legacy_text(almost), "push", "Tailspin.Tools").await;
        assert_eq!(decision["reason"], "unknown", "{almost}");
        assert!(decision["key_id"].is_null(), "{decision}");
    }

    let listed = &alice.keys().await[0];
    assert_eq!((&listed["id"], &listed["kind"]), (&imported["key_id"], &json!("legacy")));
    assert_eq!((&listed["owner"], &listed["expires_at"]), (&json!("alice"), &Value::Null));
    assert!(listed["last_push_at"].is_string(), "{listed}");
    let notices = alice.call(Method::GET, "/keys", &Value::Null).await.expect(200)["notices"].take();
    assert_eq!((&notices[0]["kind"], &notices[0]["key_id"]), (&json!("legacy"), &imported["key_id"]));
    for (method, act, body) in
        [(Method::PATCH, "", json!({ "name": "x" })), (Method::POST, "/refresh", json!({}))]
    {
        alice.call_about(method, listed, act, &body).await.expect(409);
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_key_of_which_nuget_kept_a_hash_pushes_too() {
    let stage = stage!("legacy_stored");
    let (nuget, directory) = (NuGet::new(&stage), Directory(&stage));
    directory.put_account("alice", "user").await;
    directory.put_account("bob", "user").await;
    let keys = json!([
        { "account": "alice", "nuget_stored": V4_STORED, "last_push_at": "2020-01-01T00:00:00Z" },
        { "account": "bob", "nuget_stored": GUID_STORED },
    ]);
    let imported = import(&stage, keys.clone()).await;
    assert!(imported.iter().all(|key| key["status"] == "active"), "{imported:?}");

    let key = stage.legacy_text(&V4.to_uppercase());
    let warning = stage.asks(&key, "push", "Tailspin.Tools").await["warning"].take();
    assert!(warning.as_str().is_some_and(|warning| warning.contains("A push keeps it alive")), "{warning}");
    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&key)).await.went_well();
    let key = stage.legacy_text(V4);
    nuget.push(&Package::new("Tailspin.Tools", "1.1.0"), Some(&key)).await.went_well();
    assert!(stage.asks(&key, "push", "Tailspin.Tools").await["warning"].is_null(), "it lives another year");
    assert_eq!(
        stage.asks(&stage.legacy_text(GUID), "push", "Fabrikam.Tools").await["key_id"],
        imported[1]["key_id"]
    );
    assert_eq!(import(&stage, keys).await, imported, "also after a MAC has replaced the hash");
    stage.finish().await;
}

#[tokio::test]
async fn a_year_without_a_push_retires_a_key_and_only_a_push_is_one() {
    let stage = stage!("legacy_retirement", Clock);
    let directory = Directory(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    directory.put_package("Tailspin.Tools", &["alice"]).await;
    let (pushed, asked, unlists) =
        (stage.legacy_text(GUID), stage.legacy_text(OTHER_GUID), stage.legacy_text(V4));
    let keys: Vec<Value> =
        [GUID, OTHER_GUID, V4].iter().map(|text| json!({ "account": "alice", "key_text": text })).collect();
    import(&stage, Value::Array(keys.clone())).await;

    stage.advance_days(364).await;
    let warned = stage.asks(&pushed, "push", "Tailspin.Tools").await;
    assert!(warned["warning"].as_str().is_some_and(|warning| warning.contains("hours")), "{warned}");
    let decision = pushes(&stage, &pushed, "Tailspin.Tools").await;
    assert_eq!((&decision["decision"], &decision["warning"]), (&json!("allow"), &Value::Null));
    assert_eq!(stage.asks(&asked, "push", "Tailspin.Tools").await["decision"], "allow");
    assert_eq!(stage.asks(&unlists, "unlist", "Tailspin.Tools").await["decision"], "allow");
    let asked_at_large = json!({ "action": "push" });
    let headers = [("x-nuget-apikey", asked.reveal())];
    stage.call(Method::POST, "/authorize", &headers, &asked_at_large).await.expect(200);
    let unlisted = json!({ "action": "unlist", "package": "Tailspin.Tools" });
    stage
        .call(Method::POST, "/authorize", &[("x-nuget-apikey", unlists.reveal())], &unlisted)
        .await
        .expect(200);

    stage.advance_days(1).await;
    for retired in [&asked, &unlists] {
        let decision = stage.asks(retired, "push", "Tailspin.Tools").await;
        assert_eq!(decision["reason"], "retired", "{decision}");
    }
    assert_eq!(pushes(&stage, &asked, "Tailspin.Tools").await["reason"], "retired");

    stage.advance_days(363).await;
    assert_eq!(stage.asks(&pushed, "push", "Tailspin.Tools").await["decision"], "allow");
    stage.advance_days(1).await;
    assert_eq!(stage.asks(&pushed, "push", "Tailspin.Tools").await["reason"], "retired");

    let again = import(&stage, Value::Array(keys)).await;
    assert!(again.iter().all(|key| key["status"] == "retired"), "{again:?}");
    assert_eq!(stage.asks(&pushed, "push", "Tailspin.Tools").await["reason"], "retired");
    let list = alice.call(Method::GET, "/keys", &Value::Null).await.expect(200);
    assert_eq!(
        list["notices"].as_array().unwrap().iter().filter(|notice| notice["kind"] == "legacy").count(),
        3
    );
    stage.finish().await;
}

#[tokio::test]
async fn an_import_repeated_brings_nothing_back() {
    let stage = stage!("legacy_repeated");
    let alice = Publisher::sign_in(&stage, "alice").await;
    let keys = json!([
        { "account": "alice", "key_text": GUID },
        { "account": "alice", "nuget_stored": V4_STORED },
        { "account": "alice", "key_text": OTHER_GUID },
        { "account": "alice", "key_text": GUID.to_uppercase() },
    ]);
    let imported = import(&stage, keys.clone()).await;
    assert_eq!(imported[0], imported[3], "one key twice in one call is one key");
    assert_eq!(import(&stage, keys.clone()).await, imported);
    assert_eq!(alice.keys().await.len(), 3);

    let revoked = json!({ "id": imported[0]["key_id"], "version": 1 });
    alice.revoke(&revoked).await;
    alice.delete(&json!({ "id": imported[1]["key_id"], "version": 1 })).await;
    let again = import(&stage, keys).await;
    for (place, status) in [(0, "revoked"), (1, "deleted"), (2, "active"), (3, "revoked")] {
        assert_eq!(again[place], json!({ "key_id": imported[place]["key_id"], "status": status }));
    }
    // Deleted with its hash, and brought again with its text: it is the same key.
    let text = import_one(&stage, json!({ "account": "alice", "key_text": V4 })).await;
    assert_eq!(text, again[1]);
    for (text, reason) in [(GUID, "revoked"), (V4, "unknown")] {
        assert_eq!(stage.asks(&stage.legacy_text(text), "push", "Tailspin.Tools").await["reason"], reason);
    }
    assert_eq!(alice.keys().await.len(), 2);
    stage.finish().await;
}

#[tokio::test]
async fn what_cannot_be_imported_is_told_entry_by_entry() {
    let stage = stage!("legacy_refused");
    let alice = Publisher::sign_in(&stage, "alice").await;
    let directory = Directory(&stage);
    directory.put_account("contoso", "organization").await;
    directory.put_account("bob", "user").await;
    stage.legacy_text(GUID);

    let bad = json!({ "keys": [
        { "account": "alice", "key_text": GUID },
        { "account": "alice", "key_text": "lk_EXAMPLE" },
        { "key_text": GUID, "nuget_stored": GUID_STORED },
        { "account": "alice", "nuget_stored": V4 },
    ] });
    let problem = stage.post("/legacy-keys", &bad).await.expect(400);
    let fields: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    let expected = ["keys[1].key_text", "keys[2].account", "keys[2].key_text", "keys[3].nuget_stored"];
    assert_eq!(fields, expected);
    assert!(alice.keys().await.is_empty(), "one bad entry, and none is imported");
    stage.post("/legacy-keys", &json!({ "keys": [] })).await.expect(400);
    let by_a_person = alice.call(Method::POST, "/legacy-keys", &json!({ "keys": [] })).await;
    assert!(by_a_person.status.is_client_error(), "{}", by_a_person.status);

    let results = import(
        &stage,
        json!([
            { "account": "nobody", "key_text": GUID },
            { "account": "contoso", "key_text": GUID },
            { "account": "alice", "key_text": GUID },
            { "account": "bob", "key_text": GUID },
            { "account": "alice", "key_text": "36aafd87-4400-0000-0000-000000000000" },
            { "account": "bob", "key_text": "36aafd87-4400-0000-0000-000000000000" },
        ]),
    )
    .await;
    let told: Vec<&Value> = results
        .iter()
        .map(|result| if result["error"].is_null() { &result["status"] } else { &result["error"]["reason"] })
        .collect();
    let expected = [
        "directory_conflict",
        "not_a_user",
        "active",
        "legacy_key_conflict",
        "legacy_key_conflict",
        "active",
    ];
    assert_eq!(told, expected, "{results:?}");
    // Two accounts, one id part: each text opens its own.
    for (text, holder) in [(GUID, "alice"), ("36aafd87-4400-0000-0000-000000000000", "bob")] {
        let decision = stage.asks(&stage.legacy_text(text), "push", "Tailspin.Tools").await;
        assert_eq!(decision["holder"], holder, "{decision}");
    }
    stage.finish().await;
}
