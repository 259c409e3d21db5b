//! The table is restored to an earlier moment, and what had ended since is ended again before anybody may push: the real
//! programs of the functions, their logs, and `infra/after-restore`.

use std::{collections::BTreeMap, fs};

use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    account::operator,
    api_event::Caller,
    directory::Directory,
    front::Front,
    places,
    publisher::{KeyText, Made, Publisher, id},
    runtime::Runtime,
    stage::Stage,
    tripwire::Tripwire,
    whole::WholeTable,
};

const PACKAGE: &str = "Tailspin.Tools";
const DENIED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException","message":"x"}"#;
const ALICE: Caller<'_> = Caller::Person("alice");

/// Key management's own program, and the log that CloudWatch would have of it.
struct Management<'a> {
    runtime: Runtime,
    stage: &'a Stage,
}

impl Management<'_> {
    async fn call(&mut self, caller: Caller<'_>, call: &str, body: &Value) -> Value {
        let (status, answered) = self.answer(caller, call, body).await;
        assert!((200..300).contains(&status), "{call} is answered {status}");
        answered
    }

    async fn answer(&mut self, caller: Caller<'_>, call: &str, body: &Value) -> (u64, Value) {
        let answer = self.runtime.invoke(&caller.event(call, &[], body)).await.unwrap();
        let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), body)
    }

    async fn hand_over(&mut self, key: &Value) -> KeyText {
        let call = format!("POST /keys/{}/refresh", id(key));
        Made::of(self.call(ALICE, &call, &json!({ "hand_over_days": 7 })).await).text
    }

    async fn freeze(&mut self, key: &Value) {
        let call = format!("POST /keys/{}/freeze", id(key));
        assert!(self.call(ALICE, &call, &json!({})).await["frozen_at"].is_string());
    }

    async fn refresh(&mut self, key: &Value) -> KeyText {
        let call = format!("POST /keys/{}/refresh", id(key));
        Made::of(self.call(ALICE, &call, &json!({})).await).text
    }
}

/// A push with this text, as the gallery asks about it.
fn pushes(text: &KeyText) -> Value {
    json!({
        "resource": "/authorize", "httpMethod": "POST", "headers": { "X-NuGet-ApiKey": text.reveal() },
        "body": json!({ "action": "push", "package": PACKAGE }).to_string(),
    })
}

