use std::{fmt, str::FromStr};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::{
    account::AccountId,
    hand_over::HandOver,
    key_id::KeyId,
    key_text,
    lifetime::{Lifetime, LifetimeError},
    nuget_stored::NugetStored,
    pepper::{Mac, PepperVersion},
    scope::{Patterns, Scope},
};

/// A named permission with a secret, as it is stored: everything but the key text.
///
/// Times are whole seconds. What may be done with a key depends on its [`Status`]:
///
/// | | active | expired | revoked, retired |
/// | --- | --- | --- | --- |
/// | [edit](Key::edited), [refresh](Key::refreshed) | yes | yes; a refresh restarts the lifetime | no |
/// | [hand over](Key::handing_over) | yes | no | no |
/// | [revoke](Key::revoked) | yes | no | no |
/// | [freeze](Key::frozen), [thaw](Key::thawed) | yes | yes | no |
/// | delete | yes | yes | yes |
///
/// A legacy key is never edited, refreshed or handed over. A frozen key keeps its status, but opens nothing until it is thawed;
/// its end comes when it comes, and what else may be done with it stays the same: a refreshed key is as frozen as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public name.
    pub id: KeyId,
    /// What its holder calls it.
    pub name: KeyName,
    /// The user who made it and is mailed about it.
    pub holder: AccountId,
    /// The account in whose name it acts: the holder, or an organization the holder is a member of.
    pub owner: AccountId,
    /// Scoped or legacy, and what goes with that.
    pub kind: Kind,
    /// When it was made, or imported.
    pub created_at: DateTime<Utc>,
    /// Its last push, as far as it has been noted.
    pub last_push_at: Option<DateTime<Utc>>,
    /// When and why it was revoked.
    pub revocation: Option<Revocation>,
    /// Since when it is frozen, if it is.
    pub frozen_at: Option<DateTime<Utc>>,
    /// When the sweeper owes it something of its end next; [`Key::due`] is when it owes it anything.
    pub due_at: Option<DateTime<Utc>>,
    /// Rises with every change by a person or the gallery; a push is none.
    pub version: u32,
    /// What is stored of its secret.
    pub secret: Secret,
    /// How many secrets it has had: the version of the newest, also where that one was dropped unused.
    pub secrets: u32,
    /// The second secret that it was given to take over, until that was used for a push or the sweeper has dropped it.
    pub hand_over: Option<HandOver>,
    /// When it was handed over to its second secret, until the sweeper has told its people.
    pub handed_over_at: Option<DateTime<Utc>>,
    /// Whether whoever has the key itself may begin a hand-over, as a build does.
    pub self_refresh: bool,
}

/// What is to change of a key; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Its new name.
    pub name: Option<KeyName>,
    /// All its patterns from now on.
    pub packages: Option<Patterns>,
    /// Whether it may begin a hand-over of itself from now on.
    pub self_refresh: Option<bool>,
}

/// What kind of permission a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Some actions on some packages until some day.
    Scoped {
        /// Actions and packages.
        scope: Scope,
        /// The lifetime it was given.
        lifetime: Lifetime,
        /// When it stops working.
        expires_at: DateTime<Utc>,
    },
    /// Every action on every package of its account, until a year without a push.
    Legacy {
        /// When it stops working, if no push comes before.
        retires_at: DateTime<Utc>,
    },
}

/// What is known of a key's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What is stored of it.
    pub stored: Stored,
    /// Which of the key's secrets this is: 1, and one more for every refresh and every hand-over.
    pub version: u32,
}

/// What is stored of a key's secret, to check a key text against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// The MAC of the key text.
    Mac {
        /// The MAC.
        mac: Mac,
        /// The pepper it was made with.
        pepper: PepperVersion,
    },
    /// What NuGet stored of a legacy key, until the key is used for the first time.
    Nuget(NugetStored),
}

/// The end of a key by decision of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom or what, in words that its holder may read.
    pub cause: String,
}

/// What a key's holder calls it: 1 to 256 characters on one line, no space at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

/// A text is no key name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key name has 1 to 256 characters, no control characters, and no API key in it")]
pub struct KeyNameError;

