//! Key texts that are found in public: whoever may report them ends the keys, and their people learn of it.

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    legacy_keyring::GUID,
    management::{Answered, As, Management},
    nuget::NuGet,
    package::Package,
    publisher::Publisher,
    scanner::{Scanner, found},
};

impl Scanner {
    async fn send(&self, management: &Management, body: &str) -> Answered {
        send(management, &self.sign(body), body).await
    }

    /// Reports these texts; answers their labels.
    async fn report(&self, management: &Management, texts: &[&str]) -> Vec<String> {
        let found: Vec<Value> = texts.iter().map(|text| found(text, "https://code.example/a")).collect();
        let answered = self.send(management, &json!(found).to_string()).await;
        labels(&management.expect(answered, 200))
    }
}

fn labels(answer: &Value) -> Vec<String> {
    answer.as_array().unwrap().iter().map(|one| one["label"].as_str().unwrap().to_owned()).collect()
}

async fn send(management: &Management, headers: &[(&str, String)], body: &str) -> Answered {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    management.send(As::Nobody, "POST /leaks", &headers, &json!(body)).await
}

async fn reported_to() -> (Scanner, Management) {
    let (scanner, row) = Scanner::open().await;
    let management = Management::configured(&[("LEAK_REPORTERS", &row)]).await;
    management.contoso().await;
    (scanner, management)
}

