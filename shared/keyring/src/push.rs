use chrono::{DateTime, Utc};
use keys::{Key, Kind};

use crate::{
    Keyring,
    expression::Update,
    fault::{Fault, conditional},
    item::{NOT_LATER, format, time},
    key_item, layout,
};

impl Keyring {
    /// Notes a push with `key`, whose secret was the one read; a legacy key lives another year from there. Whatever happened
    /// to the key meanwhile stays as it is, and a key that has ended meanwhile does not live again: then this says no.
    ///
    /// # Errors
    /// A [`Fault`] where it could not be noted.
    pub async fn note_push(&self, key: &Key, at: DateTime<Utc>) -> Result<bool, Fault> {
        let (secret, stored) = key_item::unchanged(&key.secret.stored);
        let mut condition = format!("{secret} = :stored AND {NOT_LATER}");
        let mut set = vec![("last_push_at", time(at))];
        if let Kind::Legacy { .. } = key.kind {
            // The sweeper takes a retired key out of its index, in which a living one always stands.
            condition += " AND attribute_not_exists(revoked_at) AND attribute_exists(due_key)";
            let pushed = key_item::write(&key.pushed(at));
            let moved = ["retires_at", "due_at", "due_key"];
            set.extend(moved.into_iter().filter_map(|name| Some((name, pushed.get(name)?.clone()))));
        }
        let update = Update::of(set, []);
        let call = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(layout::key(&key.id).key()))
            .update_expression(update.expression())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(Some(update.values()))
            .expression_attribute_values(":stored", stored)
            .expression_attribute_values(":format", format());
        Ok(conditional("UpdateItem key", call.send().await)?.is_some())
    }
}
