use super::*;
use crate::{
    action::{Action, Actions},
    key_id::KeyNumber,
};

pub(crate) fn at(day: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + day * 86_400, 0).unwrap()
}

pub(crate) fn scope(actions: &[Action], packages: &[&str]) -> Scope {
    Scope {
        actions: Actions::new(actions.iter().copied()).unwrap(),
        packages: Patterns::parse(packages).unwrap(),
    }
}

fn mac(byte: u8) -> Mac {
    Mac::from_bytes([byte; 32])
}

/// alice's key, made on day 0.
pub(crate) fn key(lifetime: i64, scope: Scope) -> Key {
    let alice: AccountId = "alice".parse().unwrap();
    let id = KeyId::new(alice.tag(), KeyNumber::new(at(0), [0, 1]));
    let secret = Secret::new(mac(1), 1.into(), 1);
    let lifetime = Lifetime::new(lifetime, 365).unwrap();
    Key::scoped(id, "CI".parse().unwrap(), (alice.clone(), alice), scope, lifetime, secret, at(0))
}

pub(crate) fn legacy(retires_on: i64) -> Key {
    Key { kind: Kind::Legacy { retires_at: at(retires_on) }, ..any() }
}

fn any() -> Key {
    key(90, scope(&[Action::Push], &["Foo.*"]))
}

fn packages(text: &str) -> Edit {
    Edit { packages: Some(Patterns::parse(&[text]).unwrap()), ..Edit::default() }
}

#[test]
fn a_key_works_until_the_second_it_expires() {
    let key = any();
    assert_eq!(key.status(at(90) - TimeDelta::seconds(1)), Status::Active);
    assert_eq!(key.status(at(90)), Status::Expired);
    assert_eq!(legacy(100).status(at(100) - TimeDelta::seconds(1)), Status::Active);
    assert_eq!(legacy(100).status(at(100)), Status::Retired);
}

#[test]
fn a_new_key_is_due_for_its_warning() {
    assert_eq!(any().due_at, Some(at(80)));
    assert_eq!(key(5, scope(&[Action::Push], &["*"])).due_at, Some(at(4)));
}

#[test]
fn stored_times_are_whole_seconds() {
    let now = at(0) + TimeDelta::milliseconds(999);
    let refreshed = any().refreshed((mac(2), 1.into()), true, 365, now).unwrap();
    assert_eq!(refreshed.ends_at(), at(90));
    assert_eq!(any().revoked("test".into(), now).unwrap().revocation.unwrap().at, at(0));
}

#[test]
fn an_edit_changes_name_and_packages_and_nothing_else() {
    let key = any();
    let edited =
        key.edited(Edit { name: Some("Release".parse().unwrap()), ..packages("Bar") }, at(1)).unwrap();
    let Kind::Scoped { scope, .. } = &edited.kind else { panic!("a scoped key stays one") };
    assert_eq!((edited.name.as_str(), scope.packages.as_slice()[0].as_str()), ("Release", "Bar"));
    let back = Key { name: key.name.clone(), kind: key.kind.clone(), version: key.version, ..edited.clone() };
    assert_eq!((back, edited.version), (key.clone(), 2));
    assert!(
        key.edited(packages("Bar"), at(91)).is_ok(),
        "an expired key can be edited before it is refreshed"
    );
}

#[test]
fn a_refresh_changes_the_secret_and_keeps_the_end() {
    let refreshed = any().refreshed((mac(2), 3.into()), false, 365, at(10)).unwrap();
    assert_eq!(refreshed.secret, Secret::new(mac(2), 3.into(), 2));
    assert_eq!((refreshed.ends_at(), refreshed.due_at, refreshed.version), (at(90), Some(at(80)), 2));
}

#[test]
fn a_refresh_starts_the_lifetime_again_where_asked_and_where_it_is_over() {
    for (restart, day) in [(true, 10), (false, 90), (false, 400)] {
        let refreshed = any().refreshed((mac(2), 1.into()), restart, 365, at(day)).unwrap();
        assert_eq!((refreshed.ends_at(), refreshed.due_at), (at(day + 90), Some(at(day + 80))));
    }
}

