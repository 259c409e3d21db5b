use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    base32,
    legacy_text::{IdPart, LegacyText},
};

/// What a NuGet gallery has on record of an API key v3 or v4 instead of its text: the id part, and after it a salted hash of
/// the rest of the text, as ASP.NET Core Identity's third format writes it, in base64 (v3) or base32 (v4).
///
/// | bytes | hold |
/// | --- | --- |
/// | 1 | the format, 1 |
/// | 4 | the hash function; 1, HMAC-SHA256, is the only one taken |
/// | 4 | PBKDF2's iterations, at most [`NugetStored::MOST_ITERATIONS`] |
/// | 4 | the salt's length, 16 to 64 |
/// | | the salt |
/// | 32 | PBKDF2 (RFC 8018) of the rest of the text in lower case |
///
/// Numbers are big-endian. It is kept only until the key is used for the first time; from then on there is a MAC in its
/// place. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct NugetStored {
    text: Zeroizing<String>,
    id_part: IdPart,
    iterations: u32,
    salt: Vec<u8>,
    subkey: [u8; 32],
}

/// Why a text is not taken as what a NuGet gallery has stored. Nothing of the text is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NugetStoredError {
    /// It does not begin with an id part, or the rest is no hash.
    #[error("not what NuGet stores of an API key: the id part and, after it, its salted hash")]
    Malformed,
    /// It was made with another hash function.
    #[error("the hash was made with another function than HMAC-SHA256")]
    OtherHash,
    /// Trying a text on it would take too long.
    #[error("the hash takes {0} iterations; 1 to {most} are taken", most = NugetStored::MOST_ITERATIONS)]
    Iterations(u32),
}

/// NuGet's own number of iterations.
const NUGETS_ITERATIONS: u32 = 10_000;

impl NugetStored {
    /// The most iterations that are taken: whoever knows an id part makes us do that much work for each guess. NuGet's own
    /// values have 10,000.
    pub const MOST_ITERATIONS: u32 = 100_000;

    /// Reads a value from a NuGet gallery's database.
    ///
    /// # Errors
    /// A [`NugetStoredError`].
    pub fn parse(text: &str) -> Result<Self, NugetStoredError> {
        let id_part = IdPart::at_start_of(text).ok_or(NugetStoredError::Malformed)?;
        let hash = text.get(id_part.digits()..).unwrap_or_default();
        let hash = match id_part.is_v4() {
            true => base32::decode_padded(hash.as_bytes()),
            false => BASE64_STANDARD.decode(hash).ok().map(Zeroizing::new),
        };
        let hash = hash.ok_or(NugetStoredError::Malformed)?;
        let Hash { function, iterations, salt, subkey } =
            Hash::read(&hash).ok_or(NugetStoredError::Malformed)?;
        if function != 1 {
            return Err(NugetStoredError::OtherHash);
        }
        if !(1..=Self::MOST_ITERATIONS).contains(&iterations) {
            return Err(NugetStoredError::Iterations(iterations));
        }
        let (salt, subkey) = (salt.to_vec(), *subkey);
        Ok(Self { text: Zeroizing::new(text.to_owned()), id_part, iterations, salt, subkey })
    }

    /// A value that no text is known to open: trying one on it is the same work as on a real one.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            text: Zeroizing::default(),
            id_part: IdPart::of_nobody(),
            iterations: NUGETS_ITERATIONS,
            salt: vec![0; 16],
            subkey: [0; 32],
        }
    }

    /// Whether this is what is stored of `text`. Takes the same time for every text.
    #[must_use]
    pub fn opens(&self, text: &LegacyText) -> bool {
        let mut derived = Zeroizing::new([0; 32]);
        pbkdf2_hmac::<Sha256>(
            text.password_part().as_bytes(),
            &self.salt,
            self.iterations,
            derived.as_mut_slice(),
        );
        bool::from(derived.ct_eq(&self.subkey)) && self.id_part == *text.id_part()
    }

    /// What its key is found by.
    #[must_use]
    pub const fn id_part(&self) -> &IdPart {
        &self.id_part
    }

    /// The value as it was read, to store it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

