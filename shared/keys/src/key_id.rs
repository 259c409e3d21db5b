use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};

use crate::{account::AccountTag, base62};

/// The public name of a key: 22 base62 digits of 16 bytes. Goes in logs, mails and addresses; opens nothing.
///
/// The first ten bytes are the holder's [`AccountTag`], the last six the key's [`KeyNumber`], so the id alone finds the
/// stored key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

/// Which of its account's keys a key is: the second of its creation (4 bytes, since 1970), then 2 random bytes.
///
/// Sorts by creation. 65,536 keys of one account can be made in one second; a number already taken is drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyNumber([u8; 6]);

/// A text is no key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key id is 22 letters and digits")]
pub struct KeyIdError;

impl KeyId {
    /// How many digits an id has.
    pub(crate) const DIGITS: usize = 22;

    /// The id of the key with this number, of the holder with this tag.
    #[must_use]
    pub fn new(tag: AccountTag, number: KeyNumber) -> Self {
        let mut bytes = [0; 16];
        bytes[..10].copy_from_slice(tag.as_bytes());
        bytes[10..].copy_from_slice(&number.0);
        Self(bytes)
    }

    /// The holder's tag.
    #[must_use]
    pub fn tag(&self) -> AccountTag {
        let mut tag = [0; 10];
        tag.copy_from_slice(&self.0[..10]);
        AccountTag::from_bytes(tag)
    }

    /// The key's number.
    #[must_use]
    pub fn number(&self) -> KeyNumber {
        let mut number = [0; 6];
        number.copy_from_slice(&self.0[10..]);
        KeyNumber(number)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn from_digits(digits: &[u8]) -> Option<Self> {
        (digits.len() == Self::DIGITS).then(|| base62::decode(digits)).flatten().map(Self)
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        Self::from_digits(text.as_bytes()).ok_or(KeyIdError)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = String::with_capacity(Self::DIGITS);
        base62::encode(&self.0, Self::DIGITS, &mut digits);
        f.write_str(&digits)
    }
}

impl KeyNumber {
    /// The number of a key created at `at`; `random` tells apart those of one second.
    #[must_use]
    pub fn new(at: DateTime<Utc>, random: [u8; 2]) -> Self {
        let second = u32::try_from(at.timestamp().max(0)).unwrap_or(u32::MAX);
        let mut number = [0; 6];
        number[..4].copy_from_slice(&second.to_be_bytes());
        number[4..].copy_from_slice(&random);
        Self(number)
    }
}

/// Twelve lower-case hexadecimal digits, which sort as the numbers do.
impl fmt::Display for KeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads what [`Display`](fmt::Display) writes.
impl FromStr for KeyNumber {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let well_formed =
            text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = if well_formed { u64::from_str_radix(text, 16).ok() } else { None };
        let bytes = number.ok_or(KeyIdError)?.to_be_bytes();
        let mut number = [0; 6];
        number.copy_from_slice(&bytes[2..]);
        Ok(Self(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn an_id_reads_back_and_names_holder_and_number() {
        let tag = "alice".parse::<crate::AccountId>().unwrap().tag();
        let number = KeyNumber::new(at(1_800_000_000), [0xab, 0xcd]);
        let id = KeyId::new(tag, number);
        assert_eq!(id.to_string().len(), 22);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!((id.tag(), id.number()), (tag, number));
        assert_eq!(number.to_string(), "6b49d200abcd");
        assert_eq!("6b49d200abcd".parse(), Ok(number));
    }

    #[test]
    fn later_keys_sort_later() {
        assert!(KeyNumber::new(at(10), [0xff, 0xff]) < KeyNumber::new(at(11), [0, 0]));
    }

    #[test]
    fn junk_is_no_id() {
        let (short, long, large) = ("0".repeat(21), "0".repeat(23), "z".repeat(22));
        for junk in [
            "",
            short.as_str(),
            long.as_str(),
            large.as_str(),
            "000000000000000000000-",
            "00000000000000000000é",
        ] {
            assert_eq!(junk.parse::<KeyId>(), Err(KeyIdError), "{junk:?}");
        }
        for junk in ["", "6b49d200abc", "6B49D200ABCD", "+b49d200abcd"] {
            assert_eq!(junk.parse::<KeyNumber>(), Err(KeyIdError), "{junk:?}");
        }
    }
}
