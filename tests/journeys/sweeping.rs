//! What time brings about, told once each: whatever people do meanwhile, however often the sweeper runs or does not.

use chrono::TimeDelta;
use expiry_sweeper::{Answer, Event, Report, Restored, SweeperError};
use keyring::{MailState, RotateError};
use keys::{AccountId, Edit, Key, Role};
use serde_json::{Value, json};

use crate::{aws::opens, post_office::PostOffice};

const NOTHING: Report =
    Report { due: 0, warned: 0, expired: 0, retired: 0, handed_over: 0, mailed: 0, failed: 0, left: 0 };

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

/// One mail to ada of this kind, about these keys.
fn to_ada(kind: &str, keys: &[&Key]) -> (String, String, Vec<String>) {
    let mut ids: Vec<_> = keys.iter().map(|key| key.id.to_string()).collect();
    ids.sort();
    ("ada@example.org".to_owned(), kind.to_owned(), ids)
}

async fn office() -> PostOffice {
    let office = PostOffice::open().await;
    office.tell("ada", "ada@example.org").await;
    office
}

#[tokio::test]
async fn a_year_is_warned_of_once_ten_days_before_and_told_of_once_at_its_end() {
    let office = office().await;
    let key = office.key_for("ada", "ada", 365).await;
    let mut today = 0;
    for day in [1, 180, 353, 354, 355, 356, 360, 364, 365, 366, 400, 800] {
        office.advance(days(day - today));
        today = day;
        let report = office.sweep().await;
        let expected = match day {
            355 => Report { due: 1, warned: 1, mailed: 1, ..NOTHING },
            365 => Report { due: 1, expired: 1, mailed: 1, ..NOTHING },
            _ => NOTHING,
        };
        assert_eq!(report, expected, "day {day}");
    }
    assert_eq!(office.told(), [to_ada("expired", &[&key]), to_ada("expiring", &[&key])]);
    let [warning, _] = office.mails().try_into().unwrap();
    assert_eq!(warning.subject, "Key “CI deploy” expires in 10 days at Sample Gallery");
    assert_eq!(warning.headers["Auto-Submitted"], "auto-generated");
    let events = office.keyring.events(&key.id, 10, None).await.unwrap().entries;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["expired", "warned", "created"]);
    let key = office.keyring.key(&key.id).await.unwrap().unwrap();
    assert_eq!((key.due_at, key.version), (None, 1), "who looked at the key may still change it");
}

#[tokio::test]
async fn an_accounts_keys_go_together_and_beyond_a_hundred_are_counted() {
    let office = office().await;
    let mut keys = Vec::new();
    for _ in 0..30 {
        keys.push(office.key_for("ada", "ada", 90).await);
    }
    office.advance(days(80));
    assert_eq!(office.sweep().await, Report { due: 30, warned: 30, mailed: 1, ..NOTHING });
    assert_eq!(office.told(), [to_ada("expiring", &keys.iter().collect::<Vec<_>>())]);
    assert_eq!(office.mails()[0].subject, "30 keys expire soon at Sample Gallery");

    for _ in 0..75 {
        keys.push(office.key_for("ada", "ada", 10).await);
    }
    office.advance(days(10));
    assert_eq!(office.sweep().await, Report { due: 105, expired: 105, mailed: 1, ..NOTHING });
    let [_, expired] = office.mails().try_into().unwrap();
    assert_eq!(expired.subject, "105 keys have expired at Sample Gallery");
    assert!(expired.text.contains("and 5 more, on your keys page"));
    assert!(office.waiting().await.is_empty());
}

#[tokio::test]
async fn an_edit_keeps_the_moment_a_restart_moves_it_and_an_end_clears_it() {
    let office = office().await;
    let (edited, restarted, refreshed) = (
        office.key_for("ada", "ada", 90).await,
        office.key_for("ada", "ada", 90).await,
        office.key_for("ada", "ada", 90).await,
    );
    let (deleted, revoked) = (office.key_for("ada", "ada", 90).await, office.key_for("ada", "ada", 90).await);
    office.advance(days(79));
    let act = office.act("ada");
    let prefix = "lk".parse().unwrap();
    let keyring = &office.keyring;
    keyring
        .edit(&edited, Edit { name: Some("Release".parse().unwrap()), ..Edit::default() }, &act)
        .await
        .unwrap();
    keyring.refresh(&restarted, &prefix, true, 365, &act).await.unwrap();
    keyring.refresh(&refreshed, &prefix, false, 365, &act).await.unwrap();
    keyring.delete(&deleted, &act).await.unwrap();
    keyring.revoke(&revoked, "by ada".to_owned(), &act).await.unwrap();
    office.postman().deliver_waiting(None).await;
    let before = office.mails().len();

    office.advance(days(1));
    assert_eq!(office.sweep().await, Report { due: 2, warned: 2, mailed: 1, ..NOTHING });
    let warnings = office.told().into_iter().filter(|(_, kind, _)| kind == "expiring").collect::<Vec<_>>();
    assert_eq!(warnings, [to_ada("expiring", &[&edited, &refreshed])]);
    assert_eq!(office.mails().len(), before + 1);

    office.advance(days(79));
    let report = office.sweep().await;
    assert_eq!(
        (report.warned, report.expired),
        (1, 2),
        "ten days before the end of the new life: {report:?}"
    );
}

