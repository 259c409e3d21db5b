//! Everything that can be done to the items of the scenario, tried in turn.

use std::{fmt::Display, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use keyring::{AccountChange, AccountKind, DUE_SHARDS, Keyring, LegacyKey, LegacySecret, OUTBOX_SHARDS};
use keys::{AccountId, Edit, LegacyText, PackageId, Patterns, Role, Stored};

use super::{
    scenario::{WITH_HASH, WITH_MAC, account, asked, holder, once},
    set::Known,
};
use crate::aws::act;

/// What was told of all that went wrong.
pub(super) struct Attempts {
    pub(super) told: Vec<String>,
}

impl Attempts {
    /// Tries all of it, at `at`, each as a function's new execution environment would.
    pub(super) async fn of(keyring: impl Fn() -> Arc<Keyring>, known: &Known, at: DateTime<Utc>) -> Self {
        let mut all = Self { told: Vec::new() };
        all.reads(&keyring(), known).await;
        all.pushes(&keyring(), known, at).await;
        all.directory(&keyring(), at).await;
        all.time(&keyring(), at).await;
        all.changes(&keyring(), known).await;
        all
    }

    fn keep<T, E: Display>(&mut self, outcome: Result<T, E>) -> Option<T> {
        outcome.map_err(|error| self.told.push(error.to_string())).ok()
    }

    async fn reads(&mut self, keyring: &Keyring, known: &Known) {
        for name in ["alice", "bob", "carol", "dora", "fabrikam"] {
            let id: AccountId = name.parse().unwrap();
            self.keep(keyring.account(&id).await);
            self.keep(keyring.keys_of(&id, 100, None).await);
            self.keep(keyring.keys_for(&id, 100, None).await);
            self.keep(keyring.packages_of(&id, 100, None).await);
            self.keep(keyring.memberships(&id).await);
            self.keep(keyring.role(&"fabrikam".parse().unwrap(), &id).await);
            self.keep(keyring.membership(&id, &"fabrikam".parse().unwrap()).await);
        }
        for (id, _) in known.keys.values() {
            self.keep(keyring.key(id).await);
            self.keep(keyring.events(id, 100, None).await);
        }
        for package in packages() {
            self.keep(keyring.package(&package).await);
        }
        for version in [1, 2] {
            self.keep(keyring.peppers().get(version.into()).await);
        }
    }

    async fn pushes(&mut self, keyring: &Keyring, known: &Known, at: DateTime<Utc>) {
        for (id, _) in known.keys.values() {
            if let Some(look_up) = self.keep(keyring.look_up(id, packages().first()).await)
                && let Some(key) = look_up.key
            {
                self.keep(keyring.note_push(&key, at).await);
            }
            self.keep(keyring.note_pushed(id, &packages()[0], at).await);
            self.keep(keyring.pushed_by(id, 100).await);
            let [package, _] = packages();
            self.keep(keyring.bar(&package, id, &"alice".parse().unwrap(), &act("alice")).await);
            self.keep(keyring.lift_bar(&package, id, &"alice".parse().unwrap(), &act("alice")).await);
        }
        for text in [WITH_MAC, WITH_HASH] {
            let text = LegacyText::parse(text).unwrap();
            let found = self.keep(keyring.look_up_legacy(text.id_part(), None).await);
            for key in found.unwrap_or_default().into_iter().filter_map(|look_up| look_up.key) {
                if let Stored::Nuget(_) = key.secret.stored
                    && let Some(pepper) = self.keep(keyring.peppers().latest().await)
                {
                    self.keep(keyring.pepper_legacy(&key, &text, &pepper).await);
                }
                self.keep(keyring.note_push(&key, at).await);
            }
        }
    }

    async fn directory(&mut self, keyring: &Keyring, at: DateTime<Utc>) {
        let id = |name: &str| -> AccountId { name.parse().unwrap() };
        let revision = Some(100);
        for (name, kind) in [
            ("alice", AccountKind::User),
            ("bob", AccountKind::User),
            ("carol", AccountKind::User),
            ("dora", AccountKind::User),
            ("fabrikam", AccountKind::Organization),
        ] {
            let change = AccountChange { locked: Some(false), ..account(name, kind, revision) };
            self.keep(keyring.put_account(&change, at).await);
        }
        for name in ["alice", "bob", "carol"] {
            self.keep(keyring.put_member(&id("fabrikam"), &id(name), Role::Admin, revision, at).await);
        }
        for package in packages() {
            self.keep(keyring.put_package(&package, &[id("alice"), id("fabrikam")], revision, at).await);
            self.keep(keyring.put_package(&package, &[id("bob")], revision, at).await);
        }
    }

    async fn time(&mut self, keyring: &Keyring, at: DateTime<Utc>) {
        let year = at + TimeDelta::days(400);
        for shard in 0..DUE_SHARDS {
            for due in
                self.keep(keyring.due(shard, year, None, 100).await).map(|(due, _)| due).unwrap_or_default()
            {
                self.keep(keyring.tell(&due, year).await);
            }
        }
        for shard in 0..OUTBOX_SHARDS {
            let Some((waiting, _, unreadable)) = self.keep(keyring.waiting(shard, None, 1000).await) else {
                continue;
            };
            self.told.extend(unreadable.iter().map(ToString::to_string));
            let rows: Vec<_> = waiting.into_iter().map(|notice| notice.row).collect();
            self.keep(keyring.lease_together(&rows, TimeDelta::minutes(1), year).await);
            self.keep(keyring.delivered(&rows).await);
        }
    }

    async fn changes(&mut self, keyring: &Keyring, known: &Known) {
        let prefix = "lk".parse().unwrap();
        self.keep(
            keyring
                .create(&holder("alice"), &asked("alice", 90), &prefix, Some(&once()), &act("alice"))
                .await,
        );
        for (account, text) in [("alice", WITH_MAC), ("bob", WITH_HASH)] {
            let secret = LegacySecret::Text(LegacyText::parse(text).unwrap());
            let key = LegacyKey { account: account.parse().unwrap(), secret, last_push_at: None };
            self.keep(keyring.import(&key, &act("gallery")).await);
        }
        for (id, _) in known.keys.values() {
            for change in 0..4 {
                let Some(Some(key)) = self.keep(keyring.key(id).await) else { continue };
                let act = act(key.holder.as_str());
                let packages = Some(Patterns::parse(&["Other.*"]).unwrap());
                let packages = Edit { packages, ..Edit::default() };
                match change {
                    0 => drop(self.keep(keyring.edit(&key, packages, &act).await)),
                    1 => drop(self.keep(keyring.refresh(&key, &prefix, true, 365, &act).await)),
                    2 => drop(self.keep(keyring.revoke(&key, "by a test".to_owned(), &act).await)),
                    _ => drop(self.keep(keyring.delete(&key, &act).await)),
                }
            }
        }
    }
}

fn packages() -> [PackageId; 2] {
    ["Tailspin.Tools", "Tailspin.Old"].map(|id| id.parse().unwrap())
}
