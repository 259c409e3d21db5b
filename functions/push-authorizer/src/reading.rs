//! What a body of `POST /authorize` asks. Nothing is looked up here.
//!
//! The body is one JSON object of `action`, `package`?, `grant`? and `preflight`?; null is as good as absent. A field given
//! twice is refused and not chosen from: JSON leaves open which of the two counts (RFC 8259, section 4), so whoever looked at
//! the question on its way here may have seen the other one. What nobody knows is refused too. No error repeats a value: a
//! secret may stand in the wrong field.

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use keys::{Action, PackageId};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::question::Question;

/// The largest body that is read, in bytes.
pub const LARGEST: usize = 16 * 1024;
/// How many unknown fields are told of, and how much of the name of each.
const TOLD: usize = 20;
const SHOWN: usize = 64;

/// A question, and the grant it was asked with.
pub struct Asked {
    /// The question.
    pub question: Question,
    /// What is shown in place of a key.
    pub grant: Option<String>,
}

/// Why a body asks nothing.
#[derive(Debug)]
pub enum NoQuestion {
    /// It has more bytes than [`LARGEST`].
    TooLarge(String),
    /// It is no JSON object.
    Unreadable(String),
    /// These fields are not as they must be; there is at least one.
    Fields(Vec<FieldError>),
}

/// What is wrong with one field.
#[derive(Debug, Serialize)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// What is wrong with it, for a person.
    pub message: String,
}

/// Reads a body.
///
/// # Errors
/// A [`NoQuestion`] that names every field at fault.
pub fn read(body: &[u8]) -> Result<Asked, NoQuestion> {
    if body.len() > LARGEST {
        let detail = format!("The body has {} bytes; at most {LARGEST} are read.", body.len());
        return Err(NoQuestion::TooLarge(detail));
    }
    let Sent(given) = serde_json::from_slice(body).map_err(|error: serde_json::Error| {
        NoQuestion::Unreadable(match error.is_data() {
            true => "The body is not a JSON object.".to_owned(),
            false => format!("The body is not JSON (line {}, column {}).", error.line(), error.column()),
        })
    })?;
    let mut fields = Fields { given, errors: Vec::new() };
    if !fields.has("action") {
        fields.fault("action", "is missing");
    }
    let action = fields.parsed::<Action>("action");
    let package = fields.parsed::<PackageId>("package");
    let grant = fields.parsed::<String>("grant");
    let preflight = fields.flag("preflight");
    let Fields { given: unknown, mut errors } = fields;
    errors.extend(unknown.into_iter().take(TOLD).map(|(field, _)| FieldError {
        field: field.chars().take(SHOWN).collect(),
        message: "is not a field of a question".to_owned(),
    }));
    match action {
        Some(action) if errors.is_empty() => {
            Ok(Asked { question: Question { action, package, preflight }, grant })
        }
        _ => Err(NoQuestion::Fields(errors)),
    }
}

/// The fields of a body, taken one by one.
struct Fields {
    given: Vec<(String, Value)>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Whether a field is there, and not null.
    fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, value)| given == name && !value.is_null())
    }

    /// A field that holds text, if it is there and not null.
    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let parsed = match self.take(name)? {
            Value::Null => return None,
            Value::String(text) => text.parse().map_err(|error: T::Err| error.to_string()),
            _ => Err("must be text".to_owned()),
        };
        parsed.map_err(|message| self.fault(name, &message)).ok()
    }

    /// A field that is true or false; false if it is not there.
    fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.fault(name, "must be true or false");
                false
            }
        }
    }

    /// The one value of a field. Of several none counts, and that is told.
    fn take(&mut self, name: &str) -> Option<Value> {
        let mut taken: Vec<_> = self.given.extract_if(.., |(given, _)| given == name).collect();
        if taken.len() > 1 {
            self.fault(name, "is given more than once");
            return None;
        }
        taken.pop().map(|(_, value)| value)
    }

    fn fault(&mut self, field: &str, message: &str) {
        self.errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    }
}

/// An object as it was sent: fields given twice are there twice.
struct Sent(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SentVisitor)
    }
}

struct SentVisitor;

impl<'de> Visitor<'de> for SentVisitor {
    type Value = Sent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Sent, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = object.next_entry()? {
            fields.push(field);
        }
        Ok(Sent(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> String {
        match read(body.as_bytes()) {
            Ok(Asked { question, grant }) => format!("{question:?} {grant:?}"),
            Err(NoQuestion::TooLarge(detail) | NoQuestion::Unreadable(detail)) => detail,
            Err(NoQuestion::Fields(errors)) => {
                let each = errors.iter().map(|error| format!("{} {}", error.field, error.message));
                each.collect::<Vec<_>>().join("; ")
            }
        }
    }

    #[test]
    fn a_field_given_twice_is_refused_by_name_whatever_it_says() {
        for (body, name) in [
            (r#"{"action":"unlist","action":"push"}"#, "action"),
            (r#"{"action":"push","action":"push"}"#, "action"),
            (r#"{"action":"push","action":null}"#, "action"),
            (r#"{"action":"push","act\u0069on":"unlist"}"#, "action"),
            (r#"{"action":"push","package":"Foo","package":"Bar"}"#, "package"),
            (r#"{"action":"push","package":null,"package":"Bar"}"#, "package"),
            (r#"{"action":"push","grant":"a","x":1,"grant":"b"}"#, "grant"),
            (r#"{"action":"push","preflight":true,"preflight":false}"#, "preflight"),
        ] {
            let told = told(body);
            assert!(told.starts_with(&format!("{name} is given more than once")), "{body}: {told}");
        }
    }

    #[test]
    fn a_question_is_read_and_what_is_none_is_told() {
        for (body, expected) in [
            (
                r#"{"action":"push","package":"Foo"}"#,
                r#"Question { action: Push, package: Some(PackageId("Foo")), preflight: false } None"#,
            ),
            (
                r#"{"action":"unlist","grant":"g","package":null,"preflight":true}"#,
                r#"Question { action: Unlist, package: None, preflight: true } Some("g")"#,
            ),
            (r#"{"package":"Foo"}"#, "action is missing"),
            (r#"{"action":null}"#, "action is missing"),
            (r#"{"action":"push","Action":"unlist"}"#, "Action is not a field of a question"),
            (r#"{"action":"push","package":["Foo"]}"#, "package must be text"),
            (r#"{"action":"push","preflight":1}"#, "preflight must be true or false"),
            ("[]", "The body is not a JSON object."),
            ("null", "The body is not a JSON object."),
            ("{", "The body is not JSON (line 1, column 1)."),
            (r#"{"action":"push"}x"#, "The body is not JSON (line 1, column 18)."),
        ] {
            assert_eq!(told(body), expected, "{body}");
        }
    }

    #[test]
    fn a_refusal_is_short_however_much_is_wrong() {
        let many = format!(r#"{{"action":"push"{}}}"#, r#","":0"#.repeat(3000));
        assert_eq!(told(&many).matches("is not a field").count(), TOLD);
        let long = format!(r#"{{"action":"push","{}":1}}"#, "é".repeat(1000));
        assert_eq!(told(&long), format!("{} is not a field of a question", "é".repeat(SHOWN)));
        assert_eq!(told(&" ".repeat(LARGEST + 1)), "The body has 16385 bytes; at most 16384 are read.");
    }
}