/// Whether a key works now, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It works.
    Active,
    /// Its lifetime is over; a refresh starts it again.
    Expired,
    /// Somebody ended it. It never comes back.
    Revoked,
    /// A legacy key, a year without a push. It never comes back.
    Retired,
}

/// Why a key cannot be changed as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Not {
    /// Its status does not allow it.
    #[error("the key is {0}, so it cannot be {1}")]
    While(Status, &'static str),
    /// It opens nothing until its holder thaws it, so nothing new is to open it either.
    #[error("the key is frozen, so it cannot be {0}; unfreeze it first")]
    Frozen(&'static str),
    /// Legacy keys can be revoked and deleted only.
    #[error("the key is a legacy key, so it cannot be {0}; make a scoped key in its place")]
    Legacy(&'static str),
    /// The policy would not give it this lifetime any more.
    #[error("{0}: make a new key in its place")]
    Lifetime(#[from] LifetimeError),
    /// It has two secrets already.
    #[error("the key is being handed over until {}: push with its new secret, or refresh it to end both", .0.format("%Y-%m-%d %H:%M UTC"))]
    HandingOver(DateTime<Utc>),
}

impl Key {
    /// A new scoped key, made at `now`.
    #[must_use]
    pub fn scoped(
        id: KeyId,
        name: KeyName,
        (holder, owner): (AccountId, AccountId),
        scope: Scope,
        lifetime: Lifetime,
        secret: Secret,
        now: DateTime<Utc>,
    ) -> Self {
        let created_at = now.trunc_subsecs(0);
        let expires_at = lifetime.end(created_at);
        let kind = Kind::Scoped { scope, lifetime, expires_at };
        let key = Self {
            id,
            name,
            holder,
            owner,
            kind,
            created_at,
            last_push_at: None,
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

    /// Whether the key works at `now`.
    #[must_use]
    pub fn status(&self, now: DateTime<Utc>) -> Status {
        match (&self.revocation, &self.kind) {
            (Some(_), _) => Status::Revoked,
            (None, Kind::Legacy { retires_at }) if now >= *retires_at => Status::Retired,
            (None, Kind::Scoped { expires_at, .. }) if now >= *expires_at => Status::Expired,
            (None, _) => Status::Active,
        }
    }

    /// Whether the key acts for an organization, rather than for its holder.
    #[must_use]
    pub fn acts_for_organization(&self) -> bool {
        self.owner != self.holder
    }

    /// Actions and packages; none for a legacy key, which is not limited.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        match &self.kind {
            Kind::Scoped { scope, .. } => Some(scope),
            Kind::Legacy { .. } => None,
        }
    }

    /// When the key stops working by itself, if nothing changes until then.
    #[must_use]
    pub const fn ends_at(&self) -> DateTime<Utc> {
        match &self.kind {
            Kind::Scoped { expires_at, .. } => *expires_at,
            Kind::Legacy { retires_at } => *retires_at,
        }
    }

    /// The key with what `edit` changes of it. Actions, owner, expiry and secrets stay.
    ///
    /// # Errors
    /// [`Not`] for revoked, retired and legacy keys.
    pub fn edited(&self, edit: Edit, now: DateTime<Utc>) -> Result<Self, Not> {
        self.refuse_ended("edited", now)?;
        let mut key = self.changed();
        let Kind::Scoped { scope, .. } = &mut key.kind else { return Err(Not::Legacy("edited")) };
        if let Some(packages) = edit.packages {
            scope.packages = packages;
        }
        if let Some(name) = edit.name {
            key.name = name;
        }
        key.self_refresh = edit.self_refresh.unwrap_or(key.self_refresh);
        Ok(key)
    }

    /// The key with the MAC of a new secret, and no other: one that it is being handed over to ends too. `restart` starts the same lifetime again at `now`; an expired key's always
    /// is. `maximum` is the policy's most days, as it is today.
    ///
    /// # Errors
    /// [`Not`] for revoked, retired and legacy keys, and where the policy does not allow the rest of the lifetime.
    pub fn refreshed(
        &self,
        (mac, pepper): (Mac, PepperVersion),
        restart: bool,
        maximum: u16,
        now: DateTime<Utc>,
    ) -> Result<Self, Not> {
        self.refuse_ended("refreshed", now)?;
        let now = now.trunc_subsecs(0);
        let mut key = self.changed();
        let Kind::Scoped { lifetime, expires_at, .. } = &mut key.kind else {
            return Err(Not::Legacy("refreshed"));
        };
        if restart || now >= *expires_at {
            *lifetime = Lifetime::new(i64::from(lifetime.days()), maximum)?;
            *expires_at = lifetime.end(now);
            key.due_at = Some(key.warned_at());
        } else {
            Self::refuse_rest(*expires_at - now, maximum)?;
        }
        key.secrets = self.secrets.saturating_add(1);
        key.secret = Secret::new(mac, pepper, key.secrets);
        key.hand_over = None;
        Ok(key)
    }

    /// The key, ended by `cause`.
    ///
    /// # Errors
    /// [`Not`] for keys that have ended already.
    pub fn revoked(&self, cause: String, now: DateTime<Utc>) -> Result<Self, Not> {
        match self.status(now) {
            Status::Active => {}
            status => return Err(Not::While(status, "revoked")),
        }
        let mut key = self.changed();
        key.revocation = Some(Revocation { at: now.trunc_subsecs(0), cause });
        key.due_at = None;
        key.hand_over = None;
        Ok(key)
    }

    /// The key, frozen at `now`. One that is frozen already stays as it is.
    ///
    /// # Errors
    /// [`Not`] for revoked and retired keys, which open nothing anyway.
    pub fn frozen(&self, now: DateTime<Utc>) -> Result<Self, Not> {
        self.refuse_ended("frozen", now)?;
        Ok(match self.frozen_at {
            Some(_) => self.clone(),
            None => Self { frozen_at: Some(now.trunc_subsecs(0)), ..self.changed() },
        })
    }

    /// The key, which opens again what it did. One that is not frozen stays as it is.
    ///
    /// # Errors
    /// [`Not`] for revoked and retired keys.
    pub fn thawed(&self, now: DateTime<Utc>) -> Result<Self, Not> {
        self.refuse_ended("unfrozen", now)?;
        Ok(match self.frozen_at {
            Some(_) => Self { frozen_at: None, ..self.changed() },
            None => self.clone(),
        })
    }

    pub(crate) fn changed(&self) -> Self {
        let mut key = self.clone();
        key.version = key.version.saturating_add(1);
        key
    }

    /// Refuses a rest of a lifetime, days rounded up, that the policy would not give today.
    pub(crate) fn refuse_rest(left: TimeDelta, maximum: u16) -> Result<(), LifetimeError> {
        let days = left.num_days() + i64::from(left > TimeDelta::days(left.num_days()));
        Lifetime::new(days, maximum).map(drop)
    }

    fn refuse_ended(&self, act: &'static str, now: DateTime<Utc>) -> Result<(), Not> {
        match self.status(now) {
            status @ (Status::Revoked | Status::Retired) => Err(Not::While(status, act)),
            Status::Active | Status::Expired => Ok(()),
        }
    }
}

impl Secret {
    /// A secret of which the MAC is stored, made with the pepper of this version. `version` counts the key's secrets.
    #[must_use]
    pub const fn new(mac: Mac, pepper: PepperVersion, version: u32) -> Self {
        Self { stored: Stored::Mac { mac, pepper }, version }
    }
}

impl KeyName {
    /// What every legacy key is called: none had a name before, and all of them allow the same.
    pub(crate) fn of_legacy_keys() -> Self {
        Self("Full access key".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Spaces at either end are dropped, as they are in what people type.
impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let text = text.trim();
        let good = (1..=256).contains(&text.chars().count())
            && !text.chars().any(breaks_the_line)
            && !key_text::is_in(text);
        if good { Ok(Self(text.to_owned())) } else { Err(KeyNameError) }
    }
}

/// Control characters, and Unicode's own separators of lines and paragraphs.
fn breaks_the_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Status {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
pub(crate) mod tests;
