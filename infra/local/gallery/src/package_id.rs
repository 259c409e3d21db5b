use std::{fmt, str::FromStr};

/// The most characters NuGet allows in a package id.
const MAXIMUM_LENGTH: usize = 128;

/// A package id that NuGet's rule for new ids accepts: runs of ASCII letters, digits and `_`, joined by single `.` or
/// `-`, 128 characters at most.
///
/// Stricter than what .NET's `\w` matches, on purpose: U+212A KELVIN SIGN folds to `k`, so a rule that lets non-ASCII
/// letters in lets two ids look like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageId(String);

#[derive(Debug, thiserror::Error)]
#[error(
    "a package id is letters, digits and '_' (ASCII only), joined by single '.' or '-', at most {MAXIMUM_LENGTH} characters"
)]
pub(crate) struct InvalidPackageId;

impl PackageId {
    /// The id as its publisher wrote it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one id have in common: ids differ by more than ASCII case.
    pub(crate) fn identity(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for PackageId {
    type Err = InvalidPackageId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let valid = text.len() <= MAXIMUM_LENGTH && text.split(['.', '-']).all(word);
        valid.then(|| Self(text.to_owned())).ok_or(InvalidPackageId)
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_follow_nugets_rule() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../../tests/vectors/nuget.json")).unwrap();
        let rule = &vectors["package_id_validity_new"];
        let ids = |name: &str| {
            let list: Vec<String> = serde_json::from_value(rule[name].clone()).unwrap();
            assert!(!list.is_empty());
            list
        };
        for id in ids("valid") {
            assert!(id.parse::<PackageId>().is_ok(), "{id:?} is a valid id");
        }
        for id in ids("invalid") {
            assert!(id.parse::<PackageId>().is_err(), "{id:?} is no valid id");
        }
        assert_eq!(rule["max_length"], MAXIMUM_LENGTH);
        assert!("x".repeat(MAXIMUM_LENGTH).parse::<PackageId>().is_ok());
        assert!("x".repeat(MAXIMUM_LENGTH + 1).parse::<PackageId>().is_err());
    }
}
