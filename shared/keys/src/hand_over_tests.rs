use super::*;
use crate::{
    action::Action,
    due::Owed,
    key::tests::{at, key, legacy, scope},
    lifetime::LifetimeError,
    notice::NoticeKind,
};

fn mac(byte: u8) -> (Mac, PepperVersion) {
    (Mac::from_bytes([byte; 32]), 1.into())
}

fn window(days: i64) -> HandOverWindow {
    HandOverWindow::new(days).unwrap()
}

/// A key of ninety days.
fn any() -> Key {
    key(90, scope(&[Action::Push], &["Foo.*"]))
}

fn handing(days: i64, on: i64) -> Key {
    any().handing_over(mac(2), window(days), 365, at(on)).unwrap()
}

/// What the key is told when the sweeper comes every day, and the key as it is then.
fn swept(mut key: Key, days: std::ops::RangeInclusive<i64>) -> (Vec<(i64, NoticeKind)>, Key) {
    let mut told = Vec::new();
    for day in days {
        while let Some(owed) = key.owed(at(day)) {
            told.extend(owed.notice.map(|kind| (day, kind)));
            key = key.told(owed);
        }
    }
    (told, key)
}

#[test]
fn a_window_has_1_to_30_days() {
    assert_eq!([1, 30].map(|days| window(days).days()), [1, 30]);
    for asked in [0, -1, 31, 65_537, i64::MAX, i64::MIN] {
        assert_eq!(HandOverWindow::new(asked), Err(HandOverWindowError { asked }));
    }
    assert_eq!(HandOverWindow::default().days(), 7);
}

#[test]
fn a_hand_over_adds_a_secret_and_moves_nothing_else() {
    let (before, after) = (any(), handing(7, 1));
    let hand_over = after.hand_over.clone().unwrap();
    assert_eq!(hand_over, HandOver { secret: Secret::new(mac(2).0, 1.into(), 2), until: at(8) });
    assert_eq!((after.version, after.secrets, after.due()), (2, 2, Some(at(8))));
    assert_eq!(Key { hand_over: None, version: 1, secrets: 1, ..after }, before);
}

#[test]
fn both_secrets_count_while_the_window_is_open_and_the_first_alone_after() {
    let key = handing(7, 1);
    let counts = |now| [1, 2, 3].map(|version| key.secret_of(version, now).is_some());
    assert_eq!(counts(at(8) - TimeDelta::seconds(1)), [true, true, false]);
    assert_eq!(counts(at(8)), [true, false, false]);
}

#[test]
fn the_first_push_makes_the_second_secret_the_only_one() {
    let pushed = handing(7, 1).handed_over(at(2));
    assert_eq!((pushed.secret.version, &pushed.hand_over), (2, &None));
    assert_eq!((pushed.version, pushed.ends_at()), (2, at(90)));
    let (told, key) = swept(pushed, 2..=100);
    assert_eq!(told, [(2, NoticeKind::HandedOver), (80, NoticeKind::Expiring), (90, NoticeKind::Expired)]);
    assert_eq!((key.handed_over_at, key.due()), (None, None));
    assert_eq!(any().handed_over(at(2)), any(), "there is nothing to hand over to");
}

#[test]
fn an_unused_second_secret_is_dropped_and_its_version_is_never_used_again() {
    let (told, key) = swept(handing(7, 1), 1..=20);
    assert_eq!(told, [(8, NoticeKind::HandOverLapsed)]);
    assert_eq!((key.secret.version, key.secrets, key.version), (1, 2, 2));
    assert_eq!((&key.hand_over, key.due_at), (&None, Some(at(80))));
    let again = key.handing_over(mac(3), window(1), 365, at(20)).unwrap();
    assert_eq!(again.hand_over.map(|hand_over| hand_over.secret.version), Some(3));
    assert_eq!(key.refreshed(mac(3), false, 365, at(20)).unwrap().secret.version, 3);
}

#[test]
fn a_window_ends_with_the_key_at_the_latest() {
    let late = handing(30, 80);
    assert_eq!(late.hand_over.as_ref().map(|hand_over| hand_over.until), Some(at(90)));
    let (told, _) = swept(late, 90..=90);
    assert_eq!(told, [(90, NoticeKind::HandOverLapsed), (90, NoticeKind::Expired)]);
}

#[test]
fn a_late_sweeper_owes_things_in_the_order_they_happened() {
    let key = handing(7, 78).handed_over(at(79));
    let (told, _) = swept(key, 85..=85);
    assert_eq!(told, [(85, NoticeKind::HandedOver), (85, NoticeKind::Expiring)]);
    let (told, _) = swept(handing(7, 78), 86..=86);
    assert_eq!(told, [(86, NoticeKind::HandOverLapsed), (86, NoticeKind::Expiring)]);
}

#[test]
fn there_are_at_most_two_secrets() {
    let key = handing(7, 1);
    let again = |on: i64| key.handing_over(mac(3), window(7), 365, at(on));
    assert_eq!(again(7), Err(Not::HandingOver(at(8))));
    assert_eq!(again(8).unwrap().hand_over.map(|hand_over| hand_over.secret.version), Some(3));
}

#[test]
fn a_frozen_key_is_given_no_second_secret() {
    let frozen = any().frozen(at(1)).unwrap();
    assert_eq!(frozen.handing_over(mac(2), window(7), 365, at(1)), Err(Not::Frozen("handed over")));
}

#[test]
fn a_refresh_a_revocation_and_an_edit_do_with_both_secrets_what_they_do_with_one() {
    let key = handing(7, 1);
    let refreshed = key.refreshed(mac(3), false, 365, at(2)).unwrap();
    assert_eq!((refreshed.secret.version, refreshed.secrets, &refreshed.hand_over), (3, 3, &None));
    assert_eq!(refreshed.due(), Some(at(80)));
    let revoked = key.revoked("alice".into(), at(2)).unwrap();
    assert_eq!((&revoked.hand_over, revoked.due()), (&None, None));
    let name = Some("other".parse().unwrap());
    let edited = key.edited(crate::Edit { name, ..Default::default() }, at(2)).unwrap();
    assert_eq!((edited.hand_over, edited.due_at), (key.hand_over.clone(), Some(at(80))));
}

#[test]
fn a_hand_over_that_was_not_told_yet_is_told_also_of_a_key_revoked_since() {
    let revoked = handing(7, 1).handed_over(at(2)).revoked("alice".into(), at(2)).unwrap();
    assert_eq!(revoked.due(), Some(at(2)));
    assert_eq!(revoked.owed(at(2)), Some(Owed { notice: Some(NoticeKind::HandedOver), next: None }));
    assert_eq!(swept(revoked, 2..=100).0, [(2, NoticeKind::HandedOver)]);
}

#[test]
fn only_a_scoped_key_that_works_is_handed_over_and_within_the_policy() {
    let begun = |key: &Key, maximum, on| key.handing_over(mac(2), window(7), maximum, at(on)).map(drop);
    assert_eq!(begun(&any(), 365, 90), Err(Not::While(Status::Expired, "handed over")));
    let revoked = any().revoked("alice".into(), at(1)).unwrap();
    assert_eq!(begun(&revoked, 365, 2), Err(Not::While(Status::Revoked, "handed over")));
    assert_eq!(begun(&legacy(100), 365, 1), Err(Not::Legacy("handed over")));
    assert_eq!(begun(&any(), 30, 59), Err(Not::Lifetime(LifetimeError { asked: 31, maximum: 30 })));
    assert_eq!(begun(&any(), 30, 60), Ok(()));
}
