use std::{fmt, str::FromStr};

use crate::{key_text, pushed::Pushed};

/// What is known of a key text that was found where others can read it: what the key's people are told beside the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Where it was found, at most [`Leak::PLACES`]; none where nobody said, or said it in a way that cannot be shown.
    pub places: Vec<LeakPlace>,
    /// What the key had pushed by then, newest first, at most [`Leak::PUSHES`].
    pub pushed: Vec<Pushed>,
    /// Whether it had pushed other packages too.
    pub pushed_more: bool,
}

/// An address at which a key text was found: `http` or `https`, at most 2,048 characters, all of them visible ASCII.
///
/// It is mailed, shown and logged: one that holds a key text itself is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakPlace(String);

/// A text is no address to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address begins with http:// or https://, has at most 2,048 visible characters, and no API key in it"
)]
pub struct LeakPlaceError;

impl Leak {
    /// How many places are told of.
    pub const PLACES: usize = 5;
    /// How many packages are told of.
    pub const PUSHES: usize = 20;
}

impl LeakPlace {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LeakPlace {
    type Err = LeakPlaceError;

    fn from_str(text: &str) -> Result<Self, LeakPlaceError> {
        let scheme = ["https://", "http://"]
            .iter()
            .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        let good = scheme
            && text.len() <= 2_048
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && !key_text::is_in(text);
        if good { Ok(Self(text.to_owned())) } else { Err(LeakPlaceError) }
    }
}

impl fmt::Display for LeakPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_that_can_be_shown() {
        let longest = format!("https://{}", "a".repeat(2_040));
        for good in ["https://code.example/a/b.yml#L3", "http://127.0.0.1/x?y=%20", &longest] {
            assert_eq!(good.parse::<LeakPlace>().map(|place| place.to_string()).as_deref(), Ok(good));
        }
        let secret = format!("https://code.example/?key=lk_{}_{}", "a".repeat(22), "b".repeat(49));
        for bad in [
            "",
            "https://",
            "code.example",
            "ftp://a",
            "https://a b",
            "https://a\nb",
            "https://é",
            &format!("{longest}a"),
            &secret,
        ] {
            assert_eq!(bad.parse::<LeakPlace>(), Err(LeakPlaceError), "{bad}");
        }
    }
}
