//! What each key pushed: for every package the time of its last push, beside the key's own.
//!
//! The notes of a key have a partition of their own, so that who may write them can write nothing else. They are kept for
//! 400 days after the last push, also beyond the key's own end, and key ids are never given twice. Each is written hourly
//! at most and may be missing, so none ever decides whether something is allowed.

use chrono::{DateTime, TimeDelta, Utc};
use keys::{KeyId, PackageId, Pushed};

use crate::{
    Keyring,
    expression::Update,
    fault::{Fault, conditional},
    item::{Item, NOT_LATER, first_format, format, text, time},
    layout::{self, Place},
    look_up::MOST_AT_ONCE,
};

/// How long a note is kept after the last push.
const KEPT_DAYS: i64 = 400;

pub(crate) fn read(item: &Item) -> Result<Pushed, Fault> {
    Ok(Pushed { package: item.parsed("package")?, at: item.time("last_push_at")? })
}

impl Keyring {
    /// Notes a push of `package` with the key. A note of a later format stays as it is; then this says no.
    ///
    /// # Errors
    /// A [`Fault`] where it could not be noted.
    pub async fn note_pushed(
        &self,
        key: &KeyId,
        package: &PackageId,
        at: DateTime<Utc>,
    ) -> Result<bool, Fault> {
        let update = Update::of(
            [
                ("v", first_format()),
                ("package", text(package.as_str())),
                ("last_push_at", time(at)),
                ("purge_at", time(at + TimeDelta::days(KEPT_DAYS))),
            ],
            [],
        );
        let call = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(layout::pushed(key, package).key()))
            .update_expression(update.expression())
            .condition_expression(NOT_LATER)
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(Some(update.values()))
            .expression_attribute_values(":format", format());
        Ok(conditional("UpdateItem pushed", call.send().await)?.is_some())
    }

    /// What the key pushed, the newest push first, at most `limit` packages. It need not be there any more.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn pushed_by(&self, key: &KeyId, limit: usize) -> Result<Vec<Pushed>, Fault> {
        let all = self.all(&layout::pushed_by(key)).await?;
        let mut pushed = all.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        pushed.sort_by(|one, other| {
            other.at.cmp(&one.at).then_with(|| one.package.folded().cmp(&other.package.folded()))
        });
        pushed.truncate(limit);
        Ok(pushed)
    }

    /// The last push of `package` with each of these keys, in their order, as far as it has been noted.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn last_pushes_of(
        &self,
        package: &PackageId,
        keys: &[KeyId],
    ) -> Result<Vec<Option<DateTime<Utc>>>, Fault> {
        let mut last = Vec::with_capacity(keys.len());
        for keys in keys.chunks(MOST_AT_ONCE) {
            let places: Vec<Place> = keys.iter().map(|key| layout::pushed(key, package)).collect();
            let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
            for place in &places {
                let pushed = found.take(place).map(|item| read(&item)).transpose()?;
                last.push(pushed.map(|pushed| pushed.at));
            }
        }
        Ok(last)
    }
}
