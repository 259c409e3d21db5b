//! Key texts the journeys have seen, and the search for places they must not be in.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock, Mutex},
};

use keys::{KeyPrefix, KeyText};
use regex::bytes::{Captures, Regex};

/// How many digits of a key text's end are its secret, and how many its checksum.
const SECRET: usize = 43;
const CHECKSUM: usize = 6;

/// What a key text looks like, whatever its prefix.
static SHAPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?-u)[a-z]{2,8}_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}").unwrap());
/// A run of digits that a secret can hide in.
static RUN: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?-u)[0-9A-Za-z]{43,}").unwrap());

/// The secrets of every key text seen in one journey. In memory only; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    seen: Arc<Mutex<HashSet<Vec<u8>>>>,
    /// Those of legacy keys, in lower case and without hyphens.
    legacy: Arc<Mutex<HashSet<Vec<u8>>>>,
}

impl Secrets {
    /// Remembers each key text in `bytes`; answers how many there are.
    pub(crate) fn remember_all_in(&self, bytes: &[u8]) -> usize {
        let mut secrets = self.seen.lock().unwrap();
        let texts = SHAPE.find_iter(bytes).map(|found| found.as_bytes());
        texts
            .map(|text| secrets.insert(text[text.len() - SECRET - CHECKSUM..text.len() - CHECKSUM].to_vec()))
            .count()
    }

    /// Remembers the text of a legacy key, a GUID or NuGet's v4: what comes after its id part is its secret.
    pub(crate) fn remember_legacy(&self, text: &str) {
        let folded = text.to_ascii_lowercase().replace('-', "");
        let id_part = if folded.len() == 32 { 10 } else { 20 };
        self.legacy.lock().unwrap().insert(folded[id_part..].into());
    }

    /// Whether `bytes` hold the secret of a key text seen, whole or cut out of it, or anything else that is a key text
    /// with a right checksum.
    pub(crate) fn leak_in(&self, bytes: &[u8]) -> bool {
        let folded: Vec<u8> =
            bytes.iter().filter(|byte| **byte != b'-').map(u8::to_ascii_lowercase).collect();
        if self
            .legacy
            .lock()
            .unwrap()
            .iter()
            .any(|secret| folded.windows(secret.len()).any(|it| it == secret))
        {
            return true;
        }
        let secrets = self.seen.lock().unwrap();
        let seen = |run: &[u8]| run.windows(SECRET).any(|part| secrets.contains(part));
        RUN.find_iter(bytes).any(|run| seen(run.as_bytes()))
            || SHAPE.find_iter(bytes).any(|it| is_key(it.as_bytes()))
    }

    /// `text` without what looks like a key text: for a failing journey's last words.
    pub(crate) fn withheld(text: &str) -> String {
        let withheld = SHAPE.replace_all(text.as_bytes(), |_: &Captures<'_>| b"(key text withheld)".to_vec());
        String::from_utf8_lossy(&withheld).into_owned()
    }
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
    fn a_secret_seen_is_found_without_what_stood_around_it() {
        let secrets = Secrets::default();
        let (seen, other) = (key_text(1), key_text(2));
        assert_eq!(secrets.remember_all_in(format!("{{\"key_text\":\"{seen}\"}}").as_bytes()), 1);
        let secret = &seen[26..26 + SECRET];
        assert!(secrets.leak_in(secret.as_bytes()));
        assert!(secrets.leak_in(format!("Authorization: Bearer 00{secret}zz").as_bytes()));
        assert!(!secrets.leak_in(&secret.as_bytes()[1..]));
        assert!(!secrets.leak_in(&other.as_bytes()[26..26 + SECRET]), "not seen, and without a checksum");
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
