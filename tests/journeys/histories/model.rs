//! What a key is, one act after another: the smallest account of it that publishers and the gallery rely on.

use std::collections::BTreeMap;

/// A key of the history, by number.
pub(crate) type Slot = u8;

/// Which packages a key covers: the one that is pushed, or others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    ThePackage,
    Others,
}

/// One user, an organization they may be a member of, one package, and their keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) keys: BTreeMap<Slot, Key>,
    pub(crate) holder_locked: bool,
    pub(crate) organization_locked: bool,
    pub(crate) member: bool,
    /// Whether the package belongs to both the user and the organization, or to neither.
    pub(crate) owned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) version: u32,
    /// The version that its secret came with.
    pub(crate) secret: u32,
    /// The version that its second secret came with, until that one's first push.
    pub(crate) second: Option<u32>,
    pub(crate) scope: Scope,
    pub(crate) revoked: bool,
    pub(crate) frozen: bool,
    pub(crate) deleted: bool,
    pub(crate) for_organization: bool,
}

/// What people see of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) version: u32,
    pub(crate) scope: Scope,
    pub(crate) revoked: bool,
    pub(crate) frozen: bool,
}

/// A change that was asked for, and the version it was for, if one was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Edit(Scope),
    Refresh,
    HandOver,
    Freeze,
    Thaw,
    Revoke,
    Delete,
}

/// What was answered to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was made, and led to this; nothing is shown of a deleted key.
    Made(Option<Shown>),
    /// Nothing: it may have been made.
    Lost,
    Unknown,
    OtherVersion,
    /// Somebody else was faster.
    Conflict,
    /// Its status does not allow it, or it has two secrets already.
    NotNow,
    Locked,
    NotAMember,
}

/// What a decision saw of the key, its holder and the package, which are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No key, or another secret.
    Unknown,
    Revoked,
    Frozen,
    HolderLocked,
    NotCovered,
    NotOwned,
    /// A key whose right to the package was not looked at, because of what came first, or as none was named.
    InForce,
    /// All that a push of the package takes.
    Good,
}

/// What a decision saw of the organization, which is read after the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    NotAMember,
    Locked,
    Good,
}

