//! The pepper is rotated again and again while keys are made, refreshed and pushed with: nobody loses a key.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::doors::Doors;
use crate::{
    api_event::Caller,
    authorizer::ask,
    aws::now,
    dice::{Dice, told},
};

const CLIENTS: u64 = 6;
const ROUNDS_OF_EACH: u64 = 10;

/// A key that somebody has, and everything they know of it.
struct Had {
    id: String,
    text: String,
    /// Texts from before refreshes.
    old: Vec<String>,
    grant: Option<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotations_under_load_lose_nobody() {
    let seed = told("HISTORIES_SEED", 1);
    let doors = &Doors::open(seed).await;
    let keyring = doors.keyring();
    keyring.peppers().rotate(0.into(), now()).await.unwrap();
    let working = &AtomicUsize::new(usize::try_from(CLIENTS).unwrap());
    let rotations = async {
        let mut newest = 1;
        while working.load(Ordering::Relaxed) > 0 {
            // Another operator at the same time, who knows no better.
            let other = doors.keyring();
            let (one, two) = (
                keyring.peppers().rotate(newest.into(), now()),
                other.peppers().rotate(newest.into(), now()),
            );
            let (one, two) = tokio::join!(one, two);
            newest += 1;
            assert_eq!((u32::from(one.unwrap()), u32::from(two.unwrap())), (newest, newest));
        }
        newest
    };
    let clients = join_all((0..CLIENTS).map(async |client| {
        let had = client_of(doors, client, Dice::new(seed).part(client)).await;
        working.fetch_sub(1, Ordering::Relaxed);
        had
    }));
    let (newest, had) = tokio::join!(rotations, clients);
    let had: Vec<Had> = had.into_iter().flatten().collect();

    // Also where nothing was ever opened.
    let cold = doors.cold_authorizer();
    let (mut named, mut opened) = (BTreeSet::new(), 0);
    for key in &had {
        let push = json!({ "action": "push", "package": "Foo.Bar" });
        assert_eq!(ask(&cold, Some(&key.text), &push).await.1["decision"], "allow", "{} is lost", key.id);
        for old in &key.old {
            let (status, decision) = ask(&cold, Some(old), &push).await;
            assert_eq!((status, &decision["reason"]), (403, &json!("unknown")), "{}", key.id);
        }
        let stored = keyring.key(&key.id.parse().unwrap()).await.unwrap().unwrap().secret.stored;
        let keys::Stored::Mac { pepper, .. } = stored else { panic!("no legacy key is here") };
        named.insert(u32::from(pepper));
        opened += 1;
    }
    assert!(newest > 3 && named.len() > 1, "{newest} peppers, of which keys name {named:?}");
    // A version that is named must stay. None is ever removed, so this holds of every one.
    for version in 1..=newest {
        keyring.peppers().get(version.into()).await.unwrap();
    }
    println!("{newest} peppers, {} of them named by {opened} keys, and every key opens", named.len());
}

async fn client_of(doors: &Doors, client: u64, mut dice: Dice) -> Vec<Had> {
    let user = format!("rotation{client}");
    let person = Caller::Person(&user);
    let mut had: Vec<Had> = Vec::new();
    for _ in 0..ROUNDS_OF_EACH {
        let body = json!({ "name": "a key", "actions": ["push"], "packages": ["Foo.*"] });
        let (status, mut made) = doors.manage(dice.throw() >> 1, person, "POST /keys", &[], &body).await;
        assert_eq!(status, 201, "{}", made["reason"]);
        let (id, text) = (text(&mut made["key"]["id"]), text(&mut made["key_text"]));
        had.push(Had { id, text, old: Vec::new(), grant: None });
        let place = usize::try_from(dice.below(had.len() as u64)).unwrap();
        let key = &mut had[place];
        if dice.below(2) == 0 {
            let call = format!("POST /keys/{}/refresh", key.id);
            let (status, mut made) = doors.manage(dice.throw() >> 1, person, &call, &[], &json!({})).await;
            assert_eq!(status, 200, "{}", made["reason"]);
            key.old.push(std::mem::replace(&mut key.text, self::text(&mut made["key_text"])));
            key.grant = None;
        }
        for key in &mut had {
            // A grant is sealed under the pepper of its key, whichever instance asks.
            let mut asked = json!({ "action": "push", "package": "Foo.Bar" });
            let text = match &key.grant {
                Some(grant) => {
                    asked["grant"] = json!(grant);
                    None
                }
                None => Some(key.text.as_str()),
            };
            let (status, mut decision) = doors.ask(dice.throw() >> 1, text, &asked).await;
            assert_eq!(
                (status, &decision["decision"]),
                (200, &json!("allow")),
                "{} {}",
                key.id,
                decision["reason"]
            );
            key.grant = Some(self::text(&mut decision["grant"]));
            if let Some(old) = key.old.last() {
                let push = json!({ "action": "push", "package": "Foo.Bar" });
                let (status, decision) = doors.ask(dice.throw() >> 1, Some(old), &push).await;
                assert_eq!((status, &decision["reason"]), (403, &json!("unknown")), "{}", key.id);
            }
        }
    }
    had
}

fn text(value: &mut Value) -> String {
    match value.take() {
        Value::String(text) => text,
        other => panic!("{other} is no text"),
    }
}
