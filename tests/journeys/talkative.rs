//! The functions' own programs with the most talkative log that their configuration allows: whatever is asked of them,
//! however it fails, no line and no error they answer with holds a key, a pepper or a secret of AWS.

use std::{collections::BTreeMap, fs, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    front::Front, places, publisher::Publisher, runtime::Runtime, stage::Stage, table, tripwire::Tripwire,
};

const GUID: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
/// What Lambda puts into a function's environment, and a debugging switch of the AWS client that shows bodies.
const CREDENTIALS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEOFAJOURNEY"),
    ("AWS_SECRET_ACCESS_KEY", "an example of a secret access key"),
    ("AWS_SESSION_TOKEN", "an example of a session's token"),
    ("LOG_SIGNABLE_BODY", "true"),
];

fn event(name: &str) -> Value {
    let file = places::workspace().join("events").join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The stage's services behind fronts, for programs that say all they can.
struct World {
    table: Arc<Front>,
    kms: Arc<Front>,
    environment: BTreeMap<String, String>,
    /// The pepper of the stage's keys.
    pepper: Vec<u8>,
}

impl World {
    async fn around(stage: &Stage) -> Self {
        let mut environment = stage.environment().await;
        let pepper = table::peppers(&environment).await.pop().unwrap();
        stage.secrets().remember(&pepper);
        let wire = Arc::new(Tripwire::default());
        let (table, table_at) = Front::before(&environment["AWS_ENDPOINT_URL_DYNAMODB"], &wire).await;
        let (kms, kms_at) = Front::before(&environment["AWS_ENDPOINT_URL_KMS"], &wire).await;
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), table_at);
        environment.insert("AWS_ENDPOINT_URL_KMS".to_owned(), kms_at);
        environment.insert("LOG".to_owned(), "trace".to_owned());
        for (name, value) in CREDENTIALS {
            environment.insert(name.to_owned(), value.to_owned());
            if value.contains("example of") {
                stage.secrets().remember(value.as_bytes());
            }
        }
        Self { table, kms, environment, pepper }
    }

    async fn start(&self, stage: &Stage, name: &str) -> Runtime {
        Runtime::start(name, &self.environment, stage.log()).await
    }

    /// KMS's next answers hold the pepper, and are none that a client can read.
    fn spoil_decrypt(&self) {
        let pepper = BASE64_STANDARD.encode(&self.pepper);
        for spoilt in [
            json!({ "Plaintext": [pepper] }).to_string(),
            json!({ "Plaintext": pepper, "KeyId": 7 }).to_string(),
            json!({ "Plaintext": format!("{pepper}!") }).to_string(),
            format!("{{\"Plaintext\": \"{pepper}\""),
            json!({ "Plaintext": BASE64_STANDARD.encode(&self.pepper[1..]) }).to_string(),
        ] {
            self.kms.answer("Decrypt", 1, 200, &spoilt);
        }
        self.kms.answer("Decrypt", 1, 400, &json!({ "__type": "Strange", "Plaintext": pepper }).to_string());
    }
}

fn push(key: &str) -> Value {
    let mut event = event("push");
    event["headers"]["X-NuGet-ApiKey"] = key.into();
    event["multiValueHeaders"]["X-NuGet-ApiKey"] = json!([key]);
    event
}

fn question(key: &str, body: &Value) -> Value {
    let headers = json!({ "Authorization": format!("Bearer {key}") });
    json!({ "resource": "/authorize", "httpMethod": "POST", "headers": headers, "body": body.to_string() })
}

/// What an answer or an error says.
fn said(answer: Result<Value, String>) -> String {
    answer.map_or_else(|error| error, |answer| answer.to_string())
}

#[tokio::test]
async fn the_authorizer_says_no_secret_whatever_it_is_sent() {
    let stage = Stage::ephemeral("talkative_authorizer").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let key = made.text.reveal();
    let legacy = stage.legacy_text(GUID);
    let world = World::around(&stage).await;
    let mut authorizer = world.start(&stage, "push-authorizer").await;
    let mut answers = Vec::new();

    world.spoil_decrypt();
    for _ in 0..6 {
        let answer = authorizer.invoke(&push(key)).await;
        assert_eq!(answer, Err("the authorizer could not decide".to_owned()));
    }
    assert_eq!(world.kms.left(), 0);
    let spoilt = json!({ "Responses": { "keyring": [{ "pk": key }] } }).to_string();
    world.table.answer("BatchGetItem", 1, 200, &spoilt);
    answers.push(authorizer.invoke(&push(key)).await);
    world.table.answer("BatchGetItem", 1, 400, &json!({ "__type": "Strange" }).to_string());
    answers.push(authorizer.invoke(&push(key)).await);

    assert_eq!(authorizer.invoke(&push(key)).await.unwrap()["context"]["action"], "push");
    let misspelt = format!("{}x", &key[..key.len() - 1]);
    for shown in [key, &misspelt, legacy.reveal(), &format!("{key} {key}"), &key.to_uppercase()] {
        answers.push(authorizer.invoke(&push(shown)).await);
        for body in [
            json!({ "action": "push", "package": "Tailspin.Tools" }),
            json!({ "action": "push", "package": "Contoso.Core" }),
            // The key in the wrong place.
            json!({ "action": shown }),
            json!({ "action": "push", "grant": shown }),
            json!({ "action": "push", "preflight": shown }),
            json!(shown),
        ] {
            answers.push(authorizer.invoke(&question(shown, &body)).await);
        }
    }
    for shown in [key, &misspelt] {
        let package = json!({ "action": "push", "package": shown });
        answers.push(authorizer.invoke(&question(key, &package)).await);
    }
    // Events as no gateway sends them.
    let sent = push(key);
    for (place, wrong) in [
        ("headers", json!(key)),
        ("headers", json!([key])),
        ("headers", json!({ "X-NuGet-ApiKey": { "value": key } })),
        ("multiValueHeaders", json!(key)),
        ("multiValueHeaders", json!({ "X-NuGet-ApiKey": [{ "value": key }] })),
        ("resource", json!({ "key": key })),
        ("httpMethod", json!([key])),
        ("methodArn", json!([key])),
    ] {
        let mut event = sent.clone();
        event[place] = wrong;
        answers.push(authorizer.invoke(&event).await);
    }
    answers.push(authorizer.invoke(&json!(key)).await);
    authorizer.stop().await;

    for (number, answer) in answers.into_iter().enumerate() {
        assert!(!stage.secrets().leak_in(said(answer).as_bytes()), "answer {number} holds a secret");
    }
    let heard = stage.log().lines().into_iter().filter(|line| line.from == "push-authorizer").count();
    assert!(heard > 50, "it says {heard} lines only");
    stage.finish().await;
}

