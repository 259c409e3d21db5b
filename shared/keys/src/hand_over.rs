use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::{
    key::{Key, Kind, Not, Secret, Status},
    pepper::{Mac, PepperVersion},
};

/// A second secret that a key was given to take the place of its own, without a moment in which neither works.
///
/// Both work until the second one's first push, which ends the first in the same write. Where there is no such push while
/// the window is open, the second is dropped and the first lives on, to the key's own expiry and not beyond. A key has at
/// most two secrets at a time, and none of them has a version that another of its secrets had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// The second secret.
    pub secret: Secret,
    /// When the window closes: the second secret counts before this second and not from it on.
    pub until: DateTime<Utc>,
}

/// How long the second secret of a hand-over waits for its first push, in whole days: 1 to 30.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOverWindow(u16);

/// No window of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hand-over takes 1 to {} days, not {asked}", HandOverWindow::MOST_DAYS)]
pub struct HandOverWindowError {
    /// The days asked for.
    pub asked: i64,
}

impl HandOverWindow {
    /// The most days: long enough for whoever builds once a month.
    pub const MOST_DAYS: u16 = 30;

    /// A window of so many days.
    ///
    /// # Errors
    /// [`HandOverWindowError`] for zero, negative and too many days.
    pub fn new(days: i64) -> Result<Self, HandOverWindowError> {
        match u16::try_from(days) {
            Ok(days) if (1..=Self::MOST_DAYS).contains(&days) => Ok(Self(days)),
            _ => Err(HandOverWindowError { asked: days }),
        }
    }

    /// The days.
    #[must_use]
    pub const fn days(self) -> u16 {
        self.0
    }
}

/// A week: what a build that hands its own key over takes, unless it says otherwise.
impl Default for HandOverWindow {
    fn default() -> Self {
        Self(7)
    }
}

impl Key {
    /// The key with the MAC of a second secret, to be handed over to within `window`, or until the key's end where that is
    /// sooner. Its lifetime stays as it is. `maximum` is the policy's most days, as it is today.
    ///
    /// # Errors
    /// [`Not`] for keys that do not work, for legacy keys, while another hand-over's window is open, and where the policy
    /// does not allow the rest of the lifetime.
    pub fn handing_over(
        &self,
        (mac, pepper): (Mac, PepperVersion),
        window: HandOverWindow,
        maximum: u16,
        now: DateTime<Utc>,
    ) -> Result<Self, Not> {
        match self.status(now) {
            Status::Active => {}
            status => return Err(Not::While(status, "handed over")),
        }
        if self.frozen_at.is_some() {
            return Err(Not::Frozen("handed over"));
        }
        let Kind::Scoped { expires_at, .. } = self.kind else { return Err(Not::Legacy("handed over")) };
        if let Some(pending) = self.pending(now) {
            return Err(Not::HandingOver(pending.until));
        }
        let now = now.trunc_subsecs(0);
        Self::refuse_rest(expires_at - now, maximum)?;
        let mut key = self.changed();
        key.secrets = self.secrets.saturating_add(1);
        key.hand_over = Some(HandOver {
            secret: Secret::new(mac, pepper, key.secrets),
            until: expires_at.min(now + TimeDelta::days(i64::from(window.days()))),
        });
        Ok(key)
    }

    /// The hand-over whose window is open at `now`.
    #[must_use]
    pub fn pending(&self, now: DateTime<Utc>) -> Option<&HandOver> {
        self.hand_over.as_ref().filter(|hand_over| now < hand_over.until)
    }

    /// The secret of this version, if it counts at `now`: the key's own, or the one it is being handed over to.
    #[must_use]
    pub fn secret_of(&self, version: u32, now: DateTime<Utc>) -> Option<&Secret> {
        let pending = self.pending(now).map(|hand_over| &hand_over.secret);
        [Some(&self.secret), pending].into_iter().flatten().find(|secret| secret.version == version)
    }

    /// The key after the first push with its second secret, at `at`: that one is its own now, and the other is no more.
    /// Its people are still to be told. A key without a second secret stays as it is.
    #[must_use]
    pub fn handed_over(&self, at: DateTime<Utc>) -> Self {
        let mut key = self.clone();
        if let Some(HandOver { secret, .. }) = key.hand_over.take() {
            key.secret = secret;
            key.handed_over_at = Some(at.trunc_subsecs(0));
        }
        key
    }
}

#[cfg(test)]
#[path = "hand_over_tests.rs"]
mod tests;
