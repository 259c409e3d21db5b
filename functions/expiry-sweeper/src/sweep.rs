use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use keyring::{DUE_SHARDS, DueKey, Fault, Told};
use keys::NoticeKind;
use mail::LAST_MAIL;
use metrics::Metric;
use tokio::time::Instant;

use crate::{Sweeper, report::Report};

/// How many rows of the index are read at a time.
const PAGE: u16 = 100;

/// How many keys are told at the same time.
const AT_ONCE: usize = 8;

/// After how many failed calls of the table a run tells no more keys: the next one would fare no better.
const MOST_FAILED_CALLS: u64 = 8;

/// The telling of keys, before any mail leaves.
struct Telling {
    report: Report,
    at: DateTime<Utc>,
    /// When to begin no more.
    stop: Option<Instant>,
    failed_calls: u64,
}

enum Done {
    Told(Told),
    Failed(Fault),
    NotBegun,
}

impl Sweeper {
    /// Tells everything that is due at `at`, then delivers whatever waits. Half of the time until `deadline` belongs to
    /// each, so that a backlog of keys cannot keep all mails waiting.
    pub(crate) async fn sweep(&self, at: DateTime<Utc>, deadline: Option<Instant>) -> Report {
        let half = |deadline: Instant| {
            let now = Instant::now();
            now + deadline.saturating_duration_since(now) / 2
        };
        let mut telling =
            Telling { report: Report::default(), at, stop: deadline.map(half), failed_calls: 0 };
        for shard in 0..DUE_SHARDS {
            if let Err(fault) = self.tell_shard(shard, &mut telling).await {
                self.fail(&fault, &mut telling);
            }
        }
        let last_mail = |deadline: Instant| deadline.checked_sub(LAST_MAIL).unwrap_or_else(Instant::now);
        let delivered = self.postman.deliver_waiting(deadline.map(last_mail)).await;
        let mut report = telling.report;
        self.metrics.count(Metric::Sweep { due_left: report.left });
        report.mailed = delivered.mailed;
        report.failed += delivered.failed;
        report.left += delivered.left;
        let Report { due, warned, expired, retired, handed_over, mailed, failed, left } = report;
        tracing::info!(%at, due, warned, expired, retired, handed_over, mailed, failed, left, "swept");
        report
    }

    async fn tell_shard(&self, shard: u8, telling: &mut Telling) -> Result<(), Fault> {
        let mut after = None;
        while telling.goes_on() {
            let (hints, next) = self.keyring.due(shard, telling.at, after, PAGE).await?;
            telling.report.due += hints.len() as u64;
            let (at, stop) = (telling.at, telling.stop);
            let mut done =
                stream::iter(hints).map(|hint| self.tell(hint, at, stop)).buffer_unordered(AT_ONCE);
            while let Some(done) = done.next().await {
                telling.count(&done);
                if let Done::Failed(fault) = &done {
                    self.fail(fault, telling);
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
        Ok(())
    }

    async fn tell(&self, hint: DueKey, at: DateTime<Utc>, stop: Option<Instant>) -> Done {
        if is_over(stop) {
            return Done::NotBegun;
        }
        self.keyring.tell(&hint, at).await.map_or_else(Done::Failed, Done::Told)
    }

    fn fail(&self, fault: &Fault, telling: &mut Telling) {
        telling.report.failed += 1;
        // An item that cannot be read says nothing of the next one.
        telling.failed_calls += u64::from(!matches!(fault, Fault::Item { .. }));
        tracing::error!(error = %fault, "a key that is due could not be told; it stays due");
        self.metrics.count(Metric::Fault(fault.into()));
    }
}

impl Telling {
    fn goes_on(&self) -> bool {
        self.failed_calls < MOST_FAILED_CALLS && !is_over(self.stop)
    }

    fn count(&mut self, done: &Done) {
        match done {
            Done::Told(Told::Of(kinds)) => {
                for kind in kinds {
                    match kind {
                        NoticeKind::Expired => self.report.expired += 1,
                        NoticeKind::LegacyRetired => self.report.retired += 1,
                        NoticeKind::HandedOver | NoticeKind::HandOverLapsed => self.report.handed_over += 1,
                        _ => self.report.warned += 1,
                    }
                }
            }
            Done::Told(Told::Nothing) => {}
            Done::NotBegun | Done::Failed(_) => self.report.left += 1,
        }
    }
}

fn is_over(stop: Option<Instant>) -> bool {
    stop.is_some_and(|stop| stop.saturating_duration_since(Instant::now()) == Duration::ZERO)
}
