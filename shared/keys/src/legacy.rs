//! Keys imported from before, as NuGet's galleries gave them out: what they may do, and when they end.
//!
//! A legacy key allows every action on every package of its account and has no date of expiry. It is retired 365 days after
//! its last push, or after its import where no push is known of; but never less than ten days after the import, so that
//! there is time to tell people. Only a push moves that day.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::{
    account::AccountId,
    key::{Key, KeyName, Kind, Secret, Stored},
    key_id::KeyId,
    pepper::{Mac, PepperVersion},
    time_left::WARNING_DAYS,
};

/// How long a legacy key lives without a push.
const IDLE: TimeDelta = TimeDelta::days(365);
/// How long it lives at least: its holder is warned that long before.
const WARNED: TimeDelta = TimeDelta::days(WARNING_DAYS);

impl Key {
    /// The key of `account` that was imported at `now`, with the last push that the gallery knows of.
    #[must_use]
    pub fn legacy(
        id: KeyId,
        account: AccountId,
        secret: Secret,
        last_push_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        let created_at = now.trunc_subsecs(0);
        let last_push_at = last_push_at.map(|at| at.trunc_subsecs(0));
        let retires_at = (last_push_at.unwrap_or(created_at) + IDLE).max(created_at + WARNED);
        let key = Self {
            id,
            name: KeyName::of_legacy_keys(),
            holder: account.clone(),
            owner: account,
            kind: Kind::Legacy { retires_at },
            created_at,
            last_push_at,
            revocation: None,
            frozen_at: None,
            due_at: None,
            version: 1,
            secrets: secret.version,
            secret,
            hand_over: None,
            handed_over_at: None,
            self_refresh: false,
        };
        Self { due_at: Some(key.warned_at()), ..key }
    }

    /// The key, which works, after a push at `at`. A legacy key lives another 365 days from there, and what it is owed before
    /// its end moves along.
    #[must_use]
    pub fn pushed(&self, at: DateTime<Utc>) -> Self {
        let at = at.trunc_subsecs(0);
        let mut key = self.clone();
        key.last_push_at = Some(at);
        if let Kind::Legacy { retires_at } = &mut key.kind
            && at + IDLE > *retires_at
        {
            *retires_at = at + IDLE;
            key.due_at = Some(key.warned_at());
        }
        key
    }

    /// The key with the same secret, of which a MAC is stored now.
    #[must_use]
    pub fn peppered(&self, mac: Mac, pepper: PepperVersion) -> Self {
        let mut key = self.clone();
        key.secret.stored = Stored::Mac { mac, pepper };
        key
    }
}

#[cfg(test)]
#[path = "legacy_tests.rs"]
mod tests;
