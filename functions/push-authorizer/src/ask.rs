//! The asking door: `/authorize`.
//!
//! In goes `{"action", "package"?, "grant"?, "preflight"?}` by POST, with the key in `X-NuGet-ApiKey` or `Authorization: Bearer`
//! where there is no grant (beside a grant, a key is not looked at). Out comes the decision: 200 allow, 401 where nothing was
//! sent to show, 403 deny; 400 for a question that is none, as a problem (RFC 9457) that names the fields; 503 for our own
//! trouble. The decision stands in headers too ([`told`]). A reverse proxy asks in headers ([`forward_auth`]) and gets the
//! same, but that a request which asks nothing of a key is 403: whoever sends it chooses its address, and a 400 is for what
//! the proxy itself gets wrong.

use std::{borrow::Cow, collections::BTreeMap};

use keys::{Decision, Denial, Pattern, Reason};
use metrics::Door;
use serde::Serialize;

use crate::{
    answer::Answer,
    authorizer::{Authorizer, Proof},
    event::Event,
    forward_auth::{self, Original},
    original::{self, NoPush},
    question::Question,
    reading::{self, Asked, FieldError, NoQuestion},
    told::{self, Told},
};

/// What API Gateway's Lambda proxy integration sends on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    headers: BTreeMap<&'static str, Cow<'static, str>>,
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
    pattern: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
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
    #[serde(skip)]
    headers: Vec<Told>,
}

impl Authorizer {
    pub(crate) async fn asked(&self, event: &Event) -> Response {
        let (Asked { question, grant }, by_proxy) = match asked(event) {
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
                let response = self.told(&question, &answer);
                if by_proxy { response.with(told::to_proxy(&answer)) } else { response }
            }
            Err(fault) => {
                self.failed(Door::Authorize, &fault);
                tracing::error!(door = "ask", action = question.action.as_str(), error = %fault, "could not decide");
                let detail = "Nothing is decided, so nothing is allowed. Ask again.".to_owned();
                Problem::new("The authorizer could not decide", 503, detail).response()
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
        respond(status, "application/json", &decided).with(told::headers(answer, question.action))
    }
}

/// What an event asks, and whether a reverse proxy asks it.
fn asked(event: &Event) -> Result<(Asked, bool), Problem> {
    let original = event.original().map_err(|unclear| Problem::bad(unclear.to_string()))?;
    let body = event
        .body()
        .ok_or_else(|| Problem::bad("The body is not the base64 it is said to be.".to_owned()))?;
    match original {
        Some(_) if !body.is_empty() => {
            Err(Problem::bad("What is asked in headers is asked without a body.".to_owned()))
        }
        Some(Original { method, target }) => {
            let question = original::read(method, target).map_err(Problem::of_request)?;
            Ok((Asked { question, grant: None }, true))
        }
        None if event.route().0 != "POST" => {
            Err(Problem::bad(format!("{} Or ask by POST.", forward_auth::Unclear)))
        }
        None => Ok((reading::read(&body).map_err(Problem::of)?, false)),
    }
}

fn decided(answer: &Answer) -> (u16, Decided<'_>) {
    let key = answer.key.as_ref();
    let told = Decided {
        decision: "allow",
        reason: None,
        message: &answer.message,
        key_id: key.map(|key| key.id.to_string()),
        holder: key.map(|key| key.holder.as_str()),
        owner: key.map(|key| key.owner.as_str()),
        package_state: None,
        pattern: None,
        nearest: None,
        days_left: answer.days_left,
        warning: answer.warning.as_deref(),
        advice: answer.advice.as_deref(),
        grant: answer.grant.as_deref(),
    };
    match &answer.decision {
        Decision::Allow(allowed) => {
            let pattern = allowed.pattern.as_ref().map(Pattern::as_str);
            let package_state = allowed.package_state.map(keys::PackageState::as_str);
            (200, Decided { pattern, package_state, ..told })
        }
        Decision::Deny(denial) => {
            let nearest = match denial {
                Denial::PackageNotCovered { nearest, .. } => nearest.as_ref().map(Pattern::as_str),
                _ => None,
            };
            let status = if denial.reason() == Reason::Missing { 401 } else { 403 };
            (status, Decided { decision: "deny", reason: Some(denial.reason().as_str()), nearest, ..told })
        }
    }
}

impl Problem {
    const fn new(title: &'static str, status: u16, detail: String) -> Self {
        Self { title, status, detail, errors: Vec::new(), headers: Vec::new() }
    }

    const fn bad(detail: String) -> Self {
        Self::new("Bad request", 400, detail)
    }

    fn of(no: NoQuestion) -> Self {
        match no {
            NoQuestion::TooLarge(detail) => Self::new("Too large", 413, detail),
            NoQuestion::Unreadable(detail) => Self::bad(detail),
            NoQuestion::Fields(errors) => {
                Self { errors, ..Self::bad("Some fields are not as they must be.".to_owned()) }
            }
        }
    }

    fn of_request(no: NoPush) -> Self {
        let detail = format!("Refused: {no}.");
        let headers = told::of_no_push(no, &detail);
        Self { headers, ..Self::new("Not a push", 403, detail) }
    }

    fn response(self) -> Response {
        respond(self.status, "application/problem+json", &self).with(self.headers)
    }
}

impl Response {
    fn with(mut self, headers: Vec<Told>) -> Self {
        self.headers.extend(headers.into_iter().map(|(name, value)| (name, value.into())));
        self
    }
}

fn respond(status: u16, content_type: &'static str, body: &impl Serialize) -> Response {
    let mut headers =
        BTreeMap::from([("Content-Type", content_type.into()), ("Cache-Control", "no-store".into())]);
    if status == 401 {
        headers.insert("WWW-Authenticate", "Bearer".into());
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
