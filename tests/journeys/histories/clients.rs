//! Several clients at once on one user's keys: what each does is thrown, and what it is answered is written down.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    doors::Doors,
    model::{Change, Key, Scope, Shown, Slot, Step, World},
    search::Operation,
};
use crate::{api_event::Caller, dice::Dice};

const CLIENTS: u64 = 4;
const ACTS_OF_EACH: u64 = 6;

/// The user's own key and the organization's are made before anything happens at once; this one meanwhile.
pub(super) const MADE_MEANWHILE: Slot = 2;
pub(super) const FOR_ORGANIZATION: Slot = 1;
/// Who owns the package when neither the user nor the organization does.
const STRANGER: &str = "stranger";
const SLOTS: [Slot; 3] = [0, FOR_ORGANIZATION, MADE_MEANWHILE];

/// What happened.
pub(crate) struct History {
    pub(crate) start: World,
    pub(crate) operations: Vec<Operation<Step>>,
}

/// What all clients know, and the clock that counts.
pub(super) struct Board {
    pub(super) doors: Arc<Doors>,
    pub(super) user: String,
    pub(super) organization: String,
    pub(super) package: String,
    clock: AtomicU64,
    pub(super) known: Mutex<Known>,
    operations: Mutex<Vec<Operation<Step>>>,
}

#[derive(Default)]
pub(super) struct Known {
    pub(super) ids: BTreeMap<Slot, String>,
    pub(super) versions: BTreeMap<Slot, u32>,
    /// Key texts and grants, with the key and the version its secret came with.
    pub(super) proofs: Vec<(Slot, u32, Proof)>,
}

#[derive(Clone)]
pub(super) enum Proof {
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
    HandOver,
    Freeze,
    Thaw,
    Burn,
    Revoke,
    Delete,
    Create,
    LockHolder,
    LockOrganization,
    Member,
    Owned,
    RevokeAll,
}

const ACTS: [(u64, Act); 18] = [
    (30, Act::Push),
    (5, Act::AskForGrant),
    (8, Act::Get),
    (5, Act::List),
    (14, Act::Edit),
    (8, Act::Refresh),
    (12, Act::HandOver),
    (6, Act::Freeze),
    (8, Act::Thaw),
    (2, Act::Burn),
    (4, Act::Revoke),
    (3, Act::Delete),
    (5, Act::Create),
    (5, Act::LockHolder),
    (3, Act::LockOrganization),
    (6, Act::Member),
    (4, Act::Owned),
    (1, Act::RevokeAll),
];

/// Lets clients loose on histories of these numbers, all at once, and writes down what happens in each. Where `lossy`, some
/// of their writes get lost.
pub(crate) async fn histories(
    doors: &Arc<Doors>,
    numbers: Range<u64>,
    dice: &Dice,
    lossy: bool,
) -> Vec<History> {
    let boards =
        join_all(numbers.map(async |number| (Board::set_up(doors, number).await, dice.part(number)))).await;
    doors.lose_one_in(if lossy { 8 } else { 0 });
    let histories = join_all(boards.into_iter().map(|(board, dice)| board.history(dice))).await;
    doors.lose_one_in(0);
    histories
}

impl Board {
    /// Makes what a history begins with.
    async fn set_up(doors: &Arc<Doors>, number: u64) -> Arc<Self> {
        let board = Self {
            doors: Arc::clone(doors),
            user: format!("user{number}"),
            organization: format!("organization{number}"),
            package: format!("History{number}.Package"),
            clock: AtomicU64::new(0),
            known: Mutex::default(),
            operations: Mutex::default(),
        };
        board.begin().await;
        Arc::new(board)
    }

    async fn begin(&self) {
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

    async fn history(self: Arc<Self>, dice: Dice) -> History {
        let clients = (0..CLIENTS).map(|client| tokio::spawn(Arc::clone(&self).client(dice.part(client))));
        for client in join_all(clients).await {
            client.unwrap();
        }
        let keys = [(0, Key::new(false)), (FOR_ORGANIZATION, Key::new(true))].into();
        let start =
            World { keys, holder_locked: false, organization_locked: false, member: true, owned: true };
        let operations = std::mem::take(&mut *self.operations.lock().unwrap());
        History { start, operations }
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
            Act::HandOver => self.change(instance, Change::HandOver, dice).await,
            Act::Freeze => self.change(instance, Change::Freeze, dice).await,
            Act::Thaw => self.change(instance, Change::Thaw, dice).await,
            Act::Burn => self.burn(instance, dice).await,
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

    pub(super) fn member_path(&self, method: &str) -> String {
        format!("{method} /directory/organizations/{}/members/{}", self.organization, self.user)
    }

    pub(super) fn patterns(&self, scope: Scope) -> Value {
        match scope {
            Scope::ThePackage => json!([self.package]),
            Scope::Others => json!(["Other.*"]),
        }
    }

    pub(super) fn wanted(&self) -> Value {
        json!({ "name": "a key", "actions": ["push"], "packages": self.patterns(Scope::ThePackage) })
    }

    pub(super) fn shown(&self, key: &Value) -> Shown {
        let scope = if key["packages"] == self.patterns(Scope::ThePackage) {
            Scope::ThePackage
        } else {
            Scope::Others
        };
        let version = u32::try_from(key["version"].as_u64().expect("a key has a version")).unwrap();
        let (revoked, frozen) = (key["status"] == "revoked", key["frozen_at"].is_string());
        Shown { version, scope, revoked, frozen }
    }

    /// A key that somebody knows of, and the version last heard of.
    pub(super) fn some_key(&self, dice: &mut Dice) -> (Slot, String, u32) {
        let known = self.known.lock().unwrap();
        let place = usize::try_from(dice.below(known.ids.len() as u64)).unwrap();
        let (slot, id) = known.ids.iter().nth(place).unwrap();
        (*slot, id.clone(), known.versions[slot])
    }

    /// Learns of a key that was made or refreshed, and of its text if it is shown.
    pub(super) fn learn(&self, slot: Slot, body: &Value) {
        let mut known = self.known.lock().unwrap();
        let (id, version) = (body["key"]["id"].as_str().unwrap(), self.shown(&body["key"]).version);
        let before = known.ids.insert(slot, id.to_owned());
        assert!(before.is_none_or(|before| before == id), "one Idempotency-Key has made two keys");
        known.versions.insert(slot, version);
        if let Some(text) = body["key_text"].as_str() {
            known.proofs.push((slot, version, Proof::Text(text.to_owned())));
        }
    }

    pub(super) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn note(&self, call: u64, end: Option<u64>, step: Step) {
        self.operations.lock().unwrap().push(Operation { call, end, step });
    }
}

fn account(kind: &str, locked: bool) -> Value {
    json!({ "name": "an account", "kind": kind, "locked": locked })
}
