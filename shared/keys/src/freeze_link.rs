use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;

use crate::{
    key_id::KeyId,
    pepper::{Pepper, PepperVersion},
};

/// How long a link is good for: as long as the history of a key tells of what was mailed.
pub const FREEZE_LINK_LIFETIME: TimeDelta = TimeDelta::days(400);

const PURPOSE: &[u8] = b"latchkey freeze link 1";
const VERSION: u8 = 1;
const SIGNED: usize = 1 + 4 + 16 + 4;
/// Half of an HMAC-SHA256 (RFC 2104, section 5): nobody guesses 128 bits, and an address in a mail is to be short.
const MAC: usize = 16;
const LENGTH: usize = ((SIGNED + MAC) * 8).div_ceil(6);

/// What stands at the end of the address in a mail by which whoever has the mail freezes one key, and does nothing else.
///
/// It is good for the key whatever happens to it, after a thaw and a refresh too: all it ever does is freeze. It is no key
/// text and opens nothing.
///
/// On the wire: base64url without padding of a version byte, the pepper's version, the key's id and the time it ends, and
/// half of their HMAC-SHA256 under a key derived from the pepper for this purpose alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreezeLink {
    /// The key.
    pub key: KeyId,
    /// When it stops being good, in whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// Why a text is no good link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FreezeLinkError {
    /// It has not the shape of one.
    #[error("the link is malformed")]
    Malformed,
    /// Its MAC is not ours.
    #[error("the link is forged")]
    Forged,
    /// It was ours, and its time is over.
    #[error("the link has expired")]
    Expired,
}

/// A link as it came in: read, its MAC not checked yet.
#[derive(Debug)]
pub struct UncheckedFreezeLink {
    signed: [u8; SIGNED],
    mac: [u8; MAC],
}

impl FreezeLink {
    /// The link for a key in a mail that is written at `now`.
    #[must_use]
    pub fn new(key: KeyId, now: DateTime<Utc>) -> Self {
        Self { key, expires_at: now + FREEZE_LINK_LIFETIME }
    }

    /// The text that goes out: letters, digits, `-` and `_`.
    #[must_use]
    pub fn seal(&self, pepper: &Pepper) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(u32::from(pepper.version()).to_be_bytes());
        bytes.extend(self.key.as_bytes());
        // As in a key's id: good until 2106.
        bytes.extend(u32::try_from(self.expires_at.timestamp()).unwrap_or_default().to_be_bytes());
        let mac = pepper.mac_for(PURPOSE, &bytes);
        bytes.extend(&mac.as_bytes()[..MAC]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text. Nothing in it may be believed before [`UncheckedFreezeLink::check`].
    ///
    /// # Errors
    /// [`FreezeLinkError::Malformed`].
    pub fn read(text: &str) -> Result<UncheckedFreezeLink, FreezeLinkError> {
        let bytes = Some(text).filter(|text| text.len() == LENGTH).and_then(|text| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
            let (signed, mac) = bytes.split_first_chunk::<SIGNED>()?;
            Some(UncheckedFreezeLink { signed: *signed, mac: *mac.first_chunk()? })
        });
        bytes.filter(|link| link.signed[0] == VERSION).ok_or(FreezeLinkError::Malformed)
    }
}

impl UncheckedFreezeLink {
    fn part<const N: usize>(&self, from: usize) -> [u8; N] {
        std::array::from_fn(|place| self.signed[from + place])
    }

    /// The pepper that it says it was sealed with.
    #[must_use]
    pub fn pepper(&self) -> PepperVersion {
        u32::from_be_bytes(self.part(1)).into()
    }

    /// The link, if it is ours and still good at `now`.
    ///
    /// # Errors
    /// [`FreezeLinkError::Forged`] or [`FreezeLinkError::Expired`].
    pub fn check(&self, pepper: &Pepper, now: DateTime<Utc>) -> Result<FreezeLink, FreezeLinkError> {
        let mac = pepper.mac_for(PURPOSE, &self.signed);
        if pepper.version() != self.pepper() || !bool::from(mac.as_bytes()[..MAC].ct_eq(&self.mac)) {
            return Err(FreezeLinkError::Forged);
        }
        let seconds = u32::from_be_bytes(self.part(21));
        let expires_at = DateTime::from_timestamp(i64::from(seconds), 0).ok_or(FreezeLinkError::Malformed)?;
        if now >= expires_at {
            return Err(FreezeLinkError::Expired);
        }
        Ok(FreezeLink { key: KeyId::from_bytes(self.part(5)), expires_at })
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::key::tests::{at, key, scope};

    fn pepper(version: u32, byte: u8) -> Pepper {
        Pepper::new(version.into(), Zeroizing::new([byte; 32]))
    }

    fn link() -> FreezeLink {
        FreezeLink::new(key(90, scope(&[crate::Action::Push], &["*"])).id, at(0))
    }

    fn checked(text: &str, pepper: &Pepper, days: i64) -> Result<FreezeLink, FreezeLinkError> {
        FreezeLink::read(text)?.check(pepper, at(days))
    }

    #[test]
    fn a_link_is_good_for_its_key_for_400_days() {
        let text = link().seal(&pepper(3, 1));
        assert_eq!(text.len(), 55);
        assert_eq!(FreezeLink::read(&text).unwrap().pepper(), 3.into());
        assert_eq!(checked(&text, &pepper(3, 1), 399), Ok(link()));
        assert_eq!(checked(&text, &pepper(3, 1), 400), Err(FreezeLinkError::Expired));
    }

    #[test]
    fn every_flipped_bit_every_cut_and_every_other_pepper_is_refused() {
        let text = link().seal(&pepper(3, 1));
        assert_eq!(checked(&text, &pepper(3, 2), 1), Err(FreezeLinkError::Forged));
        assert_eq!(checked(&text, &pepper(4, 1), 1), Err(FreezeLinkError::Forged));
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let flipped = BASE64_URL_SAFE_NO_PAD.encode(flipped);
            assert!(checked(&flipped, &pepper(3, 1), 1).is_err(), "bit {bit}");
        }
        for cut in 0..text.len() {
            assert_eq!(checked(&text[..cut], &pepper(3, 1), 1), Err(FreezeLinkError::Malformed));
        }
        for longer in [format!("{text}A"), format!("{text}="), format!(" {text}")] {
            assert_eq!(checked(&longer, &pepper(3, 1), 1), Err(FreezeLinkError::Malformed));
        }
    }

    #[test]
    fn a_link_has_one_spelling() {
        let text = link().seal(&pepper(3, 1));
        let spellings = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = spellings
            .chars()
            .filter(|last| checked(&format!("{}{last}", &text[..text.len() - 1]), &pepper(3, 1), 1).is_ok());
        assert_eq!(last.count(), 1);
        for other in [text.replace(['-', '_'], "+"), text.to_ascii_lowercase()] {
            assert!(other == text || checked(&other, &pepper(3, 1), 1).is_err());
        }
    }

    #[test]
    fn a_link_is_no_grant_and_a_grant_no_link() {
        let key = key(90, scope(&[crate::Action::Push], &["*"]));
        let grant =
            crate::Grant::new(&key, key.secret.version, crate::Action::Push, None, at(1)).seal(&pepper(3, 1));
        assert!(FreezeLink::read(&grant).is_err());
        assert!(crate::Grant::read(&link().seal(&pepper(3, 1))).is_err());
    }
}