#[tokio::test]
async fn an_expired_key_that_is_restarted_is_warned_again() {
    let office = office().await;
    let key = office.key_for("ada", "ada", 30).await;
    office.advance(days(31));
    let as_read = office.keyring.key(&key.id).await.unwrap().unwrap();
    assert_eq!(office.sweep().await, Report { due: 1, expired: 1, mailed: 1, ..NOTHING });
    // The page was loaded before the run: its version is still the key's.
    let prefix = "lk".parse().unwrap();
    office.keyring.refresh(&as_read, &prefix, false, 365, &office.act("ada")).await.unwrap();
    office.postman().deliver_waiting(None).await;
    office.advance(days(20));
    assert_eq!(office.sweep().await, Report { due: 1, warned: 1, mailed: 1, ..NOTHING });
}

#[tokio::test]
async fn an_outage_of_three_days_loses_nothing() {
    let office = office().await;
    let mut keys = Vec::new();
    for lifetime in [20, 21, 22, 10, 2] {
        keys.push(office.key_for("ada", "ada", lifetime).await);
    }
    // The three of about twenty days come to their warnings, and the others to their ends, while nobody sweeps.
    office.advance(days(12));
    let [a, b, c, d, e] = keys.as_slice() else { panic!("five keys were made") };
    assert_eq!(office.sweep().await, Report { due: 5, warned: 3, expired: 2, mailed: 2, ..NOTHING });
    let told = [to_ada("expired", &[d, e]), to_ada("expiring", &[a, b, c])];
    assert_eq!(office.told(), told, "a warning that the end has overtaken is past telling");
    assert_eq!(office.sweep().await, NOTHING);
}

#[tokio::test]
async fn sweepers_at_once_tell_nobody_twice() {
    let office = office().await;
    office.tell("grace", "grace@example.org").await;
    let mut expected = Vec::new();
    for holder in ["ada", "grace"].repeat(10) {
        expected.push(office.key_for(holder, holder, 90).await.id.to_string());
    }
    office.advance(days(80));
    let (one, two, three) = (office.sweeper(), office.sweeper(), office.sweeper());
    let event = || office.scheduled();

    let (one, two, three) =
        tokio::join!(one.handle(event(), None), two.handle(event(), None), three.handle(event(), None));

    let reports = [one, two, three].map(|answer| match answer {
        Ok(Answer::Swept(report)) => report,
        other => panic!("a run answers {other:?}"),
    });
    assert_eq!(reports.iter().map(|report| report.warned).sum::<u64>(), 20, "{reports:?}");
    assert_eq!(reports.iter().map(|report| report.failed).sum::<u64>(), 0, "{reports:?}");
    office.advance(TimeDelta::minutes(2));
    office.sweep().await;
    let mut told: Vec<_> = office.told().into_iter().flat_map(|(_, _, keys)| keys).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    // The same event once more.
    assert_eq!(office.sweep().await, NOTHING);
}

