use std::{fmt::Display, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use keyring::{Fault, Keyring, Verified};
use keys::{
    Credential, Decision, Denial, Facts, GRANT_LIFETIME, Grant, Key, Kind, PackageFacts, PackageId,
    Presented, Request, Stored, decide,
};
use metrics::{Answered, Cause, Door, Metric, Metrics};
use startup::Clock;

use crate::{answer::Answer, config::Config, question::Question};

/// How often at most a key's last push is written down.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);
/// From here on a legacy key lives only because its pushes are written down: one that is not must not be allowed.
const MUST_BE_NOTED_AFTER: TimeDelta = TimeDelta::days(335);

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
        let package = question.package.as_ref();
        let found = match proof {
            Proof::Key(Credential::Nothing) => Found::Nothing,
            Proof::Key(Credential::Several) => Found::Unknown,
            Proof::Key(Credential::Key(text)) => self.by_key(text, package, now).await?,
            Proof::Grant(text) => self.by_grant(text, question, now).await?,
        };
        let (verified, shown_until) = match found {
            Found::Nothing => return Ok(Answer::denied(Denial::Missing, None, &self.config.keys_page, now)),
            Found::Unknown => return Ok(Answer::denied(Denial::Unknown, None, &self.config.keys_page, now)),
            Found::Verified(verified, shown_until) => (*verified, shown_until),
        };
        let Verified { key, pepper, look_up, unwritten } = verified;
        let membership = self.keyring.membership(&key.holder, &key.owner).await?;
        let known = |owners: &[keys::AccountId]| PackageFacts::Known { owned: owners.contains(&key.owner) };
        let facts = Facts {
            holder_locked: look_up.holder_locked,
            membership,
            package: look_up.package.map_or(PackageFacts::Unknown, |package| known(&package.owners)),
        };
        let request = Request { action: question.action, package };
        match decide(Presented::Verified(&key), request, &facts, now) {
            Decision::Deny(denial) => Ok(Answer::denied(denial, Some(key), &self.config.keys_page, now)),
            Decision::Allow(mut allowed) => {
                let is_push = question.action.is_upload() && package.is_some() && !question.preflight;
                let key = if is_push { self.note_push(key, unwritten, now).await? } else { key };
                // A legacy key's push moves its end away, and the warning with it.
                allowed.ends_soon = allowed.ends_soon.filter(|end| *end == key.ends_at());
                // A preflight's answer is printed in build logs: it proves nothing to anybody.
                let grant = (!question.preflight)
                    .then(|| Grant::new(&key, question.action, package.cloned(), shown_until).seal(&pepper));
                Ok(Answer::allowed(allowed, key, grant, &self.config.keys_page, now))
            }
        }
    }

    async fn by_key(
        &self,
        sent: &str,
        package: Option<&PackageId>,
        now: DateTime<Utc>,
    ) -> Result<Found, Fault> {
        let Some(verified) = self.keyring.verify(&self.config.prefixes, sent, package).await? else {
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
        // The one that seals this key's grants: its own, where it has one.
        let pepper = match &key.secret.stored {
            Stored::Mac { pepper, .. } => self.keyring.peppers().get(*pepper).await?,
            Stored::Nuget(_) => self.keyring.peppers().latest().await?,
        };
        match unchecked.check(&pepper, now) {
            Err(error) => refused(&error),
            Ok(grant) if grant.secret_version != key.secret.version => refused(&"its key was refreshed"),
            Ok(grant) if !grant.answers_for(question.action, question.package.as_ref()) => {
                refused(&"it was given for another action or package")
            }
            Ok(grant) => {
                let shown_until = grant.expires_at;
                let verified = Verified { key, pepper, look_up, unwritten: None };
                Ok(Found::Verified(Box::new(verified), shown_until))
            }
        }
    }

    /// Writes down a push: the key as it is then. That it could not be written stops nobody, unless the key lives by it.
    async fn note_push(&self, key: Key, unwritten: Option<Fault>, now: DateTime<Utc>) -> Result<Key, Fault> {
        let idle = now - key.last_push_at.unwrap_or(key.created_at);
        if key.last_push_at.is_some() && idle < NOTED_EVERY {
            return Ok(key);
        }
        let must = matches!(key.kind, Kind::Legacy { .. }) && idle > MUST_BE_NOTED_AFTER;
        let noted = match unwritten {
            Some(fault) => Err(fault),
            None => self.keyring.note_push(&key, now).await,
        };
        match noted {
            Ok(true) => Ok(key.pushed(now)),
            Ok(false) if must => Err(Fault::Overtaken(key.id)),
            Ok(false) => Ok(key),
            Err(fault) if must => Err(fault),
            Err(fault) => {
                tracing::warn!(key_id = %key.id, %fault, "a push was not noted");
                self.metrics.count(Metric::Fault((&fault).into()));
                Ok(key)
            }
        }
    }
}
