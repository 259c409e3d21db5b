//! A refusal tells nothing of what is known: an id that is there with a wrong secret, and one that is not there, get the
//! same answer after the same calls, and cost the same from the MAC on, counted in instructions.
//!
//! "From the MAC on" is: making it, comparing it, letting go of what was read, log line, metric and answer. What comes
//! before, reading, depends on what there is to be read; the id that is looked up is no secret. A text whose checksum is
//! wrong gets the same answer at once, without any call: anybody can compute a checksum, so that is told to nobody who did
//! not know it.
//!
//! Callgrind counts the same on a busy machine as on a quiet one. What is counted is the unoptimized program, with some ten
//! times the instructions of what is deployed.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::{
    front::Front,
    places,
    publisher::{KeyText, Publisher},
    runtime::Runtime,
    stage::Stage,
    tripwire::Tripwire,
};

/// The functions from whose beginning to their end is counted.
const COUNTED: [&str; 4] = [
    "keyring::verify::verified",
    "push_authorizer::ask::<impl push_authorizer::authorizer::Authorizer>::told",
    "keys::legacy_text::LegacyText::mac",
    "keys::nuget_stored::NugetStored::opens",
];
/// With it an event begins.
const BEGINNING: &str = "push_authorizer::ask::asked";
/// The most that refusals of scoped keys may differ by, as a share of what the cheapest takes; and those of legacy keys, which
/// take a thousand times as many instructions.
const SCOPED_BOUND: f64 = 0.01;
const LEGACY_BOUND: f64 = 0.000_1;
/// The most that letting go of one pattern of a key that was read may take.
const EACH_PATTERN: u64 = 600;
/// How often each refusal of a scoped key is counted: the least counts, since an allocator sometimes tidies up.
const ROUNDS: usize = 3;

/// A key of each kind, and what somebody shows who does not have it.
struct Shown {
    name: &'static str,
    text: KeyText,
    /// The calls that it takes, once the function has been used.
    calls: &'static [&'static str],
}

const BY_ID: &[&str] = &["BatchGetItem"];
const BY_LEGACY_ID: &[&str] = &["Query", "BatchGetItem"];

/// Somebody else's keys, and the stage's services behind fronts.
struct World {
    wire: Arc<Tripwire>,
    environment: BTreeMap<String, String>,
    good: KeyText,
    scoped: Vec<Shown>,
    /// A wrong secret of a key with a thousand patterns.
    large: KeyText,
    legacy: Vec<Shown>,
    malformed: KeyText,
}

