use std::{slice, sync::Arc, time::Duration};

use chrono::TimeDelta;
use keyring::{Fault, Keyring, MailState, NoticeRow, OUTBOX_SHARDS, Waiting};
use keys::{AccountId, Notice};
use startup::Clock;
use tokio::time::{Instant, timeout_at};

use crate::{
    address::Address,
    letterhead::Letterhead,
    message::{Message, Names},
    ses::{SendError, Ses},
};

/// How long a notice is one process's alone. The lease is taken right before its mail is sent, so it must outlast one
/// answer of SES ([`PATIENCE`]) and a few calls to the table, or a second process would send the same mail; a minute is
/// several times that. It is also how long a notice waits in vain after a crash, and no longer than that.
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// How long SES may take to accept one mail, the SDK's retries included.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a person's request waits for SES, unless told otherwise.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How many notices are read at a time.
const PAGE: u16 = 100;

/// After how many mails refused in a row, each for something in it, a run takes it for our trouble after all.
const REFUSALS: u32 = 5;

/// Delivers waiting notices: takes each under a lease, sends its mail and removes it.
///
/// A notice whose recipient has no usable address waits, untouched, for a better one. Our own trouble leaves everything
/// in place for a later run. So each notice is mailed at least once, and twice only where this process ends, or the
/// table fails, between SES's acceptance and the removal.
#[derive(Debug, Clone)]
pub struct Postman {
    keyring: Arc<Keyring>,
    ses: Ses,
    letterhead: Letterhead,
    clock: Clock,
    at_once: Duration,
}

/// What a delivery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Mails that SES accepted.
    pub mailed: u64,
    /// Notices that were tried in vain.
    pub failed: u64,
    /// Notices seen that still wait: those tried in vain, those without a usable address, those somebody else is
    /// delivering, and those not tried after the delivery stopped.
    pub left: u64,
    /// Whether our own trouble, with SES or the table, kept mails from leaving. The log says what it was.
    pub trouble: bool,
}

/// Somebody who can be mailed.
struct Recipient {
    account: AccountId,
    name: Option<String>,
    address: String,
}

enum Sent {
    Accepted,
    Refused(SendError),
    Late,
}

/// The state of one delivery.
#[derive(Default)]
struct Run {
    report: Report,
    /// When to stop waiting for SES; without it each mail has [`PATIENCE`].
    deadline: Option<Instant>,
    /// No more mails are sent.
    stopped: bool,
    refusals_in_a_row: u32,
}

impl Postman {
    /// Mails the notices in `keyring` through `ses`.
    #[must_use]
    pub const fn new(keyring: Arc<Keyring>, ses: Ses, letterhead: Letterhead, clock: Clock) -> Self {
        Self { keyring, ses, letterhead, clock, at_once: AT_ONCE }
    }

    /// The same, but [`deliver_now`](Self::deliver_now) waits for SES as long as `at_once`, rather than a second. Keep it
    /// well below the minute that a notice is leased for.
    #[must_use]
    pub const fn waiting_at_once(mut self, at_once: Duration) -> Self {
        self.at_once = at_once;
        self
    }

    /// Tries once to deliver these notices, while somebody waits for a reply: SES has a second for all of them. What
    /// does not leave in that time waits for the next run; nothing here is a reason for another reply.
    pub async fn deliver_now(&self, rows: &[NoticeRow]) -> Report {
        let mut run = Run { deadline: Some(Instant::now() + self.at_once), ..Run::default() };
        if let Err(fault) = self.deliver_rows(rows, &mut run).await {
            run.fault(&fault);
        }
        run.report
    }

    /// Delivers every waiting notice that nobody else is delivering, one mail each. Trouble with SES stops it; a fault
    /// of the table leaves the rest of a shard.
    pub async fn deliver_waiting(&self) -> Report {
        let mut run = Run::default();
        for shard in 0..OUTBOX_SHARDS {
            if let Err(fault) = self.deliver_shard(shard, &mut run).await {
                run.fault(&fault);
            }
        }
        let Report { mailed, failed, left, trouble } = run.report;
        tracing::info!(mailed, failed, left, trouble, "waiting notices were delivered");
        run.report
    }

    async fn deliver_rows(&self, rows: &[NoticeRow], run: &mut Run) -> Result<(), Fault> {
        for waiting in self.keyring.lease(rows, LEASE, self.clock.now()).await? {
            match self.recipient(&waiting.notice.recipient).await? {
                Some(recipient) if !run.stopped => self.deliver(&waiting, &recipient, run).await?,
                _ => {
                    run.report.left += 1;
                    self.keyring.release(slice::from_ref(&waiting.row)).await?;
                }
            }
        }
        Ok(())
    }