#[tokio::test]
async fn a_key_found_in_public_ends_and_its_people_learn_where_and_what_it_pushed() {
    let stage = stage!("leak_report", Gateway, Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&made.text)).await.went_well();

    let place = "https://code.example/alice/app/blob/4f1c/ci.yml#L3";
    let report = json!({ "key_text": made.text.reveal(), "url": place });
    assert_eq!(labels(&stage.post("/local/leaks", &report).await.expect(200)), ["true_positive"]);

    let next = Package::new("Tailspin.Tools", "1.1.0");
    let why = stage.asks(&made.text, "push", &next.id).await["message"].as_str().unwrap().to_owned();
    assert!(why.contains(&format!("found by the local scanner at {place}")), "{why}");
    nuget.push(&next, Some(&made.text)).await.was_refused("403", &why);
    assert_eq!(alice.key(&made.key).await["status"], "revoked");

    let told = |mails: Vec<Value>| {
        let leaked =
            mails.into_iter().filter(|mail| mail["subject"].as_str().unwrap().contains("found in public"));
        leaked.collect::<Vec<_>>()
    };
    let mails = told(stage.mail().await);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], "alice@example.test");
    for part in [place, "the local scanner", "Tailspin.Tools, last on "] {
        for form in ["text", "html"] {
            assert!(
                mails[0][form].as_str().unwrap().contains(part),
                "{part} is not in the {form}: {}",
                mails[0][form]
            );
        }
    }

    assert_eq!(labels(&stage.post("/local/leaks", &report).await.expect(200)), ["true_positive"]);
    assert_eq!(told(stage.mail().await).len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn only_a_secret_that_opens_a_key_ends_it() {
    let (scanner, management) = reported_to().await;
    let (key, text) = new_key(&management, "ada").await;
    let (other, old) = new_key(&management, "bob").await;
    let refreshed =
        management.call(As::Person("bob"), &format!("POST /keys/{other}/refresh"), &Value::Null).await;
    let refreshed = text_in(&management.expect(refreshed, 200));
    let misspelt = format!("{}{}", &text[..text.len() - 1], if text.ends_with('0') { "1" } else { "0" });

    let texts = ["junk", &misspelt, &text, &old, &text, "", "\u{1F511}", GUID];
    let (yes, no) = ("true_positive", "false_positive");
    assert_eq!(scanner.report(&management, &texts).await, [no, no, yes, no, yes, no, no, no]);
    assert_eq!(status(&management, "ada", &key).await, "revoked");
    assert_eq!(status(&management, "bob", &other).await, "active");

    // One that has ended is still one, and its people were told.
    let told = management.aws.count("outbox#").await;
    assert_eq!(scanner.report(&management, &[&text, "junk"]).await, [yes, no]);
    assert_eq!(management.aws.count("outbox#").await, told);
    assert_eq!(scanner.report(&management, &[&refreshed]).await, [yes]);
    assert_eq!(status(&management, "bob", &other).await, "revoked");
    assert_eq!(scanner.report(&management, &[]).await, [] as [&str; 0]);
}

#[tokio::test]
async fn an_answer_names_each_text_by_its_hash_and_never_by_itself() {
    let (scanner, management) = reported_to().await;
    let body = r#"[{"token":"abc","type":"a key of ours","url":"","source":"gist_content","later":[1]}]"#;
    let answered = scanner.send(&management, body).await;
    // The example of FIPS 180-4.
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let label = json!({ "token_hash": hash, "token_type": "a key of ours", "label": "false_positive" });
    assert_eq!(management.expect(answered, 200), json!([label]));
}

#[tokio::test]
async fn an_organizations_admins_and_the_holder_are_told_of_every_place() {
    let (scanner, management) = reported_to().await;
    let wanted = json!({ "name": "CI", "owner": "contoso", "actions": ["push"], "packages": ["Foo.*"] });
    let made = management.call(As::Person("bob"), "POST /keys", &wanted).await;
    let made = management.expect(made, 201);
    let (key, text) = (made["key"]["id"].as_str().unwrap().to_owned(), text_in(&made));
    let before = management.aws.items().await;
    let inside = format!("https://code.example/?key={text}");
    let found = [
        found(&text, "https://code.example/a#L1"),
        found(&text, "javascript:alert(1)"),
        found(&text, "https://code.example/b"),
        found(&text, "https://code.example/a#L1"),
        found(&text, &inside),
    ];
    let answered = scanner.send(&management, &json!(found).to_string()).await;
    assert_eq!(labels(&management.expect(answered, 200)), ["true_positive"; 5]);

    let items = management.aws.items().await;
    let notices: Vec<_> =
        items.iter().filter(|item| !before.contains(item) && item.contains("leak_places")).collect();
    assert_eq!(notices.len(), 2, "bob, who holds it, and ada, who is contoso's admin: {notices:?}");
    for notice in notices {
        assert!(
            notice.contains(r#"L([S("https://code.example/a#L1"), S("https://code.example/b")])"#),
            "{notice}"
        );
    }
    let events = management.call(As::Person("ada"), &format!("GET /keys/{key}/events"), &Value::Null).await;
    let event = &management.expect(events, 200)["events"][0];
    assert_eq!((&event["kind"], &event["by"]), (&json!("revoked"), &json!("the scanner")));
    assert_eq!(event["detail"], "found by the scanner at https://code.example/a#L1");
}

#[tokio::test]
async fn an_expired_key_is_one_and_nobody_is_mailed() {
    let (scanner, management) = reported_to().await;
    let (key, text) = new_key(&management, "ada").await;
    management.advance(TimeDelta::days(366));
    let told = management.aws.count("outbox#").await;
    assert_eq!(scanner.report(&management, &[&text]).await, ["true_positive"]);
    assert_eq!(status(&management, "ada", &key).await, "expired");
    assert_eq!(management.aws.count("outbox#").await, told);
}

#[tokio::test]
async fn a_legacy_key_ends_too() {
    let (scanner, management) = reported_to().await;
    let keys = json!({ "keys": [{ "account": "ada", "key_text": GUID }] });
    let key = management.tell("POST /legacy-keys", &keys).await["results"][0]["key_id"].take();
    assert_eq!(scanner.report(&management, &[GUID]).await, ["true_positive"]);
    assert_eq!(status(&management, "ada", key.as_str().unwrap()).await, "revoked");
}

#[tokio::test]
async fn a_report_that_meets_a_refresh_ends_no_secret_that_nobody_found() {
    let (scanner, management) = reported_to().await;
    for _ in 0..10 {
        let (key, text) = new_key(&management, "ada").await;
        let (call, texts) = (format!("POST /keys/{key}/refresh"), [text.as_str()]);
        let (reported, refreshed) = tokio::join!(
            scanner.report(&management, &texts),
            management.call(As::Person("ada"), &call, &Value::Null)
        );
        let (ended, new) = (reported == ["true_positive"], refreshed.status == 200);
        assert_ne!(ended, new, "{}", refreshed.body);
        assert_eq!(status(&management, "ada", &key).await, if ended { "revoked" } else { "active" });
    }
}

#[tokio::test]
async fn what_nobody_known_has_signed_ends_nothing() {
    let (scanner, management) = reported_to().await;
    let (key, text) = new_key(&management, "ada").await;
    let body = json!([found(&text, "")]).to_string();
    let [identifier, signature] = scanner.sign(&body);
    let of = |name: &str, value: &str| [(identifier.0, name.to_owned()), (signature.0, value.to_owned())];
    let stranger = Scanner::new().sign(&body);
    let other_body = scanner.sign("[]");
    for headers in [
        Vec::new(),
        vec![identifier.clone()],
        vec![signature.clone()],
        of("", &signature.1).to_vec(),
        of("key 1", &signature.1).to_vec(),
        of("KEY 0", &signature.1).to_vec(),
        of(&identifier.1, "").to_vec(),
        of(&identifier.1, "bm9uZQ==").to_vec(),
        of(&identifier.1, &signature.1.replace('=', "")[1..]).to_vec(),
        of(&identifier.1, &format!("{0}, {0}", signature.1)).to_vec(),
        stranger.to_vec(),
        other_body.to_vec(),
    ] {
        let answered = send(&management, &headers, &body).await;
        let told = answered.body["detail"].as_str().unwrap().to_owned();
        assert_eq!(
            (answered.status, told.as_str()),
            (403, "Nobody who may report leaks has signed this."),
            "{headers:?}"
        );
    }
    let with_newline = send(&management, &scanner.sign(&body), &format!("{body}\n")).await;
    assert_eq!(with_newline.status, 403);
    assert_eq!(status(&management, "ada", &key).await, "active");
    let nobody = Management::start().await;
    assert_eq!(scanner.send(&nobody, "[]").await.status, 403);
}

#[tokio::test]
async fn a_signed_report_that_cannot_be_read_says_where_and_ends_nothing() {
    let (scanner, management) = reported_to().await;
    let (key, text) = new_key(&management, "ada").await;
    for (body, field) in [
        ("".to_owned(), "body"),
        ("{}".to_owned(), "body"),
        (format!(r#"[{{"token":"{text}","type":"t"}}"#), "body"),
        (format!(r#"[{{"token":"{text}","type":"t"}},{{"type":"t"}}]"#), "body[1].token"),
        (format!(r#"[{{"token":"{text}","token":"{text}","type":"t"}}]"#), "body[0].token"),
        (format!(r#"[{{"token":["{text}"],"type":"t"}}]"#), "body[0].token"),
        (format!(r#"[{{"token":"{text}"}}]"#), "body[0].type"),
        (format!(r#"["{text}"]"#), "body[0]"),
    ] {
        let answered = scanner.send(&management, &body).await;
        assert_eq!((answered.status, answered.body["errors"][0]["field"].as_str()), (400, Some(field)));
    }
    let large = format!("[{}]", " ".repeat(1024 * 1024));
    assert_eq!(scanner.send(&management, &large).await.status, 413);
    assert_eq!(status(&management, "ada", &key).await, "active");
}

#[tokio::test]
async fn public_keys_are_kept_for_a_day_and_asked_for_again_where_one_is_not_known() {
    let (mut scanner, management) = reported_to().await;
    let status = async |scanner: &Scanner| scanner.send(&management, "[]").await.status;
    assert_eq!(scanner.asked(), 0, "nobody asks before there is a report");
    join_all((0..8).map(|_| status(&scanner))).await;
    assert_eq!(scanner.asked(), 1, "eight reports at once ask once");

    // A key that nobody knows is asked for, but not more often than once a minute.
    scanner.take_a_new_key();
    assert_eq!((status(&scanner).await, scanner.asked()), (403, 1));
    management.advance(TimeDelta::minutes(1));
    assert_eq!((status(&scanner).await, scanner.asked()), (403, 2));
    scanner.publish();
    assert_eq!((status(&scanner).await, scanner.asked()), (403, 2));
    management.advance(TimeDelta::minutes(1));
    assert_eq!((status(&scanner).await, scanner.asked()), (200, 3));

    // Trouble there is no matter while the keys are good, which is a day.
    *scanner.published.lock().unwrap() = (StatusCode::TOO_MANY_REQUESTS, json!({}));
    management.advance(TimeDelta::hours(23));
    assert_eq!((status(&scanner).await, scanner.asked()), (200, 3));
    management.advance(TimeDelta::hours(1));
    assert_eq!((status(&scanner).await, scanner.asked()), (503, 4));
    assert_eq!((status(&scanner).await, scanner.asked()), (503, 5));

    // A key that was withdrawn signs nothing any more.
    let withdrawn = scanner.keys.pop().unwrap();
    scanner.publish();
    scanner.keys.push(withdrawn);
    assert_eq!((status(&scanner).await, scanner.asked()), (403, 6));
}

#[tokio::test]
async fn a_scanner_that_cannot_be_asked_keeps_no_other_from_reporting() {
    let ((one, first), (other, second)) = (Scanner::open().await, Scanner::open().await);
    let rows = format!("{first},{second}");
    let management = Management::configured(&[("LEAK_REPORTERS", &rows)]).await;
    management.contoso().await;
    for trouble in [
        (StatusCode::INTERNAL_SERVER_ERROR, json!({})),
        (StatusCode::FOUND, json!({})),
        (StatusCode::OK, json!({ "public_keys": "none" })),
        (StatusCode::OK, json!({ "public_keys": [], "more": "x".repeat(64 * 1024) })),
    ] {
        *one.published.lock().unwrap() = trouble;
        assert_eq!(one.send(&management, "[]").await.status, 503);
        assert_eq!(other.send(&management, "[]").await.status, 200);
        management.advance(TimeDelta::days(1));
    }
    one.publish();
    assert_eq!(one.send(&management, "[]").await.status, 200);
}

#[tokio::test]
async fn a_report_of_a_thousand_texts_is_answered_whole() {
    let (scanner, management) = reported_to().await;
    let mut texts: Vec<String> = (0..1_000).map(|number| format!("text {number}")).collect();
    let mut keys = Vec::new();
    for place in [0, 499, 999] {
        let (key, text) = new_key(&management, "ada").await;
        texts[place] = text;
        keys.push(key);
        management.advance(TimeDelta::seconds(1));
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let labels = scanner.report(&management, &texts).await;
    assert_eq!(labels.len(), 1_000);
    let hits: Vec<usize> = (0..1_000).filter(|place| labels[*place] == "true_positive").collect();
    assert_eq!(hits, [0, 499, 999]);
    for key in keys {
        assert_eq!(status(&management, "ada", &key).await, "revoked");
    }
}

/// A key of this person: its id, and its text.
async fn new_key(management: &Management, account: &str) -> (String, String) {
    let wanted = json!({ "name": "CI", "actions": ["push"], "packages": ["Foo.*"] });
    let made = management.call(As::Person(account), "POST /keys", &wanted).await;
    let made = management.expect(made, 201);
    (made["key"]["id"].as_str().unwrap().to_owned(), text_in(&made))
}

fn text_in(answer: &Value) -> String {
    answer["key_text"].as_str().unwrap().to_owned()
}

async fn status(management: &Management, account: &str, key: &str) -> String {
    let key = management.call(As::Person(account), &format!("GET /keys/{key}"), &Value::Null).await;
    management.expect(key, 200)["status"].as_str().unwrap().to_owned()
}