struct Hash<'a> {
    function: u32,
    iterations: u32,
    salt: &'a [u8],
    subkey: &'a [u8; 32],
}

impl<'a> Hash<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
            let (number, rest) = bytes.split_first_chunk::<4>()?;
            Some((u32::from_be_bytes(*number), rest))
        }
        let (&1, rest) = bytes.split_first()? else { return None };
        let (function, rest) = number(rest)?;
        let (iterations, rest) = number(rest)?;
        let (length, rest) = number(rest)?;
        let (salt, subkey) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let subkey = subkey.try_into().ok()?;
        (16..=64).contains(&salt.len()).then_some(Self { function, iterations, salt, subkey })
    }
}

impl PartialEq for NugetStored {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for NugetStored {}

impl fmt::Debug for NugetStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NugetStored(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
    /// Of `tests/vectors/nuget.json`.
    const V4: &str = "oy2iuvoucviouojnrbzaAEAAAAABAAACOEAAAAABAMHUIIUXSFAIOTEAFWF3K2E7L6YRUDOZDPHKSRX3YEOFUWPCID325EZH5JXBBGBMYBECT4KCGMWOQQ======";

    /// A v3 value of these bytes.
    fn value(format: u8, function: u32, iterations: u32, salt: &[u8], subkey: &[u8]) -> String {
        let length = u32::try_from(salt.len()).unwrap();
        let numbers = [function, iterations, length].map(u32::to_be_bytes).concat();
        format!("36aafd8744{}", BASE64_STANDARD.encode([&[format], &*numbers, salt, subkey].concat()))
    }

    #[test]
    fn work_is_bounded_and_other_hashes_are_refused() {
        let read = |function, iterations| {
            NugetStored::parse(&value(1, function, iterations, &[7; 16], &[8; 32])).map(drop)
        };
        assert_eq!(read(1, 1), Ok(()));
        assert_eq!(read(1, NugetStored::MOST_ITERATIONS), Ok(()));
        for iterations in [0, NugetStored::MOST_ITERATIONS + 1, u32::MAX] {
            assert_eq!(read(1, iterations), Err(NugetStoredError::Iterations(iterations)));
        }
        for function in [0, 2, u32::MAX] {
            assert_eq!(read(function, 10_000), Err(NugetStoredError::OtherHash));
        }
    }

    #[test]
    fn what_is_no_hash_is_malformed() {
        for text in [
            value(0, 1, 10_000, &[7; 16], &[8; 32]),
            value(1, 1, 10_000, &[7; 15], &[8; 32]),
            value(1, 1, 10_000, &[7; 65], &[8; 32]),
            value(1, 1, 10_000, &[7; 16], &[8; 31]),
            value(1, 1, 10_000, &[7; 16], &[8; 33]),
            value(1, 1, 10_000, &[7; 16], &[8; 32]).replacen('6', "x", 1),
            format!("{V4}{}", "=".repeat(80_000)),
            format!("{V4}="),
            V4.replacen('=', "", 1),
            V4.replacen("AEAA", "A=AA", 1),
            TEXT.to_owned(),
            "36aafd8744".to_owned(),
            "36aafd8744é".to_owned(),
            String::new(),
        ] {
            assert_eq!(NugetStored::parse(&text).err(), Some(NugetStoredError::Malformed), "{text}");
        }
    }

    #[test]
    fn a_v4_value_is_padded_whole_or_not_at_all() {
        for text in [V4, V4.trim_end_matches('=')] {
            assert_eq!(NugetStored::parse(text).map(drop), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_id_part_must_be_the_texts_as_well() {
        let text = LegacyText::parse(TEXT).unwrap();
        let mut subkey = [0; 32];
        pbkdf2_hmac::<Sha256>(text.password_part().as_bytes(), &[7; 16], 2, &mut subkey);
        let stored = value(1, 1, 2, &[7; 16], &subkey);
        assert!(NugetStored::parse(&stored).unwrap().opens(&text));
        let others = NugetStored::parse(&stored.replacen('3', "4", 1)).unwrap();
        assert!(!others.opens(&text));
        assert!(!NugetStored::nobody().opens(&text));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", NugetStored::nobody()), "NugetStored(..)");
    }
}
