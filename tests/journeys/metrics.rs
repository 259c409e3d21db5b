//! What the functions count: by their own programs, as lines of their logs, and by what becomes of mails.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use keys::AccountId;
use metrics::{Function, Metrics};
use serde_json::{Value, json};
use stand_ins::Trouble;
use startup::Clock;

use crate::{
    aws::now, front::Front, places, post_office::PostOffice, publisher::Publisher, runtime::Runtime,
    stage::Stage, tripwire::Tripwire,
};

const NAMESPACE: &str = "Latchkey/journey";
/// An answer of an AWS service that no client asks a second time.
const DENIED: &str = r#"{"__type":"AccessDeniedException","message":"not authorized to perform this"}"#;

/// An event of `events/`.
fn event(name: &str) -> Value {
    let file = places::workspace().join("events").join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The push, by somebody who shows `key`.
fn push(key: &str) -> Value {
    let mut event = event("push");
    event["headers"]["X-NuGet-ApiKey"] = key.into();
    event["multiValueHeaders"]["X-NuGet-ApiKey"] = json!([key]);
    event
}

/// The question, about a package.
fn question(key: &str, package: &str) -> Value {
    let body = json!({ "action": "push", "package": package }).to_string();
    json!({
        "resource": "/authorize", "httpMethod": "POST", "headers": { "X-NuGet-ApiKey": key }, "body": body,
    })
}

/// What a line counts, if it counts anything: `Faults 1 cause=table function=push-authorizer`.
fn counted(line: &str) -> Vec<String> {
    let Ok(line) = serde_json::from_str::<BTreeMap<String, Value>>(line) else { return Vec::new() };
    let Some(aws) = line.get("_aws") else { return Vec::new() };
    assert!(aws["Timestamp"].as_i64().is_some_and(|milliseconds| milliseconds > 1_700_000_000_000), "{aws}");
    let directive = &aws["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], NAMESPACE);
    let metrics = directive["Metrics"].as_array().unwrap();
    let names: Vec<&str> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
    let beside = line.iter().filter(|(name, _)| *name != "_aws" && !names.contains(&name.as_str()));
    let beside: String = beside.map(|(name, value)| format!(" {name}={}", value.as_str().unwrap())).collect();
    names.iter().map(|name| format!("{name} {}{beside}", line[*name])).collect()
}

/// The stage's services behind fronts, and what the programs are started with.
struct Fronted {
    table: Arc<Front>,
    kms: Arc<Front>,
    environment: BTreeMap<String, String>,
}

impl Fronted {
    async fn before(stage: &Stage) -> Self {
        let mut environment = stage.environment().await;
        let wire = Arc::new(Tripwire::default());
        let (table, table_at) = Front::before(&environment["AWS_ENDPOINT_URL_DYNAMODB"], &wire).await;
        let (kms, kms_at) = Front::before(&environment["AWS_ENDPOINT_URL_KMS"], &wire).await;
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), table_at);
        environment.insert("AWS_ENDPOINT_URL_KMS".to_owned(), kms_at);
        environment.insert("METRICS_NAMESPACE".to_owned(), NAMESPACE.to_owned());
        Self { table, kms, environment }
    }
}

/// Everything that this program has counted, in order.
fn all_counted(stage: &Stage, program: &str) -> Vec<String> {
    let lines = stage.log().lines().into_iter().filter(|line| line.from == program);
    lines.flat_map(|line| counted(&line.text)).collect()
}

#[tokio::test]
async fn the_authorizer_counts_its_answers_and_its_faults() {
    let stage = Stage::ephemeral("metrics_authorizer").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let key = made.text.reveal();
    let fronted = Fronted::before(&stage).await;
    let mut authorizer = Runtime::start("push-authorizer", &fronted.environment, stage.log()).await;

    fronted.kms.answer("Decrypt", 1, 400, DENIED);
    assert_eq!(authorizer.invoke(&push(key)).await.unwrap_err(), "the authorizer could not decide");
    assert_eq!(authorizer.invoke(&push(key)).await.unwrap()["context"]["action"], "push");
    assert_eq!(authorizer.invoke(&event("push-without-key")).await.unwrap_err(), "Unauthorized");
    let status = async |authorizer: &mut Runtime, event: Value| {
        authorizer.invoke(&event).await.unwrap()["statusCode"].clone()
    };
    assert_eq!(status(&mut authorizer, question(key, "Contoso.Core")).await, 403);
    assert_eq!(status(&mut authorizer, question(key, "Tailspin.Tools")).await, 200);
    fronted.table.answer("BatchGetItem", 1, 400, DENIED);
    assert_eq!(status(&mut authorizer, question(key, "Tailspin.Tools")).await, 503);
    assert_eq!(status(&mut authorizer, json!({ "resource": "/authorize", "httpMethod": "POST" })).await, 400);
    authorizer.stop().await;

    assert_eq!((fronted.table.left(), fronted.kms.left()), (0, 0));
    assert_eq!(
        all_counted(&stage, "push-authorizer"),
        [
            "Decisions 1 door=gateway reason=fault",
            "Faults 1 cause=kms function=push-authorizer",
            "Decisions 1 door=gateway reason=allow",
            "Decisions 1 door=gateway reason=missing",
            "Decisions 1 door=authorize reason=package_not_covered",
            "Decisions 1 door=authorize reason=allow",
            "Decisions 1 door=authorize reason=fault",
            "Faults 1 cause=table function=push-authorizer",
        ],
        "what is no question is no decision"
    );
    stage.finish().await;
}

