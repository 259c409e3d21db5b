use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::key::tests::{at, key, scope};

fn pepper(version: u32) -> Pepper {
    Pepper::new(version.into(), Zeroizing::new([version as u8; 32]))
}

fn grant(package: Option<&str>) -> Grant {
    let key = key(90, scope(&[Action::Push], &["*"]));
    Grant::new(&key, 1, Action::Push, package.map(|id| id.parse().unwrap()), at(0) + GRANT_LIFETIME)
}

fn opened(text: &str, version: u32, now: DateTime<Utc>) -> Result<Grant, GrantError> {
    Grant::read(text)?.check(&pepper(version), now)
}

#[test]
fn a_grant_reads_back() {
    let longest = "a".repeat(128);
    for package in [None, Some("Foo.Bar"), Some(longest.as_str())] {
        let text = grant(package).seal(&pepper(1));
        assert_eq!(opened(&text, 1, at(0)), Ok(grant(package)));
        assert!(Grant::read(&text).is_ok_and(|read| read.key() == grant(None).key));
    }
}

#[test]
fn a_grant_is_good_for_five_minutes() {
    let text = grant(None).seal(&pepper(1));
    assert!(opened(&text, 1, at(0) + GRANT_LIFETIME - TimeDelta::seconds(1)).is_ok());
    assert_eq!(opened(&text, 1, at(0) + GRANT_LIFETIME), Err(GrantError::Expired));
}

#[test]
fn a_grant_of_another_pepper_is_forged() {
    let text = grant(None).seal(&pepper(1));
    assert_eq!(opened(&text, 2, at(0)), Err(GrantError::Forged));
    let same_version = Pepper::new(1.into(), Zeroizing::new([99; 32]));
    assert_eq!(Grant::read(&text).unwrap().check(&same_version, at(0)), Err(GrantError::Forged));
}

#[test]
fn what_a_grant_answers_for() {
    let (foo, bar): (PackageId, PackageId) = ("Foo".parse().unwrap(), "Bar".parse().unwrap());
    let open = grant(None);
    assert!(open.answers_for(Action::Push, None) && open.answers_for(Action::Update, Some(&foo)));
    assert!(!open.answers_for(Action::Unlist, Some(&foo)), "another action");
    let named = grant(Some("foo"));
    assert!(named.answers_for(Action::Push, Some(&foo)), "letter case does not matter");
    assert!(!named.answers_for(Action::Push, Some(&bar)) && !named.answers_for(Action::Push, None));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    for package in [None, Some("Foo.Bar")] {
        let text = grant(package).seal(&pepper(1));
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap();
        for place in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            let flipped = BASE64_URL_SAFE_NO_PAD.encode(flipped);
            assert!(opened(&flipped, 1, at(0)).is_err(), "bit {place}");
        }
        for cut in 0..text.len() {
            assert!(opened(&text[..cut], 1, at(0)).is_err(), "{cut} characters are left");
            assert!(opened(&text[cut + 1..], 1, at(0)).is_err(), "{cut} characters are gone");
        }
    }
}

#[test]
fn a_grant_has_one_spelling() {
    let text = grant(Some("Foo.Bar")).seal(&pepper(1));
    let swapped = text.chars().map(|letter| {
        if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    });
    for other in [
        format!("{text}="),
        format!("{text}=="),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{text}A"),
        format!("{text}{text}"),
        swapped.collect(),
    ] {
        assert!(opened(&other, 1, at(0)).is_err(), "{other:?}");
    }
    // Of what Base64 leaves over at the end, no bit is free.
    let (head, last) = text.split_at(text.len() - 1);
    let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    let read = alphabet.filter(|letter| opened(&format!("{head}{letter}"), 1, at(0)).is_ok());
    assert_eq!(read.map(String::from).collect::<Vec<_>>(), [last]);
}

proptest! {
    #[test]
    fn junk_is_refused(junk in "[A-Za-z0-9_-]{0,300}|\\PC{0,40}") {
        prop_assert!(opened(&junk, 1, at(0)).is_err());
    }
}
