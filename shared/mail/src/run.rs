//! What one delivery has done so far, and whether it may go on.

use keyring::Fault;
use keys::AccountTag;
use metrics::{Cause, MailOutcome, Metric, Metrics};
use tokio::time::{Instant, sleep_until};

use crate::{delivery::PATIENCE, letter::Letter, pace::Pace, ses::SendError};

/// After how many mails refused in a row, each for something in it, a run takes it for our trouble after all.
const REFUSALS: u32 = 5;

/// What a delivery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Mails that SES accepted.
    pub mailed: u64,
    /// Notices that were tried in vain, and faults of the table.
    pub failed: u64,
    /// Notices seen that still wait: those tried in vain, those without a usable address, those somebody else is
    /// delivering, and those not tried after the delivery stopped.
    pub left: u64,
    /// Whether our own trouble, with SES or the table, kept mails from leaving. The log says what it was.
    pub trouble: bool,
}

/// The state of one delivery.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) report: Report,
    metrics: Metrics,
    pace: Pace,
    /// When the last mail may begin.
    stop: Option<Instant>,
    /// That time has come. What has not been seen yet is left unseen.
    pub(crate) out_of_time: bool,
    /// When to stop waiting for SES; without it each mail has [`PATIENCE`].
    pub(crate) deadline: Option<Instant>,
    /// No more mails are sent.
    pub(crate) stopped: bool,
    refusals_in_a_row: u32,
}

impl Run {
    /// One that waits for SES until `deadline`, for all mails together.
    pub(crate) fn at_once(deadline: Instant, metrics: Metrics) -> Self {
        Self { deadline: Some(deadline), metrics, ..Self::default() }
    }

    /// One that begins mails at this pace, and none after `stop`.
    pub(crate) fn until(stop: Option<Instant>, pace: Pace, metrics: Metrics) -> Self {
        Self { stop, pace, metrics, ..Self::default() }
    }

    /// Waits until the next mail may leave; false where that is too late.
    pub(crate) async fn turn(&mut self) -> bool {
        let turn = self.pace.turn(Instant::now());
        if self.stop.is_some_and(|stop| turn >= stop) {
            self.out_of_time = true;
            self.stopped = true;
            return false;
        }
        sleep_until(turn).await;
        true
    }

    pub(crate) fn accepted(&mut self) {
        self.report.mailed += 1;
        self.metrics.count(Metric::Mail(MailOutcome::Sent));
        self.refusals_in_a_row = 0;
    }

    /// Notes a mail that did not leave; without a refusal, because SES gave no answer in time.
    pub(crate) fn failed(&mut self, refusal: Option<&SendError>, letter: &Letter, account: AccountTag) {
        self.report.failed += letter.rows.len() as u64;
        self.report.left += letter.rows.len() as u64;
        match refusal {
            Some(error @ SendError::Address(_)) => {
                self.metrics.count(Metric::Mail(MailOutcome::Refused));
                tracing::warn!(%account, %error, "the account is mailed no more until its address changes");
            }
            Some(error @ SendError::Mail(_)) => {
                self.metrics.count(Metric::Mail(MailOutcome::Refused));
                tracing::error!(%account, %error, "a notice cannot be mailed");
                self.refusals_in_a_row += 1;
                if self.refusals_in_a_row >= REFUSALS {
                    self.stop(&format_args!("{REFUSALS} mails in a row were refused"));
                }
            }
            Some(error @ SendError::Ours(_)) => {
                self.metrics.count(Metric::Mail(MailOutcome::Failed));
                self.stop(error);
            }
            // A second is short: whether SES is in trouble is for the next run to find out.
            None if self.deadline.is_some() => {
                self.stopped = true;
                tracing::warn!(%account, "a notice waits, since it could not be mailed at once");
            }
            None => {
                self.metrics.count(Metric::Mail(MailOutcome::Failed));
                self.stop(&format_args!("no answer from SES within {PATIENCE:?}"));
            }
        }
    }

    pub(crate) fn fault(&mut self, fault: &Fault) {
        self.report.failed += 1;
        self.report.trouble = true;
        self.metrics.count(Metric::Fault(fault.into()));
        tracing::error!(error = %fault, "notices cannot be read or removed");
    }

    /// Notes a row that stays where it is until there is code that can read it.
    pub(crate) fn unreadable(&self, fault: &Fault) {
        self.metrics.count(Metric::Fault(fault.into()));
        tracing::error!(error = %fault, "a notice cannot be read, and is not mailed");
    }

    fn stop(&mut self, cause: &dyn std::fmt::Display) {
        self.stopped = true;
        self.report.trouble = true;
        self.metrics.count(Metric::Fault(Cause::Mail));
        tracing::error!(error = %cause, "no more mails are sent for now");
    }
}