#[tokio::test]
async fn key_management_says_no_secret_but_in_the_reply_that_is_for_it() {
    let stage = Stage::ephemeral("talkative_management").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let key = made.text.reveal();
    stage.legacy_text(GUID);
    let world = World::around(&stage).await;
    let mut management = world.start(&stage, "key-management").await;
    let mut answers = Vec::new();

    let created = management.invoke(&event("put-account")).await.unwrap();
    assert_eq!(created["statusCode"], 200);
    world.spoil_decrypt();
    for _ in 0..6 {
        let created = management.invoke(&event("create-key")).await.unwrap();
        assert!([500, 503].map(Value::from).contains(&created["statusCode"]), "{}", created["statusCode"]);
        answers.push(Ok(created));
    }
    let created = management.invoke(&event("create-key")).await.unwrap();
    assert_eq!(created["statusCode"], 201);
    assert_eq!(stage.secrets().remember_all_in(created["body"].as_str().unwrap().as_bytes()), 1);

    let import = event("import-legacy-keys");
    for body in [
        json!({ "keys": [{ "account": "alice", "key_text": GUID }] }),
        json!({ "keys": [{ "account": "alice", "key_text": format!("{GUID}x") }] }),
        json!({ "keys": [{ "account": "alice", "key_text": [GUID] }] }),
        json!({ "keys": [{ "account": "alice", "key_text": key }] }),
        json!({ "keys": [{ "account": "alice", "nuget_stored": GUID }] }),
        json!({ "keys": GUID }),
        json!(key),
    ] {
        let mut event = import.clone();
        event["body"] = json!(body.to_string());
        answers.push(management.invoke(&event).await);
        // Not the text that the gateway sends, but what is in it.
        event["body"] = body;
        answers.push(management.invoke(&event).await);
        event["body"] = json!(format!("{{\"keys\":[{{\"key_text\":\"{key}\"\"{GUID}"));
        answers.push(management.invoke(&event).await);
    }
    for place in ["rawQueryString", "headers", "requestContext", "isBase64Encoded"] {
        let mut event = event("get-key");
        event[place] = json!([key]);
        answers.push(management.invoke(&event).await);
    }
    management.stop().await;

    for (number, answer) in answers.into_iter().enumerate() {
        assert!(!stage.secrets().leak_in(said(answer).as_bytes()), "answer {number} holds a secret");
    }
    stage.finish().await;
}

#[tokio::test]
async fn the_sweeper_says_no_secret() {
    let stage = Stage::ephemeral("talkative_sweeper").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    alice.create(&["push"], &["Tailspin.*"]).await;
    let world = World::around(&stage).await;
    let mut sweeper = world.start(&stage, "expiry-sweeper").await;
    let mut answers = Vec::new();

    let year_end = json!({ "scheduled_time": "2100-01-01T00:00:00Z" });
    assert_eq!(sweeper.invoke(&year_end).await.unwrap()["mailed"], 1);
    let rotation = json!({ "rotate-pepper": { "after": 1 } });
    let pepper = BASE64_STANDARD.encode(&world.pepper);
    let spoilt = json!({ "Plaintext": pepper, "CiphertextBlob": [pepper] }).to_string();
    world.kms.answer("GenerateDataKey", 1, 200, &spoilt);
    answers.push(sweeper.invoke(&rotation).await);
    world.spoil_decrypt();
    for _ in 0..7 {
        answers.push(sweeper.invoke(&rotation).await);
    }
    assert_eq!(world.kms.left(), 0);
    assert_eq!(answers.pop().unwrap(), Ok(json!({ "pepper": 2 })), "once KMS answers as it should");
    sweeper.stop().await;

    for (number, answer) in answers.into_iter().enumerate() {
        assert!(answer.is_err() && !stage.secrets().leak_in(said(answer).as_bytes()), "answer {number}");
    }
    stage.finish().await;
}
