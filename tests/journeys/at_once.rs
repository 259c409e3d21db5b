//! Two hundred acts on one account at once end as they would have in some order, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use hyper::Method;
use serde_json::{Value, json};

use crate::publisher::{KeyText, Publisher, id};

const KEYS: usize = 10;
const OF_EACH: usize = 50;
/// More would only queue before the one engine, on a slow machine for longer than our calls wait.
const IN_FLIGHT: usize = 40;

/// What an act that was accepted has left behind.
enum Done {
    Created {
        id: String,
        text: KeyText,
    },
    Refreshed {
        id: String,
        version: u64,
        text: KeyText,
    },
    Edited {
        id: String,
        version: u64,
        name: String,
    },
    Deleted {
        id: String,
    },
    /// Refused because somebody was faster.
    Late,
}

#[tokio::test]
async fn two_hundred_acts_at_once_have_an_order() {
    let stage = stage!("at_once", Load);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let mut texts: BTreeMap<String, Vec<(u64, KeyText)>> = BTreeMap::new();
    for _ in 0..KEYS {
        let made = alice.create(&["push"], &["*"]).await;
        texts.entry(id(&made.key).to_owned()).or_default().push((version(&made.key), made.text));
    }
    let first: Vec<Value> = alice.keys().await;
    assert_eq!(first.len(), KEYS);

    let acts = (0..OF_EACH).flat_map(|number| {
        let key = &first[number % KEYS];
        // One in ten is deleted, while others try to change it.
        let doomed = &first[(number / KEYS) % 2];
        [
            act(&alice, "create", number, key),
            act(&alice, "refresh", number, key),
            act(&alice, "edit", number, key),
        ]
        .into_iter()
        .chain([act(&alice, "delete", number, doomed)])
    });
    let done: Vec<Done> = stream::iter(acts).buffer_unordered(IN_FLIGHT).collect().await;
    assert_eq!(done.len(), 200);

    let mut accepted: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut names: BTreeMap<(String, u64), String> = BTreeMap::new();
    let mut deleted = BTreeSet::new();
    let mut created = 0;
    for done in done {
        match done {
            Done::Created { id, text } => {
                created += 1;
                assert!(texts.insert(id, vec![(0, text)]).is_none(), "two keys have one id");
            }
            Done::Refreshed { id, version, text } => {
                accepted.entry(id.clone()).or_default().push(version);
                texts.get_mut(&id).unwrap().push((version, text));
            }
            Done::Edited { id, version, name } => {
                accepted.entry(id.clone()).or_default().push(version);
                names.insert((id, version), name);
            }
            Done::Deleted { id } => assert!(deleted.insert(id), "a key was deleted twice"),
            Done::Late => {}
        }
    }
    assert_eq!(created, OF_EACH, "nothing stands in the way of a new key");
    assert!(!deleted.is_empty());

    let mut left: BTreeMap<String, Value> = BTreeMap::new();
    for key in all(&alice).await {
        left.insert(id(&key).to_owned(), key);
    }
    assert_eq!(left.len(), KEYS + OF_EACH - deleted.len());
    for (key, texts) in &mut texts {
        texts.sort_by_key(|(version, _)| *version);
        let mut versions = accepted.remove(key).unwrap_or_default();
        versions.sort_unstable();
        let in_order = versions.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(in_order, "two acts on {key} were accepted on top of the same version: {versions:?}");

        let live = left.get(key);
        assert_eq!(live.is_none(), deleted.contains(key), "{key}");
        if let Some(live) = live {
            if let Some(last) = versions.last() {
                assert_eq!(version(live), *last, "{key} is as its last act left it");
            }
            let named = names.range((key.clone(), 0)..=(key.clone(), u64::MAX)).next_back();
            assert_eq!(live["name"], *named.map_or("a key", |(_, name)| name), "{key} has its last name");
        }
        let newest = texts.len() - 1;
        for (place, (_, text)) in texts.iter().enumerate() {
            let opens = stage.asks(text, "push", "Tailspin.Tools").await["decision"] == "allow";
            assert_eq!(opens, live.is_some() && place == newest, "secret {place} of {} of {key}", newest + 1);
        }
    }
    assert!(accepted.is_empty(), "an act was accepted on a key that never was");
    stage.finish().await;
}

/// Looks at the key, and acts on what it saw.
async fn act(alice: &Publisher<'_>, what: &str, number: usize, key: &Value) -> Done {
    if what == "create" {
        let made = alice.create(&["push"], &["*"]).await;
        return Done::Created { id: id(&made.key).to_owned(), text: made.text };
    }
    let seen = alice.call(Method::GET, &format!("/keys/{}", id(key)), &Value::Null).await;
    if seen.status == 404 {
        return Done::Late;
    }
    let seen = seen.expect(200);
    let id = id(key).to_owned();
    let name = format!("edited by {number}");
    let reply = match what {
        "refresh" => alice.call_about(Method::POST, &seen, "/refresh", &json!({})).await,
        "edit" => alice.call_about(Method::PATCH, &seen, "", &json!({ "name": name })).await,
        _ => alice.call_about(Method::DELETE, &seen, "", &Value::Null).await,
    };
    if [404, 409, 412].contains(&reply.status.as_u16()) {
        return Done::Late;
    }
    assert!(reply.status.is_success(), "{what}: {} {}", reply.status, reply.body);
    match what {
        "refresh" => {
            let made = crate::publisher::Made::of(reply.body);
            Done::Refreshed { id, version: version(&made.key), text: made.text }
        }
        "edit" => Done::Edited { id, version: version(&reply.body), name },
        _ => Done::Deleted { id },
    }
}

/// Every key, page by page.
async fn all(alice: &Publisher<'_>) -> Vec<Value> {
    let mut keys = Vec::new();
    let mut after = String::new();
    loop {
        let page = alice.call(Method::GET, &format!("/keys?limit=7{after}"), &Value::Null).await.expect(200);
        keys.extend_from_slice(page["keys"].as_array().expect("a list has keys"));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return keys,
        }
    }
}

fn version(key: &Value) -> u64 {
    key["version"].as_u64().expect("a key has a version")
}
