use http::{HeaderMap, HeaderValue, Method, StatusCode, header::AUTHORIZATION};
use serde::Deserialize;
use serde_json::json;

use crate::{
    api::{Api, ApiError},
    package_id::PackageId,
};

/// What a publisher wants to do, in the authorizer's words. A `push` of a package the directory knows is allowed to
/// keys with `push` and to keys with `update`: which of the two it takes is the authorizer's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Push,
    Unlist,
}

/// The proof that the authorizer verified a key for this very request.
pub(crate) struct Grant(String);

impl Grant {
    /// The grant a request came with, if it passed the gateway: the gateway sets it, and overwrites the key wherever
    /// it can stand.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let one = |name: &str| {
            let mut values = headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
        };
        let withheld = |value: &HeaderValue| value == "withheld";
        one("x-nuget-apikey").filter(|value| *value == "withheld")?;
        if !headers.get_all(AUTHORIZATION).iter().all(withheld) {
            return None;
        }
        one("x-latchkey-grant").filter(|grant| !grant.is_empty()).map(|grant| Self(grant.to_owned()))
    }
}

/// Whether the directory knew the package when the authorizer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PackageState {
    New,
    Known,
}

/// The authorizer's word on one action on one package.
#[derive(Debug)]
pub(crate) enum Decision {
    Allow(Approval),
    Deny { reason: String, message: String },
}

/// What comes with an allow.
#[derive(Debug)]
pub(crate) struct Approval {
    /// The account in whose name the key acts.
    pub(crate) owner: String,
    pub(crate) package_state: PackageState,
    /// What the publisher should hear though all went well.
    pub(crate) warning: Option<String>,
}

#[derive(Deserialize)]
struct Reply {
    decision: String,
    reason: Option<String>,
    message: Option<String>,
    owner: Option<String>,
    package_state: Option<PackageState>,
    warning: Option<String>,
}

/// The second door of the push authorizer, asked with a grant.
#[derive(Debug)]
pub(crate) struct Authorizer {
    api: Api,
}

impl Authorizer {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Asks whether the grant's key may do this to this package.
    ///
    /// Only 200 with an allow that names owner and package state, and 403 with a deny, are decisions. Everything
    /// else, also a 200 that says deny, is an error: a fault never turns into an allow.
    pub(crate) async fn decide(
        &self,
        grant: &Grant,
        action: Action,
        id: &PackageId,
    ) -> Result<Decision, ApiError> {
        let action = match action {
            Action::Push => "push",
            Action::Unlist => "unlist",
        };
        let question = json!({ "action": action, "package": id.as_str(), "grant": grant.0 });
        let (status, answer) = self.api.call(Method::POST, "/authorize", &question).await?;
        let unusable = || ApiError::Unusable { target: "POST /authorize".to_owned(), status };
        let reply = Reply::deserialize(&answer).map_err(|_| unusable())?;
        match (status, reply) {
            (
                StatusCode::OK,
                Reply { decision, owner: Some(owner), package_state: Some(package_state), warning, .. },
            ) if decision == "allow" => Ok(Decision::Allow(Approval { owner, package_state, warning })),
            (StatusCode::FORBIDDEN, Reply { decision, reason: Some(reason), message: Some(message), .. })
                if decision == "deny" =>
            {
                Ok(Decision::Deny { reason, message })
            }
            _ => Err(unusable()),
        }
    }
}
