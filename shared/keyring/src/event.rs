use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use keys::{Key, KeyId, Packages, Pattern};

use crate::{
    Keyring, Page, Position,
    act::{Act, uuid7},
    fault::Fault,
    item::{Item, number, text, texts, time},
    layout::{self, Place},
};

/// How long an event is kept.
const KEPT_DAYS: i64 = 400;

/// One thing that happened to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// Who did it: an account, or the gallery's principal.
    pub by: String,
    /// From which network address.
    pub from: String,
    /// When, to the second.
    pub at: DateTime<Utc>,
    /// What changed, in words, where the kind does not tell all.
    pub detail: Option<String>,
    /// The patterns an edit brought.
    pub added: Packages,
    /// The patterns an edit took away.
    pub removed: Packages,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The key was made.
    Created,
    /// It got a new secret.
    Refreshed,
    /// It got a second secret, to be handed over to.
    HandOverBegun,
    /// Its second secret has pushed, and is its only one.
    HandedOver,
    /// Its second secret did not push in time, and was dropped.
    HandOverLapsed,
    /// Its name or packages changed, or whether it may refresh itself.
    Edited,
    /// It was ended.
    Revoked,
    /// It was removed.
    Deleted,
    /// An owner of a package barred it from that package.
    Barred,
    /// An owner of a package lifted such a bar.
    BarLifted,
    /// It was frozen.
    Frozen,
    /// It was thawed.
    Thawed,
    /// Its people were warned that it ends soon.
    Warned,
    /// Its lifetime ended.
    Expired,
    /// A legacy key went without a push for too long.
    Retired,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Created,
        Self::Refreshed,
        Self::HandOverBegun,
        Self::HandedOver,
        Self::HandOverLapsed,
        Self::Edited,
        Self::Revoked,
        Self::Deleted,
        Self::Barred,
        Self::BarLifted,
        Self::Frozen,
        Self::Thawed,
        Self::Warned,
        Self::Expired,
        Self::Retired,
    ];

    /// The name on the wire.
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
            Self::Deleted => "deleted",
            Self::Barred => "barred",
            Self::BarLifted => "bar_lifted",
            Self::Frozen => "frozen",
            Self::Thawed => "thawed",
            Self::Warned => "warned",
            Self::Expired => "expired",
            Self::Retired => "retired",
        }
    }
}

impl FromStr for EventKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or(())
    }
}

impl Event {
    pub(crate) fn new(kind: EventKind, act: &Act) -> Self {
        let none = || Packages { first: Vec::new(), count: 0 };
        let (by, from) = (act.by.clone(), act.from.clone());
        Self { kind, by, from, at: act.at, detail: None, added: none(), removed: none() }
    }

    /// What an edit changed.
    pub(crate) fn edited(before: &Key, after: &Key, act: &Act) -> Self {
        let patterns =
            |key: &Key| key.scope().map(|scope| scope.packages.as_slice().to_vec()).unwrap_or_default();
        let (old, new) = (patterns(before), patterns(after));
        let renamed = (before.name != after.name).then(|| format!("renamed from {}", before.name));
        let allowed = match (before.self_refresh, after.self_refresh) {
            (false, true) => Some("it may refresh itself".to_owned()),
            (true, false) => Some("it may not refresh itself any more".to_owned()),
            _ => None,
        };
        let details: Vec<String> = renamed.into_iter().chain(allowed).collect();
        Self {
            detail: (!details.is_empty()).then(|| details.join("; ")),
            added: beyond(&new, &old),
            removed: beyond(&old, &new),
            ..Self::new(EventKind::Edited, act)
        }
    }

    pub(crate) fn write(&self, key: &KeyId) -> Item {
        let events = layout::events(key);
        let place = Place { sk: format!("{}{}", events.sk, uuid7(self.at)), pk: events.pk };
        Item::at(&place)
            .with("what", text(self.kind.as_str()))
            .with("who", text(&self.by))
            .with("from", text(&self.from))
            .with("at", time(self.at))
            .maybe("detail", self.detail.as_ref().map(text))
            .with("added", texts(&self.added.first))
            .with("added_count", number(self.added.count as i64))
            .with("removed", texts(&self.removed.first))
            .with("removed_count", number(self.removed.count as i64))
            .with("purge_at", time(self.at + TimeDelta::days(KEPT_DAYS)))
    }

    fn read(item: &Item) -> Result<Self, Fault> {
        let packages = |list: &str, count: &str| -> Result<Packages, Fault> {
            Ok(Packages { first: item.parsed_list(list)?, count: item.integer::<u32>(count)? as usize })
        };
        Ok(Self {
            kind: item.parsed("what")?,
            by: item.text("who")?.to_owned(),
            from: item.text("from")?.to_owned(),
            at: item.time("at")?,
            detail: item.optional_text("detail")?.map(str::to_owned),
            added: packages("added", "added_count")?,
            removed: packages("removed", "removed_count")?,
        })
    }
}

fn beyond(these: &[Pattern], those: &[Pattern]) -> Packages {
    let known: std::collections::HashSet<String> =
        those.iter().map(|pattern| pattern.as_str().to_ascii_lowercase()).collect();
    let new: Vec<&Pattern> =
        these.iter().filter(|pattern| !known.contains(&pattern.as_str().to_ascii_lowercase())).collect();
    Packages { count: new.len(), first: new.into_iter().take(Packages::SHOWN).cloned().collect() }
}

impl Keyring {
    /// A page of what happened to a key, newest first.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn events(
        &self,
        key: &KeyId,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<Page<Event>, Fault> {
        let (items, next) = self.newest_first(&layout::events(key), limit, after).await?;
        let entries = items.iter().map(Event::read).collect::<Result<_, _>>()?;
        Ok(Page { entries, next })
    }
}
