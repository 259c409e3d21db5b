use chrono::{DateTime, Utc};

use crate::package_id::PackageId;

/// A package that a key pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The package, in the letter case of the last push.
    pub package: PackageId,
    /// Its last push with the key, as far as it has been noted.
    pub at: DateTime<Utc>,
}
