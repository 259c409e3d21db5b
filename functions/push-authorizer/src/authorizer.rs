use std::{fmt::Display, sync::Arc};

use chrono::{DateTime, Utc};
use keyring::{Fault, Keyring, Verified};
use keys::{
    Credential, Decision, Denial, Facts, GRANT_LIFETIME, Grant, Key, PackageFacts, PackageId, Presented,
    Request, Stored, decide,
};
use metrics::{Answered, Cause, Door, Metric, Metrics};
use startup::Clock;

use crate::{answer::Answer, config::Config, note::Push, question::Question};

/// How often a proof is looked at where its key is overtaken: once handed over, or ended, it stays so.
const LOOKS: u32 = 2;

/// Decides, for both doors.
#[derive(Debug)]
pub struct Authorizer {
    pub(crate) config: Config,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) metrics: Metrics,
    clock: Clock,
}

/// What a request brings to show that it may.
pub(crate) enum Proof<'a> {
    /// A key, or what is sent in its place.
    Key(Credential<'a>),
    /// A grant for a key that was verified before.
    Grant(&'a str),
}

/// What was found under a proof.
enum Found {
    Nothing,
    Unknown,
    /// A key, and until when what was shown counts for a question that follows this one.
    Verified(Box<Verified>, DateTime<Utc>),
}

/// What came of looking at a proof.
enum Looked {
    /// On the heap: it is passed on from layer to layer.
    Answer(Box<Answer>),
    /// Its key went over to another secret meanwhile, or has ended, so it is to be looked at again.
    Overtaken,
}

impl Looked {
    fn of(answer: Answer) -> Self {
        Self::Answer(Box::new(answer))
    }
}

impl Authorizer {
    /// An authorizer over `keyring`.
    #[must_use]
    pub const fn new(config: Config, keyring: Arc<Keyring>, clock: Clock) -> Self {
        Self { config, keyring, metrics: Metrics::off(), clock }
    }

    /// The same, and what it does is counted.
    #[must_use]
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Counts an answer that was given at a door.
    pub(crate) fn answered(&self, door: Door, answered: impl Into<Answered>) {
        self.metrics.count(Metric::Decision(door, answered.into()));
    }

    /// Counts that no answer could be given.
    pub(crate) fn failed(&self, door: Door, cause: impl Into<Cause>) {
        self.answered(door, Answered::Fault);
        self.metrics.count(Metric::Fault(cause.into()));
    }

    /// The decision.
    pub(crate) async fn answer(&self, proof: Proof<'_>, question: &Question) -> Result<Answer, Fault> {
        let now = self.clock.now();
        for _ in 0..LOOKS {
            match self.look(&proof, question, now).await? {
                Looked::Answer(answer) => return Ok(*answer),
                Looked::Overtaken => {}
            }
        }
        Err(Fault::Busy { call: "hand over", tries: LOOKS })
    }

    async fn look(
        &self,
        proof: &Proof<'_>,
        question: &Question,
        now: DateTime<Utc>,
    ) -> Result<Looked, Fault> {
        let package = question.package.as_ref();
        let found = match proof {
            Proof::Key(Credential::Nothing) => Found::Nothing,
            Proof::Key(Credential::Several) => Found::Unknown,
            Proof::Key(Credential::Key(text)) => self.by_key(text, package, now).await?,
            Proof::Grant(text) => self.by_grant(text, question, now).await?,
        };
        let denied = |denial, key| Ok(Looked::of(Answer::denied(denial, key, &self.config.keys_page, now)));
        let (verified, shown_until) = match found {
            Found::Nothing => return denied(Denial::Missing, None),
            Found::Unknown => return denied(Denial::Unknown, None),
            Found::Verified(verified, shown_until) => (*verified, shown_until),
        };
        let Verified { key, secret_version, pepper, look_up, unwritten } = verified;
        let membership = self.keyring.membership(&key.holder, &key.owner).await?;
        let known = |package: &keyring::Package| PackageFacts::Known {
            owned: package.owners.contains(&key.owner),
            barred: package.bar_on(&key.id).cloned(),
        };
        let facts = Facts {
            holder_locked: look_up.holder_locked,
            membership,
            package: look_up.package.as_ref().map_or(PackageFacts::Unknown, known),
        };
        let request = Request { action: question.action, package };
        match decide(Presented::Verified(&key), request, &facts, now) {
            Decision::Deny(denial) => denied(denial, Some(key)),
            Decision::Allow(mut allowed) => {
                let pushed = package.filter(|_| question.action.is_upload() && !question.preflight);
                let key = match pushed {
                    Some(package) => {
                        let key = match secret_version == key.secret.version {
                            true => key,
                            false => match self.hand_over(key, now).await? {
                                Some(key) => key,
                                None => return Ok(Looked::Overtaken),
                            },
                        };
                        let push = Push { package, before: look_up.pushed_at, unwritten, at: now };
                        self.note_push(key, push).await?
                    }
                    None => key,
                };
                // A legacy key's push moves its end away, and the warning with it.
                allowed.ends_soon = allowed.ends_soon.filter(|end| *end == key.ends_at());
                // A preflight's answer is printed in build logs: it proves nothing to anybody.
                let granted =
                    || Grant::new(&key, secret_version, question.action, package.cloned(), shown_until);
                let grant = (!question.preflight).then(|| granted().seal(&pepper));
                let replaced_by = key.pending(now).filter(|_| secret_version == key.secret.version);
                let replaced_by = replaced_by.map(|hand_over| hand_over.until);
                let page = &self.config.keys_page;
                Ok(Looked::of(Answer::allowed(allowed, key, replaced_by, grant, page, now)))
            }
        }
    }

    async fn by_key(
        &self,
        sent: &str,
        package: Option<&PackageId>,
        now: DateTime<Utc>,
    ) -> Result<Found, Fault> {
        let Some(verified) = self.keyring.verify(&self.config.prefixes, sent, package, now).await? else {
            return Ok(Found::Unknown);
        };
        if let Some(fault) = &verified.unwritten {
            self.metrics.count(Metric::Fault(fault.into()));
        }
        Ok(Found::Verified(verified, now + GRANT_LIFETIME))
    }

    async fn by_grant(&self, text: &str, question: &Question, now: DateTime<Utc>) -> Result<Found, Fault> {
        let refused = |why: &dyn Display| {
            tracing::info!(%why, "a grant is refused");
            Ok(Found::Unknown)
        };
        let unchecked = match Grant::read(text) {
            Ok(unchecked) => unchecked,
            Err(error) => return refused(&error),
        };
        let mut look_up = self.keyring.look_up(&unchecked.key(), question.package.as_ref()).await?;
        let Some(key) = look_up.key.take() else { return refused(&"its key is gone") };
        // The one that seals the grants of this secret: its own, where it has one.
        let shown = key.secret_of(unchecked.secret_version(), now).unwrap_or(&key.secret);
        let pepper = match &shown.stored {
            Stored::Mac { pepper, .. } => self.keyring.peppers().get(*pepper).await?,
            Stored::Nuget(_) => self.keyring.peppers().latest().await?,
        };
        match unchecked.check(&pepper, now) {
            Err(error) => refused(&error),
            Ok(grant) if key.secret_of(grant.secret_version, now).is_none() => {
                refused(&"its key was refreshed")
            }
            Ok(grant) if !grant.answers_for(question.action, question.package.as_ref()) => {
                refused(&"it was given for another action or package")
            }
            Ok(grant) => {
                let shown_until = grant.expires_at;
                let secret_version = grant.secret_version;
                let verified = Verified { key, secret_version, pepper, look_up, unwritten: None };
                Ok(Found::Verified(Box::new(verified), shown_until))
            }
        }
    }

    /// Hands the key over to its second secret, which was just shown for a push: the key as it is then. None where somebody
    /// else was faster with it, or it has ended: then what was read is not so any more. That it could not be written stops the
    /// push, since the old secret may live on.
    async fn hand_over(&self, key: Key, now: DateTime<Utc>) -> Result<Option<Key>, Fault> {
        let handed_over = self.keyring.hand_over_by_push(&key, now).await?;
        Ok(handed_over.then(|| key.handed_over(now).pushed(now)))
    }
}
