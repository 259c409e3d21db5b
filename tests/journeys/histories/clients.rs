//! Several clients at once on one user's keys: what each does is thrown, and what it is answered is written down.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    doors::{Caller, Doors},
    model::{Answer, Change, CreateAnswer, Key, Scope, Seen, Shown, Slot, Standing, Step, World},
    search::Operation,
};
use crate::dice::Dice;

const CLIENTS: u64 = 4;
const ACTS_OF_EACH: u64 = 6;

/// The user's own key and the organization's are made before anything happens at once; this one meanwhile.
const MADE_MEANWHILE: Slot = 2;
const FOR_ORGANIZATION: Slot = 1;
/// Who owns the package when neither the user nor the organization does.
const STRANGER: &str = "stranger";
const SLOTS: [Slot; 3] = [0, FOR_ORGANIZATION, MADE_MEANWHILE];

/// What happened.
pub(crate) struct History {
    pub(crate) start: World,
    pub(crate) operations: Vec<Operation<Step>>,
}

/// What all clients know, and the clock that counts.
struct Board {
    doors: Arc<Doors>,
    user: String,
    organization: String,
    package: String,
    clock: AtomicU64,
    known: Mutex<Known>,
    operations: Mutex<Vec<Operation<Step>>>,
}

#[derive(Default)]
struct Known {
    ids: BTreeMap<Slot, String>,
    versions: BTreeMap<Slot, u32>,
    /// Key texts and grants, with the key and the version its secret came with.
    proofs: Vec<(Slot, u32, Proof)>,
}

#[derive(Clone)]
enum Proof {
    Text(String),
    Grant(String),
}

#[derive(Clone, Copy)]
enum Act {
    Push,
    AskForGrant,
    Get,
    List,
    Edit,
    Refresh,
    Revoke,
    Delete,
    Create,
    LockHolder,
    LockOrganization,
    Member,
    Owned,
    RevokeAll,
}

const ACTS: [(u64, Act); 14] = [
    (30, Act::Push),
    (5, Act::AskForGrant),
    (8, Act::Get),
    (5, Act::List),
    (14, Act::Edit),
    (12, Act::Refresh),
    (4, Act::Revoke),
    (3, Act::Delete),
    (5, Act::Create),
    (5, Act::LockHolder),
    (3, Act::LockOrganization),
    (6, Act::Member),
    (4, Act::Owned),
    (1, Act::RevokeAll),
];

/// Lets the clients of history `number` loose, and writes down what happens. Where `lossy`, some of their writes get lost.
pub(crate) async fn history(doors: &Arc<Doors>, number: u64, dice: &Dice, lossy: bool) -> History {
    let board = Arc::new(Board {
        doors: Arc::clone(doors),
        user: format!("user{number}"),
        organization: format!("organization{number}"),
        package: format!("History{number}.Package"),
        clock: AtomicU64::new(0),
        known: Mutex::default(),
        operations: Mutex::default(),
    });
    board.set_up().await;
    doors.lose_one_in(if lossy { 12 } else { 0 });
    let clients = (0..CLIENTS).map(|client| tokio::spawn(Arc::clone(&board).client(dice.part(client))));
    for client in join_all(clients).await {
        client.unwrap();
    }
    doors.lose_one_in(0);
    let keys = [(0, Key::new(false)), (FOR_ORGANIZATION, Key::new(true))].into();
    let start = World { keys, holder_locked: false, organization_locked: false, member: true, owned: true };
    let operations = std::mem::take(&mut *board.operations.lock().unwrap());
    History { start, operations }
}

impl Board {
    async fn set_up(&self) {
        let Self { user, organization, package, .. } = self;
        self.tell(0, format!("PUT /directory/accounts/{STRANGER}"), account("user", false)).await.unwrap();
        self.tell(0, format!("PUT /directory/accounts/{user}"), account("user", false)).await.unwrap();
        let account = account("organization", false);
        self.tell(0, format!("PUT /directory/accounts/{organization}"), account).await.unwrap();
        self.tell(0, self.member_path("PUT"), json!({ "role": "member" })).await.unwrap();
        let owners = json!({ "owners": [user, organization] });
        self.tell(0, format!("PUT /directory/packages/{package}"), owners).await.unwrap();
        for (slot, owner) in [(0, user), (FOR_ORGANIZATION, organization)] {
            let mut body = self.wanted();
            body["owner"] = json!(owner);
            let (status, made) = self.doors.manage(0, Caller::Person(user), "POST /keys", &[], &body).await;
            assert_eq!(status, 201, "{made}");
            self.learn(slot, &made);
        }
    }

