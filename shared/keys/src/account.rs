use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

/// A user or an organization, by the gallery's own id: case-sensitive, never given to anyone else.
///
/// 1 to 256 characters, none of them a control character, no space at either end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

/// The first ten bytes of the SHA-256 of an account id. Key ids carry it, so that the id alone finds the key.
///
/// Ten bytes make a collision of two accounts a matter of 2⁴⁰ accounts; what is kept under a tag names the full
/// account id, and that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountTag([u8; 10]);

/// What a user is to an organization. Both may hold keys that act for it; an admin may also see and revoke them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May see and revoke every key that acts for the organization.
    Admin,
    /// May hold keys that act for the organization.
    Member,
}

/// Why a text is no account id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account id has 1 to 256 characters, no control characters, and no space at either end")]
pub struct AccountIdError;

/// A text is no account tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account tag is 20 lower-case hexadecimal digits")]
pub struct AccountTagError;

impl AccountId {
    /// The id as the gallery wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account's tag.
    #[must_use]
    pub fn tag(&self) -> AccountTag {
        let digest: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        let mut tag = [0; 10];
        tag.copy_from_slice(&digest[..10]);
        AccountTag(tag)
    }
}

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        let good = (1..=256).contains(&text.chars().count())
            && !text.chars().any(char::is_control)
            && text.trim() == text;
        if good { Ok(Self(text.to_owned())) } else { Err(AccountIdError) }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AccountTag {
    /// The tag of these bytes, as a key id carries them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    /// The ten bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 10] {
        &self.0
    }
}

/// Reads what [`Display`](fmt::Display) writes.
impl FromStr for AccountTag {
    type Err = AccountTagError;

    fn from_str(text: &str) -> Result<Self, AccountTagError> {
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 20 || !text.bytes().all(hexadecimal) {
            return Err(AccountTagError);
        }
        let mut tag = [0; 10];
        for (byte, digits) in tag.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = str::from_utf8(digits).map_err(|_| AccountTagError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| AccountTagError)?;
        }
        Ok(Self(tag))
    }
}

/// Twenty lower-case hexadecimal digits.
impl fmt::Display for AccountTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Role {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_is_a_short_line_of_text() {
        let longest = "é".repeat(256);
        for good in ["alice", "Alice", "auth0|507f", "org:fabrikam", "名前", longest.as_str()] {
            assert_eq!(good.parse::<AccountId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        let too_long = "a".repeat(257);
        for bad in ["", " alice", "alice ", "a\nb", "a\0b", too_long.as_str()] {
            assert_eq!(bad.parse::<AccountId>(), Err(AccountIdError), "{bad:?}");
        }
    }

    #[test]
    fn the_tag_is_the_head_of_the_sha_256() {
        let tag = "abc".parse::<AccountId>().unwrap().tag();
        assert_eq!(tag.to_string(), "ba7816bf8f01cfea4141", "FIPS 180-4's example, cut");
    }

    #[test]
    fn a_tag_reads_back() {
        let tag = "abc".parse::<AccountId>().unwrap().tag();
        assert_eq!(tag.to_string().parse(), Ok(tag));
        for bad in [
            "",
            "ba7816bf8f01cfea414",
            "ba7816bf8f01cfea41410",
            "BA7816BF8F01CFEA4141",
            "+a7816bf8f01cfea4141",
        ] {
            assert_eq!(bad.parse::<AccountTag>(), Err(AccountTagError), "{bad}");
        }
    }

    #[test]
    fn letter_case_makes_another_account() {
        assert_ne!("alice".parse::<AccountId>().unwrap().tag(), "Alice".parse::<AccountId>().unwrap().tag());
    }
}
