use std::{fmt::Display, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use keyring::{Fault, Keyring, LookUp};
use keys::{
    Decision, Denial, Facts, GRANT_LIFETIME, Grant, Key, KeyText, Kind, LegacyText, Mac, PackageFacts,
    PackageId, Pepper, PepperVersion, Presented, Request, Stored, decide,
};
use metrics::{Answered, Cause, Door, Metric, Metrics};
use startup::Clock;

use crate::{answer::Answer, config::Config, credential::Credential, question::Question};

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
pub(crate) enum Found {
    Nothing,
    Unknown,
    Verified(Box<Verified>),
}

/// A key whose secret was shown, what was read with it, and the pepper that seals its grants.
pub(crate) struct Verified {
    pub(crate) key: Key,
    pub(crate) pepper: Arc<Pepper>,
    pub(crate) look_up: LookUp,
    /// Until when what was shown counts, for a question that follows this one.
    pub(crate) shown_until: DateTime<Utc>,
    /// Why something that was to be written already was not. To wait for the table a second time would take longer than
    /// anybody listens.
    pub(crate) unwritten: Option<Fault>,
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
        let Verified { key, pepper, look_up, shown_until, unwritten } = match found {
            Found::Nothing => return Ok(Answer::denied(Denial::Missing, None, &self.config.keys_page, now)),
            Found::Unknown => return Ok(Answer::denied(Denial::Unknown, None, &self.config.keys_page, now)),
            Found::Verified(verified) => *verified,
        };
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
        let Ok(text) = KeyText::parse(&self.config.prefixes, sent) else {
            return match LegacyText::parse(sent) {
                // On the heap, since it is rare: the common way stays small.
                Ok(text) => Box::pin(self.by_legacy_key(&text, package, now)).await,
                Err(_) => Ok(Found::Unknown),
            };
        };
        let look_up = self.keyring.look_up(&text.id(), package).await?;
        let stored = look_up.key.as_ref().and_then(mac_of);
        let (stored, pepper) = match stored {
            Some((mac, pepper)) => (mac, self.keyring.peppers().get(pepper).await?),
            None => (Mac::from_bytes([0; 32]), self.keyring.peppers().any().await?),
        };
        Ok(verified(&text, &stored, pepper, look_up, now))
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
        let pepper = match mac_of(&key) {
            Some((_, pepper)) => self.keyring.peppers().get(pepper).await?,
            None => self.keyring.peppers().latest().await?,
        };
        match unchecked.check(&pepper, now) {
            Err(error) => refused(&error),
            Ok(grant) if grant.secret_version != key.secret.version => refused(&"its key was refreshed"),
            Ok(grant) if !grant.answers_for(question.action, question.package.as_ref()) => {
                refused(&"it was given for another action or package")
            }
            Ok(grant) => {
                let shown_until = grant.expires_at;
                Ok(Found::Verified(Box::new(Verified { key, pepper, look_up, shown_until, unwritten: None })))
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

/// What a text opens, now that all is read that its id has led to. `stored` is a dummy where that is nothing: from here on
/// an id that is not there costs what a wrong secret costs, the same MAC and the same comparison.
fn verified(
    text: &KeyText,
    stored: &Mac,
    pepper: Arc<Pepper>,
    mut look_up: LookUp,
    now: DateTime<Utc>,
) -> Found {
    let opens = text.mac(&pepper) == *stored;
    match look_up.key.take() {
        Some(key) if opens => {
            let shown_until = now + GRANT_LIFETIME;
            Found::Verified(Box::new(Verified { key, pepper, look_up, shown_until, unwritten: None }))
        }
        _ => Found::Unknown,
    }
}

/// The MAC that is stored of a key's secret, and its pepper.
fn mac_of(key: &Key) -> Option<(Mac, PepperVersion)> {
    match &key.secret.stored {
        Stored::Mac { mac, pepper } => Some((mac.clone(), *pepper)),
        Stored::Nuget(_) => None,
    }
}
