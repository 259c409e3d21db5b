//! The asking door: `POST /authorize`.
//!
//! In goes `{"action", "package"?, "grant"?, "preflight"?}`, with the key in `X-NuGet-ApiKey` or `Authorization: Bearer`
//! where there is no grant. Out comes the decision: 200 allow, 401 where nothing was sent to show, 403 deny; 400 for a
//! question that is none, as a problem (RFC 9457) that names the fields; 503 for our own trouble.

use std::collections::BTreeMap;

use keys::{Action, Decision};
use serde::{Deserialize, Serialize};

use crate::{
    answer::Answer,
    authorizer::{Authorizer, Proof},
    event::Event,
    question::Question,
};

/// The largest body that is read, in bytes.
const LARGEST: usize = 16 * 1024;

/// What API Gateway's Lambda proxy integration sends on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    headers: BTreeMap<&'static str, &'static str>,
    body: String,
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    action: String,
    package: Option<String>,
    grant: Option<String>,
    #[serde(default)]
    preflight: bool,
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
    field: &'static str,
    message: String,
}

impl Authorizer {
    pub(crate) async fn asked(&self, event: &Event) -> Response {
        let (asked, question) = match question(event) {
            Ok(read) => read,
            Err(problem) => return problem.response(),
        };
        let proof = match &asked.grant {
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
                respond(status, "application/json", &decided)
            }
            Err(fault) => {
                tracing::error!(fault = 1, door = "ask", action = question.action.as_str(), error = %fault, "could not decide");
                let detail = "Nothing is decided, so nothing is allowed. Ask again.".to_owned();
                Problem { title: "The authorizer could not decide", status: 503, detail, errors: Vec::new() }
                    .response()
            }
        }
    }
}

fn question(event: &Event) -> Result<(Asked, Question), Problem> {
    let body = event
        .body()
        .ok_or_else(|| Problem::bad("The body is not the base64 it is said to be.", Vec::new()))?;
    if body.len() > LARGEST {
        let detail = format!("The body has {} bytes; at most {LARGEST} are read.", body.len());
        return Err(Problem { title: "Too large", status: 413, detail, errors: Vec::new() });
    }
    // serde's messages name fields, types and places; for this shape they repeat no value but a wrong type's own.
    let asked: Asked =
        serde_json::from_slice(&body).map_err(|error| Problem::bad(&unread(&error), Vec::new()))?;
    let mut errors = Vec::new();
    let mut fault = |field, message: String| errors.push(FieldError { field, message });
    let action: Option<Action> =
        asked.action.parse().map_err(|error: keys::UnknownAction| fault("action", error.to_string())).ok();
    let package = asked.package.as_deref().map(str::parse).transpose();
    let package = package.map_err(|error: keys::PackageIdError| fault("package", error.to_string())).ok();
    match (action, package) {
        (Some(action), Some(package)) => {
            let question = Question { action, package, preflight: asked.preflight };
            Ok((asked, question))
        }
        _ => Err(Problem::bad("Some fields are not as they must be.", errors)),
    }
}

/// What is wrong with a body, without repeating any of it: a secret may stand in the wrong field.
fn unread(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => format!(
            "The body is not a question: an object with action, and perhaps package, grant and preflight, and nothing \
             else (line {line}, column {column})."
        ),
        _ => format!("The body is not JSON (line {line}, column {column})."),
    }
}

fn decided(answer: &Answer) -> (u16, Decided<'_>) {
    let key = answer.key.as_ref();
    let (status, decision, reason, package_state) = match &answer.decision {
        Decision::Allow(allowed) => (200, "allow", None, allowed.package_state),
        Decision::Deny(keys::Denial::Missing) => (401, "deny", Some("missing"), None),
        Decision::Deny(denial) => (403, "deny", Some(denial.reason()), None),
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
    fn bad(detail: &str, errors: Vec<FieldError>) -> Self {
        Self { title: "Bad request", status: 400, detail: detail.to_owned(), errors }
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
