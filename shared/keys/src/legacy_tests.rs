//! What is known of NuGet's own keys and their retirement, as tables. Where Latchkey departs on purpose, the departure is named
//! beside the row.

use serde_json::Value;
use zeroize::Zeroizing;

use super::*;
use crate::{
    Action, Facts, IdPart, KeyNumber, LegacyText, Membership, NugetStored, PackageFacts, Pepper, Presented,
    Request, Status, decide,
    key::tests::{at, key as scoped, scope},
};

fn vectors(name: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("../../../tests/vectors/nuget.json")).unwrap();
    let rows = all[name].take();
    assert!(!rows.is_null(), "there are no vectors {name}");
    rows
}

fn rows(vectors: &Value) -> &[Value] {
    vectors.as_array().unwrap()
}

fn text(row: &Value) -> LegacyText {
    LegacyText::parse(row["plaintext"].as_str().unwrap()).unwrap()
}

/// alice's key, imported on day 0, with the last push on this day.
fn imported(last_push_on: Option<i64>) -> Key {
    let alice: AccountId = "alice".parse().unwrap();
    let id = KeyId::new(alice.tag(), KeyNumber::new(at(0), [0, 1]));
    let secret = Secret { stored: Stored::Nuget(NugetStored::nobody()), version: 1 };
    Key::legacy(id, alice, secret, last_push_on.map(at), at(0))
}

#[test]
fn key_v3_and_key_v4_parse() {
    for name in ["key_v3", "key_v4"] {
        let vectors = vectors(name);
        for row in rows(&vectors["parse_ok"]) {
            let text = text(row);
            assert_eq!(text.id_part().to_string(), row["id_part"].as_str().unwrap(), "{row}");
            assert_eq!(text.password_part(), row["password_part"].as_str().unwrap(), "{row}");
        }
        for row in rows(&vectors["parse_fail"]) {
            // There is no text that is null here: a request without a key is refused before.
            assert!(LegacyText::parse(row.as_str().unwrap_or_default()).is_err(), "{row}");
        }
    }
    let v4 = &vectors("key_v4");
    for (part, length) in [("plaintext", 46), ("id_part", 20), ("password_part", 26)] {
        assert_eq!(v4["lengths"][part], length);
        assert!(rows(&v4["parse_ok"]).iter().all(|row| row[part].as_str().unwrap().len() == length));
    }
}

#[test]
fn key_v3_and_key_v4_verify() {
    for (name, length) in [("key_v3", "/stored_length"), ("key_v4", "/lengths/stored")] {
        let vectors = vectors(name);
        let length = vectors.pointer(length).unwrap().as_u64().unwrap();
        for row in rows(&vectors["verify"]) {
            let stored = row["stored"].as_str().unwrap();
            let text = match row["plaintext"].as_str().unwrap() {
                "(any freshly created key)" => {
                    LegacyText::parse("oy2iuvoucviouojnrbzaqxjewdop3yseppnqlewvavhupa").unwrap()
                }
                plaintext => LegacyText::parse(plaintext).unwrap(),
            };
            // Departure: what cannot have been stored for any key is refused when it is imported, not when it is tried.
            let opens = NugetStored::parse(stored).is_ok_and(|stored| stored.opens(&text));
            assert_eq!(opens, row["expected"].as_bool().unwrap(), "{row}");
            assert!(!opens || stored.len() as u64 == length, "{row}");
            if opens {
                assert_eq!(NugetStored::parse(stored).unwrap().id_part(), text.id_part());
            }
        }
    }
}

#[test]
fn id_parts_are_told_apart_by_their_shape() {
    let id_part = |text: &str| IdPart::at_start_of(text).map(|id_part| id_part.to_string());
    assert_eq!(id_part("36AAFD8744AQAAAAEAACcQ").as_deref(), Some("36aafd8744"));
    assert_eq!(id_part("OY2IUVOUCVIOUOJNRBZAAEAAAAAB").as_deref(), Some("oy2iuvoucviouojnrbza"));
    assert_eq!(id_part("oy2iuvoucviouojnrbz"), None, "a digit too few");
    assert_eq!(id_part("lk_0EXAMPLEexampleEXAMPLE"), None);
}

#[test]
fn is_active_key() {
    let facts = Facts { holder_locked: false, membership: Membership::Own, package: PackageFacts::Unknown };
    let allowed = |presented: Presented<'_>| {
        let request = Request { action: Action::Push, package: None };
        matches!(decide(presented, request, &facts, at(0)), crate::Decision::Allow(_))
    };
    let tomorrow = || Key { kind: expiring(1), ..scoped(90, scope(&[Action::Push], &["*"])) };
    let revoked = || tomorrow().revoked("by its holder".into(), at(0)).unwrap();
    for row in rows(&vectors("is_active_key")) {
        let presented = match (row["type"].as_str(), row["state"].as_str()) {
            // Departure: there is one kind of scoped key, whatever version NuGet gave it.
            (Some("apikey.v2" | "apikey.v3" | "apikey.v4"), Some(_)) => Some(tomorrow()),
            // Departure: verification keys are not keys here; what is handed on after a check is a grant.
            (Some("apikey.verify.v1"), _) => continue,
            // Accounts and passwords are the gallery's; sent as a key, they open nothing.
            (Some(_), None) | (None, Some("null")) => None,
            (None, Some("expired yesterday")) => {
                Some(Key { kind: expiring(-1), ..scoped(90, scope(&[Action::Push], &["*"])) })
            }
            (None, Some("revocation source set")) => Some(revoked()),
            // Departure: the limit is 365 days and not configurable, so the row is tried at twice that.
            (None, Some(unused)) if unused.ends_with("last used 20 days ago with limit 10") => {
                Some(Key { kind: Kind::Legacy { retires_at: at(-2 * 365) + IDLE }, ..imported(None) })
            }
            other => panic!("{other:?}"),
        };
        let allowed = allowed(presented.as_ref().map_or(Presented::Unknown, Presented::Verified));
        assert_eq!(allowed, row["expected"].as_bool().unwrap(), "{row}");
    }
}

