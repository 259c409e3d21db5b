use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use crate::{
    base62,
    key_id::KeyId,
    pepper::{Mac, Pepper},
};

const SECRET_DIGITS: usize = 43;
const CHECKSUM_DIGITS: usize = 6;

/// The whole secret string of a key: `lk_<key id>_<secret><checksum>`.
///
/// - *prefix*: the gallery's own, so that secret scanners can tell whose key they found;
/// - *key id*: 22 base62 digits, see [`KeyId`];
/// - *secret*: 43 base62 digits of 32 random bytes;
/// - *checksum*: CRC32 of all before it, 6 base62 digits. It stops typing errors and junk before anything is looked up.
///   It does not stop an attacker, and is not meant to.
///
/// There is no `Debug`, `Display` or comparison, and the text is wiped when dropped. [`KeyText::reveal`] is the one way
/// out, for the one reply that shows a new key.
pub struct KeyText {
    text: Zeroizing<String>,
    id: KeyId,
}

/// What a gallery's keys begin with: 2 to 8 lower-case letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPrefix(String);

/// A text is no key prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key prefix is 2 to 8 lower-case letters")]
pub struct KeyPrefixError;

/// A text is not a key text of this gallery. Says nothing about the text: it may be a secret of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key of this gallery")]
pub struct MalformedKeyText;

impl KeyText {
    /// A new secret for the key `id`, of 32 bytes from a cryptographic random source.
    #[must_use]
    pub fn new(prefix: &KeyPrefix, id: KeyId, random: &Zeroizing<[u8; 32]>) -> Self {
        let length = prefix.0.len() + 1 + KeyId::DIGITS + 1 + SECRET_DIGITS + CHECKSUM_DIGITS;
        // Room for all of it at once: a string that grows leaves copies of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str(&prefix.0);
        text.push('_');
        base62::encode(id.as_bytes(), KeyId::DIGITS, &mut text);
        text.push('_');
        base62::encode(random, SECRET_DIGITS, &mut text);
        let checksum = crc32fast::hash(text.as_bytes());
        base62::encode(&checksum.to_be_bytes(), CHECKSUM_DIGITS, &mut text);
        Self { text, id }
    }

    /// Reads what a client sent, with any of these prefixes.
    ///
    /// # Errors
    /// [`MalformedKeyText`] if the shape, a digit or the checksum is off.
    pub fn parse(prefixes: &[KeyPrefix], text: &str) -> Result<Self, MalformedKeyText> {
        let bytes = text.as_bytes();
        let known = |prefix: &&KeyPrefix| {
            bytes.strip_prefix(prefix.0.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'_'))
        };
        let prefix = prefixes.iter().find(known).ok_or(MalformedKeyText)?;
        let rest = &bytes[prefix.0.len() + 1..];
        if rest.len() != KeyId::DIGITS + 1 + SECRET_DIGITS + CHECKSUM_DIGITS || rest[KeyId::DIGITS] != b'_' {
            return Err(MalformedKeyText);
        }
        let (id, secret) = (&rest[..KeyId::DIGITS], &rest[KeyId::DIGITS + 1..]);
        let (secret, checksum) = secret.split_at(SECRET_DIGITS);
        let covered = &bytes[..bytes.len() - CHECKSUM_DIGITS];
        if base62::decode(checksum) != Some(crc32fast::hash(covered).to_be_bytes()) {
            return Err(MalformedKeyText);
        }
        let id = KeyId::from_digits(id).ok_or(MalformedKeyText)?;
        base62::decode::<32>(secret).map(Zeroizing::new).ok_or(MalformedKeyText)?;
        Ok(Self { text: Zeroizing::new(text.to_owned()), id })
    }

    /// Whose secret this is.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What is stored of it: the HMAC-SHA256 of the whole text under `pepper`.
    #[must_use]
    pub fn mac(&self, pepper: &Pepper) -> Mac {
        pepper.mac(self.text.as_bytes())
    }

    /// The text itself, for the reply that shows it once.
    #[must_use]
    pub fn reveal(self) -> Zeroizing<String> {
        self.text
    }
}

