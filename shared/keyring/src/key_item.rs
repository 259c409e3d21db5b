use aws_sdk_dynamodb::types::AttributeValue;
use keys::{
    Actions, HandOver, Key, Kind, Lifetime, Mac, NugetStored, Pattern, Patterns, Revocation, Scope, Secret,
    Stored,
};

use crate::{
    fault::Fault,
    item::{Item, bytes, number, text, texts, time},
    layout,
};

/// How long the record of a revoked key is kept.
const REVOKED_DAYS: i64 = 400;
/// What NuGet stored of a legacy key, in place of a MAC.
pub(crate) const NUGET_STORED: &str = "nuget_stored";
/// The attributes that an item of the first format does not have: a release that knows that one alone would let a frozen key
/// push.
const SINCE_FIRST: [&str; 5] = [HAND_OVER_MAC, "handed_over_at", "secrets", "self_refresh", "frozen_at"];
/// What is stored of the second secret of a hand-over, and until when it waits.
pub(crate) const HAND_OVER_MAC: &str = "hand_over_mac";
pub(crate) const HAND_OVER: [&str; 4] =
    [HAND_OVER_MAC, "hand_over_pepper", "hand_over_version", HAND_OVER_UNTIL];
pub(crate) const HAND_OVER_UNTIL: &str = "hand_over_until";
/// The attributes of the index, in which a key stands that is owed something.
pub(crate) const DUE: [&str; 2] = ["due_shard", "due_key"];

/// The item a key is kept as.
pub(crate) fn write(key: &Key) -> Item {
    let due = key.due().map(|due| due.timestamp());
    let newest = key.hand_over.as_ref().map_or(&key.secret, |hand_over| &hand_over.secret).version;
    let item = Item::at(&layout::key(&key.id))
        .with("id", text(key.id.to_string()))
        .with("name", text(key.name.as_str()))
        .with("holder", text(key.holder.as_str()))
        .with("owner", text(key.owner.as_str()))
        .with("created_at", time(key.created_at))
        .maybe("last_push_at", key.last_push_at.map(time))
        .maybe("due_shard", due.map(|_| text(layout::due_shard(key.id.tag()))))
        .maybe("due_key", due.map(|due| text(layout::due_key(due, &key.id))))
        .maybe("due_at", key.due_at.map(time))
        .with("version", number(key.version))
        .with("secret_version", number(key.secret.version))
        .maybe("secrets", (key.secrets > newest).then(|| number(key.secrets)))
        .maybe("handed_over_at", key.handed_over_at.map(time))
        .maybe("self_refresh", key.self_refresh.then_some(AttributeValue::Bool(true)))
        .maybe("frozen_at", key.frozen_at.map(time));
    let item = match &key.hand_over {
        Some(HandOver { secret: Secret { stored: Stored::Mac { mac, pepper }, version }, until }) => item
            .with(HAND_OVER_MAC, bytes(mac.as_bytes()))
            .with("hand_over_pepper", number(u32::from(*pepper)))
            .with("hand_over_version", number(*version))
            .with(HAND_OVER_UNTIL, time(*until)),
        // A legacy key, of which alone NuGet's hash is stored, is not handed over.
        Some(_) | None => item,
    };
    let item = item.latest_for(&SINCE_FIRST);
    let item = match &key.secret.stored {
        Stored::Mac { mac, pepper } => {
            item.with("mac", bytes(mac.as_bytes())).with("pepper", number(u32::from(*pepper)))
        }
        Stored::Nuget(stored) => item.with(NUGET_STORED, text(stored.as_str())),
    };
    let item = match &key.revocation {
        None => item,
        Some(revocation) => item
            .with("revoked_at", time(revocation.at))
            .with("revoked_cause", text(&revocation.cause))
            .with("purge_at", time(revocation.at + chrono::TimeDelta::days(REVOKED_DAYS))),
    };
    match &key.kind {
        Kind::Scoped { scope, lifetime, expires_at } => item
            .with("kind", text("scoped"))
            .with("actions", actions(scope.actions))
            .with("packages", texts(scope.packages.as_slice().iter().map(Pattern::as_str)))
            .with("lifetime_days", number(lifetime.days()))
            .with("expires_at", time(*expires_at)),
        Kind::Legacy { retires_at } => {
            item.with("kind", text("legacy")).with("retires_at", time(*retires_at))
        }
    }
}

