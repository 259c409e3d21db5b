//! The secrets a journey has met, and the one search for places they must not be in: keys, peppers and tokens, as they are
//! and in every form that programs write bytes in.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use keys::{KeyPrefix, KeyText};
use regex::bytes::{Captures, Regex};

/// How many digits of a key text's end are its secret, and how many its checksum.
const SECRET: usize = 43;
const CHECKSUM: usize = 6;

/// What a key text looks like, whatever its prefix.
static SHAPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?-u)[a-z]{2,8}_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}").unwrap());

/// The secrets met in one journey. In memory only; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    met: Arc<Mutex<Met>>,
    /// What replies hand out, and may again.
    handed: Arc<Mutex<HashSet<String>>>,
}

#[derive(Default)]
struct Met {
    /// The first and the last bytes of every form of every secret.
    ends: HashSet<[u8; END]>,
    /// Whether an end begins with these two bytes, by their number: most of what is searched is told apart by it.
    begun: Vec<bool>,
    /// Secrets whose letter case and hyphens do not matter, in lower case and without hyphens.
    folded: HashSet<Vec<u8>>,
}

/// So many bytes of a secret are no accident: 95 bits of a key text's digits, a third of them where bytes are listed.
const END: usize = 16;

impl Secrets {
    /// Remembers each key text in `bytes`; answers how many there are.
    pub(crate) fn remember_all_in(&self, bytes: &[u8]) -> usize {
        let texts = SHAPE.find_iter(bytes).map(|found| found.as_bytes());
        texts
            .map(|text| {
                let digits = &text[text.len() - SECRET - CHECKSUM..text.len() - CHECKSUM];
                self.remember(digits);
                self.remember(&bytes_of(digits));
            })
            .count()
    }

    /// Remembers the text of a legacy key, a GUID or NuGet's v4: what comes after its id part is its secret.
    pub(crate) fn remember_legacy(&self, text: &str) {
        let folded = text.to_ascii_lowercase().replace('-', "");
        let id_part = if folded.len() == 32 { 10 } else { 20 };
        self.remember(&folded.as_bytes()[id_part..]);
        self.met.lock().unwrap().folded.insert(folded[id_part..].into());
    }

    /// Remembers a token or a grant, which replies may show, until [`Self::recall`].
    pub(crate) fn hand_out(&self, text: &str) {
        self.handed.lock().unwrap().insert(text.to_owned());
    }

    /// From now on what was handed out is a secret like any other. Who has the end of one, its signature, has what makes it
    /// good.
    pub(crate) fn recall(&self) {
        for text in self.handed.lock().unwrap().drain() {
            let signature = text.rsplit('.').next().unwrap_or_default();
            self.remember(&signature.as_bytes()[signature.len().saturating_sub(SECRET)..]);
        }
    }

    /// Remembers a secret of at least sixteen bytes, in all of its forms.
    pub(crate) fn remember(&self, secret: &[u8]) {
        let mut met = self.met.lock().unwrap();
        met.begun.resize(1 << 16, false);
        for form in forms(secret) {
            for end in [form.first_chunk::<END>(), form.last_chunk::<END>()].into_iter().flatten() {
                met.begun[begin(end)] = true;
                met.ends.insert(*end);
            }
        }
    }

    /// Whether `bytes` hold a secret that was met, in any form, whole or cut at one end; or anything else that is a key
    /// text with a right checksum.
    pub(crate) fn leak_in(&self, bytes: &[u8]) -> bool {
        self.met.lock().unwrap().is_in(bytes) || SHAPE.find_iter(bytes).any(|it| is_key(it.as_bytes()))
    }

    /// `text` without what looks like a key text: for a failing journey's last words.
    pub(crate) fn withheld(text: &str) -> String {
        let withheld = SHAPE.replace_all(text.as_bytes(), |_: &Captures<'_>| b"(key text withheld)".to_vec());
        String::from_utf8_lossy(&withheld).into_owned()
    }
}

impl Met {
    fn is_in(&self, bytes: &[u8]) -> bool {
        let fold = || bytes.iter().filter(|byte| **byte != b'-').map(u8::to_ascii_lowercase);
        let folded: Vec<u8> = if self.folded.is_empty() { Vec::new() } else { fold().collect() };
        let met = |part: &[u8]| self.begun[begin(part)] && self.ends.contains(part);
        (!self.ends.is_empty() && bytes.windows(END).any(met))
            || self.folded.iter().any(|secret| folded.windows(secret.len()).any(|part| part == secret))
    }
}

/// The number of the first two bytes.
fn begin(part: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([part[0], part[1]]))
}

