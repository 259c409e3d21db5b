//! Every event in `events/` is taken by the function it is meant for, run as AWS Lambda runs it.

use std::{collections::BTreeMap, fs};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    http::Reply,
    lambda::{Lambda, free_port},
    package::Package,
    places,
    publisher::Publisher,
    stage::Stage,
};

/// What stands in the events for a key's id and text, and for a grant.
const ID: &str = "0EXAMPLEexampleEXAMPLE";
const TEXT: &str = "lk_EXAMPLE";
const GRANT: &str = "\"grant\":\"EXAMPLE\"";

/// How an event is answered as it lies there, with nothing in the table but what the events before it, by name, have
/// put there: an HTTP status, or the reason with which the gateway is told to refuse.
const AS_THEY_ARE: [(&str, Result<u16, &str>); 43] = [
    ("ask-to-freeze", Ok(404)),
    ("authorize-for-envoy-push", Ok(403)),
    ("authorize-for-envoy-unlist", Ok(403)),
    ("authorize-for-proxy", Ok(403)),
    ("authorize-with-grant", Ok(403)),
    ("authorize-with-key", Ok(403)),
    ("bar-key", Ok(404)),
    ("burn-key", Ok(403)),
    ("create-key", Ok(201)),
    ("delete-account", Ok(200)),
    ("delete-key", Ok(404)),
    ("delete-member", Ok(200)),
    ("delete-package", Ok(200)),
    ("edit-key", Ok(404)),
    ("freeze-by-link", Ok(404)),
    ("freeze-key", Ok(404)),
    ("get-account", Ok(200)),
    ("get-key", Ok(404)),
    ("get-key-format", Ok(200)),
    ("get-keys-page", Ok(200)),
    ("get-openapi", Ok(200)),
    ("import-legacy-keys", Ok(200)),
    ("lift-bar", Ok(404)),
    ("list-key-events", Ok(404)),
    ("list-keys", Ok(200)),
    ("list-package-keys", Ok(404)),
    ("list-packages", Ok(200)),
    ("push", Err("unknown")),
    ("push-by-post", Err("unknown")),
    ("push-symbols", Err("unknown")),
    ("push-without-key", Err("Unauthorized")),
    ("put-account", Ok(200)),
    ("put-directory", Ok(200)),
    ("put-member", Ok(200)),
    ("put-package", Ok(200)),
    ("refresh-key", Ok(404)),
    ("refresh-own-key", Ok(403)),
    ("relist", Err("unknown")),
    ("report-leaks", Ok(403)),
    ("revoke-account-keys", Ok(200)),
    ("revoke-key", Ok(404)),
    ("thaw-key", Ok(404)),
    ("unlist", Err("unknown")),
];

#[tokio::test]
async fn every_event_is_answered_as_it_lies_there() {
    let stage = Stage::ephemeral("cargo_lambda_events").await;
    let lambda = Lambda::serve(&stage, free_port()).await;
    let events = events();
    let names: Vec<&str> = events.keys().map(String::as_str).collect();
    assert_eq!(names, AS_THEY_ARE.map(|(name, _)| name), "each event in the folder has its line above");
    for (name, expected) in AS_THEY_ARE {
        let reply = invoke(&lambda, &events[name]).await;
        let answered = match &reply.body["statusCode"] {
            Value::Number(status) => Ok(status.as_u64()),
            _ => Err(reason(&reply).to_owned()),
        };
        assert_eq!(answered, expected.map(|status| Some(u64::from(status))).map_err(str::to_owned), "{name}");
    }
    lambda.stop().await;
    stage.finish().await;
}

#[tokio::test]
async fn every_event_of_the_sweeper_is_answered_as_it_lies_there() {
    let stage = Stage::ephemeral("cargo_lambda_sweeper").await;
    let lambda = Lambda::serve(&stage, free_port()).await;
    let mut events = all_events();
    events.retain(|_, event| event.get("headers").is_none());
    let nothing = json!({ "due": 0, "warned": 0, "expired": 0, "retired": 0, "handed_over": 0, "mailed": 0, "failed": 0, "left": 0 });
    let restored = json!({ "revoked": 0, "handed_over": 0, "frozen": 0, "ended": 0, "known": 0, "gone": 1, "failed": [] });
    let answers = [
        ("after-restore", restored),
        ("bounce", json!({ "marked": false })),
        ("complaint", json!({ "marked": false })),
        ("rotate-pepper", json!({ "pepper": 1 })),
        ("sweep", nothing.clone()),
        ("sweep-by-rule", nothing),
    ];
    let names: Vec<&str> = events.keys().map(String::as_str).collect();
    assert_eq!(names, answers.each_ref().map(|(name, _)| *name), "each has its line above");
    for (name, answer) in answers {
        for _ in 0..2 {
            let reply = lambda.invoke("expiry-sweeper", &events[name]).await;
            assert_eq!(reply.expect(200), answer, "{name}");
        }
    }
    let refused = lambda.invoke("expiry-sweeper", &json!({ "sweep": "now" })).await;
    assert!(refused.body["errorMessage"].to_string().contains("scheduled_time"), "{}", refused.body);
    lambda.stop().await;
    stage.finish().await;
}

