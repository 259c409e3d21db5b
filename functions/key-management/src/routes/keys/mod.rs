pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod events;
pub(crate) mod freeze;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod paging;
pub(crate) mod refresh;
pub(crate) mod revoke;
pub(crate) mod thaw;

use axum::http::{HeaderMap, header::IF_MATCH};
use keys::Key;

use crate::{
    input::{Fields, read},
    problem::{Problem, other_version},
};

/// The version that a change is for, where the request names one.
struct ForVersion(Option<u32>);

impl ForVersion {
    fn read(fields: &mut Fields, headers: &HeaderMap) -> Self {
        Self(fields.header(headers, &IF_MATCH, read::version).flatten())
    }

    const fn is_named(&self) -> bool {
        self.0.is_some()
    }

    fn check(&self, key: &Key) -> Result<(), Problem> {
        match self.0 {
            Some(version) if version != key.version => Err(other_version()),
            _ => Ok(()),
        }
    }
}
