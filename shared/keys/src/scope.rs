use crate::{
    action::Actions,
    package_id::PackageId,
    pattern::{Pattern, PatternError},
};

/// What a key may do: every one of its actions on every package that one of its patterns covers, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// What it may do.
    pub actions: Actions,
    /// On which packages.
    pub packages: Patterns,
}

/// The patterns of a key: 1 to 1,000 different ones, 32 KiB together, in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

/// Why texts are no patterns of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternsError {
    /// None was given. Never read as "every package".
    #[error("name at least one package id or pattern; * stands for every package")]
    None,
    /// More than 1,000 different ones.
    #[error("a key has at most 1000 patterns, not {0}")]
    TooMany(usize),
    /// More than 32 KiB together.
    #[error("a key's patterns have at most 32768 bytes together, not {0}")]
    TooLong(usize),
    /// The text at this place, counted from 0, is no pattern.
    #[error("{error}")]
    Pattern {
        /// The place in what was given.
        place: usize,
        /// What is wrong with it.
        error: PatternError,
    },
}

impl Patterns {
    /// The most patterns a key has.
    pub const MOST: usize = 1000;
    /// The most bytes they have together.
    pub const MOST_BYTES: usize = 32 * 1024;

    /// Reads patterns; those that differ in letter case only are folded into the first.
    ///
    /// # Errors
    /// The first [`PatternsError`] met.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, PatternsError> {
        let mut seen = std::collections::HashSet::with_capacity(texts.len());
        let mut patterns = Vec::with_capacity(texts.len().min(Self::MOST));
        for (place, text) in texts.iter().enumerate() {
            let pattern: Pattern =
                text.as_ref().parse().map_err(|error| PatternsError::Pattern { place, error })?;
            if seen.insert(pattern.as_str().to_ascii_lowercase()) {
                patterns.push(pattern);
            }
        }
        let bytes = patterns.iter().map(|pattern| pattern.as_str().len()).sum();
        match patterns.len() {
            0 => Err(PatternsError::None),
            count if count > Self::MOST => Err(PatternsError::TooMany(count)),
            _ if bytes > Self::MOST_BYTES => Err(PatternsError::TooLong(bytes)),
            _ => Ok(Self(patterns)),
        }
    }

    /// The patterns.
    #[must_use]
    pub fn as_slice(&self) -> &[Pattern] {
        &self.0
    }

    /// The first pattern that covers `id`.
    #[must_use]
    pub fn covering(&self, id: &PackageId) -> Option<&Pattern> {
        self.0.iter().find(|pattern| pattern.matches(id))
    }

    /// The pattern that spells out most of the id's first letters; none if no pattern begins as the id does.
    #[must_use]
    pub fn nearest(&self, id: &PackageId) -> Option<&Pattern> {
        let rated =
            self.0.iter().map(|pattern| (pattern.agreement(id), pattern)).filter(|(letters, _)| *letters > 0);
        rated.reduce(|best, other| if other.0 > best.0 { other } else { best }).map(|(_, pattern)| pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(patterns: &Patterns) -> Vec<&str> {
        patterns.as_slice().iter().map(Pattern::as_str).collect()
    }

    #[test]
    fn repeated_patterns_are_folded_and_the_order_is_kept() {
        let patterns = Patterns::parse(&["Foo.*", "Bar", "foo.*", "bar"]).unwrap();
        assert_eq!(strings(&patterns), ["Foo.*", "Bar"]);
    }

    #[test]
    fn never_silently_wide() {
        assert_eq!(Patterns::parse::<&str>(&[]), Err(PatternsError::None));
        assert_eq!(
            Patterns::parse(&["Foo", ""]),
            Err(PatternsError::Pattern { place: 1, error: PatternError::Empty })
        );
    }

    #[test]
    fn the_limits_are_a_thousand_and_32_kib() {
        let numbered = |count| (0..count).map(|number| format!("P{number}")).collect::<Vec<_>>();
        assert!(Patterns::parse(&numbered(1000)).is_ok());
        assert_eq!(Patterns::parse(&numbered(1001)), Err(PatternsError::TooMany(1001)));
        let long = |count, rest: usize| {
            let mut texts: Vec<_> = (0..count).map(|number| format!("{number:0>128}")).collect();
            texts.push("x".repeat(rest));
            texts
        };
        assert!(Patterns::parse(&long(255, 128)).is_ok());
        assert_eq!(Patterns::parse(&long(256, 1)), Err(PatternsError::TooLong(32_769)));
    }

    #[test]
    fn the_nearest_pattern_spells_out_most_of_the_id() {
        let patterns =
            Patterns::parse(&["Contoso", "Fabrikam*Web", "Fabrikam.Service.*", "Fabrikam.Store"]).unwrap();
        let nearest = |id: &str| patterns.nearest(&id.parse().unwrap()).map(Pattern::as_str);
        assert_eq!(nearest("Fabrikam.Servant"), Some("Fabrikam.Service.*"));
        assert_eq!(nearest("fabrikamX"), Some("Fabrikam*Web"), "the first of those equally near");
        assert_eq!(nearest("Other"), None);
    }
}