/// The key that was kept as `item`.
pub(crate) fn read(item: &Item) -> Result<Key, Fault> {
    let revocation = match item.optional_time("revoked_at")? {
        Some(at) => Some(Revocation { at, cause: item.text("revoked_cause")?.to_owned() }),
        None => None,
    };
    let hand_over = hand_over(item)?;
    let secret = Secret { stored: stored(item)?, version: item.integer("secret_version")? };
    let newest = hand_over.as_ref().map_or(&secret, |hand_over| &hand_over.secret).version;
    Ok(Key {
        id: item.parsed("id")?,
        name: item.parsed("name")?,
        holder: item.parsed("holder")?,
        owner: item.parsed("owner")?,
        kind: kind(item)?,
        created_at: item.time("created_at")?,
        last_push_at: item.optional_time("last_push_at")?,
        revocation,
        frozen_at: item.optional_time("frozen_at")?,
        due_at: item.optional_time("due_at")?,
        version: item.integer("version")?,
        secret,
        // One that was left behind by a newer secret counts no more.
        secrets: item.optional_integer("secrets")?.unwrap_or(newest).max(newest),
        hand_over,
        handed_over_at: item.optional_time("handed_over_at")?,
        self_refresh: item.is_set("self_refresh")?,
    })
}

fn hand_over(item: &Item) -> Result<Option<HandOver>, Fault> {
    if !item.has(HAND_OVER_MAC) {
        return Ok(None);
    }
    let mac = Mac::from_bytes(item.bytes(HAND_OVER_MAC)?);
    let pepper = item.integer::<u32>("hand_over_pepper")?.into();
    let secret = Secret::new(mac, pepper, item.integer("hand_over_version")?);
    Ok(Some(HandOver { secret, until: item.time(HAND_OVER_UNTIL)? }))
}

fn stored(item: &Item) -> Result<Stored, Fault> {
    if let Some(value) = item.optional_text(NUGET_STORED)? {
        return NugetStored::parse(value).map(Stored::Nuget).map_err(|_| item.unfit(NUGET_STORED));
    }
    Ok(Stored::Mac {
        mac: Mac::from_bytes(item.bytes("mac")?),
        pepper: item.integer::<u32>("pepper")?.into(),
    })
}

/// That what is stored of the key's secret is still what was read: the name of its attribute, and the value.
pub(crate) fn unchanged(stored: &Stored) -> (&'static str, AttributeValue) {
    match stored {
        Stored::Mac { mac, .. } => ("mac", bytes(mac.as_bytes())),
        Stored::Nuget(stored) => (NUGET_STORED, text(stored.as_str())),
    }
}

fn kind(item: &Item) -> Result<Kind, Fault> {
    match item.text("kind")? {
        "scoped" => {
            let packages = Patterns::parse(&item.texts("packages")?).map_err(|_| item.unfit("packages"))?;
            let scope = Scope { actions: read_actions(item, "actions")?, packages };
            let days = item.integer("lifetime_days")?;
            let lifetime = Lifetime::new(days, u16::MAX).map_err(|_| item.unfit("lifetime_days"))?;
            Ok(Kind::Scoped { scope, lifetime, expires_at: item.time("expires_at")? })
        }
        "legacy" => Ok(Kind::Legacy { retires_at: item.time("retires_at")? }),
        _ => Err(item.unfit("kind")),
    }
}

pub(crate) fn actions(actions: Actions) -> AttributeValue {
    texts(actions.iter())
}

