use chrono::{DateTime, Utc};

use crate::{
    account::AccountId,
    action::Actions,
    key::{Key, KeyName},
    key_id::KeyId,
    leak::Leak,
    package_id::PackageId,
    pattern::Pattern,
};

/// What tells people: the facts of something that happened to a key, kept until a mail has told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub kind: NoticeKind,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it, or what was the cause, in words.
    pub by: String,
    /// Who is told.
    pub recipient: AccountId,
    /// The key's id.
    pub key: KeyId,
    /// Its name.
    pub name: KeyName,
    /// Its holder.
    pub holder: AccountId,
    /// The account it acts for.
    pub owner: AccountId,
    /// What it allows; none for a legacy key, which allows everything.
    pub actions: Option<Actions>,
    /// On which packages.
    pub packages: Packages,
    /// On which packages before an edit.
    pub packages_before: Option<Packages>,
    /// The one package that it is about, where it is about one.
    pub package: Option<PackageId>,
    /// When it ends by itself.
    pub ends_at: DateTime<Utc>,
    /// Its last push.
    pub last_push_at: Option<DateTime<Utc>>,
    /// Where its text was found and what it had pushed, if that is what happened.
    pub leak: Option<Leak>,
    /// Until when a second secret waits for its first push.
    pub hand_over_until: Option<DateTime<Utc>>,
    /// Whether it may refresh itself.
    pub self_refresh: bool,
}

/// What happened to a key that people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// It was made.
    Created,
    /// It has a new secret.
    Refreshed,
    /// It has a second secret, to be handed over to.
    HandOverBegun,
    /// Its second secret has pushed, and is its only one.
    HandedOver,
    /// Its second secret did not push in time, and was dropped.
    HandOverLapsed,
    /// What it covers was changed, or that it may refresh itself.
    Edited,
    /// Somebody ended it.
    Revoked,
    /// Its text was found where others can read it, and it was ended.
    Leaked,
    /// It was removed.
    Deleted,
    /// An owner of a package barred it from that package.
    Barred,
    /// An owner of a package lifted such a bar.
    BarLifted,
    /// Somebody froze it.
    Frozen,
    /// Its holder thawed it.
    Thawed,
    /// Its lifetime is about to end.
    Expiring,
    /// Its lifetime has ended.
    Expired,
    /// A legacy key that is about to be retired.
    LegacyRetiring,
    /// A legacy key that was retired.
    LegacyRetired,
}

/// The patterns of a key as a notice tells of them: the first ones, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages {
    /// The first patterns, at most [`Packages::SHOWN`].
    pub first: Vec<Pattern>,
    /// How many the key has.
    pub count: usize,
}

impl Packages {
    /// How many patterns a notice names.
    pub const SHOWN: usize = 20;

    fn of(key: &Key) -> Self {
        let patterns = key.scope().map(|scope| scope.packages.as_slice()).unwrap_or_default();
        Self { first: patterns.iter().take(Self::SHOWN).cloned().collect(), count: patterns.len() }
    }

    /// How many patterns it does not name.
    #[must_use]
    pub fn more(&self) -> usize {
        self.count - self.first.len().min(self.count)
    }
}

impl Notice {
    /// The notice that `kind` happened to `key`, to its holder.
    #[must_use]
    pub fn new(kind: NoticeKind, key: &Key, by: String, at: DateTime<Utc>) -> Self {
        Self {
            kind,
            at,
            by,
            recipient: key.holder.clone(),
            key: key.id,
            name: key.name.clone(),
            holder: key.holder.clone(),
            owner: key.owner.clone(),
            actions: key.scope().map(|scope| scope.actions),
            packages: Packages::of(key),
            packages_before: None,
            package: None,
            ends_at: key.ends_at(),
            last_push_at: key.last_push_at,
            leak: None,
            hand_over_until: key.hand_over.as_ref().map(|hand_over| hand_over.until),
            self_refresh: key.self_refresh,
        }
    }

    /// The same notice, to somebody else.
    #[must_use]
    pub fn to(&self, recipient: AccountId) -> Self {
        Self { recipient, ..self.clone() }
    }

    /// Whether it goes to the key's holder, who alone can refresh the key; otherwise to an admin of its owner.
    #[must_use]
    pub fn is_to_holder(&self) -> bool {
        self.recipient == self.holder
    }

    /// The notice that `key`, whose text was found as `leak` tells, was ended. `by` is who found it.
    #[must_use]
    pub fn leaked(key: &Key, leak: Leak, by: String, at: DateTime<Utc>) -> Self {
        Self { leak: Some(leak), ..Self::new(NoticeKind::Leaked, key, by, at) }
    }

    /// The same notice, of one package.
    #[must_use]
    pub fn about(self, package: PackageId) -> Self {
        Self { package: Some(package), ..self }
    }

    /// The notice that a key was edited: what it covers now and, if that is something else, what it covered before.
    #[must_use]
    pub fn edited(before: &Key, after: &Key, by: String, at: DateTime<Utc>) -> Self {
        let packages_before = (before.scope() != after.scope()).then(|| Packages::of(before));
        Self { packages_before, ..Self::new(NoticeKind::Edited, after, by, at) }
    }
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Created,
        Self::Refreshed,
        Self::HandOverBegun,
        Self::HandedOver,
        Self::HandOverLapsed,
        Self::Edited,
        Self::Revoked,
        Self::Leaked,
        Self::Deleted,
        Self::Barred,
        Self::BarLifted,
        Self::Frozen,
        Self::Thawed,
        Self::Expiring,
        Self::Expired,
        Self::LegacyRetiring,
        Self::LegacyRetired,
    ];

    /// The name in the table and in e-mail tags.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Refreshed => "refreshed",
            Self::HandOverBegun => "hand_over_begun",
            Self::HandedOver => "handed_over",
            Self::HandOverLapsed => "hand_over_lapsed",
            Self::Edited => "edited",
            Self::Revoked => "revoked",
            Self::Leaked => "leaked",
            Self::Deleted => "deleted",
            Self::Barred => "barred",
            Self::BarLifted => "bar_lifted",
            Self::Frozen => "frozen",
            Self::Thawed => "thawed",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::LegacyRetiring => "legacy_retiring",
            Self::LegacyRetired => "legacy_retired",
        }
    }

    /// Whether time alone brings it about. Many keys may come to that at once, and their people are told of all of them
    /// together; of what a person did they are told one by one.
    #[must_use]
    pub const fn comes_with_time(self) -> bool {
        match self {
            Self::Created
            | Self::Refreshed
            | Self::HandOverBegun
            | Self::HandedOver
            | Self::Edited
            | Self::Revoked
            | Self::Leaked
            | Self::Deleted
            | Self::Barred
            | Self::BarLifted
            | Self::Frozen
            | Self::Thawed => false,
            Self::HandOverLapsed
            | Self::Expiring
            | Self::Expired
            | Self::LegacyRetiring
            | Self::LegacyRetired => true,
        }
    }

    /// Whether there is still something to be stopped by freezing the key.
    #[must_use]
    pub const fn leaves_something_to_freeze(self) -> bool {
        match self {
            Self::Created
            | Self::Refreshed
            | Self::HandOverBegun
            | Self::HandedOver
            | Self::HandOverLapsed
            | Self::Edited
            | Self::Barred
            | Self::BarLifted
            | Self::Thawed
            | Self::Expiring
            | Self::Expired
            | Self::LegacyRetiring => true,
            Self::Revoked | Self::Leaked | Self::Deleted | Self::Frozen | Self::LegacyRetired => false,
        }
    }
}
