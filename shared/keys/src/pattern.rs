use std::{fmt, str::FromStr};

use wildmatch::WildMatchPattern;

use crate::{
    key_text,
    package_id::{LONGEST, PackageId, is_id_byte},
};

/// `*` alone is special. wildmatch wants a character for "any one" too: no pattern can hold a NUL.
type Glob = WildMatchPattern<'*', '\0'>;

/// Which packages a key covers: an exact package id, or a glob over ids.
///
/// # Syntax
///
/// 1 to 128 characters of `A-Za-z0-9_.*-`.
///
/// - `*` stands for any run of characters, also none, dots included: `Foo*` covers `Foo`, `FooBar` and `Foo.Bar.Baz`.
/// - Everything else stands for itself. `.` is a dot: `Foo.*` covers `Foo.Bar`, but neither `Foo` nor `FooBar`.
/// - The whole id must match: `*.Core` does not cover `My.Core.X`.
/// - ASCII letter case does not matter: `foo.*` covers `FOO.Bar`.
/// - Several stars are allowed and mean what they say: `a*a` covers `aa` and `aXa`, but not `a`; `**` is `*`.
/// - There are no other wildcards, classes, alternatives, negations or escapes. `?`, `[`, `{`, `!`, `^` and blanks are
///   refused when the pattern is made, rather than taken literally and never matching.
///
/// A pattern covers ids, not packages of today: a package made tomorrow is covered by a glob made today.
#[derive(Debug, Clone)]
pub struct Pattern(String);

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing was given. Never read as "every package".
    #[error("a pattern is empty: name a package id, or a glob such as Fabrikam.*")]
    Empty,
    /// More than 128 characters.
    #[error("a pattern has at most 128 characters, not {0}")]
    TooLong(usize),
    /// A character that no pattern holds.
    #[error("a pattern holds letters, digits, dots, hyphens, underscores and *, not {0:?}")]
    Character(char),
    /// A key text, put into the wrong field.
    #[error("a pattern names packages, and holds no API key")]
    KeyText,
}

impl Pattern {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern covers `id`.
    ///
    /// At worst as many steps as the pattern's length times the id's: the caps of both keep that small.
    #[must_use]
    pub fn matches(&self, id: &PackageId) -> bool {
        self.covers_text(id.as_str())
    }

    /// Whether every id that `inner` covers is covered by this pattern too.
    ///
    /// Exact: a star is no character of an id, so only a star can match the inner pattern's stars, and whatever a
    /// star matches may be replaced by any run of characters.
    #[must_use]
    pub fn covers(&self, inner: &Self) -> bool {
        self.covers_text(&inner.0)
    }

    /// How many of the id's first characters this pattern spells out: tells which of several patterns came nearest.
    pub(crate) fn agreement(&self, id: &PackageId) -> usize {
        let spelled = self.0.bytes().take_while(|byte| *byte != b'*');
        spelled.zip(id.as_str().bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
    }

    fn covers_text(&self, text: &str) -> bool {
        let Some(star) = self.0.find('*') else { return self.0.eq_ignore_ascii_case(text) };
        // Most patterns of a long list fail on their first letters, and most that do not are `Foo.*`: no need to build
        // the matcher for either.
        let (spelled, rest) = self.0.split_at(star);
        text.split_at_checked(star).is_some_and(|(head, tail)| {
            head.eq_ignore_ascii_case(spelled)
                && (rest == "*" || Glob::new(&rest.to_ascii_lowercase()).matches(&tail.to_ascii_lowercase()))
        })
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let allowed = |character: char| character == '*' || u8::try_from(character).is_ok_and(is_id_byte);
        if let Some(character) = text.chars().find(|character| !allowed(*character)) {
            return Err(PatternError::Character(character));
        }
        if text.len() > LONGEST {
            return Err(PatternError::TooLong(text.len()));
        }
        if key_text::is_in(text) {
            return Err(PatternError::KeyText);
        }
        Ok(Self(text.to_owned()))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
