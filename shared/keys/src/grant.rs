use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    action::Action,
    key::Key,
    key_id::KeyId,
    package_id::PackageId,
    pepper::{Mac, Pepper, PepperVersion},
};

/// How long a grant is good for, at most.
pub const GRANT_LIFETIME: TimeDelta = TimeDelta::minutes(5);

const PURPOSE: &[u8] = b"latchkey grant 1";

/// A short-lived proof that a key was verified, handed to the gallery in place of the key text.
///
/// It names one secret of one key, one action, and the package if that was known. It is no permission: whoever brings
/// it is decided upon anew, with key and package read again, so a refresh, a revocation or an edit ends it at once.
///
/// On the wire: base64url without padding of a version byte, the fields, and their HMAC-SHA256 under a key derived from
/// the pepper for this purpose alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The key that was verified.
    pub key: KeyId,
    /// Which of its secrets was presented.
    pub secret_version: u32,
    /// The action that was asked.
    pub action: Action,
    /// The package that was asked about, if any was.
    pub package: Option<PackageId>,
    /// When it stops being good.
    pub expires_at: DateTime<Utc>,
}

/// Why a text is no good grant. Callers outside learn only that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The text has not the shape of a grant.
    #[error("the grant is malformed")]
    Malformed,
    /// The MAC is not ours.
    #[error("the grant is forged")]
    Forged,
    /// Its five minutes are over.
    #[error("the grant has expired")]
    Expired,
}

/// A grant as it came in: read, its MAC not checked yet.
#[derive(Debug)]
pub struct UncheckedGrant {
    grant: Grant,
    pepper: PepperVersion,
    signed: Vec<u8>,
    mac: Mac,
}

const VERSION: u8 = 1;
const FIXED: usize = 1 + 4 + 16 + 4 + 1 + 8;

impl Grant {
    /// The grant for a key that may do `action`, on `package` where one was named, and of whose secrets this one was shown:
    /// that one's pepper seals it. `expires_at` is at most [`GRANT_LIFETIME`] after the key itself was shown: a grant that was
    /// asked for with a grant lives no longer.
    #[must_use]
    pub fn new(
        key: &Key,
        secret_version: u32,
        action: Action,
        package: Option<PackageId>,
        expires_at: DateTime<Utc>,
    ) -> Self {
        Self { key: key.id, secret_version, action, package, expires_at }
    }

    /// The text that goes out.
    #[must_use]
    pub fn seal(&self, pepper: &Pepper) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(u32::from(pepper.version()).to_be_bytes());
        bytes.extend(self.key.as_bytes());
        bytes.extend(self.secret_version.to_be_bytes());
        bytes.push(self.action as u8);
        bytes.extend(self.expires_at.timestamp().to_be_bytes());
        bytes.extend(self.package.as_ref().map(PackageId::as_str).unwrap_or_default().as_bytes());
        let mac = pepper.mac_for(PURPOSE, &bytes);
        bytes.extend(mac.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text. Nothing in it may be believed before [`UncheckedGrant::check`].
    ///
    /// # Errors
    /// [`GrantError::Malformed`].
    pub fn read(text: &str) -> Result<UncheckedGrant, GrantError> {
        // The longest: every field, a package id of 128 bytes, the MAC.
        if text.len() > (FIXED + 128 + 32).div_ceil(3) * 4 {
            return Err(GrantError::Malformed);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| GrantError::Malformed)?;
        UncheckedGrant::of_bytes(&bytes).ok_or(GrantError::Malformed)
    }

    /// Whether this grant answers for a question about `action` on `package`: the same action (push and update are one
    /// question), and the same package if it names one.
    #[must_use]
    pub fn answers_for(&self, action: Action, package: Option<&PackageId>) -> bool {
        let action = self.action == action || (self.action.is_upload() && action.is_upload());
        action && self.package.as_ref().is_none_or(|own| package == Some(own))
    }
}

impl UncheckedGrant {
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (signed, mac) = bytes.split_last_chunk::<32>()?;
        let (&[VERSION], rest) = signed.split_first_chunk::<1>()? else { return None };
        let (pepper, rest) = rest.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let (secret_version, rest) = rest.split_first_chunk::<4>()?;
        let (&[action], rest) = rest.split_first_chunk::<1>()?;
        let (expires_at, package) = rest.split_first_chunk::<8>()?;
        let package = match str::from_utf8(package).ok()? {
            "" => None,
            id => Some(id.parse().ok()?),
        };
        let grant = Grant {
            key: KeyId::from_bytes(*key),
            secret_version: u32::from_be_bytes(*secret_version),
            action: Action::ALL.into_iter().find(|known| *known as u8 == action)?,
            package,
            expires_at: DateTime::from_timestamp(i64::from_be_bytes(*expires_at), 0)?,
        };
        let pepper = u32::from_be_bytes(*pepper).into();
        Some(Self { grant, pepper, signed: signed.to_vec(), mac: Mac::from_bytes(*mac) })
    }

    /// The key it says it is for.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.grant.key
    }

    /// Which of the key's secrets it says was shown. That one's pepper is what to check it with.
    #[must_use]
    pub const fn secret_version(&self) -> u32 {
        self.grant.secret_version
    }

    /// The grant, if it is ours and still good at `now`.
    ///
    /// # Errors
    /// [`GrantError::Forged`] or [`GrantError::Expired`].
    pub fn check(self, pepper: &Pepper, now: DateTime<Utc>) -> Result<Grant, GrantError> {
        if pepper.version() != self.pepper || pepper.mac_for(PURPOSE, &self.signed) != self.mac {
            return Err(GrantError::Forged);
        }
        if now >= self.grant.expires_at {
            return Err(GrantError::Expired);
        }
        Ok(self.grant)
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
