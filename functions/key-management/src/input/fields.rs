use axum::http::{HeaderMap, HeaderName};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{input::Node, problem::Problem};

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The field: `name`, `packages[3]`, `entries[0].owners[1]`, a query parameter, a header, or `body`.
    pub(crate) field: String,
    /// What is wrong with it, for a person.
    pub(crate) message: String,
}

/// A value read, or everything that is wrong with it.
pub(crate) type Reading<T> = Result<T, Vec<FieldError>>;

/// The fields of an object, or the parameters of a query, while they are being read.
pub(crate) struct Fields {
    /// What stands before a field's name: nothing, or `entries[3].`.
    before: String,
    given: Vec<(String, Node)>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
    /// It is no object at all: that its fields are missing need not be said.
    unreadable: bool,
}

/// How many errors one list, or the unknown fields of one object, tell of: a thousand are not mended one by one, and an
/// answer must not be many times as long as what it answers.
pub(crate) const MOST_ERRORS: usize = 20;
/// How much of a name that nobody knows is repeated in an error.
const SHOWN: usize = 64;

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Fields {
    /// The fields of the request itself.
    pub(crate) fn of(node: Node) -> Self {
        Self::within(node, "", "body")
    }

    /// The fields of a part of the request, at `place`.
    pub(crate) fn at(node: Node, place: &str) -> Self {
        Self::within(node, &format!("{place}."), place)
    }

    fn within(node: Node, before: &str, whole: &str) -> Self {
        let mut errors = Vec::new();
        let (given, unreadable) = match node {
            Node::Object(given) => (given, false),
            other => {
                errors
                    .push(FieldError::new(whole, format!("a JSON object is expected, not {}", other.kind())));
                (Vec::new(), true)
            }
        };
        Self { before: before.to_owned(), given, known: Vec::new(), errors, unreadable }
    }

    /// A field that must be there. None only where an error is kept.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Node, &str) -> Reading<T>,
    ) -> Option<T> {
        match self.take(name) {
            Some(node) => self.keep(read(node, &self.place(name))),
            None if self.unreadable => None,
            None => {
                self.refuse(name, "is missing");
                None
            }
        }
    }

    /// A field that may be missing, or null, which is the same.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Node, &str) -> Reading<T>,
    ) -> Option<T> {
        let node = self.take(name).filter(|node| *node != Node::Null)?;
        self.keep(read(node, &self.place(name)))
    }

    /// A text that came with the request beside these fields: a part of the path.
    pub(crate) fn beside<T>(
        &mut self,
        name: &str,
        text: String,
        read: impl FnOnce(Node, &str) -> Reading<T>,
    ) -> Option<T> {
        self.keep(read(Node::Text(text), name))
    }

    /// A header that may be missing.
    pub(crate) fn header<T>(
        &mut self,
        headers: &HeaderMap,
        name: &HeaderName,
        read: impl FnOnce(Node, &str) -> Reading<T>,
    ) -> Option<T> {
        let value = headers.get(name)?;
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.beside(name.as_str(), text, read)
    }

    /// Whether a field is there, and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, node)| given == name && *node != Node::Null)
    }

    /// Whether it is an object at all. If not, that has been told.
    pub(crate) const fn is_readable(&self) -> bool {
        !self.unreadable
    }

    /// Whether nothing was given at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_empty() && !self.unreadable
    }

    /// Refuses a field for something its reader cannot know.
    pub(crate) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        let place = self.place(name);
        self.errors.push(FieldError::new(place, message));
    }

    /// Refuses a field that decides what the others mean: nothing is said of those, unless they were read already.
    pub(crate) fn give_up(&mut self, name: &str, message: impl Into<String>) {
        self.given.clear();
        if !self.unreadable && self.errors.is_empty() {
            self.refuse(name, message);
        }
    }

    /// Whatever else is given is not ours to judge.
    pub(crate) fn ignore_others(&mut self) {
        self.given.clear();
    }

    /// What was read, once every field has been, or everything that is wrong.
    pub(crate) fn done<T>(mut self, built: impl FnOnce() -> Option<T>) -> Reading<T> {
        for (name, _) in std::mem::take(&mut self.given).into_iter().take(MOST_ERRORS) {
            let shown: String = name.chars().take(SHOWN).collect();
            let message = match self.known.as_slice() {
                [] => "is not known here; nothing is".to_owned(),
                known => format!("is not known here; known are {}", known.join(", ")),
            };
            self.refuse(&shown, message);
        }
        match built() {
            Some(built) if self.errors.is_empty() => Ok(built),
            _ => Err(self.errors),
        }
    }

    /// As [`Fields::done`], for the request itself.
    pub(crate) fn finish<T>(self, built: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        self.done(built).map_err(Problem::bad_input)
    }

    fn take(&mut self, name: &'static str) -> Option<Node> {
        self.known.push(name);
        let (mut taken, rest): (Vec<_>, Vec<_>) = self.given.drain(..).partition(|(given, _)| given == name);
        self.given = rest;
        if taken.len() > 1 {
            self.refuse(name, "is given more than once");
        }
        taken.pop().map(|(_, node)| node)
    }

    fn keep<T>(&mut self, reading: Reading<T>) -> Option<T> {
        reading.map_err(|errors| self.errors.extend(errors)).ok()
    }

    fn place(&self, name: &str) -> String {
        format!("{}{name}", self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::read;

    fn fields(json: &str) -> Fields {
        Fields::of(serde_json::from_str(json).unwrap())
    }

    fn told<T>(reading: Reading<T>) -> String {
        let Err(errors) = reading else { return "nothing".to_owned() };
        errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut fields = fields(r#"{"a":1,"b":null,"c":"x","c":"y","z":0,"name":"n"}"#);
        let a = fields.required("a", read::flag);
        let b = fields.required("b", read::flag);
        let c = fields.optional("c", read::flag);
        let d = fields.required("d", read::flag);
        let e = fields.optional("e", read::flag);
        insta::assert_snapshot!(told(fields.done(|| Some((a?, b?, c, d?, e)))), @r"
        a: true or false is expected, not a number
        b: true or false is expected, not null
        c: is given more than once
        c: true or false is expected, not a text
        d: is missing
        z: is not known here; known are a, b, c, d, e
        name: is not known here; known are a, b, c, d, e
        ");
    }

    #[test]
    fn what_is_no_object_is_told_once() {
        for (json, kind) in [("[]", "a list"), ("null", "null"), ("7", "a number"), ("\"x\"", "a text")] {
            let mut fields = fields(json);
            let a = fields.required("a", read::flag);
            assert_eq!(told(fields.done(|| a)), format!("body: a JSON object is expected, not {kind}"));
        }
    }

    #[test]
    fn many_unknown_names_are_told_in_part() {
        let many = format!(r#"{{{}"z":0}}"#, r#""":0,"#.repeat(50_000));
        assert_eq!(fields(&many).done(|| Some(())).unwrap_err().len(), MOST_ERRORS);
    }

    #[test]
    fn a_long_unknown_name_is_cut() {
        let error = told(fields(&format!(r#"{{"{}":1}}"#, "é".repeat(1000))).done(|| Some(())));
        assert!(error.starts_with(&format!("{}: is not known", "é".repeat(64))), "{error}");
    }
}
