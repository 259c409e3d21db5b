use std::fmt::Display;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use keyring::{ChangeError, CreateError, DirectoryError, Fault, ImportError};
use metrics::Cause;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::FieldError;

/// Why a request is refused: what the client is told, and apart from it what only the log is told.
#[derive(Debug)]
pub(crate) struct Problem {
    reason: Reason,
    detail: String,
    errors: Vec<FieldError>,
    incident: Option<Incident>,
}

/// Our own trouble, told in the log only. The id stands in both places.
#[derive(Debug, Clone)]
pub(crate) struct Incident {
    pub(crate) id: String,
    /// In words.
    pub(crate) cause: String,
    /// As it is counted.
    pub(crate) of: Cause,
}

/// The kinds of problem. Each has a status and a name that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Something in the request is not as documented.
    BadInput,
    /// The caller is neither person nor gallery.
    NotSignedIn,
    /// No key was shown where one is to be.
    MissingKey,
    /// What was shown opens no key.
    NoSuchKey,
    /// A route was called by somebody that it is not for: a person's by the gallery, or the other way round.
    OtherCaller,
    AccountLocked,
    NotAMember,
    NotAnAdmin,
    NotTheHolder,
    /// Nobody who may report leaks.
    UnknownReporter,
    /// Organizations hold no keys.
    NotAUser,
    /// Its holder did not allow the key to refresh itself.
    SelfRefreshNotAllowed,
    UnknownKey,
    /// The package is none of theirs, or there is none.
    UnknownPackage,
    UnknownRoute,
    MethodNotAllowed,
    /// The key's status, kind or policy does not allow it.
    NotNow,
    /// Somebody else was faster.
    Conflict,
    /// The `Idempotency-Key` stands for another request, or for a key deleted since.
    IdempotencyKeyUsed,
    /// The directory holds something that this contradicts.
    DirectoryConflict,
    /// A legacy key cannot be told from one that is here already.
    LegacyKeyConflict,
    /// As many keys are barred from the package as can be.
    TooManyBars,
    /// The `If-Match` version is not the key's.
    OtherVersion,
    TooLarge,
    /// Our fault; trying again will not help.
    Fault,
    /// Our trouble; trying again may help.
    Unavailable,
}

impl Reason {
    const fn status(self) -> StatusCode {
        match self {
            Self::BadInput => StatusCode::BAD_REQUEST,
            Self::NotSignedIn | Self::MissingKey => StatusCode::UNAUTHORIZED,
            Self::OtherCaller
            | Self::NoSuchKey
            | Self::AccountLocked
            | Self::NotAMember
            | Self::NotAnAdmin
            | Self::NotTheHolder
            | Self::UnknownReporter
            | Self::SelfRefreshNotAllowed
            | Self::NotAUser => StatusCode::FORBIDDEN,
            Self::UnknownKey | Self::UnknownPackage | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotNow
            | Self::Conflict
            | Self::IdempotencyKeyUsed
            | Self::DirectoryConflict
            | Self::LegacyKeyConflict
            | Self::TooManyBars => StatusCode::CONFLICT,
            Self::OtherVersion => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::BadInput => "bad_input",
            Self::NotSignedIn => "not_signed_in",
            // As `POST /authorize` says it.
            Self::MissingKey => "missing",
            Self::NoSuchKey => "unknown",
            Self::OtherCaller => "other_caller",
            Self::AccountLocked => "account_locked",
            Self::NotAMember => "not_a_member",
            Self::NotAnAdmin => "not_an_admin",
            Self::NotTheHolder => "not_the_holder",
            Self::UnknownReporter => "unknown_reporter",
            Self::NotAUser => "not_a_user",
            Self::SelfRefreshNotAllowed => "self_refresh_not_allowed",
            Self::UnknownKey => "unknown_key",
            Self::UnknownPackage => "unknown_package",
            Self::UnknownRoute => "unknown_route",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotNow => "not_now",
            Self::Conflict => "conflict",
            Self::IdempotencyKeyUsed => "idempotency_key_used",
            Self::DirectoryConflict => "directory_conflict",
            Self::LegacyKeyConflict => "legacy_key_conflict",
            Self::TooManyBars => "too_many_bars",
            Self::OtherVersion => "other_version",
            Self::TooLarge => "too_large",
            Self::Fault => "fault",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A problem (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Always `about:blank`: the title is the status's, and `reason` tells more.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// What kind of problem it is, in a word that never changes.
    reason: &'static str,
    /// What is wrong, for a person.
    detail: String,
    /// What is wrong with the input, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// Under which name our log tells more, where the fault is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    incident: Option<String>,
}

impl Problem {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), errors: Vec::new(), incident: None }
    }

    /// What an error says, as a sentence.
    pub(crate) fn of_error(reason: Reason, error: &impl Display) -> Self {
        Self::new(reason, sentence(&error.to_string()))
    }

