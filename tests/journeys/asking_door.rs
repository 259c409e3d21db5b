//! What the asking door tells beside the decision: in headers to a reverse proxy, and in the body to whoever asks before a
//! long upload. Of a key whose secret was not shown it tells nothing.

use hyper::Method;
use keys::KeyText;
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    authorizer::{Doors, PAGE, ask, authorizer, revealed},
    aws::{make, now},
    publisher::Publisher,
};

#[tokio::test]
async fn a_proxy_is_answered_in_status_and_headers_as_anybody_in_the_body() {
    let doors = Doors::open().await;
    let (key, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    let (status, headers, body) = doors.proxied(Some(&text), "PUT", "/api/v2/package/").await;
    assert_eq!((status, &body["decision"]), (200, &json!("allow")));
    for (name, value) in [
        ("Decision", json!("allow")),
        ("Message", body["message"].clone()),
        ("Key-Id", json!(key.id.to_string())),
        ("Holder", json!("alice")),
        ("Owner", json!("alice")),
        ("Action", json!("push")),
        ("Grant", body["grant"].clone()),
        ("Days-Left", json!(body["days_left"].to_string())),
        ("Reason", Value::Null),
        ("Warning", Value::Null),
        ("Advice", Value::Null),
    ] {
        assert_eq!(headers[format!("X-Latchkey-{name}")], value, "{name}");
    }
    assert_eq!(headers["X-NuGet-Warning"], Value::Null);
    // The grant stands for the key, as at the gateway; and nothing was pushed yet.
    let asked = json!({ "action": "push", "package": "Foo.Bar", "grant": body["grant"] });
    assert_eq!(doors.keyring.key(&key.id).await.unwrap().unwrap().last_push_at, None);
    assert_eq!(doors.ask(None, &asked).await.0, 200);

    let (status, headers, body) = doors.proxied(Some(&text), "DELETE", "/api/v2/package/Foo.Bar/1.0.0").await;
    assert_eq!((status, &body["reason"]), (403, &json!("action_not_granted")));
    assert_eq!(headers["X-Latchkey-Reason"], "action_not_granted");
    assert_eq!(headers["X-Latchkey-Grant"], Value::Null);
    assert_eq!(headers["X-NuGet-Warning"], body["message"]);
    assert_eq!(headers["X-Latchkey-Advice"], body["advice"]);

    let (status, headers, body) = doors.proxied(None, "PUT", "/api/v2/package").await;
    assert_eq!((status, &body["reason"]), (401, &json!("missing")));
    assert_eq!(headers["WWW-Authenticate"], "ApiKey realm=\"packages\"");
    // Whoever asks, and with whatever: no key is looked at.
    for key in [None, Some(text.as_str())] {
        let (status, headers, body) = doors.proxied(key, "PUT", "/api/v2//package").await;
        assert_eq!((status, &body["status"]), (403, &json!(403)));
        assert_eq!(headers["X-Latchkey-Reason"], "not_a_push");
        assert_eq!(headers["X-Latchkey-Key-Id"], Value::Null);
    }
}

#[tokio::test]
async fn a_preflight_tells_what_covers_or_came_nearest_the_days_left_and_what_to_do() {
    let doors = Doors::open().await;
    let (key, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    let preflight = |package: &str| json!({ "action": "push", "package": package, "preflight": true });
    let (status, told) = doors.ask(Some(&text), &preflight("Foo.Bar")).await;
    let days = (key.ends_at() - now()).num_days();
    assert_eq!((status, &told["pattern"], &told["days_left"]), (200, &json!("Foo.*"), &json!(days)));
    assert_eq!(
        (&told["nearest"], &told["advice"], &told["grant"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );

    let (status, told) = doors.ask(Some(&text), &preflight("Foobar")).await;
    assert_eq!((status, &told["nearest"], &told["days_left"]), (403, &json!("Foo.*"), &json!(days)));
    assert_eq!(told["pattern"], Value::Null);
    let advice = format!("Add Foobar to this key's packages at {PAGE}, or widen Foo.*.");
    assert_eq!(told["advice"], advice);

    // In its last day a key has none whole left; once it has ended there is nothing to count.
    for (before_end, status, days) in
        [(10 * 24 * 60, 200, json!(10)), (90, 200, json!(0)), (0, 403, Value::Null)]
    {
        let then = key.ends_at() - chrono::TimeDelta::minutes(before_end);
        let later = authorizer(&doors.keyring, Clock::new(move || then));
        let (answered, told) = ask(&later, Some(&text), &preflight("Foo.Bar")).await;
        assert_eq!((answered, &told["days_left"]), (status, &days), "{before_end} minutes before its end");
        assert!(
            told["advice"].as_str().is_some_and(|advice| advice.starts_with("Refresh this key at ")),
            "{told}"
        );
    }
}

#[tokio::test]
async fn of_a_key_whose_secret_was_not_shown_nothing_is_told() {
    let doors = Doors::open().await;
    let (key, _) = make(&doors.keyring, "alice").await;
    let wrong = revealed(KeyText::new(&"lk".parse().unwrap(), key.id, &zeroize::Zeroizing::new([9; 32])));
    for (shown, status) in [(Some(wrong.as_str()), 403), (Some("nonsense"), 403), (None, 401)] {
        let (answered, told) = doors.ask(shown, &json!({ "action": "push", "package": "Foo.Bar" })).await;
        let fields: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((answered, fields), (status, vec!["decision", "message", "reason"]));
        let (answered, headers, _) = doors.proxied(shown, "PUT", "/api/v2/package").await;
        let told: Vec<&str> =
            headers.as_object().unwrap().keys().filter_map(|name| name.strip_prefix("X-Latchkey-")).collect();
        assert_eq!((answered, told), (status, vec!["Action", "Decision", "Message", "Reason"]));
    }
}

#[tokio::test]
async fn a_proxy_may_ask_by_every_method_that_it_could_be_asked_with() {
    let stage = stage!("asking_door");
    let key = Publisher::sign_in(&stage, "alice").await.create(&["push"], &["*"]).await.text;
    let asked = |address| [("x-original-method", "PUT"), ("x-original-uri", address)];
    let shown = ("x-nuget-apikey", key.reveal());
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
        let allowed = [&asked("/api/v2/package/")[..], &[shown]].concat();
        let refused = [&asked("/v3/index.json")[..], &[shown]].concat();
        for (headers, status, decision) in [
            (allowed, 200, "allow"),
            (refused, 403, "deny"),
            (asked("/api/v2/package/").to_vec(), 401, "deny"),
        ] {
            let reply = stage.call(method.clone(), "/authorize", &headers, &Value::Null).await;
            let told =
                reply.headers.get("x-latchkey-decision").map(|value| value.to_str().unwrap().to_owned());
            reply.expect(status);
            assert_eq!(told.as_deref(), Some(decision), "{method}: {status}");
        }
    }
    stage.finish().await;
}
