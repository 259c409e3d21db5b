//! The asking door: `POST /authorize`.
//!
//! In goes `{"action", "package"?, "grant"?, "preflight"?}`, with the key in `X-NuGet-ApiKey` or `Authorization: Bearer`
//! where there is no grant (beside a grant, a key is not looked at). Out comes the decision: 200 allow, 401 where nothing was sent to show, 403 deny; 400 for a
//! question that is none, as a problem (RFC 9457) that names the fields; 503 for our own trouble.

use std::collections::BTreeMap;

use keys::{Decision, Reason};
use metrics::Door;
use serde::Serialize;

use crate::{
    answer::Answer,
    authorizer::{Authorizer, Proof},
    event::Event,
    question::Question,
    reading::{self, Asked, FieldError, NoQuestion},
};

/// What API Gateway's Lambda proxy integration sends on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    headers: BTreeMap<&'static str, &'static str>,
    body: String,
    is_base64_encoded: bool,
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
            Ok(answer) => self.told(&question, &answer),
            Err(fault) => {
                self.failed(Door::Authorize, &fault);
                tracing::error!(door = "ask", action = question.action.as_str(), error = %fault, "could not decide");
                let detail = "Nothing is decided, so nothing is allowed. Ask again.".to_owned();
                Problem { title: "The authorizer could not decide", status: 503, detail, errors: Vec::new() }
                    .response()
            }
        }
    }

    /// What goes out and into the log of an answer that is found.
    fn told(&self, question: &Question, answer: &Answer) -> Response {
        let (status, decided) = decided(answer);
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
}

fn asked(event: &Event) -> Result<Asked, Problem> {
    let body = event
        .body()
        .ok_or_else(|| Problem::bad("The body is not the base64 it is said to be.".to_owned()))?;
    reading::read(&body).map_err(Problem::of)
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

    fn of(no: NoQuestion) -> Self {
        match no {
            NoQuestion::TooLarge(detail) => {
                Self { title: "Too large", status: 413, detail, errors: Vec::new() }
            }
            NoQuestion::Unreadable(detail) => Self::bad(detail),
            NoQuestion::Fields(errors) => {
                Self { errors, ..Self::bad("Some fields are not as they must be.".to_owned()) }
            }
        }
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
