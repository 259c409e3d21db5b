use chrono::{DateTime, Utc};

use crate::account::AccountId;

/// That a key may do nothing with one package, whatever its scope says, by the word of somebody who speaks for an owner of
/// the package. Any of its owners may lift it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// The person who barred the key.
    pub by: AccountId,
    /// When, to the second.
    pub at: DateTime<Utc>,
}
