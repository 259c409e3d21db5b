//! An event of the sweeper means what it says: a time, a version of the pepper, changes to be made again after a restore, or
//! that mail to one account did not arrive; and only what says so for good marks an account.

use chrono::{DateTime, Utc};
use expiry_sweeper::{Event, EventError, ScheduledTime};
use keyring::Undone;
use serde_json::{Value, json};

use crate::input::Input;

const PLACEHOLDER: &str = "<aws.scheduler.scheduled-time>";

/// Events of the schedule, of a rule, of SES and of an operator: as they come, or made.
///
/// # Panics
/// Where they are not read as they should be.
pub fn sweeper_event(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let event = match input.byte() & 1 {
        0 => {
            let event = input.rest();
            let read = serde_json::from_slice::<Event>(event).is_ok();
            let Ok(event) = serde_json::from_slice::<Value>(event) else { return assert!(!read) };
            assert_eq!(read, Event::try_from(event.clone()).is_ok());
            event
        }
        _ => made(&mut input),
    };
    let read = Event::try_from(event.clone());
    assert_eq!(read, Event::try_from(event.clone()), "read twice");
    match read {
        Ok(Event::Scheduled(ScheduledTime::Unknown)) => assert_eq!(time(&event), Some(PLACEHOLDER)),
        Ok(Event::Scheduled(ScheduledTime::At(at))) => {
            let said = time(&event).and_then(|time| time.parse::<DateTime<Utc>>().ok());
            assert_eq!(said, Some(at), "{event}");
        }
        Ok(Event::RotatePepper { after }) => assert_eq!(event["rotate-pepper"], json!({ "after": after })),
        Ok(Event::AfterRestore(changes)) => {
            let said: Vec<Value> = changes.iter().map(written).collect();
            assert_eq!(event["after-restore"], json!({ "changes": said }));
        }
        Ok(Event::Feedback(feedback)) => {
            assert!(marks(&event), "{event}");
            let (said, account) = (format!("{feedback:?}"), &event["detail"]["mail"]["tags"]["account"][0]);
            assert!(account.as_str().is_some_and(is_tag), "{event}");
            let kind = event["detail"]["eventType"].as_str().unwrap_or_default();
            assert!(said.contains(&format!("kind: {kind}")), "{said}");
        }
        Ok(Event::Nothing(_)) => {
            let accounts = event["detail"]["mail"]["tags"]["account"].as_array().map_or(0, Vec::len);
            assert!(!marks(&event) || accounts != 1, "{event}");
        }
        Err(error) => {
            let told = error.to_string();
            let known = [
                EventError::Shape,
                EventError::Time,
                EventError::Feedback,
                EventError::Rotation,
                EventError::Restore,
            ];
            assert!(known.iter().any(|known| known.to_string() == told), "{told}");
        }
    }
}

/// The change, as an event names it.
fn written(change: &Undone) -> Value {
    json!({
        "key": change.key.to_string(),
        "what": change.what.as_str(),
        "version": change.version,
        "secret_version": change.secret_version,
    })
}

fn time(event: &Value) -> Option<&str> {
    if event["scheduled_time"].is_null() { event["time"].as_str() } else { event["scheduled_time"].as_str() }
}

/// Whether SES says that mail to this address is not to be sent again.
fn marks(event: &Value) -> bool {
    let detail = &event["detail"];
    let bounced = detail["eventType"] == "Bounce" && detail["bounce"]["bounceType"] == "Permanent";
    let complained =
        detail["eventType"] == "Complaint" && detail["complaint"]["complaintFeedbackType"] != "not-spam";
    event["source"] == "aws.ses" && (bounced || complained)
}

fn is_tag(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn made(input: &mut Input<'_>) -> Value {
    let word = |input: &mut Input<'_>, words: &[&str]| match input.byte() {
        250.. => json!(input.line()),
        249 => Value::Null,
        byte => json!(words[usize::from(byte) % words.len()]),
    };
    let times = ["2026-11-22T10:15:00Z", PLACEHOLDER, "2026-11-22T11:15:00+01:00"];
    match input.byte() % 6 {
        0 => json!({ "scheduled_time": word(input, &times) }),
        1 => json!({ "detail-type": "Scheduled Event", "time": word(input, &times), "source": "aws.events" }),
        2 => {
            json!({ "rotate-pepper": { "after": i64::from_be_bytes(input.array()) >> (input.byte() & 63) } })
        }
        3 => json!({ "rotate-pepper": { input.line(): input.byte() } }),
        4 => {
            let changes: Vec<_> = (0..input.byte() % 3)
                .map(|_| {
                    json!({
                        "key": word(input, &["0EXAMPLEexampleEXAMPLE", "0EXAMPLE"]),
                        "what": word(input, &["refreshed", "edited", "revoked", "deleted"]),
                        "version": input.byte(),
                        "secret_version": input.byte(),
                    })
                })
                .collect();
            json!({ "after-restore": { "changes": changes } })
        }
        _ => {
            let types = ["Bounce", "Complaint", "Delivery"];
            let tags: Vec<_> = (0..input.byte() % 3)
                .map(|_| word(input, &["00000000000000000000", "ba7816bf8f01cfea4141"]))
                .collect();
            let recipients: Vec<_> =
                (0..input.byte() % 3).map(|_| json!({ "emailAddress": input.line() })).collect();
            json!({ "source": word(input, &["aws.ses"]), "detail-type": "Email Event", "detail": {
                "eventType": word(input, &types),
                "bounce": { "bounceType": word(input, &["Permanent", "Transient", "Undetermined"]), "bouncedRecipients": recipients },
                "complaint": { "complaintFeedbackType": word(input, &["abuse", "not-spam"]), "complainedRecipients": recipients },
                "mail": { "tags": { "account": tags } },
            } })
        }
    }
}
