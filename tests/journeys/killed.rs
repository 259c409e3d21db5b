//! `cargo run` is killed (SIGKILL) while people work with their keys, again and again on the same folder: what was answered
//! is there, what was not answered happened whole or not at all, and it starts again by itself.
//!
//! The engine keeps its file as SQLite does with a write-ahead log, so a killed process loses nothing that was committed.
//! Of a machine that loses its power nothing is said. `tests/kill` does it a hundred times. The moment is thrown: after so
//! many answers, and so many turns of the scheduler, while other calls are under way.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{process::Command, task::yield_now, time::timeout};

use crate::{
    account::operator,
    dice::{Dice, told},
    log::Log,
    places,
    program::{PATIENCE, Program},
    publisher::id,
    whole::WholeTable,
};

/// How often an ordinary run kills it.
const KILLS: u64 = 4;
/// After so many kills another folder is begun, so that looking through the whole table stays quick.
const KILLS_OF_A_FOLDER: u64 = 10;
const WRITERS: u64 = 6;
/// It is killed after at most so many answers.
const MOST_ANSWERS: u64 = 60;

const ORGANIZATION: &str = "fabrikam";

/// The running program, and a client that bears its end.
struct Latchkey {
    program: Program,
    origin: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Somebody who makes keys and works with them, and all that they were answered.
struct Writer<'a> {
    account: String,
    owner: String,
    token: String,
    dice: Dice,
    keys: Vec<Had>,
    /// What was asked and not answered.
    asked: Option<(usize, Act)>,
    killer: &'a Killer,
}

/// A key as its last answer left it.
#[derive(Clone)]
struct Had {
    once: String,
    id: Option<String>,
    texts: Vec<String>,
    version: u64,
    packages: usize,
    status: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Create,
    Edit,
    Refresh,
    Revoke,
    Delete,
}

const ACTS: [(u64, Act); 5] =
    [(4, Act::Create), (4, Act::Edit), (4, Act::Refresh), (2, Act::Revoke), (2, Act::Delete)];

/// Kills the program once so many answers have come.
struct Killer {
    process: Pid,
    answers: AtomicUsize,
    after: usize,
    turns: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_a_kill_and_nothing_is_half_done() {
    let (seed, kills) = (told("KILLS_SEED", 1), told("KILLS", KILLS));
    let folder = places::folder("killed");
    let log = Log::create(folder.join("log"));
    let (mut answered, mut unanswered, mut happened) = (0, 0, 0);
    for kill in 0..kills {
        let (at, mut dice) = (format!("kill {kill} of KILLS_SEED={seed}"), Dice::new(seed).part(kill));
        let data = folder.join(format!("data{}", kill / KILLS_OF_A_FOLDER));
        if kill % 4 == 3 {
            kill_while_it_starts(&data, &log, &mut dice).await;
        }
        let running = Latchkey::start(&data, &log).await;
        let killer = Killer {
            process: running.program.id(),
            answers: AtomicUsize::new(0),
            after: 1 + usize::try_from(dice.below(MOST_ANSWERS)).unwrap(),
            turns: dice.below(500),
        };
        let organization = json!({ "name": ORGANIZATION, "kind": "organization" });
        running.tell(&format!("accounts/{ORGANIZATION}"), &organization).await;
        let mut writers = Vec::new();
        for number in 0..WRITERS {
            writers.push(Writer::sign_in(&running, &killer, kill, number, dice.part(number)).await);
        }
        join_all(writers.iter_mut().map(|writer| writer.work(&running))).await;
        running.program.ended().await;

        let again = Latchkey::start(&data, &log).await;
        for writer in &mut writers {
            unanswered += u64::from(writer.asked.is_some());
            answered += writer.keys.iter().map(|key| key.version).sum::<u64>();
            happened += u64::from(writer.looks_after_keys(&again, &at).await);
        }
        let mails = again.json(Method::GET, "/local/mail", None, &Value::Null).await;
        let table = again.table().await;
        let halves = table.halves(mails.as_array().unwrap());
        assert!(halves.is_empty(), "{at}:\n{}", halves.join("\n"));
        assert!(table.keys() > 0, "{at}: nothing was done");
        let status = again.program.stop().await;
        assert!(status.success(), "{at}: {status}");
    }
    println!(
        "{kills} kills: {answered} answered changes are there; of {unanswered} unanswered ones {happened} had happened, all whole"
    );
}

/// It is no more than a start that is cut short.
async fn kill_while_it_starts(data: &Path, log: &Log, dice: &mut Dice) {
    let program = Program::start("local", command(data), log);
    let process = program.id();
    for _ in 0..dice.below(20_000) {
        yield_now().await;
    }
    kill_process(process, Signal::KILL).unwrap();
    program.ended().await;
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(places::binary("local"));
    command.env_clear().current_dir(places::workspace()).args(["--port", "0", "--data-dir"]).arg(data);
    command
}

impl Latchkey {
    async fn start(data: &Path, log: &Log) -> Self {
        let mut program = Program::start("local", command(data), log);
        let origin = program.line("listening on ").await.trim().to_owned();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { program, origin, client }
    }