pub(crate) fn read_actions(item: &Item, name: &str) -> Result<Actions, Fault> {
    Actions::new(item.parsed_list(name)?).map_err(|_| item.unfit(name))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use keys::{AccountId, Action, HandOverWindow, KeyId, KeyNumber};

    use super::*;

    const NUGET_VALUE: &str =
        "36aafd8744AQAAAAEAACcQAAAAEKbL2BEqIg8KUMje6q69fW1f2jsVm+gOLf4nD5G392Til5KnGEyFHuwKEj3HEpZKug==";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn key() -> Key {
        let holder: AccountId = "alice".parse().unwrap();
        let scope = Scope {
            actions: Actions::new([Action::Push, Action::Unlist]).unwrap(),
            packages: Patterns::parse(&["Foo.*", "bar"]).unwrap(),
        };
        let secret = Secret::new(Mac::from_bytes([7; 32]), 3.into(), 2);
        let id = KeyId::new(holder.tag(), KeyNumber::new(now(), [1, 2]));
        let lifetime = Lifetime::new(90, 365).unwrap();
        Key::scoped(
            id,
            "CI".parse().unwrap(),
            (holder, "fabrikam".parse().unwrap()),
            scope,
            lifetime,
            secret,
            now(),
        )
    }

    fn round_trip(key: &Key) -> Key {
        read(&Item::read(write(key).into_attributes()).unwrap()).unwrap()
    }

    #[test]
    fn every_kind_of_key_reads_back() {
        let pushed = Key { last_push_at: Some(now()), ..key() };
        let revoked = key().revoked("by alice".into(), now()).unwrap();
        let legacy = Key { kind: Kind::Legacy { retires_at: now() + TimeDelta::days(365) }, ..key() };
        let stored = Stored::Nuget(NugetStored::parse(NUGET_VALUE).unwrap());
        let unused = Key { secret: Secret { stored, version: 1 }, secrets: 1, ..legacy.clone() };
        for key in [key(), pushed, revoked, legacy, unused] {
            assert_eq!(round_trip(&key), key);
            assert_eq!(write(&key).integer::<u32>("v").unwrap(), 1);
        }
    }

    #[test]
    fn a_key_with_what_the_first_format_did_not_know_reads_back_and_says_so() {
        let window = HandOverWindow::new(7).unwrap();
        let handing = key().handing_over((Mac::from_bytes([8; 32]), 4.into()), window, 365, now()).unwrap();
        let handed_over = handing.handed_over(now());
        let lapsed = Key { hand_over: None, ..handing.clone() };
        let by_itself = Key { self_refresh: true, ..key() };
        let legacy = Key { kind: Kind::Legacy { retires_at: now() + TimeDelta::days(365) }, ..key() };
        let frozen = [key().frozen(now()).unwrap(), legacy.frozen(now()).unwrap()];
        for key in [handing, handed_over, lapsed, by_itself].into_iter().chain(frozen) {
            assert_eq!(round_trip(&key), key);
            assert_eq!(write(&key).integer::<u32>("v").unwrap(), 2);
        }
        let thawed = key().frozen(now()).unwrap().thawed(now()).unwrap();
        assert_eq!(write(&thawed).integer::<u32>("v").unwrap(), 1);
    }

    #[test]
    fn how_many_secrets_there_were_is_left_behind_by_a_newer_one() {
        let item = write(&key()).with("secrets", number(1));
        assert_eq!(read(&item).unwrap().secrets, 2);
    }

    #[test]
    fn only_a_key_that_is_owed_something_stands_in_the_index() {
        let indexed = |key: &Key| write(key).has("due_shard") && write(key).has("due_key");
        assert!(indexed(&key()));
        assert!(!indexed(&key().revoked("by alice".into(), now()).unwrap()));
        let item = write(&key());
        let due = (now() + TimeDelta::days(80)).timestamp();
        assert_eq!(
            item.text("due_key").unwrap(),
            format!("{due:010}#{}#{}", key().id.tag(), key().id.number())
        );
    }
}
