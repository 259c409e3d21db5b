//! The table's keys. What each stands for is told in the crate's documentation.

use keys::{AccountTag, IdPart, KeyId, PackageId, PepperVersion};

/// A pk and an sk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

pub(crate) const KEY: &str = "key#";
pub(crate) const HELD: &str = "held#";
pub(crate) const EVENT: &str = "event#";
pub(crate) const PACKAGE: &str = "package#";
pub(crate) const MEMBER: &str = "member#";
pub(crate) const MEMBERSHIP: &str = "org#";
pub(crate) const PEPPER: &str = "pepper";
pub(crate) const PUSHED: &str = "pushed#";
/// A place among the keys that reach a package; nothing stands there.
pub(crate) const REACH: &str = "reach#";

/// The sweeper's index.
pub(crate) const BY_DUE: &str = "by_due";

/// How many partitions the sweeper's index is spread over, by holder.
pub const DUE_SHARDS: u8 = 16;

pub(crate) fn partition(tag: AccountTag) -> String {
    format!("account#{tag}")
}

pub(crate) fn account(tag: AccountTag) -> Place {
    Place { pk: partition(tag), sk: "account".into() }
}

pub(crate) fn key(id: &KeyId) -> Place {
    Place { pk: partition(id.tag()), sk: format!("{KEY}{}", id.number()) }
}

/// Number before holder, so that an organization's keys are listed newest first, whoever holds them.
pub(crate) fn held(owner: AccountTag, id: &KeyId) -> Place {
    Place { pk: partition(owner), sk: format!("{HELD}{}#{}", id.number(), id.tag()) }
}

pub(crate) fn events(id: &KeyId) -> Place {
    Place { pk: partition(id.tag()), sk: format!("{EVENT}{}#", id.number()) }
}

pub(crate) fn once(holder: AccountTag, digest: &str) -> Place {
    Place { pk: partition(holder), sk: format!("once#{digest}") }
}

pub(crate) fn owned(owner: AccountTag, package: &PackageId) -> Place {
    Place { pk: partition(owner), sk: format!("{PACKAGE}{}", package.folded()) }
}

pub(crate) fn member(organization: AccountTag, user: AccountTag) -> Place {
    Place { pk: partition(organization), sk: format!("{MEMBER}{user}") }
}

pub(crate) fn membership(user: AccountTag, organization: AccountTag) -> Place {
    Place { pk: partition(user), sk: format!("{MEMBERSHIP}{organization}") }
}

pub(crate) fn package(package: &PackageId) -> Place {
    Place { pk: format!("{PACKAGE}{}", package.folded()), sk: "package".into() }
}

/// Where the notes stand of what a key pushed.
pub(crate) fn pushed_by(key: &KeyId) -> Place {
    Place { pk: format!("{PUSHED}{}#{}", key.tag(), key.number()), sk: PACKAGE.into() }
}

pub(crate) fn pushed(key: &KeyId, package: &PackageId) -> Place {
    Place { sk: format!("{PACKAGE}{}", package.folded()), ..pushed_by(key) }
}

pub(crate) fn legacy_keys(id_part: &IdPart) -> String {
    format!("legacy#{id_part}")
}

/// By account rather than by key: an account has one legacy key of an id part, whoever imports it how often.
pub(crate) fn legacy(id_part: &IdPart, account: AccountTag) -> Place {
    Place { pk: legacy_keys(id_part), sk: account.to_string() }
}

pub(crate) fn outbox(shard: u8) -> String {
    format!("outbox#{shard:02}")
}

pub(crate) fn pepper(version: PepperVersion) -> Place {
    Place { pk: PEPPER.into(), sk: format!("{:010}", u32::from(version)) }
}

pub(crate) fn due_shard(tag: AccountTag) -> String {
    due_shard_name(tag.as_bytes()[0] % DUE_SHARDS)
}

pub(crate) fn due_shard_name(shard: u8) -> String {
    format!("{shard:02}")
}

pub(crate) fn due_key(due: i64, id: &KeyId) -> String {
    format!("{due:010}#{}#{}", id.tag(), id.number())
}

/// Sorts after every key that is due at `due` or before, and before every other.
pub(crate) fn due_beyond(due: i64) -> String {
    format!("{:010}", due.max(0).saturating_add(1))
}