fn expiring(on: i64) -> Kind {
    match scoped(90, scope(&[Action::Push], &["*"])).kind {
        Kind::Scoped { scope, lifetime, .. } => Kind::Scoped { scope, lifetime, expires_at: at(on) },
        Kind::Legacy { .. } => panic!("a scoped key is asked for"),
    }
}

#[test]
fn inactivity_retirement() {
    for row in rows(&vectors("inactivity_retirement")) {
        // Departure: the limit is 365 days for every gallery; other limits are scaled to it.
        let limit = row["limit_days"].as_i64().unwrap();
        let days = |unused: i64| if limit == 0 { unused } else { unused * 365 / limit };
        let unused = row["last_used_days_ago"].as_i64().map(days);
        let key = match (row["has_scopes"].as_bool().unwrap(), unused) {
            (true, unused) => {
                let key = scoped(365, scope(&[Action::Push], &["*"]));
                Key { last_push_at: unused.map(|days| at(-days)), ..key }
            }
            (false, Some(days)) => imported(None).pushed_on(-days),
            (false, None) => imported(None),
        };
        let status = key.status(at(0));
        let expected = match row["expected"].as_str().unwrap() {
            // Departure: nothing is written when such a key is tried: `retires_at` is compared at every use, and the sweeper
            // tells of it. It is `retired`, not `expired`, because it never comes back.
            "rejected, expires set to now, ExpireCredential audited" => Status::Retired,
            "accepted" | "accepted (never used counts as recently used)" => Status::Active,
            // Departure: the year without a push cannot be switched off.
            "accepted (limit disabled)" => Status::Retired,
            other => panic!("{other}"),
        };
        assert_eq!(status, expected, "{row}");
    }
    let unused = imported(None);
    assert_eq!(unused.status(at(364)), Status::Active);
    // Departure: never used counts as used when it was imported, and not for ever.
    assert_eq!(unused.status(at(365)), Status::Retired);
}

impl Key {
    /// The key as if its last push had been on this day, and its year counted from there.
    fn pushed_on(self, day: i64) -> Self {
        Self { last_push_at: Some(at(day)), kind: Kind::Legacy { retires_at: at(day) + IDLE }, ..self }
    }
}

#[test]
fn a_year_from_the_last_push_and_never_less_than_ten_days_from_the_import() {
    for (last_push_on, retires_on) in
        [(None, 365), (Some(0), 365), (Some(-1), 364), (Some(-354), 11), (Some(-356), 10), (Some(-4000), 10)]
    {
        let key = imported(last_push_on);
        assert_eq!(key.ends_at(), at(retires_on), "{last_push_on:?}");
        assert_eq!(key.due_at, Some(at(retires_on - 10)), "{last_push_on:?}");
        assert_eq!(
            (key.status(at(retires_on - 1)), key.status(at(retires_on))),
            (Status::Active, Status::Retired)
        );
    }
}

#[test]
fn a_push_moves_retirement_and_warning() {
    let key = imported(None).pushed(at(364) + TimeDelta::milliseconds(1_500));
    assert_eq!(key.last_push_at, Some(at(364) + TimeDelta::seconds(1)));
    assert_eq!(key.ends_at(), at(729) + TimeDelta::seconds(1));
    assert_eq!(key.due_at, Some(at(719) + TimeDelta::seconds(1)));
    assert_eq!(key.version, 1, "a push is no change by a person");
    let warned = Key { due_at: Some(at(365)), ..imported(None) };
    assert_eq!(
        warned.pushed(at(360)).due_at,
        Some(at(715)),
        "who was warned and pushes is warned again next year"
    );
    assert_eq!(key.pushed(at(300)).ends_at(), key.ends_at(), "a push told late takes nothing back");
}

#[test]
fn a_push_moves_nothing_else_of_a_scoped_key() {
    let key = scoped(90, scope(&[Action::Push], &["*"]));
    assert_eq!(key.pushed(at(5)), Key { last_push_at: Some(at(5)), ..key });
}

#[test]
fn a_mac_takes_the_place_of_nugets_value_and_the_secret_stays_the_same() {
    let pepper = Pepper::new(3.into(), Zeroizing::new([9; 32]));
    let text = LegacyText::parse("36aafd87-44d7-423b-adb9-ed01493aeb75").unwrap();
    let (before, mac) = (imported(None), text.mac(&pepper));
    let after = before.peppered(mac.clone(), pepper.version());
    assert_eq!(after.secret, Secret::new(mac, pepper.version(), 1));
    assert_eq!(after.version, before.version);
}
