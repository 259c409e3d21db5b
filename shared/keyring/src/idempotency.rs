use chrono::{DateTime, TimeDelta, Utc};
use keys::{AccountTag, KeyId};
use sha2::{Digest, Sha256};

use crate::{
    expression::Condition,
    fault::Fault,
    item::{Item, bytes, text, time},
    layout::{self, Place},
};

/// How long a repeat of a request is recognized.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// An `Idempotency-Key` and what was asked under it. Only digests of both are kept.
#[derive(Debug, Clone)]
pub struct Once {
    key: String,
    body: [u8; 32],
}

/// What stands under an `Idempotency-Key`.
#[derive(Debug)]
pub(crate) enum Mark {
    /// The same request, which made this key.
    Same(KeyId),
    /// Another request.
    Other,
}

impl Once {
    /// The header's value, and the request's content.
    #[must_use]
    pub fn new(idempotency_key: &str, body: &[u8]) -> Self {
        let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            key: hex(Sha256::digest(idempotency_key.as_bytes()).into()),
            body: Sha256::digest(body).into(),
        }
    }

    pub(crate) fn place(&self, holder: AccountTag) -> Place {
        layout::once(holder, &self.key)
    }

    pub(crate) fn write(&self, holder: AccountTag, made: &KeyId, now: DateTime<Utc>) -> Item {
        Item::at(&self.place(holder))
            .with("body", bytes(&self.body))
            .with("key", text(made.to_string()))
            .with("purge_at", time(now + KEPT))
    }

    /// Nothing stands there, or something whose day is over: TTL removes it late.
    pub(crate) fn free(now: DateTime<Utc>) -> Condition {
        Condition::new("attribute_not_exists(pk) OR purge_at <= :now").value(":now", time(now))
    }

    pub(crate) fn read(&self, item: &Item, now: DateTime<Utc>) -> Result<Option<Mark>, Fault> {
        if item.time("purge_at")? <= now {
            return Ok(None);
        }
        let same = item.bytes::<32>("body")? == self.body;
        Ok(Some(if same { Mark::Same(item.parsed("key")?) } else { Mark::Other }))
    }
}