/// One thing that happened, or is said to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A key was asked for under one `Idempotency-Key`, which only this slot is asked for under.
    Create {
        slot: Slot,
        answer: CreateAnswer,
    },
    Change {
        slot: Slot,
        change: Change,
        named: Option<u32>,
        answer: Answer,
    },
    /// A key was burned with this secret of it.
    Burn {
        slot: Slot,
        secret: u32,
        answer: Answer,
    },
    /// The key as it was shown; none if it was not there.
    Get {
        slot: Slot,
        shown: Option<Shown>,
    },
    List(BTreeMap<Slot, Shown>),
    /// A decision about this secret of the key.
    Look {
        slot: Slot,
        secret: u32,
        seen: Seen,
    },
    LookAtOrganization(Standing),
    /// A push with this secret of the key was allowed: if it is the second one, it is the only one from here on.
    Pushed {
        slot: Slot,
        secret: u32,
    },
    LockHolder(bool),
    LockOrganization(bool),
    Member(bool),
    Owned(bool),
    /// The gallery revokes all keys, one after another: what becomes of this one.
    RevokedWithAll {
        slot: Slot,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CreateAnswer {
    Made,
    /// An equal request made it before.
    Before(Shown),
    /// It was made before, and has been deleted since.
    Deleted,
    Lost,
    Locked,
}

impl Key {
    pub(crate) fn new(for_organization: bool) -> Self {
        let scope = Scope::ThePackage;
        Self {
            version: 1,
            secret: 1,
            second: None,
            scope,
            revoked: false,
            frozen: false,
            deleted: false,
            for_organization,
        }
    }

    fn shown(&self) -> Shown {
        Shown { version: self.version, scope: self.scope, revoked: self.revoked, frozen: self.frozen }
    }

    /// The key with this change, whoever asks for it. What is so already is no change.
    fn changed(&self, change: Change) -> Self {
        if (change == Change::Freeze && self.frozen) || (change == Change::Thaw && !self.frozen) {
            return *self;
        }
        let key = Self { version: self.version + 1, ..*self };
        match change {
            Change::Edit(scope) => Self { scope, ..key },
            Change::Refresh => Self { secret: key.version, second: None, ..key },
            Change::HandOver => Self { second: Some(key.version), ..key },
            Change::Freeze => Self { frozen: true, ..key },
            Change::Thaw => Self { frozen: false, ..key },
            Change::Revoke => Self { revoked: true, second: None, ..key },
            Change::Delete => Self { deleted: true, ..*self },
        }
    }
}

impl World {
    /// How things are after this step; none if it cannot have happened here.
    pub(crate) fn after(&self, step: &Step) -> Option<Self> {
        let mut world = self.clone();
        let same = |possible: bool| possible.then(|| self.clone());
        match *step {
            Step::Create { slot, answer } => return self.create(slot, answer),
            Step::Change { slot, change, named, answer } => return self.change(slot, change, named, answer),
            Step::Burn { slot, secret, answer } => return self.burn(slot, secret, answer),
            Step::Get { slot, shown } => return same(self.key(slot).map(Key::shown) == shown),
            Step::List(ref list) => {
                let there = self.keys.iter().filter(|(_, key)| !key.deleted);
                let there: BTreeMap<Slot, Shown> = there.map(|(slot, key)| (*slot, key.shown())).collect();
                return same(there == *list);
            }
            Step::Look { slot, secret, seen } => return same(self.is_seen(slot, secret, seen)),
            Step::LookAtOrganization(seen) => {
                return same(match seen {
                    Standing::NotAMember => !self.member,
                    Standing::Locked => self.member && self.organization_locked,
                    Standing::Good => self.member && !self.organization_locked,
                });
            }
            Step::Pushed { slot, secret } => {
                let key = *self.key(slot)?;
                if key.second == Some(secret) {
                    world.keys.insert(slot, Key { secret, second: None, ..key });
                } else if key.secret != secret {
                    return None;
                }
            }
            Step::LockHolder(locked) => world.holder_locked = locked,
            Step::LockOrganization(locked) => world.organization_locked = locked,
            Step::Member(member) => world.member = member,
            Step::Owned(owned) => world.owned = owned,
            Step::RevokedWithAll { slot } => {
                if let Some(key) = self.key(slot).filter(|key| !key.revoked) {
                    world.keys.insert(slot, key.changed(Change::Revoke));
                }
            }
        }
        Some(world)
    }

    fn key(&self, slot: Slot) -> Option<&Key> {
        self.keys.get(&slot).filter(|key| !key.deleted)
    }

    fn create(&self, slot: Slot, answer: CreateAnswer) -> Option<World> {
        let possible = match answer {
            CreateAnswer::Made | CreateAnswer::Lost => {
                let free = !self.keys.contains_key(&slot) && !self.holder_locked;
                return free.then(|| {
                    let mut world = self.clone();
                    world.keys.insert(slot, Key::new(false));
                    world
                });
            }
            CreateAnswer::Before(shown) => self.key(slot).map(Key::shown) == Some(shown),
            CreateAnswer::Deleted => self.keys.get(&slot).is_some_and(|key| key.deleted),
            CreateAnswer::Locked => self.holder_locked,
        };
        possible.then(|| self.clone())
    }

    fn change(&self, slot: Slot, change: Change, named: Option<u32>, answer: Answer) -> Option<Self> {
        let key = self.key(slot);
        let fits = |key: &&Key| named.is_none_or(|named| named == key.version);
        let possible = match answer {
            Answer::Made(_) | Answer::Lost => {
                let key = key.filter(fits)?;
                if !self.allows(key, change) {
                    return None;
                }
                let changed = key.changed(change);
                let shown = match answer {
                    Answer::Made(Some(shown)) => shown == changed.shown(),
                    Answer::Made(None) => change == Change::Delete,
                    _ => true,
                };
                return shown.then(|| {
                    let mut world = self.clone();
                    world.keys.insert(slot, changed);
                    world
                });
            }
            Answer::Unknown => key.is_none(),
            Answer::OtherVersion => key.is_some_and(|key| named.is_some_and(|named| named != key.version)),
            // Without a version named, being overtaken is all that it says.
            Answer::Conflict => named.is_none(),
            Answer::NotNow => key.filter(fits).is_some_and(|key| match change {
                Change::Delete => false,
                Change::HandOver => key.revoked || key.frozen || key.second.is_some(),
                Change::Edit(_) | Change::Refresh | Change::Freeze | Change::Thaw | Change::Revoke => {
                    key.revoked
                }
            }),
            Answer::Locked => self.holder_locked || (self.for_organization(slot) && self.organization_locked),
            Answer::NotAMember => self.for_organization(slot) && !self.member,
        };
        possible.then(|| self.clone())
    }

    /// Whoever has its text ends a key, whoever is locked. One that has ended stays as it is.
    fn burn(&self, slot: Slot, secret: u32, answer: Answer) -> Option<Self> {
        let key = self.key(slot).filter(|key| key.secret == secret || key.second == Some(secret));
        match answer {
            Answer::Unknown => key.is_none().then(|| self.clone()),
            Answer::Made(_) | Answer::Lost => {
                let key = key?;
                let burnt = if key.revoked { *key } else { key.changed(Change::Revoke) };
                let fits = !matches!(answer, Answer::Made(shown) if shown != Some(burnt.shown()));
                fits.then(|| {
                    let mut world = self.clone();
                    world.keys.insert(slot, burnt);
                    world
                })
            }
            _ => None,
        }
    }

    fn for_organization(&self, slot: Slot) -> bool {
        self.keys.get(&slot).is_some_and(|key| key.for_organization)
    }

    /// Whether the key's status and its holder's standing allow the change.
    fn allows(&self, key: &Key, change: Change) -> bool {
        let stands =
            !self.holder_locked && (!key.for_organization || (self.member && !self.organization_locked));
        match change {
            Change::Edit(_) | Change::Refresh => !key.revoked && stands,
            Change::HandOver => !key.revoked && !key.frozen && key.second.is_none() && stands,
            Change::Thaw => !key.revoked && (stands || !key.frozen),
            Change::Freeze | Change::Revoke => !key.revoked,
            Change::Delete => true,
        }
    }

    fn is_seen(&self, slot: Slot, secret: u32, seen: Seen) -> bool {
        let Some(key) = self.key(slot).filter(|key| key.secret == secret || key.second == Some(secret))
        else {
            return seen == Seen::Unknown;
        };
        let in_force = !key.revoked && !key.frozen && !self.holder_locked;
        let covers = key.scope == Scope::ThePackage;
        match seen {
            Seen::Unknown => false,
            Seen::Revoked => key.revoked,
            Seen::Frozen => !key.revoked && key.frozen,
            Seen::HolderLocked => !key.revoked && !key.frozen && self.holder_locked,
            Seen::InForce => in_force,
            Seen::NotCovered => in_force && !covers,
            Seen::NotOwned => in_force && covers && !self.owned,
            Seen::Good => in_force && covers && self.owned,
        }
    }
}
