use chrono::{DateTime, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// Who does something to a key, when, and from where: what its event and its notice tell.
#[derive(Debug, Clone)]
pub struct Act {
    /// The account or the principal that asked.
    pub by: String,
    /// The network address it asked from, as the gateway saw it.
    pub from: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// An identifier that sorts by `at`, to the millisecond.
pub(crate) fn uuid7(at: DateTime<Utc>) -> Uuid {
    let second = u64::try_from(at.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, second, at.timestamp_subsec_nanos()))
}