    /// Status and body; none if the program ended before it had answered whole.
    async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Option<(u16, Value)> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = request.header("content-type", "application/json").body(Full::new(body)).unwrap();
        let exchange = async {
            let (head, body) = self.client.request(request).await.ok()?.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some((head.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
        };
        timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("{path} is not answered"))
    }

    /// The body of what must be answered, and well.
    async fn json(&self, method: Method, path: &str, token: Option<&str>, body: &Value) -> Value {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let (status, body) = self.call(method, path, &headers, body).await.expect("it is running");
        assert!((200..300).contains(&status), "{path} is answered {status}: {}", body["detail"]);
        body
    }

    async fn tell(&self, path: &str, body: &Value) {
        self.json(Method::PUT, &format!("/directory/{path}"), None, body).await;
    }

    async fn decision(&self, text: &str) -> String {
        let asked = json!({ "action": "push", "package": "Foo.Bar", "preflight": true });
        let (_, decision) =
            self.call(Method::POST, "/authorize", &[("x-nuget-apikey", text)], &asked).await.unwrap();
        decision["reason"].as_str().or(decision["decision"].as_str()).unwrap().to_owned()
    }

    async fn table(&self) -> WholeTable {
        let reply =
            self.client.get(format!("{}/local/environment", self.origin).parse().unwrap()).await.unwrap();
        let lines =
            String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let value = |name: &str| lines.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(value("AWS_ENDPOINT_URL_DYNAMODB="))
            .credentials_provider(operator())
            .build();
        WholeTable::read(&aws_sdk_dynamodb::Client::from_conf(config), &value("TABLE_NAME=")).await
    }
}

impl Killer {
    /// Counts an answer; whoever gets the last one kills.
    async fn answered(&self) {
        if self.answers.fetch_add(1, Ordering::SeqCst) + 1 == self.after {
            for _ in 0..self.turns {
                yield_now().await;
            }
            kill_process(self.process, Signal::KILL).unwrap();
        }
    }
}

impl<'a> Writer<'a> {
    async fn sign_in(running: &Latchkey, killer: &'a Killer, kill: u64, number: u64, dice: Dice) -> Self {
        let account = format!("writer{kill}-{number}");
        let owner = if number % 2 == 0 { account.clone() } else { ORGANIZATION.to_owned() };
        let who = json!({ "account": account, "email": format!("{account}@example.test"), "name": account });
        let token = running.json(Method::POST, "/local/sign-in", None, &who).await["token"]
            .as_str()
            .unwrap()
            .to_owned();
        running
            .tell(&format!("organizations/{ORGANIZATION}/members/{account}"), &json!({ "role": "member" }))
            .await;
        Self { account, owner, token, dice, keys: Vec::new(), asked: None, killer }
    }

    /// Does one thing after another until nothing is answered any more.
    async fn work(&mut self, running: &Latchkey) {
        loop {
            let act = self.dice.one_of(&ACTS);
            let usable: Vec<usize> =
                (0..self.keys.len()).filter(|key| self.keys[*key].status == "active").collect();
            let (act, key) = match (act, usable.as_slice()) {
                (Act::Create, _) | (_, []) => {
                    let once = format!("{}-{}", self.account, self.keys.len());
                    self.keys.push(Had {
                        once,
                        id: None,
                        texts: Vec::new(),
                        version: 0,
                        packages: 1,
                        status: "none",
                    });
                    (Act::Create, self.keys.len() - 1)
                }
                (act, usable) => {
                    (act, usable[usize::try_from(self.dice.below(usable.len() as u64)).unwrap()])
                }
            };
            self.asked = Some((key, act));
            let Some((status, body)) = self.ask(running, key, act).await else { return };
            assert!((200..300).contains(&status), "{act:?} is answered {status}: {}", body["detail"]);
            let had = self.keys[key].after(act);
            let made = if body["key"].is_object() { &body["key"] } else { &body };
            if act != Act::Delete {
                assert_eq!(made["version"], had.version, "{act:?}");
            }
            self.keys[key] = Had { id: had.id.clone().or_else(|| Some(id(made).to_owned())), ..had };
            if let Some(text) = body["key_text"].as_str() {
                self.keys[key].texts.push(text.to_owned());
            }
            self.asked = None;
            self.killer.answered().await;
        }
    }

