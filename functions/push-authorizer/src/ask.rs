//! The asking door: `POST /authorize`.
//!
//! In goes `{"action", "package"?, "grant"?, "preflight"?}`, with the key in `X-NuGet-ApiKey` or `Authorization: Bearer`
//! where there is no grant (beside a grant, a key is not looked at). Out comes the decision: 200 allow, 401 where nothing was sent to show, 403 deny; 400 for a
//! question that is none, as a problem (RFC 9457) that names the fields; 503 for our own trouble.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    str::FromStr,
};

use keys::{Action, Decision, PackageId, Reason};
use metrics::Door;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{
    answer::Answer,
    authorizer::{Authorizer, Proof},
    event::Event,
    question::Question,
};

/// The largest body that is read, in bytes.
const LARGEST: usize = 16 * 1024;

/// What API Gateway's Lambda proxy integration sends on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    headers: BTreeMap<&'static str, &'static str>,
    body: String,
    is_base64_encoded: bool,
}

/// A question, and the grant it was asked with.
struct Asked {
    question: Question,
    grant: Option<String>,
}

#[derive(Serialize)]
struct Decided<'a> {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<&'a str>,
}

#[derive(Serialize)]
struct Problem {
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

#[derive(Serialize)]
struct FieldError {
    field: String,
    message: String,
}

impl Authorizer {
    pub(crate) async fn asked(&self, event: &Event) -> Response {
        let Asked { question, grant } = match asked(event) {
            Ok(asked) => asked,
            Err(problem) => {
                tracing::info!(door = "ask", status = problem.status, "not a question");
                return problem.response();
            }
        };
        let proof = match &grant {
            Some(grant) => Proof::Grant(grant),
            None => Proof::Key(event.credential()),
        };
        match self.answer(proof, &question).await {
            Ok(answer) => {
                let (status, decided) = decided(&answer);
                tracing::info!(
                    door = "ask",
                    action = question.action.as_str(),
                    package = question.package.as_ref().map(tracing::field::display),
                    preflight = question.preflight,
                    decision = decided.decision,
                    reason = decided.reason,
                    key_id = decided.key_id,
                    "decided"
                );
                self.answered(Door::Authorize, &answer.decision);
                respond(status, "application/json", &decided)
            }
            Err(fault) => {
                self.failed(Door::Authorize, &fault);
                tracing::error!(door = "ask", action = question.action.as_str(), error = %fault, "could not decide");
                let detail = "Nothing is decided, so nothing is allowed. Ask again.".to_owned();
                Problem { title: "The authorizer could not decide", status: 503, detail, errors: Vec::new() }
                    .response()
            }
        }
    }
}

fn asked(event: &Event) -> Result<Asked, Problem> {
    let body = event
        .body()
        .ok_or_else(|| Problem::bad("The body is not the base64 it is said to be.".to_owned()))?;
    if body.len() > LARGEST {
        let detail = format!("The body has {} bytes; at most {LARGEST} are read.", body.len());
        return Err(Problem { title: "Too large", status: 413, detail, errors: Vec::new() });
    }
    let no_json = |error: serde_json::Error| {
        Problem::bad(format!("The body is not JSON (line {}, column {}).", error.line(), error.column()))
    };
    let Value::Object(fields) = serde_json::from_slice(&body).map_err(no_json)? else {
        return Err(Problem::bad("The body is not a JSON object.".to_owned()));
    };
    let mut fields = Fields { body: fields, errors: Vec::new() };
    let Names(mut names) = serde_json::from_slice(&body).map_err(no_json)?;
    names.sort_unstable();
    // Whoever has read it on the way may have taken the other one.
    for twice in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        fields.fault(&twice[0], "is given more than once".to_owned());
    }
    if fields.body.get("action").is_none_or(Value::is_null) {
        fields.fault("action", "is missing".to_owned());
    }
    let action = fields.parsed::<Action>("action");
    let package = fields.parsed::<PackageId>("package");
    let grant = fields.parsed::<String>("grant");
    let preflight = fields.flag("preflight");
    let Fields { body: unknown, mut errors } = fields;
    errors.extend(
        unknown
            .into_iter()
            .map(|(field, _)| FieldError { field, message: "is not a field of a question".to_owned() }),
    );
    match action {
        Some(action) if errors.is_empty() => {
            Ok(Asked { question: Question { action, package, preflight }, grant })
        }
        _ => Err(Problem { errors, ..Problem::bad("Some fields are not as they must be.".to_owned()) }),
    }
}

/// The names of an object's fields, as often as they stand there.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyNames)
    }
}

struct AnyNames;

impl<'de> Visitor<'de> for AnyNames {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
            names.push(name);
        }
        Ok(Names(names))
    }
}

/// The fields of a body, taken one by one. No error repeats a value: a secret may stand in the wrong field.
struct Fields {
    body: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// A field that holds text, if it is there and not null.
    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let parsed = match self.body.remove(name)? {
            Value::Null => return None,
            Value::String(text) => text.parse().map_err(|error: T::Err| error.to_string()),
            _ => Err("must be text".to_owned()),
        };
        parsed.map_err(|message| self.fault(name, message)).ok()
    }

    /// A field that is true or false; false if it is not there.
    fn flag(&mut self, name: &str) -> bool {
        match self.body.remove(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.fault(name, "must be true or false".to_owned());
                false
            }
        }
    }

    fn fault(&mut self, field: &str, message: String) {
        self.errors.push(FieldError { field: field.to_owned(), message });
    }
}
fn decided(answer: &Answer) -> (u16, Decided<'_>) {
    let key = answer.key.as_ref();
    let (status, decision, reason, package_state) = match &answer.decision {
        Decision::Allow(allowed) => (200, "allow", None, allowed.package_state),
        Decision::Deny(denial) => {
            let status = if denial.reason() == Reason::Missing { 401 } else { 403 };
            (status, "deny", Some(denial.reason().as_str()), None)
        }
    };
    let decided = Decided {
        decision,
        reason,
        message: &answer.message,
        key_id: key.map(|key| key.id.to_string()),
        holder: key.map(|key| key.holder.as_str()),
        owner: key.map(|key| key.owner.as_str()),
        package_state: package_state.map(keys::PackageState::as_str),
        warning: answer.warning.as_deref(),
        grant: answer.grant.as_deref(),
    };
    (status, decided)
}

impl Problem {
    fn bad(detail: String) -> Self {
        Self { title: "Bad request", status: 400, detail, errors: Vec::new() }
    }

    fn response(&self) -> Response {
        respond(self.status, "application/problem+json", self)
    }
}

fn respond(status: u16, content_type: &'static str, body: &impl Serialize) -> Response {
    let mut headers = BTreeMap::from([("Content-Type", content_type), ("Cache-Control", "no-store")]);
    if status == 401 {
        headers.insert("WWW-Authenticate", "Bearer");
    }
    // These shapes have string keys and no floats: serde_json writes them all.
    let body = serde_json::to_string(body).unwrap_or_default();
    Response { status_code: status, headers, body, is_base64_encoded: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lists_every_reason() {
        let document = include_str!("../openapi.yaml");
        let listed = document.split_once("enum: [missing").and_then(|(_, rest)| rest.split_once(']'));
        let listed = listed.map(|(rest, _)| format!("missing{rest}")).unwrap();
        let listed: Vec<&str> = listed.split(',').map(str::trim).collect();
        assert_eq!(listed, Reason::ALL.map(Reason::as_str));
    }
}
