//! Who can push a package, for whoever speaks for one of its owners: the owner, or an admin of an organization that owns
//! it. To everybody else the package is none of theirs, whether it exists or not.

pub(crate) mod bar;
pub(crate) mod lift;
pub(crate) mod list;

use keyring::{BarError, Voice};
use keys::{KeyId, PackageId};

use crate::{
    app::App,
    extract::Person,
    problem::{Problem, Reason},
};

/// The package, if `person` speaks for an owner of it.
///
/// # Errors
/// One and the same 404 for an id that is malformed, unknown or somebody else's: whoever guesses learns nothing.
async fn voice(app: &App, person: &Person, id: &str) -> Result<Voice, Problem> {
    let unknown = || Problem::from(BarError::UnknownPackage);
    let id: PackageId = id.parse().map_err(|_| unknown())?;
    app.keyring.voice(&id, &person.account).await?.ok_or_else(unknown)
}

/// A package and a key by their ids. A malformed id of a key is told only to who speaks for the package.
///
/// # Errors
/// As [`voice`], and for a malformed id of a key as for one that does not reach the package.
async fn ids(app: &App, person: &Person, package: &str, key: &str) -> Result<(PackageId, KeyId), Problem> {
    match (package.parse(), key.parse()) {
        (Ok(package), Ok(key)) => Ok((package, key)),
        _ => {
            voice(app, person, package).await?;
            Err(BarError::UnknownKey.into())
        }
    }
}

impl From<BarError> for Problem {
    fn from(error: BarError) -> Self {
        let reason = match error {
            BarError::Fault(fault) => return fault.into(),
            BarError::UnknownPackage => Reason::UnknownPackage,
            BarError::UnknownKey => Reason::UnknownKey,
            BarError::Locked(_) => Reason::AccountLocked,
            BarError::Full => Reason::TooManyBars,
        };
        Self::of_error(reason, &error)
    }
}
