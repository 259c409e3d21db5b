use std::{fmt, str::FromStr};

use crate::key_text;

/// The longest package id and the longest pattern, in characters: NuGet's own limit.
pub(crate) const LONGEST: usize = 128;

/// The id of one package: 1 to 128 characters of `A-Za-z0-9_.-`. Letter case does not matter when ids are compared.
///
/// This is the character set of every id a gallery holds. Which of these a gallery takes for a *new* package is its
/// own, narrower rule.
#[derive(Debug, Clone)]
pub struct PackageId(String);

/// Why a text is no package id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a package id has 1 to 128 letters, digits, dots, hyphens or underscores, and is no API key")]
pub struct PackageIdError;

impl PackageId {
    /// The id in the letter case it was given in.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id in lower case: the same for every spelling of one package.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for PackageId {
    type Err = PackageIdError;

    fn from_str(text: &str) -> Result<Self, PackageIdError> {
        let good =
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_id_byte) && !key_text::is_in(text);
        if good { Ok(Self(text.to_owned())) } else { Err(PackageIdError) }
    }
}

impl PartialEq for PackageId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for PackageId {}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_ascii_and_short() {
        let longest = "a".repeat(128);
        for good in ["a", "Fabrikam.Service.Core", "Nu_Get.Core-IsCool", "..", longest.as_str()] {
            assert!(good.parse::<PackageId>().is_ok(), "{good:?}");
        }
        let too_long = "a".repeat(129);
        for bad in ["", "a b", "a*", "a/b", "a%2fb", "pac\u{212a}age", "пакет", "a\0", too_long.as_str()]
        {
            assert_eq!(bad.parse::<PackageId>(), Err(PackageIdError), "{bad:?}");
        }
    }

    #[test]
    fn letter_case_does_not_matter() {
        let (upper, lower) =
            ("Foo.Bar".parse::<PackageId>().unwrap(), "foo.bar".parse::<PackageId>().unwrap());
        assert_eq!(upper, lower);
        assert_eq!(upper.folded(), lower.as_str());
        assert_eq!(upper.as_str(), "Foo.Bar");
    }
}
