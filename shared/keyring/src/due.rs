use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use keys::{Key, Notice, NoticeKind, Owed};

use crate::{
    Keyring,
    act::Act,
    event::{Event, EventKind},
    expression::{Condition, Update},
    fault::Fault,
    item::text,
    key_item,
    layout::{self, BY_DUE, Place},
    outbox::NoticeRow,
    transaction::{Outcome, Transaction},
};

/// How often a key is read again that somebody changes at the same moment.
const TRIES: u32 = 4;

/// Who does what comes with time, as a key's history names them.
const BY: &str = "latchkey";
const FROM: &str = "schedule";

/// Who hands a key over, and from where.
pub(crate) const BY_PUSH: &str = "the first push with the new secret";
pub(crate) const FROM_PUSH: &str = "the push API";

/// A row of the index: a key that was due when the index was written. Only a hint, for the index lags; what is so is
/// found out by [`Keyring::tell`].
#[derive(Debug, Clone)]
pub struct DueKey(Place);

/// Where to go on in a shard of the index.
#[derive(Debug, Clone)]
pub struct DuePosition(HashMap<String, AttributeValue>);

/// What became of a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// These were noted, in this order, and notices of them wait to be mailed.
    Of(Vec<NoticeKind>),
    /// There was nothing to tell: the key is gone, has changed, or somebody else has told it.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Rest,
}

impl DueKey {
    /// The hint that this key may be due.
    pub(crate) fn of(key: &Key) -> Self {
        Self(layout::key(&key.id))
    }
}

impl Told {
    fn of(kinds: Vec<NoticeKind>) -> Self {
        if kinds.is_empty() { Self::Nothing } else { Self::Of(kinds) }
    }
}

impl Keyring {
    /// A page of the keys in a shard that are due at `at`, the longest due first, and where to go on, if there may be
    /// more. The query begins at the beginning of time, so nothing is ever left behind it.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn due(
        &self,
        shard: u8,
        at: DateTime<Utc>,
        after: Option<DuePosition>,
        limit: u16,
    ) -> Result<(Vec<DueKey>, Option<DuePosition>), Fault> {
        let call = self
            .db
            .query()
            .table_name(&self.table)
            .index_name(BY_DUE)
            .key_condition_expression("due_shard = :shard AND due_key < :beyond")
            .expression_attribute_values(":shard", text(layout::due_shard_name(shard)))
            .expression_attribute_values(":beyond", text(layout::due_beyond(at.timestamp())))
            .limit(i32::from(limit))
            .set_exclusive_start_key(after.map(|after| after.0));
        let answer = call.send().await.map_err(Fault::call("Query by_due"))?;
        let part = |row: &HashMap<_, AttributeValue>, name| row.get(name)?.as_s().ok().cloned();
        let place = |row| Some(DueKey(Place { pk: part(&row, "pk")?, sk: part(&row, "sk")? }));
        let hints = answer.items.unwrap_or_default().into_iter().filter_map(place).collect();
        Ok((hints, answer.last_evaluated_key.map(DuePosition)))
    }

    /// Tells the people of a key what it is owed at `at`: for each thing its due moment, its event and a notice to each of
    /// them change in one transaction, on condition of the due moment that was read. However often and from however many
    /// sides this is asked, each thing is told once.
    ///
    /// # Errors
    /// A [`Fault`]; then the key stays due, unless only the answer was lost.
    pub async fn tell(&self, due: &DueKey, at: DateTime<Utc>) -> Result<Told, Fault> {
        let mut kinds = Vec::new();
        for _ in 0..TRIES {
            let Some(item) = self.batch_get(&[&due.0]).await?.take(&due.0) else {
                return Ok(Told::of(kinds));
            };
            let Some(stands_at) = item.optional_text("due_key")? else { return Ok(Told::of(kinds)) };
            let (mut key, mut stands_at) = (key_item::read(&item)?, stands_at.to_owned());
            loop {
                let owed = key.owed(at);
                let told = owed.map_or_else(|| key.clone(), |owed| key.told(owed));
                let moved = key_item::write(&told).optional_text("due_key")?.map(str::to_owned);
                // A change that came together with the sweeper may have left the key where it was due no more.
                if owed.is_none() && moved.as_deref() == Some(&stands_at) {
                    return Ok(Told::of(kinds));
                }
                if self.tell_of(&key, stands_at, (owed, &told), at).await? != Outcome::Done {
                    break;
                }
                kinds.extend(owed.and_then(|owed| owed.notice));
                (key, stands_at) = match moved {
                    Some(moved) if told.owed(at).is_some() => (told, moved),
                    _ => return Ok(Told::of(kinds)),
                };
            }
        }
        Err(Fault::Busy { call: "tell", tries: TRIES })
    }

    async fn tell_of(
        &self,
        key: &Key,
        stands_at: String,
        (owed, told): (Option<Owed>, &Key),
        at: DateTime<Utc>,
    ) -> Result<Outcome<Part>, Fault> {
        // The due moment alone would do for the sweepers; the version keeps from telling of what an edit has replaced.
        let unchanged = Condition::new("due_key = :due AND version = :version")
            .value(":due", text(&stands_at))
            .value(":version", crate::item::number(key.version));
        let before = key_item::write(key).with("due_key", text(stands_at));
        let update = Update::between(&before, &key_item::write(told));
        let mut transaction = Transaction::new(&self.table);
        transaction.update(Part::Key, &layout::key(&key.id), &update, unchanged);
        if let Some(kind) = owed.and_then(|owed| owed.notice) {
            let by_push = key.handed_over_at.filter(|_| kind == NoticeKind::HandedOver);
            let act = match by_push {
                Some(at) => Act { by: BY_PUSH.to_owned(), from: FROM_PUSH.to_owned(), at },
                None => Act { by: BY.to_owned(), from: FROM.to_owned(), at },
            };
            transaction.put(Part::Rest, Event::new(event(kind), &act).write(&key.id), None);
            let notice = Notice::new(kind, key, act.by, act.at);
            for recipient in self.people_of(key).await? {
                let notice = notice.to(recipient);
                transaction.put(Part::Rest, NoticeRow::new(&notice).write(&notice), None);
            }
        }
        transaction.write(&self.db).await
    }
}

const fn event(kind: NoticeKind) -> EventKind {
    match kind {
        NoticeKind::Created => EventKind::Created,
        NoticeKind::Refreshed => EventKind::Refreshed,
        NoticeKind::HandOverBegun => EventKind::HandOverBegun,
        NoticeKind::HandedOver => EventKind::HandedOver,
        NoticeKind::HandOverLapsed => EventKind::HandOverLapsed,
        NoticeKind::Edited => EventKind::Edited,
        NoticeKind::Revoked | NoticeKind::Leaked => EventKind::Revoked,
        NoticeKind::Deleted => EventKind::Deleted,
        NoticeKind::Barred => EventKind::Barred,
        NoticeKind::BarLifted => EventKind::BarLifted,
        NoticeKind::Frozen => EventKind::Frozen,
        NoticeKind::Thawed => EventKind::Thawed,
        NoticeKind::Expiring | NoticeKind::LegacyRetiring => EventKind::Warned,
        NoticeKind::Expired => EventKind::Expired,
        NoticeKind::LegacyRetired => EventKind::Retired,
    }
}