    async fn deliver_shard(&self, shard: u8, run: &mut Run) -> Result<(), Fault> {
        let mut after = None;
        // An account's notices stand together, so each account is read once.
        let mut last_read: Option<(AccountId, Option<Recipient>)> = None;
        loop {
            let (page, next) = self.keyring.waiting(shard, after.as_ref(), PAGE).await?;
            for waiting in page {
                let now = self.clock.now();
                if run.stopped || waiting.leased_until.is_some_and(|until| until > now) {
                    run.report.left += 1;
                    continue;
                }
                let account = waiting.notice.recipient;
                if last_read.as_ref().is_none_or(|(read, _)| *read != account) {
                    let recipient = self.recipient(&account).await?;
                    last_read = Some((account, recipient));
                }
                let Some((_, Some(recipient))) = &last_read else {
                    run.report.left += 1;
                    continue;
                };
                let failed = run.report.failed;
                for taken in self.keyring.lease(slice::from_ref(&waiting.row), LEASE, now).await? {
                    self.deliver(&taken, recipient, run).await?;
                }
                if run.report.failed > failed {
                    // The account may have been marked.
                    last_read = None;
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Sends the mail of a leased notice, then removes it or gives it back.
    async fn deliver(&self, taken: &Waiting, recipient: &Recipient, run: &mut Run) -> Result<(), Fault> {
        let row = slice::from_ref(&taken.row);
        let refusal = match self.send(&taken.notice, recipient, run).await? {
            Sent::Accepted => {
                run.accepted();
                let removed = self.keyring.delivered(row).await;
                if removed.is_err() {
                    // Without removal every further mail would be one that is sent again.
                    run.stopped = true;
                    run.report.left += 1;
                }
                return removed;
            }
            Sent::Refused(refusal) => Some(refusal),
            Sent::Late => None,
        };
        run.failed(refusal.as_ref(), recipient);
        if let Some(SendError::Address(_)) = refusal {
            self.keyring.mark_mail(&recipient.account, &recipient.address, MailState::Unparsable).await?;
        }
        self.keyring.release(row).await
    }

    async fn send(&self, notice: &Notice, recipient: &Recipient, run: &Run) -> Result<Sent, Fault> {
        let to: Address = match recipient.address.parse() {
            Ok(address) => address,
            Err(error) => return Ok(Sent::Refused(SendError::Address(format!("{error}")))),
        };
        let owner = if notice.owner == recipient.account {
            recipient.name.clone()
        } else {
            self.keyring.account(&notice.owner).await?.and_then(|account| account.name)
        };
        let names = Names { recipient: recipient.name.as_deref(), owner: owner.as_deref() };
        let message = match Message::of_act(notice, to, names, &self.letterhead) {
            Ok(message) => message,
            Err(error) => return Ok(Sent::Refused(SendError::Mail(error.to_string()))),
        };
        let deadline = run.deadline.unwrap_or_else(|| Instant::now() + PATIENCE);
        Ok(match timeout_at(deadline, self.ses.send(&message, recipient.account.tag())).await {
            Ok(Ok(())) => Sent::Accepted,
            Ok(Err(refusal)) => Sent::Refused(refusal),
            Err(_) => Sent::Late,
        })
    }

    async fn recipient(&self, account: &AccountId) -> Result<Option<Recipient>, Fault> {
        let account = self.keyring.account(account).await?;
        Ok(account.filter(|account| account.mail_state == MailState::Good).and_then(|account| {
            Some(Recipient { address: account.mail?, account: account.id, name: account.name })
        }))
    }
}

impl Run {
    fn accepted(&mut self) {
        self.report.mailed += 1;
        self.refusals_in_a_row = 0;
    }

    /// Notes a mail that did not leave; without a refusal, because SES gave no answer in time.
    fn failed(&mut self, refusal: Option<&SendError>, recipient: &Recipient) {
        let account = recipient.account.tag();
        self.report.failed += 1;
        self.report.left += 1;
        match refusal {
            Some(error @ SendError::Address(_)) => {
                tracing::warn!(%account, %error, "the account is mailed no more until its address changes");
            }
            Some(error @ SendError::Mail(_)) => {
                self.refusals_in_a_row += 1;
                self.stopped |= self.refusals_in_a_row >= REFUSALS;
                self.report.trouble |= self.stopped;
                tracing::error!(alarm = "mail", %account, %error, "a notice cannot be mailed");
            }
            Some(error @ SendError::Ours(_)) => self.stop(error),
            // A second is short: whether SES is in trouble is for the next run to find out.
            None if self.deadline.is_some() => {
                self.stopped = true;
                tracing::warn!(%account, "a notice waits, since SES did not take it at once");
            }
            None => self.stop(&format_args!("no answer from SES within {PATIENCE:?}")),
        }
    }

    fn fault(&mut self, fault: &Fault) {
        self.report.trouble = true;
        tracing::error!(alarm = "mail", error = %fault, "notices cannot be read or removed");
    }

    fn stop(&mut self, cause: &dyn std::fmt::Display) {
        self.stopped = true;
        self.report.trouble = true;
        tracing::error!(alarm = "mail", error = %cause, "no more mails are sent for now");
    }
}
