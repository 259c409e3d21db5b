use std::{cmp::Ordering, fmt, str::FromStr};

/// The most characters of a version, build metadata included (NuGet.org's limit).
const MAXIMUM_LENGTH: usize = 64;

/// A package version as NuGet reads it: one to four numbers, pre-release labels, build metadata.
///
/// `Display` is the normalised form: three numbers, a fourth only if it is not zero, no leading zeros, no metadata.
/// Two versions are the same release when their normalised forms differ at most in case: `1.0`, `1.0.0+build` and
/// `01.0.0.0` are one. The order is SemVer 2.0.0's, with a fourth number and labels compared without case.
/// Source: <https://learn.microsoft.com/nuget/concepts/package-versioning>.
#[derive(Clone, Debug)]
pub(crate) struct PackageVersion {
    numbers: [u32; 4],
    labels: Vec<String>,
    metadata: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "a version is 1 to 4 numbers joined by '.', then optionally '-' and labels, '+' and metadata, at most {MAXIMUM_LENGTH} characters"
)]
pub(crate) struct InvalidPackageVersion;

impl PackageVersion {
    /// The normalised form in lower case: the same for two spellings of one release.
    pub(crate) fn identity(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }

    /// The normalised form with the build metadata, as registrations show it.
    pub(crate) fn full(&self) -> String {
        self.metadata.as_ref().map_or_else(|| self.to_string(), |metadata| format!("{self}+{metadata}"))
    }

    pub(crate) fn is_prerelease(&self) -> bool {
        !self.labels.is_empty()
    }
}

impl FromStr for PackageVersion {
    type Err = InvalidPackageVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(InvalidPackageVersion);
        }
        let (rest, metadata) = match text.split_once('+') {
            Some((rest, metadata)) => (rest, Some(labels(metadata)?.join("."))),
            None => (text, None),
        };
        let (release, labels) = match rest.split_once('-') {
            Some((release, text)) => (release, labels(text)?),
            None => (rest, Vec::new()),
        };
        let mut numbers = [0; 4];
        for (place, part) in release.split('.').enumerate() {
            *numbers.get_mut(place).ok_or(InvalidPackageVersion)? = number(part)?;
        }
        Ok(Self { numbers, labels, metadata })
    }
}

/// A number as .NET's `int` holds it.
fn number(text: &str) -> Result<u32, InvalidPackageVersion> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().map_err(|_| InvalidPackageVersion)?;
    if digits && number <= i32::MAX.unsigned_abs() { Ok(number) } else { Err(InvalidPackageVersion) }
}

fn labels(text: &str) -> Result<Vec<String>, InvalidPackageVersion> {
    let valid =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    text.split('.').map(|label| valid(label).then(|| label.to_owned()).ok_or(InvalidPackageVersion)).collect()
}

impl fmt::Display for PackageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch, revision] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if revision != 0 {
            write!(f, ".{revision}")?;
        }
        if !self.labels.is_empty() {
            write!(f, "-{}", self.labels.join("."))?;
        }
        Ok(())
    }
}

impl Ord for PackageVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| self.labels.is_empty().cmp(&other.labels.is_empty()))
            .then_with(|| compare_labels(&self.labels, &other.labels))
            .then_with(|| self.identity().cmp(&other.identity()))
    }
}

fn compare_labels(left: &[String], right: &[String]) -> Ordering {
    let unequal =
        left.iter().zip(right).map(|(left, right)| compare_label(left, right)).find(|order| order.is_ne());
    unequal.unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// Numbers come before words and compare as numbers, however long.
fn compare_label(left: &str, right: &str) -> Ordering {
    let numeric = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    match (numeric(left), numeric(right)) {
        (true, true) => {
            let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
            left.len().cmp(&right.len()).then_with(|| left.cmp(right))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase()),
    }
}

impl PartialOrd for PackageVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PackageVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PackageVersion {}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> PackageVersion {
        text.parse().unwrap()
    }

    #[test]
    fn normalises() {
        for (text, normalised, full) in [
            ("1", "1.0.0", "1.0.0"),
            ("1.0", "1.0.0", "1.0.0"),
            ("01.002.0.0", "1.2.0", "1.2.0"),
            ("1.2.3.4", "1.2.3.4", "1.2.3.4"),
            ("1.0.0-Beta.1+sha.5", "1.0.0-Beta.1", "1.0.0-Beta.1+sha.5"),
            ("2147483647.0.0", "2147483647.0.0", "2147483647.0.0"),
            ("1.0-a-b", "1.0.0-a-b", "1.0.0-a-b"),
        ] {
            assert_eq!(
                (version(text).to_string().as_str(), version(text).full().as_str()),
                (normalised, full),
                "{text}"
            );
        }
        assert_eq!(version("1.0.0-BETA").identity(), "1.0.0-beta");
        assert_eq!(version("1.0-BETA+x"), version("1.0.0-beta"));
    }

    #[test]
    fn refuses() {
        let long = format!("1.0.0-{}", "x".repeat(59));
        for text in [
            "",
            ".",
            "1.",
            "1..0",
            "1.2.3.4.5",
            "2147483648",
            "-1",
            "+1",
            "1.0-",
            "1.0+",
            "1.0-a..b",
            "1.0-ä",
            "v1",
            " 1.0",
            "1/2",
            &long,
        ] {
            assert!(text.parse::<PackageVersion>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn orders_as_semver() {
        let rising = [
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-99999999999999999999",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-Beta",
            "1.0.0",
            "1.0.0.1",
            "1.0.1",
            "2.0.0-rc",
            "10.0.0",
        ];
        for pair in rising.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
    }
}
