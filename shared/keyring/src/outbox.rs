use aws_sdk_dynamodb::types::{AttributeValue, Select};
use chrono::{DateTime, TimeDelta, Utc};
use keys::{AccountId, AccountTag, Leak, Notice, NoticeKind, Packages, Pushed};

use crate::{
    Keyring,
    act::uuid7,
    expression::{Condition, Update},
    fault::{Fault, conditional},
    item::{Item, NOT_LATER, format, number, text, texts, time},
    key_item::{actions, read_actions},
    layout::{self, Place},
    transaction::{MOST_IN_A_TRANSACTION, Outcome, Transaction},
};

/// Over how many partitions waiting notices are spread, by account.
pub const OUTBOX_SHARDS: u8 = 16;

/// How long a notice waits for an address. Those of an account that is gone would wait for ever.
const KEPT_DAYS: i64 = 400;

/// Where a waiting notice stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow(Place);

/// A notice that waits to be mailed.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Where it stands.
    pub row: NoticeRow,
    /// What it tells.
    pub notice: Notice,
    /// Until when somebody is delivering it.
    pub leased_until: Option<DateTime<Utc>>,
}

impl NoticeRow {
    pub(crate) fn new(notice: &Notice) -> Self {
        let tag = notice.recipient.tag();
        let sk = format!("{tag}#{}#{}", notice.kind.as_str(), uuid7(notice.at));
        Self(Place { pk: layout::outbox(shard(tag)), sk })
    }

    pub(crate) fn write(&self, notice: &Notice) -> Item {
        let item = Item::at(&self.0)
            .with("what", text(notice.kind.as_str()))
            .with("at", time(notice.at))
            .with("who", text(&notice.by))
            .with("recipient", text(notice.recipient.as_str()))
            .with("key", text(notice.key.to_string()))
            .with("name", text(notice.name.as_str()))
            .with("holder", text(notice.holder.as_str()))
            .with("owner", text(notice.owner.as_str()))
            .maybe("actions", notice.actions.map(actions))
            .with("purge_at", time(notice.at + TimeDelta::days(KEPT_DAYS)))
            .with("ends_at", time(notice.ends_at))
            .maybe("last_push_at", notice.last_push_at.map(time))
            .maybe("package", notice.package.as_ref().map(|package| text(package.as_str())))
            .maybe("hand_over_until", notice.hand_over_until.map(time))
            .maybe("self_refresh", notice.self_refresh.then_some(AttributeValue::Bool(true)));
        let item = write_packages(item, "packages", &notice.packages);
        let item = match &notice.leak {
            Some(leak) => write_leak(item, leak),
            None => item,
        };
        match &notice.packages_before {
            Some(before) => write_packages(item, "packages_before", before),
            None => item,
        }
    }
}

impl Waiting {
    fn read(item: &Item) -> Result<Self, Fault> {
        let kind = item.text("what")?;
        let kind = NoticeKind::ALL
            .into_iter()
            .find(|known| known.as_str() == kind)
            .ok_or_else(|| item.unfit("what"))?;
        let notice = Notice {
            kind,
            at: item.time("at")?,
            by: item.text("who")?.to_owned(),
            recipient: item.parsed("recipient")?,
            key: item.parsed("key")?,
            name: item.parsed("name")?,
            holder: item.parsed("holder")?,
            owner: item.parsed("owner")?,
            actions: if item.has("actions") { Some(read_actions(item, "actions")?) } else { None },
            packages: read_packages(item, "packages")?,
            packages_before: item
                .has("packages_before")
                .then(|| read_packages(item, "packages_before"))
                .transpose()?,
            package: item.has("package").then(|| item.parsed("package")).transpose()?,
            ends_at: item.time("ends_at")?,
            last_push_at: item.optional_time("last_push_at")?,
            leak: item.has("leak_places").then(|| read_leak(item)).transpose()?,
            hand_over_until: item.optional_time("hand_over_until")?,
            self_refresh: item.is_set("self_refresh")?,
        };
        let row = NoticeRow(Place { pk: item.text("pk")?.to_owned(), sk: item.text("sk")?.to_owned() });
        Ok(Self { row, notice, leased_until: item.optional_time("leased_until")? })
    }
}

fn write_packages(item: Item, name: &str, packages: &Packages) -> Item {
    item.with(name, texts(&packages.first)).with(&format!("{name}_count"), number(packages.count as i64))
}

fn read_packages(item: &Item, name: &str) -> Result<Packages, Fault> {
    let count = item.integer::<u32>(&format!("{name}_count"))? as usize;
    Ok(Packages { first: item.parsed_list(name)?, count })
}

fn write_leak(item: Item, leak: &Leak) -> Item {
    let pushed = |pushed: &Pushed| format!("{} {}", pushed.at.timestamp(), pushed.package);
    item.with("leak_places", texts(&leak.places))
        .with("leak_pushed", texts(leak.pushed.iter().map(pushed)))
        .with("leak_pushed_more", AttributeValue::Bool(leak.pushed_more))
}

fn read_leak(item: &Item) -> Result<Leak, Fault> {
    let pushed = |text: &str| {
        let (at, package) = text.split_once(' ')?;
        let at = DateTime::from_timestamp(at.parse().ok()?, 0)?;
        Some(Pushed { package: package.parse().ok()?, at })
    };
    let pushed = item.texts("leak_pushed")?.into_iter().map(pushed).collect::<Option<_>>();
    Ok(Leak {
        places: item.parsed_list("leak_places")?,
        pushed: pushed.ok_or_else(|| item.unfit("leak_pushed"))?,
        pushed_more: item.flag("leak_pushed_more")?,
    })
}

