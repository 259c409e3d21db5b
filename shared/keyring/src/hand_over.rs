//! Handing a key over to a second secret: begun by its holder or by the key itself, ended by the second secret's first push,
//! by its window's end (which [`Keyring::tell`] tells), or by whatever ends the key.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use keys::{HandOverWindow, Key, KeyPrefix, KeyText, Notice, NoticeKind, Stored};

use crate::{
    Keyring,
    act::Act,
    change::{ChangeError, Changed, Plan},
    create::new_text,
    due::{BY_PUSH, DueKey, FROM_PUSH},
    event::{Event, EventKind},
    expression::Update,
    fault::{Fault, conditional},
    item::{NOT_LATER, format, time},
    key_item::{self, DUE, HAND_OVER, HAND_OVER_MAC, HAND_OVER_UNTIL},
    layout, logged,
};

impl Keyring {
    /// Gives `key`, as it was read, a second secret that takes over with its first push within `window`; until then both
    /// work. `maximum` is the policy's most days.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn hand_over(
        &self,
        key: &Key,
        prefix: &KeyPrefix,
        window: HandOverWindow,
        maximum: u16,
        act: &Act,
    ) -> Result<(Changed, KeyText), ChangeError> {
        let pepper = self.peppers().newest(act.at).await?;
        let text = new_text(prefix, key.id)?;
        let key = self.told_of_hand_over(key, act.at).await?;
        let plan = |key: &Key| {
            let secret = (text.mac(&pepper), pepper.version());
            let handing = key.handing_over(secret, window, maximum, act.at)?;
            let until = handing.hand_over.as_ref().map(|hand_over| hand_over.until);
            let detail =
                until.map(|until| format!("until {} at the latest", until.format("%Y-%m-%d %H:%M UTC")));
            let event = Event { detail, ..Event::new(EventKind::HandOverBegun, act) };
            let notice = Notice::new(NoticeKind::HandOverBegun, &handing, act.by.clone(), act.at);
            Ok(Plan { after: Some(handing), event, notice: Some(notice) })
        };
        Ok((self.carry_out(&key, plan).await?, text))
    }

    /// The key, once its people have been told how its last hand-over ended, if they are owed that at `at`: a new secret must
    /// not pass over it.
    pub(crate) async fn told_of_hand_over(&self, key: &Key, at: DateTime<Utc>) -> Result<Key, ChangeError> {
        if key.owed_of_hand_over(at).is_none() {
            return Ok(key.clone());
        }
        self.tell(&DueKey::of(key), at).await?;
        match self.key(&key.id).await?.ok_or(ChangeError::Gone)? {
            now if now.version == key.version => Ok(now),
            _ => Err(ChangeError::Conflict),
        }
    }

    /// Hands `key` over with a push at `at` that showed its second secret: that one becomes its only one, in one write that
    /// also notes the push, and leaves it to the sweeper to tell. Says no, and changes nothing, where by then the second
    /// secret is another, or none, or its window has closed, or the key has ended.
    ///
    /// # Errors
    /// A [`Fault`]; then it is not known whether the old secret has ended.
    pub async fn hand_over_by_push(&self, key: &Key, at: DateTime<Utc>) -> Result<bool, Fault> {
        let Some(Stored::Mac { mac, .. }) = key.hand_over.as_ref().map(|hand_over| &hand_over.secret.stored)
        else {
            return Ok(false);
        };
        let handed_over = key.handed_over(at).pushed(at);
        let after = key_item::write(&handed_over);
        let set =
            ["mac", "pepper", "secret_version", "last_push_at", "handed_over_at"].into_iter().chain(DUE);
        let set: Vec<(&str, AttributeValue)> =
            set.filter_map(|name| Some((name, after.get(name)?.clone()))).collect();
        let update = Update::of(set, HAND_OVER);
        let call = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(layout::key(&key.id).key()))
            .update_expression(update.expression())
            .condition_expression(format!(
                "{HAND_OVER_MAC} = :shown AND {HAND_OVER_UNTIL} > :now AND attribute_not_exists(revoked_at) \
                 AND attribute_not_exists(frozen_at) AND {NOT_LATER}"
            ))
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(Some(update.values()))
            .expression_attribute_values(":shown", crate::item::bytes(mac.as_bytes()))
            .expression_attribute_values(":now", time(at))
            .expression_attribute_values(":format", format());
        let outcome = conditional("UpdateItem key", call.send().await);
        if !matches!(outcome, Ok(None)) {
            let act = Act { by: BY_PUSH.to_owned(), from: FROM_PUSH.to_owned(), at };
            logged::change(&handed_over, &Event::new(EventKind::HandedOver, &act), false, outcome.is_ok());
        }
        Ok(outcome?.is_some())
    }

    /// Hands `key` over that a restored table has brought both secrets of back to, and tells its people why. Says no where it
    /// cannot be: its holder may not strengthen it any more, or it is another key by now.
    pub(crate) async fn hand_over_again(&self, key: &Key, cause: &str, act: &Act) -> Result<bool, Fault> {
        let handed_over = Key { handed_over_at: None, ..key.handed_over(act.at) };
        let event = Event { detail: Some(cause.to_owned()), ..Event::new(EventKind::HandedOver, act) };
        let notice = Notice::new(NoticeKind::HandedOver, &handed_over, cause.to_owned(), act.at);
        let plan = Plan { after: Some(handed_over), event, notice: Some(notice) };
        match self.change(key, &plan).await {
            Ok(_) => Ok(true),
            Err(ChangeError::Fault(fault)) => Err(fault),
            Err(_) => Ok(false),
        }
    }
}
