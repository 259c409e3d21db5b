use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use keyring::{Fault, Keyring, MailState, NoticeRow, OUTBOX_SHARDS};
use keys::{AccountId, Notice};
use metrics::Metrics;
use startup::Clock;
use tokio::time::{Instant, timeout_at};

use crate::{
    address::Address,
    letter::Letter,
    letterhead::Letterhead,
    message::{Message, Named, Names},
    pace::Pace,
    run::{Report, Run},
    ses::{SendError, Ses},
};

/// How long a notice is one process's alone. The lease is taken right before its mail is sent, so it must outlast one
/// answer of SES ([`PATIENCE`]) and a few calls to the table, or a second process would send the same mail; a minute is
/// several times that. It is also how long a notice waits in vain after a crash, and no longer than that.
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// How long SES may take to accept one mail, the SDK's retries included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a mail that has begun may take, with what is read and removed for it.
pub const LAST_MAIL: Duration = Duration::from_secs(25);

/// How long a person's request waits for SES, unless told otherwise.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How many notices are read at a time.
const PAGE: u16 = 100;

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
    metrics: Metrics,
    clock: Clock,
    at_once: Duration,
    pace: Pace,
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

/// The account read last.
#[derive(Default)]
struct Recipients(Option<(AccountId, Option<Recipient>)>);