    async fn ask(&self, running: &Latchkey, key: usize, act: Act) -> Option<(u16, Value)> {
        let had = &self.keys[key];
        let path = format!("/keys/{}", had.id.as_deref().unwrap_or_default());
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str())];
        let (method, path, body) = match act {
            Act::Create => {
                headers.push(("idempotency-key", &had.once));
                let packages = packages(1);
                let body = json!({ "name": "a key", "owner": self.owner, "actions": ["push"], "packages": packages });
                (Method::POST, "/keys".to_owned(), body)
            }
            Act::Edit => (Method::PATCH, path, json!({ "packages": packages(had.after(act).packages) })),
            Act::Refresh => (Method::POST, format!("{path}/refresh"), json!({})),
            Act::Revoke => (Method::POST, format!("{path}/revoke"), json!({})),
            Act::Delete => (Method::DELETE, path, Value::Null),
        };
        running.call(method, &path, &headers, &body).await
    }

    /// Looks whether every key is as its last answer left it, or as what was not answered would have left it; says whether
    /// that had happened.
    async fn looks_after_keys(&mut self, again: &Latchkey, at: &str) -> bool {
        let list = again.json(Method::GET, "/keys?limit=100", Some(&self.token), &Value::Null).await;
        let list = list["keys"].as_array().unwrap();
        let mut happened = false;
        let mut expected = 0;
        for number in 0..self.keys.len() {
            let had = self.keys[number].clone();
            let asked = self.asked.filter(|(key, _)| *key == number).map(|(_, act)| act);
            if asked == Some(Act::Create) {
                // Repeated under its Idempotency-Key it is made once, whether or not it was before.
                let known: Vec<_> = self.keys.iter().filter_map(|key| key.id.as_deref()).collect();
                let new: Vec<&Value> = list.iter().filter(|key| !known.contains(&id(key))).collect();
                let (status, body) = self.ask(again, number, Act::Create).await.unwrap();
                match new.as_slice() {
                    [] => assert_eq!(status, 201, "{at}: {}", body["detail"]),
                    [new] => {
                        assert_eq!((status, id(&body["key"])), (200, id(new)), "{at}: a second key");
                        happened = true;
                        expected += 1;
                    }
                    more => panic!("{at}: one request has made {} keys", more.len()),
                }
                continue;
            }
            let id = had.id.as_deref().unwrap();
            let now = list.iter().find(|key| self::id(key) == id);
            let is = |had: &Had| match now {
                None => had.status == "deleted",
                Some(key) => {
                    key["version"] == had.version
                        && key["packages"] == packages(had.packages)
                        && key["status"] == had.status
                }
            };
            let after = asked.map(|act| had.after(act));
            let changed = !is(&had) && after.as_ref().is_some_and(is);
            let state = now.map(|key| format!("version {} {}", key["version"], key["status"]));
            assert!(
                is(&had) || changed,
                "{at}: key {id} was {} in version {} when {asked:?} was asked, and is {state:?}",
                had.status,
                had.version
            );
            happened |= changed;
            expected += usize::from(now.is_some());
            let refreshed = changed && asked == Some(Act::Refresh);
            let status = if changed { after.unwrap().status } else { had.status };
            for (place, text) in had.texts.iter().enumerate() {
                let newest = place + 1 == had.texts.len() && !refreshed;
                let reason = match status {
                    "active" if newest => "allow",
                    "revoked" if newest => "revoked",
                    _ => "unknown",
                };
                assert_eq!(again.decision(text).await, reason, "{at}: secret {place} of key {id}, {status}");
            }
        }
        assert_eq!(list.len(), expected, "{at}: {} has keys that nobody asked for", self.account);
        happened
    }
}

impl Had {
    fn after(&self, act: Act) -> Self {
        let had = Self { version: self.version + 1, ..self.clone() };
        match act {
            Act::Create => Self { status: "active", ..had },
            Act::Edit => Self { packages: 3 - self.packages, ..had },
            Act::Refresh => had,
            Act::Revoke => Self { status: "revoked", ..had },
            Act::Delete => Self { status: "deleted", version: self.version, ..had },
        }
    }
}

fn packages(many: usize) -> Value {
    json!(["Foo.*", "Bar.*"][..many])
}