/// Runs the command on what the programs have logged; answers the events it would send.
async fn after_restore(stage: &Stage, moment: &str) -> Vec<Value> {
    let logged: Vec<String> = stage.log().lines().into_iter().map(|line| line.text).collect();
    let file = stage.folder().join("exported");
    fs::write(&file, logged.join("\n")).unwrap();
    let mut command = Command::new(places::workspace().join("infra/after-restore"));
    command.arg(moment).arg("--print").arg("--log-file").arg(&file);
    let done = command.output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn what_ended_after_the_moment_of_a_restore_is_ended_again() {
    let stage = Stage::ephemeral("restored_table").await;
    let environment = stage.environment().await;
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&environment["AWS_ENDPOINT_URL_DYNAMODB"])
        .credentials_provider(operator())
        .build();
    let (dynamodb, table) = (aws_sdk_dynamodb::Client::from_conf(config), &environment["TABLE_NAME"]);
    let alice = Publisher::sign_in(&stage, "alice").await;
    Publisher::sign_in(&stage, "bob").await;
    let mut keys = BTreeMap::new();
    for name in [
        "kept",
        "perhaps refreshed",
        "refreshed",
        "revoked",
        "deleted",
        "narrowed",
        "widened",
        "revoked before",
        "refreshed before",
        "handed over",
        "begun and handed over",
        "frozen",
        "frozen and narrowed",
        "frozen before",
        "thawed",
    ] {
        keys.insert(name, alice.create(&["push"], &["Tailspin.*"]).await);
    }
    let bobs = Publisher::sign_in(&stage, "bob").await.create(&["push"], &["Tailspin.*"]).await;
    let (front, at) =
        Front::before(&environment["AWS_ENDPOINT_URL_DYNAMODB"], &Tripwire::default().into()).await;
    let mut fronted = environment.clone();
    fronted.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), at);
    let runtime = Runtime::start("key-management", &fronted, stage.log()).await;
    let mut management = Management { runtime, stage: &stage };
    let path = |name: &str| format!("/keys/{}", id(&keys[name].key));

    // From before the moment, if only just: the table knows of these, and the command's margin takes them in.
    management.call(ALICE, &format!("POST {}/revoke", path("revoked before")), &json!({})).await;
    management.freeze(&keys["frozen before"].key).await;
    management.freeze(&keys["thawed"].key).await;
    let refreshed_before = management.refresh(&keys["refreshed before"].key).await;
    let begun_before = management.hand_over(&keys["handed over"].key).await;
    let then = WholeTable::read(&dynamodb, table).await;

    let refreshed = management.refresh(&keys["refreshed"].key).await;
    let begun = management.hand_over(&keys["begun and handed over"].key).await;
    let mut authorizer = Runtime::start("push-authorizer", &environment, stage.log()).await;
    for text in [&begun_before, &begun] {
        assert_eq!(authorizer.invoke(&pushes(text)).await.unwrap()["statusCode"], 200);
    }
    authorizer.stop().await;
    management.call(ALICE, &format!("POST {}/revoke", path("revoked")), &json!({})).await;
    management.call(ALICE, &format!("DELETE {}", path("deleted")), &Value::Null).await;
    front.answer("TransactWriteItems", 1, 400, DENIED);
    let refresh = format!("POST {}/refresh", path("perhaps refreshed"));
    assert_eq!(
        management.answer(ALICE, &refresh, &json!({})).await.0,
        503,
        "nobody knows whether it was made"
    );
    let narrow = json!({ "packages": ["Tailspin.Other"] });
    management.call(ALICE, &format!("PATCH {}", path("narrowed")), &narrow).await;
    // Of which the narrowing comes first, so that by its version it would be known once the freeze had raised that.
    management.call(ALICE, &format!("PATCH {}", path("frozen and narrowed")), &narrow).await;
    for name in ["frozen", "frozen and narrowed"] {
        management.freeze(&keys[name].key).await;
    }
    management.call(ALICE, &format!("POST {}/thaw", path("thawed")), &json!({})).await;
    let wide = json!({ "packages": ["Tailspin.*", "Contoso.*"] });
    management.call(ALICE, &format!("PATCH {}", path("widened")), &wide).await;
    let cause = json!({ "cause": "leaked" });
    management.call(Caller::Gallery, "POST /directory/accounts/bob/revoke-keys", &cause).await;
    let new = json!({ "name": "a new key", "actions": ["push"], "packages": ["*"] });
    let new = Made::of(management.call(ALICE, "POST /keys", &new).await).text;
    Directory(management.stage).lock_account("bob").await;
    management.runtime.stop().await;

    then.restore(&dynamodb, table).await;
    let asks = async |text: &KeyText| {
        let decision = stage.asks(text, "push", PACKAGE).await;
        decision["reason"].as_str().or(decision["decision"].as_str()).unwrap().to_owned()
    };
    for name in
        ["refreshed", "revoked", "deleted", "narrowed", "handed over", "begun and handed over", "frozen"]
    {
        assert_eq!(asks(&keys[name].text).await, "allow", "{name}: that is what a restore does");
    }
    assert_eq!(asks(&bobs.text).await, "allow", "the lock is undone too");

    // The programs log the machine's time, which is none of this journey's business: from the beginning of time.
    let events = after_restore(&stage, "2000-01-01T00:00:00Z").await;
    let [event] = events.as_slice() else { panic!("they fit into one: {events:?}") };
    let mut sweeper = Runtime::start("expiry-sweeper", &environment, stage.log()).await;
    let answer = sweeper.invoke(event).await.unwrap();
    assert_eq!(
        (&answer["revoked"], &answer["handed_over"], &answer["known"], &answer["gone"], &answer["failed"]),
        (&json!(8), &json!(1), &json!(4), &json!(0), &json!([])),
        "{answer}"
    );
    // Of a key that was frozen and narrowed, which comes first is nobody's business.
    assert_eq!(answer["frozen"].as_u64().unwrap() + answer["ended"].as_u64().unwrap(), 2, "{answer}");
    let answer = sweeper.invoke(event).await.unwrap();
    let again = (&answer["revoked"], &answer["handed_over"], &answer["frozen"]);
    assert_eq!(again, (&json!(0), &json!(0), &json!(0)), "{answer}");
    assert_eq!(answer["failed"], json!([]), "a second run changes nothing");

    for name in [
        "refreshed",
        "perhaps refreshed",
        "revoked",
        "deleted",
        "narrowed",
        "revoked before",
        "frozen and narrowed",
        "begun and handed over",
    ] {
        assert_eq!(asks(&keys[name].text).await, "revoked", "{name}");
    }
    for name in ["frozen", "frozen before", "thawed"] {
        assert_eq!(asks(&keys[name].text).await, "frozen", "{name}: its holder lifts it");
    }
    assert_eq!(asks(&bobs.text).await, "revoked");
    for name in ["kept", "widened"] {
        assert_eq!(asks(&keys[name].text).await, "allow", "{name}: a narrower scope harms nobody");
    }
    assert_eq!(asks(&refreshed_before).await, "allow", "the table knows of this refresh");
    assert_eq!(asks(&begun_before).await, "allow", "the table knows both texts, and the new one had pushed");
    for text in [&refreshed, &new, &begun, &keys["refreshed before"].text, &keys["handed over"].text] {
        assert_eq!(asks(text).await, "unknown", "the table knows nothing of it");
    }

    // Whose directory it was before is sent again by the gallery.
    Directory(&stage).lock_account("bob").await;
    let decision = stage.asks(&bobs.text, "push", PACKAGE).await;
    assert_eq!(decision["decision"], "deny");
    sweeper.invoke(&json!({ "scheduled_time": "2026-11-22T10:15:00Z" })).await.unwrap();
    sweeper.stop().await;
    let mails = stage.mail().await;
    let of = |name: &str, said: &str| {
        let told = |mail: &&Value| {
            let text = mail["text"].as_str().unwrap();
            text.contains(id(&keys[name].key)) && text.contains(said)
        };
        mails.iter().filter(told).count()
    };
    for (name, what) in [
        ("refreshed", "refreshed"),
        ("deleted", "deleted"),
        ("narrowed", "edited"),
        ("handed over", "handed_over"),
    ] {
        let cause = format!("records were restored from before this key was {what}");
        assert_eq!(of(name, &cause), 1, "its holder is told why: {name}");
    }
    assert_eq!(of("frozen", "was frozen"), 2, "its holder is told again");
    let halves = WholeTable::read(&dynamodb, table).await.halves(&mails);
    assert!(halves.is_empty(), "{}", halves.join("\n"));
    stage.finish().await;
}
