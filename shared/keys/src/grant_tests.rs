use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::key::tests::{at, key, scope};

fn pepper(version: u32) -> Pepper {
    Pepper::new(version.into(), Zeroizing::new([version as u8; 32]))
}

fn grant(package: Option<&str>) -> Grant {
    let key = key(90, scope(&[Action::Push], &["*"]));
    Grant::new(&key, Action::Push, package.map(|id| id.parse().unwrap()), at(0) + GRANT_LIFETIME)
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

proptest! {
    #[test]
    fn a_flipped_bit_is_refused(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(grant(Some("Foo.Bar")).seal(&pepper(1))).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert!(opened(&BASE64_URL_SAFE_NO_PAD.encode(bytes), 1, at(0)).is_err());
    }

    #[test]
    fn a_cut_grant_is_refused(keep in any::<prop::sample::Index>()) {
        let text = grant(Some("Foo.Bar")).seal(&pepper(1));
        prop_assert!(opened(&text[..keep.index(text.len())], 1, at(0)).is_err());
    }

    #[test]
    fn junk_is_refused(junk in "[A-Za-z0-9_-]{0,300}|\\PC{0,40}") {
        prop_assert!(opened(&junk, 1, at(0)).is_err());
    }
}