#[tokio::test]
async fn the_sweeper_counts_its_runs_their_mails_and_what_comes_back() {
    let stage = Stage::ephemeral("metrics_sweeper").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    alice.create(&["push"], &["Tailspin.*"]).await;
    let fronted = Fronted::before(&stage).await;
    let mut sweeper = Runtime::start("expiry-sweeper", &fronted.environment, stage.log()).await;

    let at_the_end_of_its_year = json!({ "scheduled_time": "2100-01-01T00:00:00Z" });
    let report = sweeper.invoke(&at_the_end_of_its_year).await.unwrap();
    assert_eq!((&report["expired"], &report["mailed"]), (&json!(1), &json!(1)), "{report}");
    fronted.table.answer("Query", 1, 400, DENIED);
    assert_eq!(sweeper.invoke(&at_the_end_of_its_year).await.unwrap()["failed"], 1);
    for name in ["bounce", "complaint"] {
        let mut event = event(name);
        let tag = "alice".parse::<AccountId>().unwrap().tag().to_string();
        event["detail"]["mail"]["tags"]["account"] = json!([tag]);
        assert_eq!(sweeper.invoke(&event).await.unwrap(), json!({ "marked": false }), "another's address");
    }
    fronted.table.answer("BatchGetItem", 1, 400, DENIED);
    assert!(sweeper.invoke(&event("bounce")).await.is_err(), "it comes again, and is counted then");
    sweeper.invoke(&event("rotate-pepper")).await.unwrap_or_else(|said| panic!("no pepper is made: {said}"));
    sweeper.stop().await;

    assert_eq!(
        all_counted(&stage, "expiry-sweeper"),
        [
            "Mails 1 outcome=sent",
            "Sweeps 1",
            "DueLeft 0",
            "Faults 1 cause=table function=expiry-sweeper",
            "Sweeps 1",
            "DueLeft 0",
            "Bounces 1 kind=bounce",
            "Bounces 1 kind=complaint",
            "Faults 1 cause=table function=expiry-sweeper",
        ]
    );
    stage.finish().await;
}

#[tokio::test]
async fn key_management_counts_what_it_could_not_do() {
    let stage = Stage::ephemeral("metrics_key_management").await;
    let fronted = Fronted::before(&stage).await;
    let mut management = Runtime::start("key-management", &fronted.environment, stage.log()).await;
    let mut status = async |event: Value| management.invoke(&event).await.unwrap()["statusCode"].clone();

    assert_eq!(status(event("put-account")).await, 200);
    fronted.kms.answer("GenerateDataKey", 1, 400, DENIED);
    assert_eq!(status(event("create-key")).await, 503);
    fronted.table.answer("BatchGetItem", 1, 400, DENIED);
    assert_eq!(status(event("get-account")).await, 503);
    assert_eq!(status(event("get-key")).await, 404);
    management.stop().await;

    assert_eq!(
        all_counted(&stage, "key-management"),
        ["Faults 1 cause=kms function=key-management", "Faults 1 cause=table function=key-management"],
        "what is refused with good reason is no fault"
    );
    stage.finish().await;
}

#[tokio::test]
async fn mails_are_counted_by_what_became_of_them() {
    let office = PostOffice::open().await;
    office.tell("ada", "ada@example.org").await;
    let rows = office.make_key("ada").await;
    let said = Arc::new(Mutex::new(Vec::new()));
    let write = {
        let said = Arc::clone(&said);
        move |line: &str| said.lock().unwrap().extend(counted(line))
    };
    let metrics = Metrics::new(NAMESPACE.parse().unwrap(), Function::ExpirySweeper, Clock::new(now), write);
    let postman = || office.postman().counted(metrics.clone());
    let told = || std::mem::take(&mut *said.lock().unwrap());

    office.ses.trouble(Trouble::Silent);
    postman().waiting_at_once(Duration::ZERO).deliver_now(&rows).await;
    assert_eq!(told(), Vec::<String>::new(), "what a person did not wait for has no outcome yet");
    office.ses.trouble(Trouble::SendingPaused);
    postman().deliver_waiting(None).await;
    assert_eq!(told(), ["Mails 1 outcome=failed", "Faults 1 cause=mail function=expiry-sweeper"]);
    office.ses.trouble(None);
    postman().deliver_waiting(None).await;
    assert_eq!(told(), ["Mails 1 outcome=sent"]);

    office.tell("grace", "grace at example.org").await;
    office.make_key("grace").await;
    postman().deliver_waiting(None).await;
    assert_eq!(told(), ["Mails 1 outcome=refused"]);
    postman().deliver_waiting(None).await;
    assert_eq!(told(), Vec::<String>::new(), "she is mailed no more");
}
