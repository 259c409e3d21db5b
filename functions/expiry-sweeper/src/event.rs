use chrono::{DateTime, Utc};
use keyring::Undone;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::feedback::{Detail, Feedback};

/// What the function is asked to do.
///
/// | event | sent by | JSON |
/// | --- | --- | --- |
/// | [`Scheduled`](Event::Scheduled) | EventBridge Scheduler | `{"scheduled_time": "<aws.scheduler.scheduled-time>"}` |
/// | | an EventBridge rule with a schedule | the envelope with `detail-type` `Scheduled Event`; its `time` |
/// | [`Feedback`](Event::Feedback) | SES, through an EventBridge rule | the envelope with `source` `aws.ses` |
/// | [`RotatePepper`](Event::RotatePepper) | an operator | `{"rotate-pepper": {"after": 1}}` |
/// | [`AfterRestore`](Event::AfterRestore) | an operator | `{"after-restore": {"changes": [{"key", "what", "version", "secret_version"}]}}` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Tell what is due at this time, and deliver what waits.
    Scheduled(ScheduledTime),
    /// A mail came back for good, or was called unwanted.
    Feedback(Feedback),
    /// Make the pepper after this version, which is the newest; 0 where there is none yet. Naming it makes a repeated
    /// event do nothing.
    RotatePepper {
        /// The version.
        after: u32,
    },
    /// The table was restored to a moment before these changes: end again what they had ended.
    AfterRestore(Vec<Undone>),
    /// Something that was sent along and asks for nothing; it says why.
    Nothing(&'static str),
}

/// When a run was to be. What is due is measured at this time, however late the event comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduledTime {
    /// Then.
    At(DateTime<Utc>),
    /// The schedule sent its placeholder as it stands, which is what emulators do.
    Unknown,
}

/// Why a JSON is no event of this function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is none of the shapes.
    #[error(
        "expected scheduled_time, an EventBridge envelope (Scheduled Event, aws.ses), rotate-pepper or after-restore"
    )]
    Shape,
    /// The time is none.
    #[error("the scheduled time is not a time as RFC 3339 has it")]
    Time,
    /// An event of SES that is not as SES writes it.
    #[error("the event of SES cannot be read")]
    Feedback,
    /// The version is none.
    #[error("rotate-pepper takes {{\"after\": <version of the newest pepper, 0 if there is none>}}")]
    Rotation,
    /// The changes are none, or too many for one event.
    #[error(
        "after-restore takes {{\"changes\": [..]}}, at most {MOST_CHANGES}; infra/after-restore makes such events"
    )]
    Restore,
}

/// How many changes one event may name: they are done with long before the function's time is over.
const MOST_CHANGES: usize = 1000;

/// What EventBridge Scheduler puts the time in place of.
const PLACEHOLDER: &str = "<aws.scheduler.scheduled-time>";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    after: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    changes: Vec<Change>,
}

/// What a line of the log says of a change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    key: String,
    what: String,
    version: u32,
    secret_version: u32,
}

impl Change {
    fn read(&self) -> Option<Undone> {
        let (key, what) = (self.key.parse().ok()?, self.what.parse().ok()?);
        Some(Undone { key, what, version: self.version, secret_version: self.secret_version })
    }
}

impl TryFrom<Value> for Event {
    type Error = EventError;