impl Postman {
    /// Mails the notices in `keyring` through `ses`.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>, ses: Ses, letterhead: Letterhead, clock: Clock) -> Self {
        let (metrics, at_once, pace) = (Metrics::off(), AT_ONCE, Pace::default());
        Self { keyring, ses, letterhead, metrics, clock, at_once, pace }
    }

    /// The same, and its mails and faults are counted.
    #[must_use]
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The same, but [`deliver_now`](Self::deliver_now) waits for SES as long as `at_once`, rather than a second. Keep it
    /// well below the minute that a notice is leased for.
    #[must_use]
    pub fn waiting_at_once(mut self, at_once: Duration) -> Self {
        self.at_once = at_once;
        self
    }

    /// The same, but [`deliver_waiting`](Self::deliver_waiting) sends at most this many mails a second.
    #[must_use]
    pub fn paced(self, mails_per_second: u16) -> Self {
        Self { pace: Pace::per_second(mails_per_second), ..self }
    }

    /// Tries once to deliver these notices, while somebody waits for a reply: SES has a second for all of them. What
    /// does not leave in that time waits for the next run; nothing here is a reason for another reply.
    pub async fn deliver_now(&self, rows: &[NoticeRow]) -> Report {
        let mut run = Run::at_once(Instant::now() + self.at_once, self.metrics.clone());
        if let Err(fault) = self.deliver_rows(rows, &mut run).await {
            run.fault(&fault);
        }
        run.report
    }

    /// Delivers every waiting notice that nobody else is delivering: what time brought about one mail for each account
    /// and kind, what a person did one mail each. Trouble with SES stops it; a fault of the table leaves the rest of a
    /// shard. No mail is begun after `stop`; the last one begun may take [`LAST_MAIL`] from then.
    pub async fn deliver_waiting(&self, stop: Option<Instant>) -> Report {
        let mut run = Run::until(stop, self.pace.clone(), self.metrics.clone());
        for shard in 0..OUTBOX_SHARDS {
            if run.out_of_time {
                break;
            }
            if let Err(fault) = self.deliver_shard(shard, &mut run).await {
                run.fault(&fault);
            }
        }
        let Report { mailed, failed, left, trouble } = run.report;
        tracing::info!(mailed, failed, left, trouble, "waiting notices were delivered");
        run.report
    }

    async fn deliver_rows(&self, rows: &[NoticeRow], run: &mut Run) -> Result<(), Fault> {
        let now = self.clock.now();
        for waiting in self.keyring.lease(rows, LEASE, now).await? {
            let letter = Letter::of(waiting);
            match self.recipient(letter.recipient()).await? {
                Some(recipient) if !run.stopped => {
                    self.deliver(&letter, &recipient, now + LEASE, run).await?;
                }
                _ => {
                    run.report.left += 1;
                    self.keyring.release(&letter.rows, now + LEASE).await?;
                }
            }
        }
        Ok(())
    }

    async fn deliver_shard(&self, shard: u8, run: &mut Run) -> Result<(), Fault> {
        let mut after = None;
        let mut open: Option<Letter> = None;
        // An account's notices stand together, so each account is read once.
        let mut recipients = Recipients::default();
        loop {
            let (page, next, unreadable) = self.keyring.waiting(shard, after.as_ref(), PAGE).await?;
            unreadable.iter().for_each(|fault| run.unreadable(fault));
            let now = self.clock.now();
            for waiting in page {
                if waiting.leased_until.is_some_and(|until| until > now) {
                    run.report.left += 1;
                    continue;
                }
                // Notices of one account and kind stand next to each other, too.
                match open.take() {
                    Some(mut letter) if letter.takes(&waiting.notice) => {
                        letter.add(waiting);
                        open = Some(letter);
                    }
                    full => {
                        if let Some(letter) = full {
                            self.take_and_deliver(&letter, &mut recipients, run).await?;
                        }
                        open = Some(Letter::of(waiting));
                    }
                }
            }
            match next {
                Some(next) if !run.out_of_time => after = Some(next),
                _ => break,
            }
        }
        match open {
            Some(letter) => self.take_and_deliver(&letter, &mut recipients, run).await,
            None => Ok(()),
        }
    }

    async fn take_and_deliver(
        &self,
        letter: &Letter,
        recipients: &mut Recipients,
        run: &mut Run,
    ) -> Result<(), Fault> {
        let waits = letter.rows.len() as u64;
        if run.stopped {
            run.report.left += waits;
            return Ok(());
        }
        let Some(recipient) = recipients.of(letter.recipient(), self).await? else {
            run.report.left += waits;
            return Ok(());
        };
        if !run.turn().await {
            run.report.left += waits;
            return Ok(());
        }
        let now = self.clock.now();
        if !self.keyring.lease_together(&letter.rows, LEASE, now).await? {
            run.report.left += waits;
            return Ok(());
        }
        let failed = run.report.failed;
        self.deliver(letter, recipient, now + LEASE, run).await?;
        if run.report.failed > failed {
            // The account may have been marked.
            recipients.forget();
        }
        Ok(())
    }

    /// Sends the mail of notices that are leased until `until`, then removes them or gives them back.
    async fn deliver(
        &self,
        letter: &Letter,
        recipient: &Recipient,
        until: DateTime<Utc>,
        run: &mut Run,
    ) -> Result<(), Fault> {
        let refusal = match self.send(letter, recipient, run).await? {
            Sent::Accepted => {
                run.accepted();
                let removed = self.keyring.delivered(&letter.rows).await;
                if removed.is_err() {
                    // Without removal every further mail would be one that is sent again.
                    run.stopped = true;
                    run.report.left += letter.rows.len() as u64;
                }
                return removed;
            }
            Sent::Refused(refusal) => Some(refusal),
            Sent::Late => None,
        };
        run.failed(refusal.as_ref(), letter, recipient.account.tag());
        if let Some(SendError::Address(_)) = refusal {
            self.keyring.mark_mail(&recipient.account, &recipient.address, MailState::Unparsable).await?;
        }
        self.keyring.release(&letter.rows, until).await
    }

    async fn send(&self, letter: &Letter, recipient: &Recipient, run: &Run) -> Result<Sent, Fault> {
        let to: Address = match recipient.address.parse() {
            Ok(address) => address,
            Err(error) => return Ok(Sent::Refused(SendError::Address(format!("{error}")))),
        };
        let links = self.freeze_links(letter).await?;
        let message = match self.message(letter, to, recipient, &links).await? {
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

    async fn message(
        &self,
        letter: &Letter,
        to: Address,
        recipient: &Recipient,
        links: &[String],
    ) -> Result<Result<Message, askama::Error>, Fault> {
        let mut owners: BTreeMap<&AccountId, Option<String>> = BTreeMap::new();
        for notice in letter.notices() {
            if !owners.contains_key(&notice.owner) {
                let name = if notice.owner == recipient.account {
                    recipient.name.clone()
                } else {
                    self.keyring.account(&notice.owner).await?.and_then(|account| account.name)
                };
                owners.insert(&notice.owner, name);
            }
        }
        let link = |number: usize| links.get(number).map(String::as_str);
        let owner = |notice: &Notice| owners.get(&notice.owner).and_then(|name| name.as_deref());
        let name = recipient.name.as_deref();
        let first = &letter.first;
        if !first.kind.comes_with_time() {
            let names = Names { recipient: name, owner: owner(first) };
            return Ok(Message::of_act(first, to, names, link(0), &self.letterhead));
        }
        let named = |(number, notice)| Named { notice, owner: owner(notice), freeze: link(number) };
        let rest: Vec<Named<'_>> = (1..).zip(&letter.rest).map(named).collect();
        let keys = (&named((0, first)), rest.as_slice());
        Ok(Message::of_time(keys, letter.more(), to, name, &self.letterhead, self.clock.now()))
    }

    /// The links by which a letter's keys are frozen, in the order of its notices; none where there is nothing to freeze. They
    /// are made here, since they are to be on no disk. Where no pepper can be opened, the mail waits for one.
    async fn freeze_links(&self, letter: &Letter) -> Result<Vec<String>, Fault> {
        if !letter.first.kind.leaves_something_to_freeze() {
            return Ok(Vec::new());
        }
        let keys = letter.notices().map(|notice| notice.key);
        self.keyring.freeze_links(keys, self.clock.now()).await
    }

    async fn recipient(&self, account: &AccountId) -> Result<Option<Recipient>, Fault> {
        let account = self.keyring.account(account).await?;
        Ok(account.filter(|account| account.mail_state == MailState::Good).and_then(|account| {
            Some(Recipient { address: account.mail?, account: account.id, name: account.name })
        }))
    }
}

impl Recipients {
    async fn of(&mut self, account: &AccountId, postman: &Postman) -> Result<Option<&Recipient>, Fault> {
        if self.0.as_ref().is_none_or(|(read, _)| read != account) {
            self.0 = Some((account.clone(), postman.recipient(account).await?));
        }
        Ok(self.0.as_ref().and_then(|(_, recipient)| recipient.as_ref()))
    }

    fn forget(&mut self) {
        self.0 = None;
    }
}