/// The row is there, and nobody holds it.
fn free(now: DateTime<Utc>) -> Condition {
    Condition::new("attribute_exists(pk) AND (attribute_not_exists(leased_until) OR leased_until <= :now)")
        .value(":now", time(now))
}

fn shard(tag: AccountTag) -> u8 {
    tag.as_bytes()[1] % OUTBOX_SHARDS
}

impl Keyring {
    /// A page of the notices that wait in a shard, by account, kind and time, and the row after which to go on, if there
    /// may be more; and a fault for each row that this code cannot read. Such a row stays where it is, and does not keep the
    /// others waiting.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn waiting(
        &self,
        shard: u8,
        after: Option<&NoticeRow>,
        limit: u16,
    ) -> Result<(Vec<Waiting>, Option<NoticeRow>, Vec<Fault>), Fault> {
        let call = self
            .db
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(layout::outbox(shard)))
            .limit(i32::from(limit))
            .consistent_read(true)
            .set_exclusive_start_key(after.map(|row| row.0.key()));
        let answer = call.send().await.map_err(Fault::call("Query outbox"))?;
        let (mut waiting, mut unreadable) = (Vec::new(), Vec::new());
        for item in answer.items.unwrap_or_default() {
            match Item::read(item).and_then(|item| Waiting::read(&item)) {
                Ok(notice) => waiting.push(notice),
                Err(fault) => unreadable.push(fault),
            }
        }
        let part =
            |key: &std::collections::HashMap<_, AttributeValue>, name| key.get(name)?.as_s().ok().cloned();
        let last = answer.last_evaluated_key;
        let next =
            last.and_then(|last| Some(NoticeRow(Place { pk: part(&last, "pk")?, sk: part(&last, "sk")? })));
        Ok((waiting, next, unreadable))
    }

    /// How many notices wait for this account, as far as one read of the table tells: up to 1 MB of them.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn waiting_for(&self, account: &AccountId) -> Result<usize, Fault> {
        let tag = account.tag();
        let call = self
            .db
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", text(layout::outbox(shard(tag))))
            .expression_attribute_values(":sk", text(format!("{tag}#")))
            .select(Select::Count)
            .consistent_read(true);
        let answer = call.send().await.map_err(Fault::call("Query outbox"))?;
        Ok(usize::try_from(answer.count).unwrap_or(0))
    }

    /// Takes the rows for delivery, for as long as `lease`, and answers those it got. Rows that somebody else holds, or
    /// that are gone, are left out.
    ///
    /// # Errors
    /// A [`Fault`]; rows taken until then come free when the lease is over.
    pub async fn lease(
        &self,
        rows: &[NoticeRow],
        lease: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Vec<Waiting>, Fault> {
        let mut taken = Vec::with_capacity(rows.len());
        for row in rows {
            let call = self
                .db
                .update_item()
                .table_name(&self.table)
                .set_key(Some(row.0.key()))
                .update_expression("SET leased_until = :until")
                .condition_expression(format!(
                    "attribute_exists(pk) AND (attribute_not_exists(leased_until) OR leased_until <= :now) AND {NOT_LATER}"
                ))
                .expression_attribute_values(":format", format())
                .expression_attribute_values(":until", time(now + lease))
                .expression_attribute_values(":now", time(now))
                .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew);
            if let Some(answer) = conditional("UpdateItem outbox", call.send().await)? {
                taken.push(Waiting::read(&Item::read(answer.attributes.unwrap_or_default())?)?);
            }
        }
        Ok(taken)
    }

    /// Takes all of these rows for delivery, or none of them where one is held by somebody else or gone. Whoever holds
    /// the rows of a mail then holds all of it.
    ///
    /// # Errors
    /// A [`Fault`]; rows taken until then come free when the lease is over.
    pub async fn lease_together(
        &self,
        rows: &[NoticeRow],
        lease: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<bool, Fault> {
        let update = Update::of([("leased_until", time(now + lease))], []);
        for (number, chunk) in rows.chunks(MOST_IN_A_TRANSACTION).enumerate() {
            let mut transaction = Transaction::new(&self.table);
            for row in chunk {
                transaction.update((), &row.0, &update, free(now));
            }
            if transaction.write(&self.db).await? != Outcome::Done {
                self.release(&rows[..number * MOST_IN_A_TRANSACTION], now + lease).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives rows back that are leased until `until`, to be delivered later. A lease that was over before this, and is
    /// somebody else's now, stays theirs.
    ///
    /// # Errors
    /// A [`Fault`]; the rows come free when the lease is over.
    pub async fn release(&self, rows: &[NoticeRow], until: DateTime<Utc>) -> Result<(), Fault> {
        for row in rows {
            let call = self
                .db
                .update_item()
                .table_name(&self.table)
                .set_key(Some(row.0.key()))
                .update_expression("REMOVE leased_until")
                .condition_expression("leased_until = :until")
                .expression_attribute_values(":until", time(until));
            conditional("UpdateItem outbox", call.send().await)?;
        }
        Ok(())
    }

    /// Removes the rows of a mail that was accepted, a hundred at a time: a mail that is sent again after a crash tells
    /// of all of a hundred keys or of none of them.
    ///
    /// # Errors
    /// A [`Fault`]; the rows not removed are mailed again.
    pub async fn delivered(&self, rows: &[NoticeRow]) -> Result<(), Fault> {
        for rows in rows.chunks(MOST_IN_A_TRANSACTION) {
            if let [row] = rows {
                let call = self.db.delete_item().table_name(&self.table).set_key(Some(row.0.key()));
                call.send().await.map_err(Fault::call("DeleteItem outbox"))?;
                continue;
            }
            let mut transaction = Transaction::new(&self.table);
            for row in rows {
                transaction.delete((), &row.0, None);
            }
            transaction.write(&self.db).await?;
        }
        Ok(())
    }
}