    fn try_from(event: Value) -> Result<Self, EventError> {
        let Value::Object(mut event) = event else { return Err(EventError::Shape) };
        if let Some(time) = event.get("scheduled_time") {
            return Ok(Self::Scheduled(scheduled(time)?));
        }
        if let Some(rotation) = event.remove("rotate-pepper") {
            let rotation: Rotation = serde_json::from_value(rotation).map_err(|_| EventError::Rotation)?;
            return Ok(Self::RotatePepper { after: rotation.after });
        }
        if let Some(restore) = event.remove("after-restore") {
            let restore: Restore = serde_json::from_value(restore).map_err(|_| EventError::Restore)?;
            let changes = restore.changes.iter().map(Change::read).collect::<Option<Vec<_>>>();
            let changes = changes.filter(|changes| changes.len() <= MOST_CHANGES);
            return changes.map(Self::AfterRestore).ok_or(EventError::Restore);
        }
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        match (text("source"), text("detail-type")) {
            (_, Some("Scheduled Event")) => {
                Ok(Self::Scheduled(scheduled(event.get("time").unwrap_or(&Value::Null))?))
            }
            (Some("aws.ses"), _) => {
                let detail = event.remove("detail").unwrap_or_default();
                let detail: Detail = serde_json::from_value(detail).map_err(|_| EventError::Feedback)?;
                Ok(detail.read()?.map_or_else(Self::Nothing, Self::Feedback))
            }
            _ => Err(EventError::Shape),
        }
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

fn scheduled(time: &Value) -> Result<ScheduledTime, EventError> {
    match time.as_str() {
        Some(PLACEHOLDER) => Ok(ScheduledTime::Unknown),
        Some(time) => DateTime::parse_from_rfc3339(time)
            .map(|time| ScheduledTime::At(time.with_timezone(&Utc)))
            .map_err(|_| EventError::Time),
        None => Err(EventError::Time),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: Value) -> Result<Event, EventError> {
        event.try_into()
    }

    fn ses(detail: &Value) -> Result<Event, EventError> {
        read(json!({ "source": "aws.ses", "detail-type": "Email Bounced", "detail": detail }))
    }

    #[test]
    fn a_schedule_says_its_time_in_one_of_two_ways() {
        let at = Ok(Event::Scheduled(ScheduledTime::At("2026-11-22T10:15:00Z".parse().unwrap())));
        assert_eq!(read(json!({ "scheduled_time": "2026-11-22T10:15:00Z" })), at);
        assert_eq!(read(json!({ "scheduled_time": "2026-11-22T11:15:00+01:00" })), at);
        let envelope = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-11-22T10:15:00Z", "detail": {} });
        assert_eq!(read(envelope), at);
        assert_eq!(
            read(json!({ "scheduled_time": "<aws.scheduler.scheduled-time>" })),
            Ok(Event::Scheduled(ScheduledTime::Unknown))
        );
    }

    #[test]
    fn only_what_will_not_arrive_again_is_feedback() {
        let mail = json!({ "tags": { "account": ["ba7816bf8f01cfea4141"], "kind": ["expiring"] } });
        let recipients = json!([{ "emailAddress": "ada@example.org" }]);
        let bounce = |kind: &str| json!({ "eventType": "Bounce", "bounce": { "bounceType": kind, "bouncedRecipients": recipients }, "mail": mail });
        let complaint = |kind: Value| json!({ "eventType": "Complaint", "complaint": { "complainedRecipients": recipients, "complaintFeedbackType": kind }, "mail": mail });
        for marks in [bounce("Permanent"), complaint(Value::Null), complaint("abuse".into())] {
            assert!(matches!(ses(&marks), Ok(Event::Feedback(_))), "{marks}");
        }
        let mut of_another = bounce("Permanent");
        of_another["mail"] = json!({ "tags": {} });
        let delivery = json!({ "eventType": "Delivery", "mail": mail });
        for ignored in
            [bounce("Transient"), bounce("Undetermined"), complaint("not-spam".into()), of_another, delivery]
        {
            assert!(matches!(ses(&ignored), Ok(Event::Nothing(_))), "{ignored}");
        }
        let mut forged = bounce("Permanent");
        forged["mail"]["tags"]["account"] = json!(["everybody"]);
        for bad in [forged, json!({ "eventType": "Bounce", "mail": mail }), json!({}), Value::Null] {
            assert_eq!(ses(&bad), Err(EventError::Feedback), "{bad}");
        }
    }

    #[test]
    fn a_rotation_names_the_newest_pepper() {
        assert_eq!(read(json!({ "rotate-pepper": { "after": 3 } })), Ok(Event::RotatePepper { after: 3 }));
        for bad in [json!(true), json!({}), json!({ "after": -1 }), json!({ "after": 1, "force": true })] {
            assert_eq!(read(json!({ "rotate-pepper": bad })), Err(EventError::Rotation));
        }
    }

    #[test]
    fn what_a_restore_undid_is_named_key_by_key() {
        let change =
            json!({ "key": "0EXAMPLEexampleEXAMPLE", "what": "revoked", "version": 3, "secret_version": 1 });
        let restore = |changes: Value| read(json!({ "after-restore": { "changes": changes } }));
        let undone = Undone {
            key: "0EXAMPLEexampleEXAMPLE".parse().unwrap(),
            what: keyring::Ending::Revoked,
            version: 3,
            secret_version: 1,
        };
        assert_eq!(restore(json!([change])), Ok(Event::AfterRestore(vec![undone])));
        assert_eq!(restore(json!([])), Ok(Event::AfterRestore(Vec::new())));
        let mut bad: Vec<Value> =
            vec![json!({}), json!("all"), json!(vec![change.clone(); MOST_CHANGES + 1])];
        for (field, value) in
            [("key", json!("no id")), ("what", json!("created")), ("version", json!(-1)), ("more", json!(1))]
        {
            let mut change = change.clone();
            change[field] = value;
            bad.push(json!([change]));
        }
        for bad in bad {
            assert_eq!(restore(bad.clone()), Err(EventError::Restore), "{bad}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            json!(null),
            json!([]),
            json!({}),
            json!({ "source": "aws.s3", "detail-type": "Object Created" }),
        ] {
            assert_eq!(read(bad), Err(EventError::Shape));
        }
        for bad in [json!("tomorrow"), json!(1), json!(null)] {
            assert_eq!(read(json!({ "scheduled_time": bad })), Err(EventError::Time));
        }
    }
}