    async fn client(self: Arc<Self>, mut dice: Dice) {
        for _ in 0..ACTS_OF_EACH {
            let act = dice.one_of(&ACTS);
            self.act(act, &mut dice).await;
        }
    }

    async fn act(&self, act: Act, dice: &mut Dice) {
        let instance = dice.throw() >> 1;
        let toss = dice.below(3) == 0;
        let Self { user, organization, package, .. } = self;
        match act {
            Act::Push | Act::AskForGrant => self.push(instance, matches!(act, Act::AskForGrant), dice).await,
            Act::Get => self.get(instance, dice).await,
            Act::List => self.list(instance).await,
            Act::Edit => {
                let scope = if toss { Scope::Others } else { Scope::ThePackage };
                self.change(instance, Change::Edit(scope), dice).await;
            }
            Act::Refresh => self.change(instance, Change::Refresh, dice).await,
            Act::Revoke => self.change(instance, Change::Revoke, dice).await,
            Act::Delete => self.change(instance, Change::Delete, dice).await,
            Act::Create => self.create(instance).await,
            Act::LockHolder => {
                let call = format!("PUT /directory/accounts/{user}");
                self.told(instance, Step::LockHolder(toss), call, account("user", toss)).await;
            }
            Act::LockOrganization => {
                let call = format!("PUT /directory/accounts/{organization}");
                self.told(instance, Step::LockOrganization(toss), call, account("organization", toss)).await;
            }
            Act::Member => {
                let body = if toss { Value::Null } else { json!({ "role": "member" }) };
                let call = self.member_path(if toss { "DELETE" } else { "PUT" });
                self.told(instance, Step::Member(!toss), call, body).await;
            }
            Act::Owned => {
                let owners = if toss { vec![STRANGER] } else { vec![user.as_str(), organization] };
                let call = format!("PUT /directory/packages/{package}");
                self.told(instance, Step::Owned(!toss), call, json!({ "owners": owners })).await;
            }
            Act::RevokeAll => {
                let call = self.tick();
                let told = format!("POST /directory/accounts/{user}/revoke-keys");
                let end = self.tell(instance, told, json!({ "cause": "leaked" })).await.map(|()| self.tick());
                for slot in SLOTS {
                    self.note(call, end, Step::RevokedWithAll { slot });
                }
            }
        }
    }

    async fn create(&self, instance: u64) {
        let (slot, call) = (MADE_MEANWHILE, self.tick());
        let once = [("idempotency-key", "history".to_owned())];
        let person = Caller::Person(&self.user);
        let (status, body) = self.doors.manage(instance, person, "POST /keys", &once, &self.wanted()).await;
        let end = self.tick();
        let answer = match (status, body["reason"].as_str()) {
            (201, _) => CreateAnswer::Made,
            (200, _) => CreateAnswer::Before(self.shown(&body["key"])),
            (409, Some("idempotency_key_used")) => CreateAnswer::Deleted,
            (403, Some("account_locked")) => CreateAnswer::Locked,
            (503, _) => CreateAnswer::Lost,
            _ => panic!("POST /keys answers {status} {}", body["reason"]),
        };
        if status < 300 {
            self.learn(slot, &body);
        }
        self.note(call, (answer != CreateAnswer::Lost).then_some(end), Step::Create { slot, answer });
    }

