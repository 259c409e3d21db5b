//! Somebody who works with keys of their own until the program is killed, and then looks what has become of them.

use hyper::Method;
use serde_json::{Value, json};

use super::{Killer, latchkey::Latchkey};
use crate::{dice::Dice, publisher::id};

/// The account that every other writer's keys act for.
pub(super) const ORGANIZATION: &str = "fabrikam";

/// Somebody who makes keys and works with them, and all that they were answered.
pub(super) struct Writer<'a> {
    account: String,
    owner: String,
    token: String,
    dice: Dice,
    pub(super) keys: Vec<Had>,
    /// What was asked and not answered.
    pub(super) asked: Option<(usize, Act)>,
    killer: &'a Killer,
}

/// A key as its last answer left it.
#[derive(Clone)]
pub(super) struct Had {
    once: String,
    id: Option<String>,
    texts: Vec<String>,
    pub(super) version: u64,
    packages: usize,
    status: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Create,
    Edit,
    Refresh,
    Revoke,
    Delete,
}

const ACTS: [(u64, Act); 5] =
    [(4, Act::Create), (4, Act::Edit), (4, Act::Refresh), (2, Act::Revoke), (2, Act::Delete)];

impl<'a> Writer<'a> {
    pub(super) async fn sign_in(
        running: &Latchkey,
        killer: &'a Killer,
        kill: u64,
        number: u64,
        dice: Dice,
    ) -> Self {
        let account = format!("writer{kill}-{number}");
        let owner = if number.is_multiple_of(2) { account.clone() } else { ORGANIZATION.to_owned() };
        let token = running.sign_in(&account).await;
        running
            .tell(&format!("organizations/{ORGANIZATION}/members/{account}"), &json!({ "role": "member" }))
            .await;
        Self { account, owner, token, dice, keys: Vec::new(), asked: None, killer }
    }

    /// Does one thing after another until nothing is answered any more.
    pub(super) async fn work(&mut self, running: &Latchkey) {
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
    pub(super) async fn looks_after_keys(&mut self, again: &Latchkey, at: &str) -> bool {
        self.token = again.sign_in(&self.account).await;
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