#[test]
fn a_refresh_obeys_the_policy_of_its_day() {
    let refused = Err(Not::Lifetime(LifetimeError { asked: 90, maximum: 30 }));
    assert_eq!(any().refreshed((mac(2), 1.into()), true, 30, at(80)), refused);
    assert_eq!(any().refreshed((mac(2), 1.into()), false, 30, at(100)), refused);
    assert!(any().refreshed((mac(2), 1.into()), false, 30, at(60)).is_ok(), "thirty days are left");
    let refused = Err(Not::Lifetime(LifetimeError { asked: 31, maximum: 30 }));
    assert_eq!(any().refreshed((mac(2), 1.into()), false, 30, at(60) - TimeDelta::seconds(1)), refused);
}

#[test]
fn revoked_and_retired_keys_never_come_back() {
    let revoked = any().revoked("alice".into(), at(1)).unwrap();
    assert_eq!((revoked.status(at(1)), revoked.due_at), (Status::Revoked, None));
    for (key, status) in [(revoked, Status::Revoked), (legacy(100), Status::Retired)] {
        let now = at(200);
        assert_eq!(key.edited(packages("Bar"), now), Err(Not::While(status, "edited")));
        assert_eq!(key.refreshed((mac(2), 1.into()), true, 365, now), Err(Not::While(status, "refreshed")));
        assert_eq!(key.revoked("again".into(), now), Err(Not::While(status, "revoked")));
    }
    assert_eq!(any().revoked("late".into(), at(90)), Err(Not::While(Status::Expired, "revoked")));
}

#[test]
fn a_legacy_key_can_be_revoked_only() {
    let key = legacy(100);
    assert_eq!(key.edited(packages("Bar"), at(1)), Err(Not::Legacy("edited")));
    assert_eq!(key.refreshed((mac(2), 1.into()), false, 365, at(1)), Err(Not::Legacy("refreshed")));
    assert!(key.revoked("alice".into(), at(1)).is_ok());
}

#[test]
fn a_freeze_lasts_until_the_thaw_whatever_else_is_done_and_moves_no_end() {
    for key in [any(), legacy(100)] {
        let frozen = key.frozen(at(1)).unwrap();
        assert_eq!((frozen.frozen_at, frozen.version), (Some(at(1)), key.version + 1));
        assert_eq!((frozen.status(at(1)), frozen.ends_at()), (Status::Active, key.ends_at()));
        assert_eq!((&frozen.due_at, &frozen.secret), (&key.due_at, &key.secret));
        assert_eq!(frozen.frozen(at(2)), Ok(frozen.clone()), "again it changes nothing");
        let thawed = frozen.thawed(at(2)).unwrap();
        assert_eq!(thawed, Key { version: key.version + 2, ..key.clone() });
        assert_eq!(thawed.thawed(at(3)), Ok(thawed.clone()));
        assert!(frozen.revoked("by alice".into(), at(2)).is_ok());
    }
    let frozen = any().frozen(at(95)).unwrap();
    let refreshed = frozen.refreshed((mac(2), 1.into()), true, 365, at(96)).unwrap();
    assert_eq!((refreshed.frozen_at, refreshed.status(at(96))), (Some(at(95)), Status::Active));
    assert_eq!(frozen.edited(packages("Bar"), at(96)).unwrap().frozen_at, Some(at(95)));

    let revoked = any().revoked("alice".into(), at(1)).unwrap();
    for (key, status) in [(revoked, Status::Revoked), (legacy(100), Status::Retired)] {
        assert_eq!(key.frozen(at(200)), Err(Not::While(status, "frozen")));
        assert_eq!(key.thawed(at(200)), Err(Not::While(status, "unfrozen")));
    }
}

#[test]
fn a_name_is_one_line_of_up_to_256_characters() {
    assert_eq!(" CI on main ".parse::<KeyName>().map(|name| name.to_string()), Ok("CI on main".to_owned()));
    assert!("é".repeat(256).parse::<KeyName>().is_ok());
    let too_long = "a".repeat(257);
    for bad in ["", "   ", "a\nb", "a\u{0}b", "a\u{2028}b", too_long.as_str()] {
        assert_eq!(bad.parse::<KeyName>(), Err(KeyNameError), "{bad:?}");
    }
}
