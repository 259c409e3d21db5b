//! What is known of NuGet.org's mails and warnings about expiring keys, asked of Latchkey. Where Latchkey departs on
//! purpose, the departure is named beside the row.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use keys::{Key, NoticeKind, time_left};
use mail::{Address, Letterhead, Message, Named};
use serde_json::Value;

use crate::{
    nuget_vectors::{rows, vectors},
    post_office::PostOffice,
};

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// A key that expires then. NuGet.org's job warns two days ahead here; so is a key warned that lives ten days.
async fn key(office: &PostOffice, expires_at: DateTime<Utc>) -> Key {
    let key = office.key_for("ada", "ada", 10).await;
    let moved = |kind: keys::Kind| match kind {
        keys::Kind::Scoped { scope, lifetime, .. } => keys::Kind::Scoped { scope, lifetime, expires_at },
        legacy @ keys::Kind::Legacy { .. } => legacy,
    };
    let key = Key { kind: moved(key.kind.clone()), ..key };
    Key { due_at: Some(key.warned_at()), ..key }
}

#[tokio::test]
async fn a_run_tells_what_has_come_due_since_the_last() {
    let office = PostOffice::open().await;
    for row in rows("expiry_mail_job") {
        let mut told: BTreeMap<NoticeKind, Vec<String>> = BTreeMap::new();
        for (name, expires_at) in row["keys"].as_object().unwrap() {
            let mut key = key(&office, time(expires_at)).await;
            // Departure: no cursor over all keys, but a due moment of each key's own. What the last run has told moved it.
            if let Some(owed) = key.owed(time(&row["cursor_last_run"])) {
                key = key.told(owed);
            }
            if let Some(owed) = key.owed(time(&row["run"])) {
                told.entry(owed.notice.unwrap()).or_default().push(name.clone());
            }
        }
        let mut expected: BTreeMap<NoticeKind, Vec<String>> = BTreeMap::new();
        for (set, kind) in [
            ("expired", NoticeKind::Expired),
            ("expiring", NoticeKind::Expiring),
            ("expiring_derived", NoticeKind::Expiring),
        ] {
            if let Some(names) = row[set].as_array() {
                expected.insert(kind, names.iter().map(|name| name.as_str().unwrap().to_owned()).collect());
            }
        }
        if row["name"] == "expired set" {
            // Departure: a key that expires at the very time of the run has expired, as a decision at that time says.
            expected.entry(NoticeKind::Expired).or_default().push("b".to_owned());
        }
        assert_eq!(told, expected, "{}", row["name"]);
    }
}

#[tokio::test]
async fn a_mails_line_counts_whole_days_and_a_mail_has_keys_and_an_address() {
    let office = PostOffice::open().await;
    let now = office.now();
    for row in rows("expiry_mail_text") {
        if let Some(hours) = row["hours_left"].as_i64() {
            let key = key(&office, now + TimeDelta::hours(hours)).await;
            let notice = keys::Notice::new(NoticeKind::Expiring, &key, "latchkey".to_owned(), now);
            let letterhead = Letterhead::new(
                "Sample Gallery",
                "https://gallery.example/account/keys",
                "https://keys.gallery.example",
            );
            let to: Address = "ada@example.org".parse().unwrap();
            let named = Named { notice: &notice, owner: None, freeze: None };
            let mail = Message::of_time((&named, &[]), 0, to, None, &letterhead, now).unwrap();
            let days = row["line_days"].as_i64().unwrap();
            let words = if days == 1 { "1 day left".to_owned() } else { format!("{days} days left") };
            assert!(mail.text.contains(&words), "{row}: {}", mail.text);
        } else if row["expected"] == "argument-error" {
            // Departure: an empty or missing list cannot be written down, since a mail takes its first key by itself, and
            // neither can a missing address.
            assert!("".parse::<Address>().is_err());
        } else {
            assert_eq!(
                row["rule"],
                "one mail per user for expiring keys and one for expired keys, each with one bullet per key"
            );
            let office = PostOffice::open().await;
            office.tell("ada", "ada@example.org").await;
            for lifetime in [2, 3, 15, 16] {
                office.key_for("ada", "ada", lifetime).await;
            }
            office.advance(TimeDelta::days(6));
            office.sweep().await;
            let told: Vec<_> = office.told().into_iter().map(|(_, kind, keys)| (kind, keys.len())).collect();
            assert_eq!(told, [("expired".to_owned(), 2), ("expiring".to_owned(), 2)]);
        }
    }
}

#[tokio::test]
async fn who_is_not_mailed() {
    for row in rows("expiry_mail_selection") {
        assert_eq!(row["selected"], false);
        let office = PostOffice::open().await;
        let key = office.key_for("ada", "ada", 90).await;
        match row["condition"].as_str().unwrap() {
            "user has no confirmed address" => {
                office.advance(TimeDelta::days(80));
                let report = office.sweep().await;
                // Departure: the notice waits for an address, is counted, and shows on the keys page.
                assert_eq!((report.warned, report.mailed, report.left), (1, 0, 1));
            }
            "revoked key" => {
                office.tell("ada", "ada@example.org").await;
                office.keyring.revoke(&key, "by ada".to_owned(), &office.act("ada")).await.unwrap();
                office.advance(TimeDelta::days(100));
                assert_eq!(office.sweep().await.due, 0);
                assert!(office.told().iter().all(|(_, kind, _)| kind == "revoked"));
            }
            // Departure: keys of before have no expiry, so theirs are mails of their own, about their retirement.
            "apikey.v1, apikey.v2, apikey.v5, apikey.verify.v1" => {
                let legacy = Key {
                    kind: keys::Kind::Legacy { retires_at: key.ends_at() },
                    due_at: Some(key.ends_at() - TimeDelta::days(10)),
                    ..key.clone()
                };
                let owed = legacy.owed(key.ends_at()).unwrap().notice;
                assert_eq!(owed, Some(NoticeKind::LegacyRetired));
            }
            other => panic!("a condition nobody has thought of: {other}"),
        }
    }
}

/// Departure: rounded down rather than to the nearest even day, so that nobody is promised a day they do not have; hours
/// under a day, and never "0 days".
#[test]
fn the_warning_of_a_push_says_how_long_is_left() {
    let warning = vectors("expiry_warning_header");
    assert_eq!(warning["header"], "X-NuGet-Warning");
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let ours =
        BTreeMap::from([(12, "12 hours"), (50, "2 days"), (60, "2 days"), (204, "8 days"), (228, "9 days")]);
    for row in warning["cases"].as_array().unwrap() {
        let threshold = TimeDelta::days(keys::WARNING_DAYS);
        assert_eq!(row["threshold_days"].as_i64(), Some(keys::WARNING_DAYS));
        // Departure: every key but a legacy one has an expiry.
        let Some(hours) = row["hours_until_expiry"].as_f64() else { continue };
        let left = TimeDelta::minutes((hours * 60.0) as i64);
        if row["expected"].is_null() {
            assert!(left > threshold, "{row}: no warning yet");
        } else if row["expected"] == "expired" {
            // Departure: an expired key is refused, so there is no push to warn of.
            assert!(left < TimeDelta::zero());
        } else {
            assert!(left <= threshold, "{row}");
            assert_eq!(time_left(now, now + left), ours[&left.num_hours()], "{row}");
        }
    }
}
