//! What is taken for a pattern is what its documentation says, and what it covers is what the textbook's matcher says.

use std::sync::LazyLock;

use keys::{PackageId, Pattern};
use regex::Regex;

use crate::input::Input;

/// Letters of which patterns are made that have something to say to each other.
const FEW: &[u8] = b"aAbB.*-_*k";
/// What no pattern and no package id has in it.
#[expect(clippy::unwrap_used, reason = "it is a regular expression")]
static KEY_TEXT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[a-z]{2}_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}").unwrap());

/// Patterns: an outer one, an inner one and an id, one a line.
///
/// # Panics
/// Where they are not as they should be.
pub fn pattern(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let narrow = input.byte() & 1 == 1;
    let mut next = || {
        let line = input.line().into_owned();
        if narrow { few(&line) } else { line }
    };
    let (outer, inner, id) = (next(), next(), next());
    let (id, inner) = (id_of(&id), pattern_of(&inner));
    let Some(outer) = pattern_of(&outer) else { return };
    assert!(outer.covers(&outer));
    if let Some(id) = &id {
        assert_eq!(outer.matches(id), by_table(outer.as_str(), id.as_str()), "{outer} on {id}");
        assert_eq!(outer.matches(id), outer.matches(&id_in(id, str::to_ascii_uppercase)), "letter case");
    }
    if let Some(inner) = &inner {
        assert_eq!(outer.covers(inner), by_table(outer.as_str(), inner.as_str()), "{outer} over {inner}");
        if outer == *inner {
            assert!(outer.covers(inner) && inner.covers(&outer));
        }
        if let Some(id) = &id
            && inner.matches(id)
            && outer.covers(inner)
        {
            assert!(outer.matches(id), "{outer} covers {inner}, which covers {id}");
        }
    }
}

/// `text` as a pattern, if it is one, which is compared with what the documentation says.
pub(crate) fn pattern_of(text: &str) -> Option<Pattern> {
    let documented = (1..=128).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.*-".contains(letter))
        && !KEY_TEXT.is_match(text);
    let read = text.parse::<Pattern>();
    assert_eq!(read.is_ok(), documented, "{text:?}");
    let read = read.ok()?;
    assert_eq!((read.as_str(), read.to_string().as_str()), (text, text));
    assert_eq!(read.to_string().parse().as_ref(), Ok(&read));
    Some(read)
}

/// `text` as a package id, likewise.
pub(crate) fn id_of(text: &str) -> Option<PackageId> {
    let documented = (1..=128).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter))
        && !KEY_TEXT.is_match(text);
    let read = text.parse::<PackageId>();
    assert_eq!(read.is_ok(), documented, "{text:?}");
    let read = read.ok()?;
    assert_eq!(read.as_str(), text);
    assert_eq!(read, id_in(&read, str::to_ascii_lowercase));
    Some(read)
}

fn id_in(id: &PackageId, letter_case: impl FnOnce(&str) -> String) -> PackageId {
    letter_case(id.as_str()).parse().unwrap_or_else(|_| id.clone())
}

/// Does the pattern match the text: for every head of the one, all heads of the other that it matches.
pub(crate) fn by_table(pattern: &str, text: &str) -> bool {
    let text = text.as_bytes();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for symbol in pattern.bytes() {
        let mut next = vec![false; text.len() + 1];
        next[0] = symbol == b'*' && row[0];
        for (place, letter) in text.iter().enumerate() {
            next[place + 1] = match symbol {
                b'*' => row[place + 1] || next[place],
                symbol => row[place] && symbol.eq_ignore_ascii_case(letter),
            };
        }
        row = next;
    }
    row[text.len()]
}

/// The same text in few letters.
fn few(text: &str) -> String {
    text.bytes().map(|byte| char::from(FEW[usize::from(byte) % FEW.len()])).collect()
}