#[tokio::test]
async fn an_organizations_admins_are_told_as_the_holder_is() {
    let office = PostOffice::open().await;
    let people = [("ada", Role::Admin), ("grace", Role::Admin), ("linus", Role::Member)];
    office.organization("contoso", &people).await;
    let key = office.key_for("linus", "contoso", 90).await;
    let own = office.key_for("linus", "linus", 90).await;
    office.advance(days(80));
    assert_eq!(office.sweep().await, Report { due: 2, warned: 2, mailed: 3, ..NOTHING });
    let told: Vec<_> = office.told().into_iter().map(|(to, _, keys)| (to, keys.len())).collect();
    let address = |name: &str| format!("{name}@example.org");
    assert_eq!(told, [(address("ada"), 1), (address("grace"), 1), (address("linus"), 2)]);
    let to_ada = office.mails().into_iter().find(|mail| mail.to == address("ada")).unwrap();
    assert!(to_ada.text.contains("Holder:           linus\n") && to_ada.text.contains(&key.id.to_string()));

    office.keyring.revoke(&key, "by ada".to_owned(), &office.act("ada")).await.unwrap();
    let revoked = office.postman().deliver_waiting(None).await;
    assert_eq!(revoked.mailed, 3, "what people do is told to the same people");
    assert!(office.keyring.key(&own.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_run_without_time_leaves_everything_to_the_next() {
    let office = office().await;
    office.key_for("ada", "ada", 90).await;
    office.advance(days(80));
    let over = tokio::time::Instant::now();
    let answer = office.sweeper().handle(office.scheduled(), Some(over)).await.unwrap();
    assert_eq!(answer, Answer::Swept(NOTHING), "it does not even look");
    assert_eq!(office.sweep().await, Report { due: 1, warned: 1, mailed: 1, ..NOTHING });
}

fn bounce(account: &str, address: &str, kind: &str) -> Event {
    let tag = account.parse::<AccountId>().unwrap().tag().to_string();
    let detail = json!({
        "eventType": "Bounce",
        "bounce": { "bounceType": kind, "bouncedRecipients": [{ "emailAddress": address }] },
        "mail": { "tags": { "account": [tag], "kind": ["expiring"] } },
    });
    let event = json!({ "source": "aws.ses", "detail-type": "Email Bounced", "detail": detail });
    event.try_into().unwrap()
}

async fn mail_state(office: &PostOffice) -> MailState {
    office.keyring.account(&"ada".parse().unwrap()).await.unwrap().unwrap().mail_state
}

#[tokio::test]
async fn a_permanent_bounce_marks_the_account_whose_address_it_still_is() {
    let office = office().await;
    let sweeper = office.sweeper();
    for (event, marked) in [
        (bounce("ada", "ada@example.org", "Transient"), None),
        (bounce("ada", "ada@elsewhere.example", "Permanent"), Some(false)),
        (bounce("nobody", "ada@example.org", "Permanent"), Some(false)),
        (bounce("ada", "Ada@Example.org", "Permanent"), Some(true)),
    ] {
        assert_eq!(mail_state(&office).await, MailState::Good);
        let answer = sweeper.handle(event, None).await.unwrap();
        match marked {
            Some(marked) => assert_eq!(answer, Answer::Feedback { marked }),
            None => assert!(matches!(answer, Answer::Ignored { .. })),
        }
    }
    assert_eq!(mail_state(&office).await, MailState::Bounced);

    office.key_for("ada", "ada", 90).await;
    office.advance(days(80));
    let waits = Report { due: 1, warned: 1, left: 1, ..NOTHING };
    assert_eq!(office.sweep().await, waits, "she is mailed no more");
    assert_eq!(office.sweep().await, Report { left: 1, ..NOTHING });
    office.tell("ada", "ada@new.example").await;
    assert_eq!(office.sweep().await, Report { mailed: 1, ..NOTHING }, "until she has another address");
}

/// The version of the pepper that the key's secret names, which `Debug` shows.
fn pepper(key: &Key) -> u32 {
    let shown = format!("{:?}", key.secret);
    let (_, version) = shown.split_once("PepperVersion(").unwrap();
    version.split(')').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_rotation_makes_one_pepper_and_old_keys_go_on() {
    let office = office().await;
    let (old, old_text) = crate::aws::make(&office.keyring, "ada").await;
    let sweeper = office.sweeper();
    let rotate = |after: u32| Event::try_from(json!({ "rotate-pepper": { "after": after } })).unwrap();
    for _ in 0..2 {
        assert_eq!(sweeper.handle(rotate(1), None).await.unwrap(), Answer::Pepper { pepper: 2 });
    }
    for stale in [0, 5] {
        let refused = sweeper.handle(rotate(stale), None).await.unwrap_err();
        assert!(
            matches!(refused, SweeperError::Rotate(RotateError::OtherNewest(newest)) if newest == 2.into())
        );
    }
    let (new, new_text) = crate::aws::make(&office.keyring, "ada").await;
    assert_eq!((pepper(&old), pepper(&new)), (1, 2));
    assert!(opens(&office.keyring, &old_text).await && opens(&office.keyring, &new_text).await);
    let prefix = "lk".parse().unwrap();
    let (changed, _) =
        office.keyring.refresh(&old, &prefix, false, 365, &crate::aws::act("ada")).await.unwrap();
    assert_eq!(pepper(&changed.key), 2);
}

#[tokio::test]
async fn answers_are_written_as_they_are_documented() {
    let written = |answer: Answer| serde_json::to_value(answer).unwrap();
    let zeros = json!({ "due": 0, "warned": 0, "expired": 0, "retired": 0, "handed_over": 0, "mailed": 0, "failed": 0, "left": 0 });
    assert_eq!(written(Answer::Swept(NOTHING)), zeros);
    assert_eq!(written(Answer::Feedback { marked: true }), json!({ "marked": true }));
    assert_eq!(written(Answer::Pepper { pepper: 2 }), json!({ "pepper": 2 }));
    let restored = Restored {
        revoked: 3,
        known: 1,
        failed: vec!["0EXAMPLEexampleEXAMPLE".into()],
        ..Restored::default()
    };
    assert_eq!(
        written(Answer::Restored(restored)),
        json!({ "revoked": 3, "handed_over": 0, "frozen": 0, "ended": 0, "known": 1, "gone": 0, "failed": ["0EXAMPLEexampleEXAMPLE"] })
    );
    assert_eq!(written(Answer::Ignored { ignored: "x" }), Value::from_iter([("ignored", "x")]));
}