impl World {
    async fn around(stage: &Stage) -> Self {
        let alice = Publisher::sign_in(stage, "alice").await;
        let made = alice.create(&["push"], &["Tailspin.*"]).await;
        let thousand: Vec<String> = (0..1000).map(|number| format!("Tailspin.{number:03}.*")).collect();
        let large = alice.create(&["push"], &thousand.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let imported = json!({ "keys": [
            { "account": "alice", "key_text": "11111111-1111-1111-1111-111111111111" },
            { "account": "alice", "nuget_stored":
                "36aafd8744AQAAAAEAACcQAAAAEKbL2BEqIg8KUMje6q69fW1f2jsVm+gOLf4nD5G392Til5KnGEyFHuwKEj3HEpZKug==" },
        ] });
        stage.post("/legacy-keys", &imported).await.expect(200);

        let mut environment = stage.environment().await;
        let wire = Arc::new(Tripwire::default());
        for service in ["DYNAMODB", "KMS"] {
            let name = format!("AWS_ENDPOINT_URL_{service}");
            let (_, at) = Front::before(&environment[&name], &wire).await;
            environment.insert(name, at);
        }
        let id = made.key["id"].as_str().unwrap();
        let text = |id: &str, random: u8| {
            let made = keys::KeyText::new(
                &"lk".parse().unwrap(),
                id.parse().unwrap(),
                &Zeroizing::new([random; 32]),
            );
            KeyText::copied(&made.reveal())
        };
        // The same account with another number, and an account that is none.
        let (no_number, no_account) = (format!("{}1", &id[..21]), "1".repeat(22));
        let scoped = [
            ("a wrong secret", text(id, 1)),
            ("another wrong secret", text(id, 200)),
            ("no such number", text(&no_number, 1)),
            ("no such account", text(&no_account, 1)),
        ];
        let legacy = [
            ("a wrong text, where a MAC is stored", "11111111-1111-1111-1111-111111111112"),
            ("a wrong text, where NuGet's hash is stored", "36aafd87-44d7-423b-adb9-ed01493aeb76"),
            ("no such id part", "22222222-2222-2222-2222-222222222222"),
        ];
        let good = made.text;
        let malformed = KeyText::copied(&format!("{}0", &good.reveal()[..74]));
        Self {
            wire,
            environment,
            malformed,
            large: text(large.key["id"].as_str().unwrap(), 1),
            good,
            scoped: scoped.map(|(name, text)| Shown { name, text, calls: BY_ID }).into(),
            legacy: legacy
                .map(|(name, text)| Shown { name, text: stage.legacy_text(text), calls: BY_LEGACY_ID })
                .into(),
        }
    }

    /// What a refusal answers at either door, and the calls it has taken.
    async fn refused(&self, authorizer: &mut Runtime, text: &KeyText) -> ([Value; 2], Vec<String>) {
        self.wire.count();
        let asked = authorizer.invoke(&question(text)).await.unwrap();
        let calls = self.wire.calls();
        let at_gateway = authorizer.invoke(&push(text)).await.unwrap();
        assert_eq!(at_gateway["context"]["reason"], "unknown");
        ([asked, at_gateway], calls)
    }
}

fn question(text: &KeyText) -> Value {
    json!({
        "resource": "/authorize", "httpMethod": "POST", "headers": { "X-NuGet-ApiKey": text.reveal() },
        "body": r#"{"action":"push","package":"Tailspin.Tools"}"#,
    })
}

fn push(text: &KeyText) -> Value {
    json!({
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:aexample01/live/PUT/api/v2/package",
        "resource": "/api/v2/package", "httpMethod": "PUT", "headers": { "X-NuGet-ApiKey": text.reveal() },
    })
}

fn burn(text: &KeyText) -> Value {
    json!({
        "resource": "/keys/self", "httpMethod": "DELETE", "headers": { "X-NuGet-ApiKey": text.reveal() },
        "requestContext": { "identity": { "sourceIp": "203.0.113.7" } },
    })
}

#[tokio::test]
async fn answers_and_calls_are_the_same_whatever_is_known() {
    let stage = Stage::ephemeral("refusal_calls").await;
    let world = World::around(&stage).await;
    let mut authorizer = Runtime::start("push-authorizer", &world.environment, stage.log()).await;
    assert_eq!(authorizer.invoke(&question(&world.good)).await.unwrap()["statusCode"], 200);

    let (answers, calls) = world.refused(&mut authorizer, &world.malformed).await;
    assert_eq!(calls, Vec::<String>::new(), "its checksum is wrong");
    for shown in world.scoped.iter().chain(&world.legacy) {
        let (same, calls) = world.refused(&mut authorizer, &shown.text).await;
        assert_eq!(
            (same, calls),
            (answers.clone(), shown.calls.iter().map(|&call| call.into()).collect()),
            "{}",
            shown.name
        );
    }
    authorizer.stop().await;

    // In a new execution environment the pepper is read first: the key's own by its version, the newest by asking which.
    for (text, pepper) in [(&world.scoped[0].text, "GetItem"), (&world.scoped[2].text, "Query")] {
        let mut cold = Runtime::start("push-authorizer", &world.environment, stage.log()).await;
        assert_eq!(
            world.refused(&mut cold, text).await,
            (answers.clone(), ["BatchGetItem", pepper, "Decrypt"].map(str::to_owned).to_vec())
        );
        cold.stop().await;
    }
    stage.finish().await;
}

#[tokio::test]
async fn the_door_of_a_keys_own_answers_and_calls_the_same_whatever_is_known() {
    let stage = Stage::ephemeral("refusal_calls_own_key").await;
    let world = World::around(&stage).await;
    let mut management = Runtime::start("key-management", &world.environment, stage.log()).await;
    let mut refused = async |text: &KeyText| {
        world.wire.count();
        let answer = management.invoke(&burn(text)).await.unwrap();
        assert_eq!(answer["statusCode"], 403, "{answer}");
        (answer, world.wire.calls())
    };
    // What is done for the first time of all: the pepper is read.
    refused(&world.scoped[0].text).await;
    let (answer, calls) = refused(&world.malformed).await;
    assert_eq!(calls, Vec::<String>::new(), "its checksum is wrong");
    for shown in world.scoped.iter().chain(&world.legacy) {
        let calls = shown.calls.iter().map(|&call| call.into()).collect();
        assert_eq!(refused(&shown.text).await, (answer.clone(), calls), "{}", shown.name);
    }
    management.stop().await;
    stage.finish().await;
}

#[tokio::test]
async fn instructions_from_the_mac_on_are_the_same_whatever_is_known() {
    let stage = Stage::ephemeral("refusal_instructions").await;
    let world = World::around(&stage).await;
    let out = stage.folder().join("instructions");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet", "--collect-atstart=no"]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    // In this order: valgrind 3.19 forgets a dump that is told before a function whose name begins alike.
    command.args(COUNTED.map(|function| format!("--toggle-collect={function}")));
    command.arg(format!("--dump-before={BEGINNING}"));
    command.arg(places::binary("push-authorizer"));
    let mut authorizer = Runtime::start_by(command, "push-authorizer", &world.environment, stage.log()).await;

    // What is done for the first time of all is done before anything is counted.
    for text in [&world.good, &world.scoped[0].text, &world.scoped[2].text, &world.malformed] {
        authorizer.invoke(&question(text)).await.unwrap();
    }
    let shown: Vec<&KeyText> = world.scoped.iter().map(|shown| &shown.text).chain([&world.large]).collect();
    let shown = (0..ROUNDS).flat_map(|_| &shown).copied().chain(world.legacy.iter().map(|shown| &shown.text));
    // The last is counted when the next begins.
    for text in shown.chain([&world.malformed, &world.malformed]) {
        authorizer.invoke(&question(text)).await.unwrap();
    }
    authorizer.stop().await;

    // What is in the first five parts came before.
    let count = |number: usize| total(&out.with_extension((6 + number).to_string()));
    let each = world.scoped.len() + 1;
    let least = |number: usize| (0..ROUNDS).map(|round| count(round * each + number)).min().unwrap();
    let named = |(number, shown): (usize, &Shown)| (shown.name, least(number));
    let scoped: Vec<(&str, u64)> = world.scoped.iter().enumerate().map(named).collect();
    let large = least(world.scoped.len());
    let named = |(number, shown): (usize, &Shown)| (shown.name, count(ROUNDS * each + number));
    let legacy: Vec<(&str, u64)> = world.legacy.iter().enumerate().map(named).collect();
    let malformed = count(ROUNDS * each + legacy.len());
    println!("instructions: {scoped:?}, {legacy:?}, with 1,000 patterns {large}, malformed {malformed}");

    assert!(apart(&scoped) <= SCOPED_BOUND, "{scoped:?}");
    assert!(apart(&legacy) <= LEGACY_BOUND, "{legacy:?}");
    assert!(
        large.abs_diff(scoped[0].1) <= 1000 * EACH_PATTERN,
        "{large}, and {} with one pattern",
        scoped[0].1
    );
    let (mac, hash) = (50_000, 100_000_000);
    assert!(scoped[0].1 > malformed + mac && legacy[0].1 > hash, "what is to be counted is among it");
    assert!(malformed > 0, "its answer alone is counted");
    stage.finish().await;
}

/// By which share of the least these differ.
fn apart(counted: &[(&str, u64)]) -> f64 {
    let counts = || counted.iter().map(|(_, count)| *count);
    let (least, most) = (counts().min().unwrap(), counts().max().unwrap());
    (most - least) as f64 / least as f64
}

/// All instructions of one part of what callgrind has written.
fn total(part: &Path) -> u64 {
    let text = fs::read_to_string(part).unwrap_or_else(|error| panic!("{}: {error}", part.display()));
    let totals = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    totals.unwrap_or_else(|| panic!("{} tells no total", part.display())).trim().parse().unwrap()
}