/// A secret as it is and as programs write bytes: hexadecimal, base64 at every offset, Rust's `{:?}` of a list and of
/// bytes, JSON's list. What percent-encoding leaves alone is in it as it is; the rest of it is hexadecimal with signs.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let each = |write: fn(&u8) -> String, between: &str| {
        secret.iter().map(write).collect::<Vec<_>>().join(between).into_bytes()
    };
    let mut forms = vec![
        secret.to_vec(),
        each(|byte| format!("{byte:02x}"), ""),
        each(|byte| format!("{byte:02X}"), ""),
        each(|byte| format!("{byte:02X}"), "%"),
        each(u8::to_string, ", "),
        each(u8::to_string, ","),
        secret.escape_ascii().to_string().into_bytes(),
    ];
    for before in 0..3 {
        // Digits that also depend on what stands around the secret are left out.
        let digits = STANDARD_NO_PAD.encode([&[0; 3][..before], secret].concat());
        let whole = (before + secret.len()) / 3 * 4;
        let standard = &digits[(before * 8).div_ceil(6)..whole];
        forms.push(standard.as_bytes().to_vec());
        forms.push(standard.replace('+', "-").replace('/', "_").into_bytes());
    }
    forms
}

/// The 32 bytes that a key text's secret digits stand for.
fn bytes_of(digits: &[u8]) -> [u8; 32] {
    let mut number = [0_u8; 32];
    for digit in digits {
        let mut carry = u32::from(match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            _ => digit - b'a' + 36,
        });
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = value.to_le_bytes()[0];
            carry = value >> 8;
        }
    }
    number
}

/// Whether some end of `text`, which has a key text's shape, is one: letters that stand before it by chance look like
/// more of its prefix.
fn is_key(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let letters = text.find('_').unwrap_or_default();
    (0..=letters.saturating_sub(2)).any(|start| {
        let prefix: Result<KeyPrefix, _> = text[start..letters].parse();
        prefix.is_ok_and(|prefix| KeyText::parse(&[prefix], &text[start..]).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE as URL_SAFE;
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;

    fn key_text(random: u8) -> String {
        let id = "2222222222222222222222".parse().unwrap();
        KeyText::new(&"lk".parse().unwrap(), id, &Zeroizing::new([random; 32])).reveal().to_string()
    }

    #[test]
    fn a_key_text_never_seen_is_found_by_its_checksum() {
        let text = key_text(1);
        let wrong = format!("{}{}", &text[..text.len() - 1], if text.ends_with('a') { 'b' } else { 'a' });
        for (around, leaks) in [
            (text.clone(), true),
            (format!("key=\"{text}\" refused"), true),
            (format!("withlk{text}and more"), true),
            (wrong, false),
            (text[..text.len() - 1].to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(Secrets::default().leak_in(around.as_bytes()), leaks);
        }
    }

    #[test]
    fn a_secret_met_is_found_without_what_stood_around_it_and_in_every_form() {
        let secrets = Secrets::default();
        let (seen, other) = (key_text(0xc1), key_text(2));
        assert_eq!(secrets.remember_all_in(format!("{{\"key_text\":\"{seen}\"}}").as_bytes()), 1);
        let (digits, raw) = (&seen[26..26 + SECRET], [0xc1_u8; 32]);
        for leak in [
            digits.as_bytes().to_vec(),
            format!("Authorization: Bearer 00{digits}zz").into_bytes(),
            digits.as_bytes()[1..].to_vec(),
            digits.as_bytes()[..20].to_vec(),
            raw.to_vec(),
            "c1".repeat(32).into(),
            "%C1".repeat(32).into(),
            format!("{raw:?}").into(),
            json!({ "plaintext": raw }).to_string().into(),
            raw.escape_ascii().to_string().into(),
            STANDARD_NO_PAD.encode(raw).into(),
            STANDARD_NO_PAD.encode(&seen).into(),
            STANDARD_NO_PAD.encode(format!("X{seen}")).into(),
            URL_SAFE.encode(format!("XY{seen} and more")).into(),
            URL_SAFE.encode([&[7; 4], &raw[..], b"?"].concat()).into(),
        ] {
            assert!(secrets.leak_in(&leak), "{}", leak.escape_ascii());
        }
        assert!(!secrets.leak_in(&other.as_bytes()[26..26 + SECRET]), "not met, and without a checksum");
        assert!(!secrets.leak_in(&seen.as_bytes()[..25]), "the key id is no secret");
    }

    #[test]
    fn a_token_is_found_by_its_signature_once_nobody_may_show_it() {
        let secrets = Secrets::default();
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlIG9mIGEgdG9rZW4";
        secrets.hand_out(token);
        assert!(!secrets.leak_in(token.as_bytes()));
        secrets.recall();
        assert!(secrets.leak_in(format!("token {token}!").as_bytes()));
        assert!(!secrets.leak_in(&token.as_bytes()[..token.len() - 20]));
    }

    #[test]
    fn a_legacy_secret_is_found_in_any_letter_case_and_its_id_part_is_none() {
        let secrets = Secrets::default();
        secrets.remember_legacy("36aafd87-44d7-423b-adb9-ed01493aeb75");
        for leak in ["key 36AAFD87-44D7-423B-ADB9-ED01493AEB75!", "d7423badb9ed01493aeb75"] {
            assert!(secrets.leak_in(leak.as_bytes()), "{leak}");
        }
        assert!(!secrets.leak_in(b"legacy#36aafd8744"));
    }

    #[test]
    fn last_words_are_without_key_texts() {
        let text = key_text(1);
        assert_eq!(Secrets::withheld(&format!("got {text}!")), "got (key text withheld)!");
    }
}