    async fn change(&self, instance: u64, change: Change, dice: &mut Dice) {
        let (slot, id, version) = self.some_key(dice);
        let named = (dice.below(2) == 0).then_some(version);
        let headers: Vec<_> = named.iter().map(|named| ("if-match", format!("\"{named}\""))).collect();
        let (call, body) = match change {
            Change::Edit(scope) => (format!("PATCH /keys/{id}"), json!({ "packages": self.patterns(scope) })),
            Change::Refresh => (format!("POST /keys/{id}/refresh"), json!({})),
            Change::Revoke => (format!("POST /keys/{id}/revoke"), json!({})),
            Change::Delete => (format!("DELETE /keys/{id}"), Value::Null),
        };
        let begun = self.tick();
        let (status, body) =
            self.doors.manage(instance, Caller::Person(&self.user), &call, &headers, &body).await;
        let end = self.tick();
        let answer = match (status, body["reason"].as_str()) {
            (200, _) if change == Change::Refresh => {
                self.learn(slot, &body);
                Answer::Made(Some(self.shown(&body["key"])))
            }
            (200, _) => Answer::Made(Some(self.shown(&body))),
            (204, _) => Answer::Made(None),
            (404, _) => Answer::Unknown,
            (412, _) => Answer::OtherVersion,
            (409, Some("conflict")) => Answer::Conflict,
            (409, Some("not_now")) => Answer::HasEnded,
            (403, Some("account_locked")) => Answer::Locked,
            (403, Some("not_a_member")) => Answer::NotAMember,
            (503, _) => Answer::Lost,
            _ => panic!("{call} answers {status} {}", body["reason"]),
        };
        if let Answer::Made(Some(shown)) = answer {
            self.known.lock().unwrap().versions.insert(slot, shown.version);
        }
        let end = (answer != Answer::Lost).then_some(end);
        self.note(begun, end, Step::Change { slot, change, named, answer });
    }

    async fn get(&self, instance: u64, dice: &mut Dice) {
        let (slot, id, _) = self.some_key(dice);
        let call = self.tick();
        let person = Caller::Person(&self.user);
        let (status, body) =
            self.doors.manage(instance, person, &format!("GET /keys/{id}"), &[], &Value::Null).await;
        let end = self.tick();
        let shown = match status {
            200 => Some(self.shown(&body)),
            404 => None,
            _ => panic!("GET /keys/{{id}} answers {status}"),
        };
        self.note(call, Some(end), Step::Get { slot, shown });
    }

    async fn list(&self, instance: u64) {
        let call = self.tick();
        let person = Caller::Person(&self.user);
        let (status, body) =
            self.doors.manage(instance, person, "GET /keys?limit=100", &[], &Value::Null).await;
        let end = self.tick();
        assert_eq!(status, 200, "{body}");
        let ids = self.known.lock().unwrap().ids.clone();
        let slot = |id: &Value| {
            ids.iter().find(|(_, known)| **known == *id).map_or(MADE_MEANWHILE, |(slot, _)| *slot)
        };
        let list = body["keys"].as_array().unwrap().iter().map(|key| (slot(&key["id"]), self.shown(key)));
        let list: BTreeMap<Slot, Shown> = list.collect();
        assert_eq!(list.len(), body["keys"].as_array().unwrap().len(), "no key is listed twice");
        self.note(call, Some(end), Step::List(list));
    }