    /// Bad input: everything that is wrong with it.
    pub(crate) fn bad_input(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} things are wrong with this request; nothing was changed.", several.len()),
        };
        Self { reason: Reason::BadInput, detail, errors, incident: None }
    }

    /// Our own trouble: what caused it goes into the log, and the answer names the place there.
    pub(crate) fn trouble(reason: Reason, cause: String, of: Cause) -> Self {
        let detail = match reason {
            Reason::Unavailable => "Something we depend on did not answer. Try again in a moment.",
            _ => "The fault is ours. It is in our log under this incident.",
        };
        let mut random = [0; 8];
        // An incident without a number of its own is still told.
        let _ = getrandom::fill(&mut random);
        let id = format!("{:016x}", u64::from_be_bytes(random));
        Self { incident: Some(Incident { id, cause, of }), ..Self::new(reason, detail) }
    }

    /// Names the field of the request that the problem is about.
    pub(crate) fn about(mut self, field: &str) -> Self {
        self.errors = vec![FieldError::new(field, self.detail.clone())];
        self
    }

    /// The status of a fault, and what the log is told: for where it is answered in other words.
    pub(crate) fn into_trouble(self) -> (StatusCode, Option<Incident>) {
        (self.reason.status(), self.incident)
    }

    pub(crate) const fn reason(&self) -> Reason {
        self.reason
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong with the input, field by field.
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// A change that somebody else was faster than, where the request had named the version it is for.
    pub(crate) fn of_change(error: ChangeError, version_named: bool) -> Self {
        match error {
            ChangeError::Conflict if version_named => other_version(),
            error => error.into(),
        }
    }
}

pub(crate) fn other_version() -> Problem {
    Problem::new(Reason::OtherVersion, "The key has changed since this version. Look at it again.")
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let reason = match fault {
            Fault::Call { .. } | Fault::Busy { .. } | Fault::Overtaken(_) => Reason::Unavailable,
            Fault::Item { .. } | Fault::Pepper(_) | Fault::Random(_) => Reason::Fault,
        };
        Self::trouble(reason, fault.to_string(), (&fault).into())
    }
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        let reason = match error {
            CreateError::Fault(fault) => return fault.into(),
            CreateError::Locked(_) => Reason::AccountLocked,
            CreateError::NotAMember(_) => Reason::NotAMember,
            CreateError::NotAUser(_) => Reason::NotAUser,
            CreateError::OtherRequest | CreateError::DeletedSince => Reason::IdempotencyKeyUsed,
        };
        let problem = Self::new(reason, sentence(&error.to_string()));
        match reason {
            Reason::NotAMember => problem.about("owner"),
            Reason::IdempotencyKeyUsed => problem.about("idempotency-key"),
            _ => problem,
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let reason = match error {
            ChangeError::Fault(fault) => return fault.into(),
            ChangeError::Not(_) => Reason::NotNow,
            ChangeError::Conflict => Reason::Conflict,
            ChangeError::Gone => Reason::UnknownKey,
            ChangeError::Locked(_) => Reason::AccountLocked,
            ChangeError::NotAMember(..) => Reason::NotAMember,
        };
        Self::new(reason, sentence(&error.to_string()))
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Fault(fault) => fault.into(),
            error => Self::new(Reason::DirectoryConflict, sentence(&error.to_string())),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let reason = match error {
            ImportError::Fault(fault) => return fault.into(),
            ImportError::NotAUser(_) => Reason::NotAUser,
            ImportError::UnknownAccount(_) => Reason::DirectoryConflict,
            ImportError::Ambiguous(_) | ImportError::Taken | ImportError::Crowded => {
                Reason::LegacyKeyConflict
            }
        };
        Self::new(reason, sentence(&error.to_string()))
    }
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.reason.status();
        let body = ProblemBody {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            reason: self.reason.as_str(),
            detail: self.detail,
            errors: self.errors,
            incident: self.incident.as_ref().map(|incident| incident.id.clone()),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.reason {
            Reason::NotSignedIn | Reason::MissingKey => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            Reason::Unavailable => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
            _ => None,
        };
        if let Some(incident) = self.incident {
            response.extensions_mut().insert(incident);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use keyring::Service;

    use super::*;

    async fn told(problem: Problem) -> (Option<Incident>, String) {
        let response = problem.into_response();
        let incident = response.extensions().get::<Incident>().cloned();
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        (incident, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_cause_of_a_fault_stays_inside() {
        let (service, cause) = (Service::DynamoDb, "arn:aws:dynamodb:secret".into());
        let fault = Fault::Call { service, call: "GetItem", cause };
        let (incident, body) = told(fault.into()).await;
        let incident = incident.unwrap();
        assert!(incident.cause.contains("arn:aws:dynamodb:secret"));
        assert!(!body.contains("arn:") && !body.contains("GetItem"), "{body}");
        assert!(body.contains(&incident.id), "{body}");
    }

    #[tokio::test]
    async fn a_problem_on_the_wire() {
        let errors =
            vec![FieldError::new("name", "is missing"), FieldError::new("owner", "is not known here")];
        insta::assert_snapshot!(told(Problem::bad_input(errors)).await.1, @r#"{"type":"about:blank","title":"Bad Request","status":400,"reason":"bad_input","detail":"2 things are wrong with this request; nothing was changed.","errors":[{"field":"name","message":"is missing"},{"field":"owner","message":"is not known here"}]}"#);
        let member = CreateError::NotAMember("contoso".parse().unwrap());
        insta::assert_snapshot!(told(member.into()).await.1, @r#"{"type":"about:blank","title":"Forbidden","status":403,"reason":"not_a_member","detail":"You are not a member of contoso.","errors":[{"field":"owner","message":"You are not a member of contoso."}]}"#);
    }
}