#[tokio::test]
async fn a_key_made_by_an_event_lives_by_events() {
    let stage = Stage::ephemeral("cargo_lambda_life").await;
    let lambda = Lambda::serve(&stage, free_port()).await;
    let events = events();
    let mut with: Vec<(&str, String)> = Vec::new();
    for name in ["put-account", "put-package"] {
        http(invoke(&lambda, &events[name]).await, 200);
    }

    let made = http(invoke(&lambda, &events["create-key"]).await, 201);
    with.push((ID, text(&made["key"]["id"])));
    let list = http(invoke(&lambda, &events["list-keys"]).await, 200);
    assert_eq!(list["keys"], json!([made["key"]]));
    let edited = http(invoke(&lambda, &replaced(&events["edit-key"], &with)).await, 200);
    assert_eq!(edited["packages"], json!(["Example.*"]));

    let mut refresh = replaced(&events["refresh-key"], &with);
    refresh["headers"]["if-match"] = format!("\"{}\"", edited["version"]).into();
    let refreshed = http(invoke(&lambda, &refresh).await, 200);
    with.push((TEXT, text(&made["key_text"])));
    assert_eq!(
        reason(&invoke(&lambda, &replaced(&events["push"], &with)).await),
        "unknown",
        "the old secret"
    );
    with[1].1 = text(&refreshed["key_text"]);

    for name in ["push", "push-by-post", "push-symbols"] {
        let policy = invoke(&lambda, &replaced(&events[name], &with)).await.expect(200);
        assert_eq!(policy["policyDocument"]["Statement"][0]["Effect"], "Allow", "{name}: {policy}");
        assert_eq!(policy["context"]["key_id"], made["key"]["id"]);
        with.push((GRANT, format!("\"grant\":{}", policy["context"]["grant"])));
        let decision = http(invoke(&lambda, &replaced(&events["authorize-with-grant"], &with)).await, 200);
        assert_eq!((&decision["decision"], &decision["package_state"]), (&json!("allow"), &json!("known")));
        with.pop();
    }
    for name in ["unlist", "relist"] {
        assert_eq!(
            reason(&invoke(&lambda, &replaced(&events[name], &with)).await),
            "action_not_granted",
            "{name}"
        );
    }
    http(invoke(&lambda, &replaced(&events["authorize-with-key"], &with)).await, 200);

    http(invoke(&lambda, &events["revoke-account-keys"]).await, 200);
    assert_eq!(reason(&invoke(&lambda, &replaced(&events["push"], &with)).await), "revoked");
    let history = http(invoke(&lambda, &replaced(&events["list-key-events"], &with)).await, 200);
    assert!(history.to_string().contains("The account was taken over."), "{history}");
    lambda.stop().await;
    stage.finish().await;
}

#[tokio::test]
async fn the_local_program_asks_functions_served_elsewhere() {
    let port = free_port();
    let stage = Stage::with_functions_at("cargo_lambda_elsewhere", port).await;
    let lambda = Lambda::serve(&stage, port).await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let package = Package::new("Tailspin.Tools", "1.0.0");
    package.put(&stage, "/api/v2/package", &made.text).await.expect(201);
    alice.delete(&made.key).await;
    let refused = package.put(&stage, "/api/v2/package", &made.text).await.expect(403);
    assert!(refused.to_string().contains("unknown"), "{refused}");
    lambda.stop().await;
    stage.finish().await;
}

/// Every event that API Gateway sends, by name.
fn events() -> BTreeMap<String, Value> {
    let mut all = all_events();
    all.retain(|_, event| event.get("headers").is_some());
    all
}

/// Every event, by name.
fn all_events() -> BTreeMap<String, Value> {
    let files = fs::read_dir(places::workspace().join("events")).unwrap().map(|entry| entry.unwrap().path());
    let events = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: &std::path::PathBuf| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    events.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), read(&path))).collect()
}

/// Invokes the function that takes events of this shape.
async fn invoke(lambda: &Lambda, event: &Value) -> Reply {
    let own_key = event["resource"].as_str().is_some_and(|resource| resource.starts_with("/keys/self"));
    let function = if event["version"] == "2.0" || own_key { "key-management" } else { "push-authorizer" };
    lambda.invoke(function, event).await
}

/// Why the gateway is to refuse: an error's text, or the reason beside a Deny policy.
fn reason(reply: &Reply) -> &str {
    let Value::String(reason) = (if reply.status == 200 {
        assert_eq!(reply.body["policyDocument"]["Statement"][0]["Effect"], "Deny", "{}", reply.body);
        &reply.body["context"]["reason"]
    } else {
        &reply.body["errorMessage"]
    }) else {
        panic!("no reason: {}", reply.body)
    };
    reason
}

/// The body of an HTTP answer, provided its status is this one.
#[track_caller]
fn http(reply: Reply, status: u16) -> Value {
    let answer = reply.expect(200);
    let body = answer["body"].as_str().unwrap_or_default();
    assert_eq!(answer["statusCode"], status, "{}", crate::secrets::Secrets::withheld(body));
    serde_json::from_str(body).unwrap_or_default()
}

/// The event with these texts in place of those, in a Base64 body too.
fn replaced(event: &Value, texts: &[(&str, String)]) -> Value {
    let replace = |text: &str| texts.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let mut event: Value = serde_json::from_str(&replace(&event.to_string())).unwrap();
    if event["isBase64Encoded"] == true {
        let body = BASE64_STANDARD.decode(event["body"].as_str().unwrap()).unwrap();
        event["body"] = BASE64_STANDARD.encode(replace(std::str::from_utf8(&body).unwrap())).into();
    }
    event
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is text").to_owned()
}