    /// Pushes the package, or asks for a grant without naming it, with something that was shown to be a key's once.
    async fn push(&self, instance: u64, for_grant: bool, dice: &mut Dice) {
        let (slot, secret, proof) = {
            let known = self.known.lock().unwrap();
            // The newest are the more interesting.
            let newest =
                known.proofs.len() - 1 - usize::try_from(dice.below(4)).unwrap().min(known.proofs.len() - 1);
            known.proofs[newest].clone()
        };
        let mut body = json!({ "action": "push" });
        if !for_grant {
            body["package"] = json!(self.package);
        }
        let text = match &proof {
            Proof::Text(text) => Some(text.as_str()),
            Proof::Grant(grant) => {
                body["grant"] = json!(grant);
                // A grant that was given for the action alone stands for any package.
                None
            }
        };
        let call = self.tick();
        let (status, decision) = self.doors.ask(instance, text, &body).await;
        let end = Some(self.tick());
        let message = decision["message"].as_str().unwrap_or_default();
        let holders = message.contains(&format!("The account {} is locked", self.user));
        let (seen, standing) = match (status, decision["reason"].as_str()) {
            (503, _) => return,
            (200, _) if for_grant => (Seen::InForce, Some(Standing::Good)),
            (200, _) => (Seen::Good, Some(Standing::Good)),
            (_, Some("unknown")) => (Seen::Unknown, None),
            (_, Some("revoked")) => (Seen::Revoked, None),
            (_, Some("account_locked")) if holders => (Seen::HolderLocked, None),
            (_, Some("account_locked")) => (Seen::InForce, Some(Standing::Locked)),
            (_, Some("not_organization_member")) => (Seen::InForce, Some(Standing::NotAMember)),
            (_, Some("package_not_covered")) => (Seen::NotCovered, Some(Standing::Good)),
            (_, Some("not_package_owner")) => (Seen::NotOwned, Some(Standing::Good)),
            (_, reason) => panic!("a push is answered {status} {reason:?}"),
        };
        if let (true, Some(grant)) = (for_grant, decision["grant"].as_str()) {
            self.known.lock().unwrap().proofs.push((slot, secret, Proof::Grant(grant.to_owned())));
        }
        self.note(call, end, Step::Look { slot, secret, seen });
        if let Some(standing) = standing.filter(|_| slot == FOR_ORGANIZATION) {
            self.note(call, end, Step::LookAtOrganization(standing));
        }
    }

    /// Tells the directory something, and writes down that it did.
    async fn told(&self, instance: u64, step: Step, call: String, body: Value) {
        let begun = self.tick();
        let end = self.tell(instance, call, body).await.map(|()| self.tick());
        self.note(begun, end, step);
    }

    /// Tells the directory something; none if it is not known whether it was heard.
    async fn tell(&self, instance: u64, call: String, body: Value) -> Option<()> {
        let (status, body) = self.doors.manage(instance, Caller::Gallery, &call, &[], &body).await;
        assert!(status == 200 || status == 503, "{call} answers {status} {body}");
        (status == 200).then_some(())
    }

    fn member_path(&self, method: &str) -> String {
        format!("{method} /directory/organizations/{}/members/{}", self.organization, self.user)
    }

    fn patterns(&self, scope: Scope) -> Value {
        match scope {
            Scope::ThePackage => json!([self.package]),
            Scope::Others => json!(["Other.*"]),
        }
    }

    fn wanted(&self) -> Value {
        json!({ "name": "a key", "actions": ["push"], "packages": self.patterns(Scope::ThePackage) })
    }

    fn shown(&self, key: &Value) -> Shown {
        let scope = if key["packages"] == self.patterns(Scope::ThePackage) {
            Scope::ThePackage
        } else {
            Scope::Others
        };
        let version = u32::try_from(key["version"].as_u64().expect("a key has a version")).unwrap();
        Shown { version, scope, revoked: key["status"] == "revoked" }
    }

    /// A key that somebody knows of, and the version last heard of.
    fn some_key(&self, dice: &mut Dice) -> (Slot, String, u32) {
        let known = self.known.lock().unwrap();
        let place = usize::try_from(dice.below(known.ids.len() as u64)).unwrap();
        let (slot, id) = known.ids.iter().nth(place).unwrap();
        (*slot, id.clone(), known.versions[slot])
    }

    /// Learns of a key that was made or refreshed, and of its text if it is shown.
    fn learn(&self, slot: Slot, body: &Value) {
        let mut known = self.known.lock().unwrap();
        let (id, version) = (body["key"]["id"].as_str().unwrap(), self.shown(&body["key"]).version);
        let before = known.ids.insert(slot, id.to_owned());
        assert!(before.is_none_or(|before| before == id), "one Idempotency-Key has made two keys");
        known.versions.insert(slot, version);
        if let Some(text) = body["key_text"].as_str() {
            known.proofs.push((slot, version, Proof::Text(text.to_owned())));
        }
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn note(&self, call: u64, end: Option<u64>, step: Step) {
        self.operations.lock().unwrap().push(Operation { call, end, step });
    }
}

fn account(kind: &str, locked: bool) -> Value {
    json!({ "name": "an account", "kind": kind, "locked": locked })
}
