//! A grant is good as it was sealed: for what it says, for as long as it says, under the pepper it was sealed with. Nothing
//! else is, whatever is changed in it and whoever made it up.

use chrono::{DateTime, TimeDelta};
use keys::{Action, Grant, GrantError, Pepper};
use zeroize::Zeroizing;

use crate::{
    input::{Input, edited},
    key_text::id_from,
    pattern::id_of,
};

/// Grants: either any text, or one that is sealed here and then changed.
///
/// # Panics
/// Where they are not as they should be.
pub fn grant(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let secret = Zeroizing::new([0x5a; 32]);
    let ours = Pepper::new(3.into(), secret.clone());
    if input.byte() & 1 == 0 {
        return refused(&input.text(), &ours);
    }
    let key = id_from(input.array());
    let secret_version = u32::from_be_bytes(input.array());
    let action = input.one_of(&Action::ALL);
    let second = i64::from(u32::from_be_bytes(input.array()));
    let expires_at = DateTime::from_timestamp(second, 0).unwrap_or_default();
    let package = id_of(&input.line());
    let grant = Grant { key, secret_version, action, package, expires_at };
    let text = grant.seal(&ours);

    let opened = |text: &str, pepper: &Pepper, now| Grant::read(text)?.check(pepper, now);
    let before = expires_at - TimeDelta::seconds(1);
    assert_eq!(opened(&text, &ours, before).as_ref(), Ok(&grant));
    assert_eq!(opened(&text, &ours, expires_at), Err(GrantError::Expired));
    assert!(Grant::read(&text).is_ok_and(|read| read.key() == key));
    for theirs in [Pepper::new(3.into(), Zeroizing::new([0x5b; 32])), Pepper::new(4.into(), secret)] {
        assert_eq!(opened(&text, &theirs, before), Err(GrantError::Forged));
        assert_eq!(opened(&grant.seal(&theirs), &ours, before), Err(GrantError::Forged));
    }
    for asked in Action::ALL {
        let same = asked == action || (asked.is_upload() && action.is_upload());
        assert_eq!(grant.answers_for(asked, grant.package.as_ref()), same);
        assert_eq!(grant.answers_for(asked, None), same && grant.package.is_none());
    }

    let changed = edited(text.clone().into_bytes(), 4, &mut input);
    if changed != text.as_bytes() {
        refused(&String::from_utf8_lossy(&changed), &ours);
    }
}

/// Nothing that was not sealed with this pepper is a grant, at any time.
fn refused(text: &str, pepper: &Pepper) {
    let first = DateTime::from_timestamp(0, 0).unwrap_or_default();
    match Grant::read(text).and_then(|read| read.check(pepper, first)) {
        Ok(grant) => unreachable!("{grant:?}"),
        Err(error) => assert_ne!(error, GrantError::Expired),
    }
}
