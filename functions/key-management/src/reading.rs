//! What the bodies of the management API say, apart from doing it: for whoever tries them on what nobody would send. The
//! handlers read them with the same functions.

use chrono::{DateTime, Utc};
use keyring::{LegacyKey, NewKey};
use keys::{AccountId, Edit, HandOverWindow, LeakPlace, PackageId};
use zeroize::Zeroizing;

use crate::{
    config::Policy,
    directory,
    extract::fields,
    input::Fields,
    leaks::matches,
    problem::Problem,
    routes::{
        directory::{many, revoke_keys},
        keys::{create, edit, refresh},
        legacy_keys as legacy,
        own_key::refresh as own_refresh,
    },
};
pub use crate::{directory::Change, routes::keys::refresh::Refresh};

/// Everything that is wrong with a body: each a field, a colon, and what is wrong with it.
pub type Wrong = Vec<String>;

/// A match of a leak report: its text, what the reporter calls its kind, and where it was found.
pub type LeakMatch = (Zeroizing<String>, String, Option<LeakPlace>);

/// `POST /keys`, by somebody whose own account is `maker`.
///
/// # Errors
/// What is wrong with it.
pub fn new_key(body: &[u8], maker: &AccountId, policy: &Policy) -> Result<NewKey, Wrong> {
    read(body, |fields| create::asked(fields, maker, policy))
}

/// `PATCH /keys/{id}`.
///
/// # Errors
/// What is wrong with it.
pub fn key_edit(body: &[u8]) -> Result<Edit, Wrong> {
    read(body, edit::asked)
}

/// `POST /keys/{id}/refresh`.
///
/// # Errors
/// What is wrong with it.
pub fn key_refresh(body: &[u8]) -> Result<Refresh, Wrong> {
    read(body, refresh::asked)
}

/// `POST /keys/self/refresh`.
///
/// # Errors
/// What is wrong with it.
pub fn own_key_refresh(body: &[u8]) -> Result<HandOverWindow, Wrong> {
    read(body, own_refresh::asked)
}

/// `POST /legacy-keys`, at `now`.
///
/// # Errors
/// What is wrong with it.
pub fn legacy_keys(body: &[u8], now: DateTime<Utc>) -> Result<Vec<LegacyKey>, Wrong> {
    read(body, |fields| legacy::asked(fields, now))
}

/// `POST /directory`.
///
/// # Errors
/// What is wrong with it.
pub fn directory_entries(body: &[u8]) -> Result<Vec<Change>, Wrong> {
    read(body, many::asked)
}

/// `PUT /directory/accounts/{account}`.
///
/// # Errors
/// What is wrong with it.
pub fn directory_account(body: &[u8], account: &AccountId) -> Result<Change, Wrong> {
    change(body, |fields| directory::put_account(fields, Some(account.clone())))
}

/// `PUT /directory/packages/{id}`.
///
/// # Errors
/// What is wrong with it.
pub fn directory_package(body: &[u8], id: &PackageId) -> Result<Change, Wrong> {
    change(body, |fields| directory::put_package(fields, Some(id.clone())))
}

/// `PUT /directory/organizations/{organization}/members/{user}`.
///
/// # Errors
/// What is wrong with it.
pub fn directory_member(
    body: &[u8],
    (organization, user): (&AccountId, &AccountId),
) -> Result<Change, Wrong> {
    change(body, |fields| directory::put_member(fields, Some((organization.clone(), user.clone()))))
}

/// `POST /directory/accounts/{account}/revoke-keys`: the cause.
///
/// # Errors
/// What is wrong with it.
pub fn revocation_cause(body: &[u8]) -> Result<String, Wrong> {
    read(body, |mut fields| {
        let cause = revoke_keys::cause(&mut fields);
        fields.finish(|| cause)
    })
}

/// `POST /leaks`: each match, in its order.
///
/// # Errors
/// What is wrong with it.
pub fn leak_report(report: &[u8]) -> Result<Vec<LeakMatch>, Wrong> {
    let read = matches(report).map_err(|problem| wrong(&problem))?;
    Ok(read.into_iter().map(|found| (found.token, found.kind, found.place)).collect())
}

fn wrong(problem: &Problem) -> Wrong {
    problem.errors().iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
}

fn read<T>(body: &[u8], asked: impl FnOnce(Fields) -> Result<T, Problem>) -> Result<T, Wrong> {
    fields(body).and_then(asked).map_err(|problem| wrong(&problem))
}

fn change(body: &[u8], put: impl FnOnce(&mut Fields) -> Option<Change>) -> Result<Change, Wrong> {
    read(body, |mut fields| {
        let change = put(&mut fields);
        fields.finish(|| change)
    })
}
