//! What replies look like. Names and shapes are stable; times are RFC 3339, whole seconds, UTC.

mod event;
mod key;
mod reaching;
mod revealed;
pub(crate) mod words;

use chrono::{DateTime, SecondsFormat, Utc};

pub(crate) use event::EventBody;
pub(crate) use key::{KeyBody, KeyReply};
pub(crate) use reaching::ReachingBody;
pub(crate) use revealed::{MadeBefore, Revealed, RevealedReply};

pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
