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

/// A row of the index: a key that was due when the index was written. Only a hint, for the index lags; what is so is
/// found out by [`Keyring::tell`].
#[derive(Debug, Clone)]
pub struct DueKey(Place);

/// Where to go on in a shard of the index.
#[derive(Debug, Clone)]
pub struct DuePosition(HashMap<String, AttributeValue>);

/// What became of a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// This was noted, and notices of it wait to be mailed.
    Of(NoticeKind),
    /// There was nothing to tell: the key is gone, has changed, or somebody else has told it.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Rest,
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

    /// Tells the people of a key what it is owed at `at`: its due moment, its event and a notice to each of them change
    /// in one transaction, on condition of the due moment that was read. However often and from however many sides this
    /// is asked, each thing is told once.
    ///
    /// # Errors
    /// A [`Fault`]; then the key stays due, unless only the answer was lost.
    pub async fn tell(&self, due: &DueKey, at: DateTime<Utc>) -> Result<Told, Fault> {
        for _ in 0..TRIES {
            let Some(item) = self.batch_get(&[&due.0]).await?.take(&due.0) else { return Ok(Told::Nothing) };
            let key = key_item::read(&item)?;
            let Some(owed) = key.owed(at) else { return Ok(Told::Nothing) };
            if self.tell_of(&key, owed, at).await? == Outcome::Done {
                return Ok(owed.notice.map_or(Told::Nothing, Told::Of));
            }
        }
        Err(Fault::Busy { call: "tell", tries: TRIES })
    }

    async fn tell_of(&self, key: &Key, owed: Owed, at: DateTime<Utc>) -> Result<Outcome<Part>, Fault> {
        let (before, after) = (key_item::write(key), key_item::write(&key.told(owed)));
        // The due moment alone would do for the sweepers; the version keeps from telling of what an edit has replaced.
        let unchanged = Condition::new("due_key = :due AND version = :version")
            .value(":due", text(before.text("due_key")?))
            .value(":version", crate::item::number(key.version));
        let mut transaction = Transaction::new(&self.table);
        transaction.update(Part::Key, &layout::key(&key.id), &Update::between(&before, &after), unchanged);
        if let Some(kind) = owed.notice {
            let act = Act { by: BY.to_owned(), from: FROM.to_owned(), at };
            transaction.put(Part::Rest, Event::new(event(kind), &act).write(&key.id), None);
            let notice = Notice::new(kind, key, BY.to_owned(), at);
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
        NoticeKind::Edited => EventKind::Edited,
        NoticeKind::Revoked => EventKind::Revoked,
        NoticeKind::Deleted => EventKind::Deleted,
        NoticeKind::Frozen => EventKind::Frozen,
        NoticeKind::Thawed => EventKind::Thawed,
        NoticeKind::Expiring | NoticeKind::LegacyRetiring => EventKind::Warned,
        NoticeKind::Expired => EventKind::Expired,
        NoticeKind::LegacyRetired => EventKind::Retired,
    }
}
