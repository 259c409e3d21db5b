//! What stands at the top of the keys page: everything that somebody should do something about.
//!
//! Notices are over all keys of a list, not over a page of it. Of each kind the first [`SHOWN`] keys are named, newest
//! first, and the rest are counted in one more notice, so that a reply stays small whatever an account has piled up.

use chrono::{DateTime, TimeDelta, Utc};
use keyring::{Account, MailState};
use keys::{Key, KeyId, Kind, Status, WARNING_DAYS, time_left};
use serde::Serialize;
use utoipa::ToSchema;

/// How many keys of one kind are named.
const SHOWN: usize = 20;

/// A line for the top of the keys page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Notice {
    /// `undeliverable`, `frozen`, `expired`, `expiring`, `legacy` or `revoked`.
    kind: &'static str,
    /// The key it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key_id: Option<String>,
    /// What is the matter.
    text: String,
    /// What to do about it.
    action: &'static str,
}

/// What a key is noticed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Frozen,
    Expired,
    Expiring,
    Legacy,
    Retired,
    Revoked,
}

/// The notices of a list of keys, while it is being read.
#[derive(Debug)]
pub(crate) struct Notices {
    now: DateTime<Utc>,
    named: Vec<(About, KeyId, String)>,
    counts: [usize; 6],
}

impl About {
    /// In the order in which they are shown.
    const ALL: [Self; 6] =
        [Self::Frozen, Self::Expired, Self::Expiring, Self::Legacy, Self::Retired, Self::Revoked];

    const fn kind(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::Legacy | Self::Retired => "legacy",
            Self::Revoked => "revoked",
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Frozen => {
                "Unfreeze it if it is in good hands; if it may not be, refresh it first, or revoke it."
            }
            Self::Expired => "Refresh it to go on with it, or delete it.",
            Self::Expiring => {
                "Refresh it with a new lifetime, and put the new key text where the key is used."
            }
            Self::Legacy => "Make a scoped key in its place, then revoke it.",
            Self::Retired => "Make a scoped key in its place, and delete this one.",
            Self::Revoked => "Make a new key where one is still needed, and delete this one.",
        }
    }

    const fn more(self) -> &'static str {
        match self {
            Self::Frozen => "more keys are frozen.",
            Self::Expired => "more keys have expired.",
            Self::Expiring => "more keys expire within ten days.",
            Self::Legacy => "more legacy keys allow everything.",
            Self::Retired => "more legacy keys were retired.",
            Self::Revoked => "more keys were revoked.",
        }
    }
}

impl Notices {
    pub(crate) const fn at(now: DateTime<Utc>) -> Self {
        Self { now, named: Vec::new(), counts: [0; 6] }
    }

    /// Looks at one key. Keys come newest first.
    pub(crate) fn see(&mut self, key: &Key) {
        let Some((about, text)) = self.matter(key) else { return };
        let count = &mut self.counts[about as usize];
        *count += 1;
        if *count <= SHOWN {
            self.named.push((about, key.id, text));
        }
    }

    fn matter(&self, key: &Key) -> Option<(About, String)> {
        let (name, end) = (&key.name, key.ends_at());
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M UTC").to_string();
        if let (Status::Active | Status::Expired, Some(since)) = (key.status(self.now), key.frozen_at) {
            let text = format!("“{name}” is frozen since {}: every push with it is refused.", day(since));
            return Some((About::Frozen, text));
        }
        match (key.status(self.now), &key.kind) {
            (Status::Revoked, _) => {
                let revocation = key.revocation.as_ref()?;
                let (at, cause) = (day(revocation.at), &revocation.cause);
                Some((About::Revoked, format!("“{name}” was revoked on {at} ({cause}).")))
            }
            (Status::Retired, _) => {
                let text = format!(
                    "The legacy key “{name}” was retired on {}, a year after its last push.",
                    day(end)
                );
                Some((About::Retired, text))
            }
            (Status::Active | Status::Expired, Kind::Legacy { .. }) => {
                let text = format!(
                    "The legacy key “{name}” allows every action on every package. Without a push it is retired in {}, on {}.",
                    time_left(self.now, end),
                    day(end)
                );
                Some((About::Legacy, text))
            }
            (Status::Expired, Kind::Scoped { .. }) => {
                Some((About::Expired, format!("“{name}” expired on {}.", day(end))))
            }
            (Status::Active, Kind::Scoped { .. }) if end - self.now <= TimeDelta::days(WARNING_DAYS) => {
                let text = format!("“{name}” expires in {}, on {}.", time_left(self.now, end), day(end));
                Some((About::Expiring, text))
            }
            (Status::Active, Kind::Scoped { .. }) => None,
        }
    }

    /// The notices, kind by kind.
    pub(crate) fn finish(mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        for about in About::ALL {
            let (of_this, rest): (Vec<_>, Vec<_>) =
                self.named.into_iter().partition(|(named, ..)| *named == about);
            self.named = rest;
            let more = self.counts[about as usize] - of_this.len();
            let named = of_this.into_iter().map(|(_, id, text)| (Some(id.to_string()), text));
            let counted = (more > 0).then(|| (None, format!("{more} {}", about.more())));
            notices.extend(named.chain(counted).map(|(key_id, text)| Notice {
                kind: about.kind(),
                key_id,
                text,
                action: about.action(),
            }));
        }
        notices
    }
}

/// The notice that mails do not reach somebody, of whom the directory knows `account`, and the token `verified`.
pub(crate) fn undeliverable(
    account: Option<&Account>,
    verified: Option<&str>,
    waiting: usize,
) -> Option<Notice> {
    let state = account.map_or(MailState::Good, |account| account.mail_state);
    let address = account.and_then(|account| account.mail.as_deref()).or(verified);
    let trouble = match (address, state) {
        (Some(_), MailState::Good) => return None,
        (None, _) => "We have no mail address of yours",
        (Some(_), MailState::Bounced) => "Mails to your address come back",
        (Some(_), MailState::Complained) => "Our mails to your address were reported as unwanted",
        (Some(_), MailState::Unparsable) => "Your mail address cannot be read",
    };
    let waits = match waiting {
        0 => "so nothing about your keys reaches you.".to_owned(),
        1 => "so 1 mail about your keys waits.".to_owned(),
        waiting => format!("so {waiting} mails about your keys wait."),
    };
    Some(Notice {
        kind: "undeliverable",
        key_id: None,
        text: format!("{trouble}, {waits}"),
        action: "Enter a working mail address in your account at the gallery.",
    })
}

#[cfg(test)]
#[path = "notices_tests.rs"]
mod tests;
