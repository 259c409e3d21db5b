use futures_util::{StreamExt, stream};
use keyring::{Again, Undone};
use metrics::Metric;
use serde::Serialize;

use crate::Sweeper;

/// How many changes are looked at a time.
const AT_ONCE: usize = 8;

/// What became of the changes that a restored table may not know of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Those whose key was active again, and is revoked now.
    pub revoked: u64,
    /// Those whose key was being handed over again, and is handed over now.
    pub handed_over: u64,
    /// Those whose key was not frozen any more, and is frozen again.
    pub frozen: u64,
    /// Those whose key has ended, by an earlier run or by itself.
    pub ended: u64,
    /// Those that the table knows of.
    pub known: u64,
    /// Those whose key is not there.
    pub gone: u64,
    /// The keys of those that could not be seen to: the event is to be sent again.
    pub failed: Vec<String>,
}

impl Sweeper {
    /// Ends again what these changes had ended. People are told by the next run, as of any revocation.
    pub(crate) async fn end_again(&self, changes: Vec<Undone>) -> Restored {
        let now = self.clock.now();
        let mut done = stream::iter(changes)
            .map(async |undone| (undone.key, self.keyring.end_again(&undone, now).await))
            .buffer_unordered(AT_ONCE);
        let mut restored = Restored::default();
        while let Some((key, again)) = done.next().await {
            match again {
                Ok(Again::Revoked) => restored.revoked += 1,
                Ok(Again::HandedOver) => restored.handed_over += 1,
                Ok(Again::Frozen) => restored.frozen += 1,
                Ok(Again::Ended) => restored.ended += 1,
                Ok(Again::Known) => restored.known += 1,
                Ok(Again::Gone) => restored.gone += 1,
                Err(fault) => {
                    tracing::error!(%key, error = %fault, "a key that a restore brought back could not be ended");
                    self.metrics.count(Metric::Fault((&fault).into()));
                    restored.failed.push(key.to_string());
                }
            }
        }
        let Restored { revoked, handed_over, frozen, ended, known, gone, failed } = &restored;
        tracing::info!(
            revoked,
            handed_over,
            frozen,
            ended,
            known,
            gone,
            failed = failed.len(),
            "ended again what a restore brought back"
        );
        restored
    }
}
