//! What is written down of an allowed push: on the key, that it was used, and beside it, on what.

use chrono::{DateTime, TimeDelta, Utc};
use keyring::Fault;
use keys::{Key, Kind, PackageId};
use metrics::Metric;

use crate::authorizer::Authorizer;

/// How often at most a last push is written down: a key's, and a package's with the key.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);
/// From here on a legacy key lives only because its pushes are written down: one that is not must not be allowed.
const MUST_BE_NOTED_AFTER: TimeDelta = TimeDelta::days(335);

/// A push that is allowed.
pub(crate) struct Push<'a> {
    pub(crate) package: &'a PackageId,
    /// The package's last push with the same key.
    pub(crate) before: Option<DateTime<Utc>>,
    /// Why something that was to be written already was not. To wait for the table a second time would take longer than
    /// anybody listens.
    pub(crate) unwritten: Option<Fault>,
    pub(crate) at: DateTime<Utc>,
}

impl Authorizer {
    /// Writes down a push: the key as it is then. That it could not be written stops nobody, unless the key lives by it.
    pub(crate) async fn note_push(&self, key: Key, push: Push<'_>) -> Result<Key, Fault> {
        let Push { package, before, unwritten, at } = push;
        let is_due = |last: Option<DateTime<Utc>>| last.is_none_or(|last| at - last >= NOTED_EVERY);
        let mut table_answers = unwritten.is_none();
        let key = if is_due(key.last_push_at) {
            let idle = at - key.last_push_at.unwrap_or(key.created_at);
            let must = matches!(key.kind, Kind::Legacy { .. }) && idle > MUST_BE_NOTED_AFTER;
            let noted = match unwritten {
                Some(fault) => Err(fault),
                None => self.keyring.note_push(&key, at).await,
            };
            match noted {
                Ok(true) => key.pushed(at),
                Ok(false) if must => return Err(Fault::Overtaken(key.id)),
                Ok(false) => key,
                Err(fault) if must => return Err(fault),
                Err(fault) => {
                    table_answers = false;
                    self.not_noted(&key, &fault);
                    key
                }
            }
        } else {
            key
        };
        if table_answers
            && is_due(before)
            && let Err(fault) = self.keyring.note_pushed(&key.id, package, at).await
        {
            self.not_noted(&key, &fault);
        }
        Ok(key)
    }

    fn not_noted(&self, key: &Key, fault: &Fault) {
        tracing::warn!(key_id = %key.id, %fault, "a push was not noted");
        self.metrics.count(Metric::Fault(fault.into()));
    }
}
