use std::fmt;

use zeroize::Zeroizing;

use crate::{
    base32,
    pepper::{Mac, Pepper},
};

/// The whole secret string of a legacy key, as NuGet's galleries gave them out. Two shapes are known:
///
/// - a *GUID*: 32 hexadecimal digits, in one run or with the usual four hyphens (NuGet's API keys v1 to v3);
/// - *v4*: 46 base32 digits. The first 20 decode to 12 bytes that begin with `v4`, the other 26 to 16 bytes.
///
/// Letter case does not matter, nor do a GUID's hyphens: what is kept is the one canonical form, lower case without hyphens.
/// The first 10 digits of a GUID and the first 20 of a v4 key are its [`IdPart`]; the rest is the secret proper.
///
/// There is no `Debug`, `Display` or comparison, no way to read the text out again, and it is wiped when dropped.
pub struct LegacyText {
    canonical: Zeroizing<String>,
    id_part: IdPart,
}

/// The public beginning of a legacy key's text, by which the key is found: it says which key is meant and opens nothing.
/// Two keys can have the same one by chance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdPart(String);

/// A text has not the shape of a legacy key. Says nothing about the text: it may be a secret of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a GUID nor an API key of NuGet's fourth version")]
pub struct MalformedLegacyText;

const GUID: usize = 32;
const GUID_ID_PART: usize = 10;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const V4: usize = 46;
const V4_ID_PART: usize = 20;

impl LegacyText {
    /// Reads what a client sent, or what the gallery has on record.
    ///
    /// # Errors
    /// [`MalformedLegacyText`] where it has neither shape.
    pub fn parse(text: &str) -> Result<Self, MalformedLegacyText> {
        let bytes = text.as_bytes();
        let hyphenated = bytes.len() == GUID + HYPHENS.len()
            && bytes.iter().enumerate().all(|(place, byte)| HYPHENS.contains(&place) == (*byte == b'-'));
        // Room for all of it at once: a string that grows leaves copies of itself behind.
        let mut canonical = Zeroizing::new(String::with_capacity(bytes.len()));
        canonical.extend(
            text.chars()
                .filter(|character| !(hyphenated && *character == '-'))
                .map(|letter| letter.to_ascii_lowercase()),
        );
        let id_part = IdPart::at_start_of(&canonical).ok_or(MalformedLegacyText)?;
        let rest = canonical.as_bytes().get(id_part.0.len()..).unwrap_or_default();
        let whole = match id_part.0.len() {
            GUID_ID_PART => canonical.len() == GUID && rest.iter().all(u8::is_ascii_hexdigit),
            _ => canonical.len() == V4 && base32::decode(rest).is_some(),
        };
        if whole { Ok(Self { canonical, id_part }) } else { Err(MalformedLegacyText) }
    }

    /// What it is found by.
    #[must_use]
    pub const fn id_part(&self) -> &IdPart {
        &self.id_part
    }

    /// What is stored of it: the HMAC-SHA256 of the canonical form under `pepper`.
    #[must_use]
    pub fn mac(&self, pepper: &Pepper) -> Mac {
        pepper.mac(self.canonical.as_bytes())
    }

    /// The canonical form without its id part: what NuGet hashes.
    pub(crate) fn password_part(&self) -> &str {
        self.canonical.get(self.id_part.0.len()..).unwrap_or_default()
    }
}

impl IdPart {
    /// The id part that `text` begins with, in any letter case. The two shapes cannot be mistaken for each other: `v4` in
    /// base32 begins with an `o`, which is no hexadecimal digit.
    pub(crate) fn at_start_of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_v4 = |digits: &[u8]| base32::decode(digits).is_some_and(|bytes| bytes.starts_with(b"v4"));
        let is_guid = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
        let length = if bytes.get(..V4_ID_PART).is_some_and(is_v4) {
            V4_ID_PART
        } else if bytes.get(..GUID_ID_PART).is_some_and(is_guid) {
            GUID_ID_PART
        } else {
            return None;
        };
        text.get(..length).map(|digits| Self(digits.to_ascii_lowercase()))
    }

    /// One that no key is known to have.
    pub(crate) fn of_nobody() -> Self {
        Self("0".repeat(GUID_ID_PART))
    }

    /// How many digits it has.
    pub(crate) fn digits(&self) -> usize {
        self.0.len()
    }

    /// Whether it is a v4 key's.
    pub(crate) fn is_v4(&self) -> bool {
        self.0.len() == V4_ID_PART
    }
}

/// Its digits, in lower case.
impl fmt::Display for IdPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_and_hyphens_do_not_matter() {
        let pepper = Pepper::new(1.into(), Zeroizing::new([9; 32]));
        let mac = |text: &str| LegacyText::parse(text).unwrap().mac(&pepper);
        let guid = mac("36aafd87-44d7-423b-adb9-ed01493aeb75");
        assert!(guid == mac("36AAFD87-44d7-423B-adb9-ED01493AEB75"));
        assert!(guid == mac("36aafd8744d7423badb9ed01493aeb75"));
        assert!(guid != mac("36aafd87-44d7-423b-adb9-ed01493aeb76"));
        let v4 = mac("oy2iuvoucviouojnrbzaqxjewdop3yseppnqlewvavhupm");
        assert!(v4 == mac("OY2IUVOUCVIOUOJNRBZAQXJEWDOP3YSEPPNQLEWVAVHUPM"));
        assert!(v4 != mac("oy2iuvoucviouojnrbzaqxjewdop3yseppnqlewvavhupq"));
    }

    #[test]
    fn the_text_is_wiped_when_dropped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        wiped(&LegacyText::parse("36aafd87-44d7-423b-adb9-ed01493aeb75").unwrap().canonical);
    }

    #[test]
    fn what_has_another_shape_is_no_legacy_key() {
        for other in [
            "36aafd87-44d7-423b-adb9-ed01493aeb7",
            "36aafd87-44d7-423b-adb9-ed01493aeb755",
            "36aafd874-4d7-423b-adb9-ed01493aeb75",
            "{36aafd87-44d7-423b-adb9-ed01493aeb75}",
            "36aafd8744d7423badb9ed01493aeb7g",
            "36aafd87-44d7-423b-adb9-ed01493aeb7é",
            " 36aafd8744d7423badb9ed01493aeb75",
            // Not `v4` at the beginning, a digit too few, a bit too many.
            "ay2iuvoucviouojnrbzaqxjewdop3yseppnqlewvavhupm",
            "oy2iuvoucviouojnrbzaqxjewdop3yseppnqlewvavhup",
            "oy2iuvoucviouojnrbzaqxjewdop3yseppnqlewvavhupn",
            "lk_0EXAMPLEexampleEXAMPLE_0EXAMPLEexample",
        ] {
            assert!(LegacyText::parse(other).is_err(), "{other}");
        }
    }
}
