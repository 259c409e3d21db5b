//! The expiry sweeper: whatever goes wrong in a run, what it was to tell is told by the next at the latest, and twice only
//! where a mail was accepted and its notices were not yet removed.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use chrono::TimeDelta;
use expiry_sweeper::{Answer, Event, Report, ScheduledTime, Sweeper};
use futures_util::{FutureExt as _, future::BoxFuture};
use keyring::{AccountChange, AccountKind, Changed, Created, Keyring, NewKey};
use keys::{HandOverWindow, Key, Lifetime, Role};
use serde_json::{Value, json};

use super::{
    matrix::{Act, walk},
    world::World,
};
use crate::aws::{act, now, user, wanted};

/// A run that finds a warning, an organization's, an expiry, and a hand-over that has lapsed.
#[derive(Default)]
struct Run {
    /// What is told where nothing goes wrong.
    everything: OnceLock<Told>,
}

/// An event that asks for one thing.
struct Order {
    name: &'static str,
    event: Value,
    answer: Value,
}

/// Who is told what of which key, and how often.
type Told = BTreeMap<(String, String, String), usize>;

async fn prepare(world: &World) {
    let keyring = world.keyring();
    let tell = async |id: &str, kind, mail: Option<String>| {
        let id = id.parse().unwrap();
        let change = AccountChange { id, kind, name: None, mail, locked: None, revision: None };
        keyring.put_account(&change, now()).await.unwrap();
    };
    tell("contoso", AccountKind::Organization, None).await;
    for (person, role) in [("ada", Some(Role::Admin)), ("linus", Some(Role::Member)), ("grace", None)] {
        tell(person, AccountKind::User, Some(format!("{person}@example.test"))).await;
        if let Some(role) = role {
            let (contoso, person) = ("contoso".parse().unwrap(), person.parse().unwrap());
            keyring.put_member(&contoso, &person, role, None, now()).await.unwrap();
        }
    }
    for (holder, owner, days) in [("ada", "ada", 20), ("linus", "contoso", 20), ("grace", "grace", 10)] {
        key_for(&keyring, holder, owner, days).await;
    }
    let key = key_for(&keyring, "grace", "grace", 90).await;
    let (prefix, window) = ("lk".parse().unwrap(), HandOverWindow::new(7).unwrap());
    let begun = keyring.hand_over(&key, &prefix, window, 365, &act("grace")).await;
    let Ok((Changed { notices, .. }, _)) = begun else { panic!("a hand-over begins") };
    keyring.delivered(&notices).await.unwrap();
}

/// A key whose creation everybody has been told of.
async fn key_for(keyring: &Keyring, holder: &str, owner: &str, days: i64) -> Key {
    let lifetime = Lifetime::new(days, 365).unwrap();
    let new = NewKey { lifetime, ..wanted(owner, &["Fabrikam.*"]) };
    let made = keyring.create(&user(holder), &new, &"lk".parse().unwrap(), None, &act(holder)).await;
    let Ok(Created::Made(key, _, rows)) = made else { panic!("{holder} makes a key") };
    keyring.delivered(&rows).await.unwrap();
    *key
}

fn sweeper(world: &World) -> Sweeper {
    let keyring = world.keyring();
    let postman = world.postman(&keyring);
    Sweeper::new(keyring, postman, world.clock())
}

async fn run(world: &World) -> Report {
    match sweeper(world).handle(Event::Scheduled(ScheduledTime::At(world.now())), None).await {
        Ok(Answer::Swept(report)) => report,
        other => panic!("a run answers {other:?}"),
    }
}

fn told(world: &World) -> Told {
    let mut told = Told::new();
    for mail in world.mails() {
        for key in mail.text.lines().filter_map(|line| line.strip_prefix("Key id:")) {
            let of = (mail.to.clone(), mail.tags["kind"].clone(), key.trim().to_owned());
            *told.entry(of).or_default() += 1;
        }
    }
    told
}

fn is_waiting(world: &World) -> bool {
    world.items().iter().any(|item| item["pk"]["S"].as_str().unwrap().starts_with("outbox#"))
}