/// Whether some part of `text` looks like a key text, of whatever gallery, misspelt or not. What is shown, mailed and logged
/// must not hold one: somebody has put it into the wrong field.
pub(crate) fn is_in(text: &str) -> bool {
    const REST: usize = 1 + KeyId::DIGITS + 1 + SECRET_DIGITS + CHECKSUM_DIGITS;
    let bytes = text.as_bytes();
    let digits = |from: usize, count: usize| bytes[from..from + count].iter().all(u8::is_ascii_alphanumeric);
    (2..(bytes.len() + 1).saturating_sub(REST)).any(|place| {
        let second = place + 1 + KeyId::DIGITS;
        bytes[place - 2..place].iter().all(u8::is_ascii_lowercase)
            && bytes[place] == b'_'
            && digits(place + 1, KeyId::DIGITS)
            && bytes[second] == b'_'
            && digits(second + 1, SECRET_DIGITS + CHECKSUM_DIGITS)
    })
}

impl FromStr for KeyPrefix {
    type Err = KeyPrefixError;

    fn from_str(text: &str) -> Result<Self, KeyPrefixError> {
        let good = (2..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase());
        if good { Ok(Self(text.to_owned())) } else { Err(KeyPrefixError) }
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::{AccountId, KeyName, KeyNumber, PackageId, Pattern};

    fn prefixes() -> [KeyPrefix; 2] {
        ["lk".parse().unwrap(), "fabrikam".parse().unwrap()]
    }

    fn id() -> KeyId {
        let number = KeyNumber::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap(), [1, 2]);
        KeyId::new("alice".parse::<AccountId>().unwrap().tag(), number)
    }

    fn text(prefix: &str) -> String {
        KeyText::new(&prefix.parse().unwrap(), id(), &Zeroizing::new([7; 32])).reveal().to_string()
    }

    #[test]
    fn a_key_text_reads_back() {
        for prefix in ["lk", "fabrikam"] {
            let text = text(prefix);
            assert_eq!(text.len(), prefix.len() + 73);
            assert!(
                text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
                "a double click selects it whole"
            );
            assert!(KeyText::parse(&prefixes(), &text).is_ok_and(|read| read.id() == id()));
        }
        assert!(KeyText::parse(&prefixes(), &text("other")).is_err(), "another gallery's");
    }

    #[test]
    fn two_secrets_of_one_key_have_different_macs() {
        let pepper = Pepper::new(1.into(), Zeroizing::new([9; 32]));
        let mac = |random| KeyText::new(&prefixes()[0], id(), &Zeroizing::new([random; 32])).mac(&pepper);
        assert!(mac(1) == mac(1));
        assert!(mac(1) != mac(2));
    }

    #[test]
    fn a_secret_out_of_range_is_malformed_though_its_checksum_is_right() {
        let mut forged = format!("lk_{}_{}", id(), "z".repeat(43));
        base62::encode(&crc32fast::hash(forged.as_bytes()).to_be_bytes(), 6, &mut forged);
        assert!(KeyText::parse(&prefixes(), &forged).is_err());
    }

    proptest! {
        #[test]
        fn one_changed_character_is_malformed(place in 0_usize..75, other in "[0-9A-Za-z_]") {
            let text = text("lk");
            let mut changed = text.clone();
            changed.replace_range(place..=place, &other);
            prop_assume!(changed != text);
            prop_assert!(KeyText::parse(&prefixes(), &changed).is_err());
        }

        #[test]
        fn junk_is_malformed(junk in "\\PC{0,100}|lk_[0-9A-Za-z_]{0,80}|lk_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}") {
            prop_assert!(KeyText::parse(&prefixes(), &junk).is_err());
        }
    }

    #[test]
    fn a_key_text_is_seen_wherever_it_stands_in_another_text() {
        let text = text("lk");
        for holding in [
            text.clone(),
            format!("my key {text}!"),
            format!("é_{text}"),
            format!("UPPER{text}0"),
            format!("_{}", self::text("fabrikam")),
            format!("lk_{text}"),
            format!("{}0", &text[..74]),
        ] {
            assert!(is_in(&holding));
            assert!(holding.parse::<KeyName>().is_err(), "a name is shown and mailed");
        }
        for none in [text[1..].to_owned(), text[..74].to_owned(), text.replacen('_', "-", 1), String::new()] {
            assert!(!is_in(&none));
        }
        assert!(text.parse::<PackageId>().is_err() && text.parse::<Pattern>().is_err(), "these are logged");
    }

    #[test]
    fn the_text_is_wiped_when_dropped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        let text = KeyText::new(&prefixes()[0], id(), &Zeroizing::new([7; 32]));
        wiped(&text.text);
        wiped(&text.reveal());
    }

    #[test]
    fn a_prefix_is_a_few_lower_case_letters() {
        for bad in ["", "l", "LK", "lk1", "l_k", "ninechars"] {
            assert_eq!(bad.parse::<KeyPrefix>(), Err(KeyPrefixError), "{bad:?}");
        }
    }
}