impl Act for Run {
    fn name(&self) -> &'static str {
        "a run"
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(600)
    }

    fn alike(&self) -> bool {
        true
    }

    fn prepare<'a>(&'a self, world: &'a World) -> BoxFuture<'a, Value> {
        prepare(world).map(|()| Value::Null).boxed()
    }

    fn walk<'a>(&'a self, world: &'a World, _: &'a Value) -> BoxFuture<'a, String> {
        async move {
            world.advance(TimeDelta::days(10));
            let report = world.act(run(world)).await;
            let first = told(world);
            let left = is_waiting(world);
            let Some(plan) = world.plan() else {
                assert!(!left && first.len() == 5 && first.values().all(|times| *times == 1), "{first:?}");
                self.everything.set(first).unwrap();
                return format!("{} mailed", report.mailed);
            };
            let everything = self.everything.get().unwrap();
            let at = format!("{plan:?}: {report:?}, {first:?}");
            let complete = first.keys().eq(everything.keys());
            assert!(complete && !left || report.failed + report.left > 0, "it does not say so: {at}");
            // What is under a lease comes free by itself.
            world.advance(TimeDelta::minutes(2));
            let next = run(world).await;
            assert_eq!((next.failed, next.left), (0, 0), "the next run: {next:?}, {at}");
            assert!(!is_waiting(world), "{at}");
            let finally = told(world);
            assert!(finally.keys().eq(everything.keys()), "{finally:?}, {at}");
            let most = *finally.values().max().unwrap();
            if most > 1 {
                let removals = ["DeleteItem notice", "TransactWriteItems notice, removed"];
                let window =
                    plan.label == "SendEmail" && plan.acted || removals.contains(&plan.label.as_str());
                assert!(window, "mailed twice: {finally:?}, {at}");
                return format!("mailed {most} times");
            }
            let whole = complete && !left && report.failed == 0;
            if whole { "told".to_owned() } else { "told by the next run".to_owned() }
        }
        .boxed()
    }
}

impl Act for Order {
    fn name(&self) -> &'static str {
        self.name
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(600)
    }

    fn prepare<'a>(&'a self, world: &'a World) -> BoxFuture<'a, Value> {
        prepare(world).map(|()| Value::Null).boxed()
    }

    fn walk<'a>(&'a self, world: &'a World, _: &'a Value) -> BoxFuture<'a, String> {
        async move {
            let sweeper = sweeper(world);
            let event: Event = serde_json::from_value(self.event.clone()).unwrap();
            let first = world.act(sweeper.handle(event.clone(), None)).await;
            let done = |answer: &Answer| serde_json::to_value(answer).unwrap() == self.answer;
            let word = match &first {
                Ok(answer) => {
                    assert!(done(answer), "{answer:?}");
                    "done"
                }
                // Lambda asks again.
                Err(_) => "fails, then done",
            };
            let again = sweeper.handle(event, None).await;
            assert!(again.as_ref().is_ok_and(done), "{:?}: {first:?}, then {again:?}", world.plan());
            word.to_owned()
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn what_a_faulty_run_leaves_the_next_one_tells() {
    let ada: keys::AccountId = "ada".parse().unwrap();
    let bounce = json!({
        "source": "aws.ses", "detail-type": "Email Bounced", "detail": {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent", "bouncedRecipients": [{ "emailAddress": "ada@example.test" }],
            },
            "mail": { "tags": { "account": [ada.tag().to_string()], "kind": ["expiring"] } },
        },
    });
    let acts: Vec<Arc<dyn Act>> = vec![
        Arc::new(Run::default()),
        Arc::new(Order { name: "a bounce", event: bounce, answer: json!({ "marked": true }) }),
        Arc::new(Order {
            name: "a rotation",
            event: json!({ "rotate-pepper": { "after": 1 } }),
            answer: json!({ "pepper": 2 }),
        }),
    ];
    walk("expiry-sweeper", 32, acts).await;
}
