use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use keyring::Act;

use crate::{
    app::App,
    extract::{Caller, Identity},
    problem::{Problem, Reason},
};

/// The gallery, by its IAM identity. A handler that takes it refuses people with 403 and everybody else with 401.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gallery {
    principal: String,
    address: String,
}

impl Gallery {
    /// What it does, as it goes into the history of a key.
    pub(crate) fn act(&self, at: DateTime<Utc>) -> Act {
        Act { by: self.principal.clone(), from: self.address.clone(), at }
    }
}

impl FromRequestParts<App> for Gallery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let caller = Caller::of(parts)?;
        match caller.identity() {
            Identity::Gallery(principal) => {
                Ok(Self { principal: principal.clone(), address: caller.address().to_owned() })
            }
            Identity::Person(_) => {
                Err(Problem::new(Reason::OtherCaller, "This is for the gallery, not for people."))
            }
            Identity::Key(_) => {
                Err(Problem::new(Reason::OtherCaller, "This is for the gallery, not for keys."))
            }
            Identity::Nobody => Err(Problem::new(Reason::NotSignedIn, "Sign the request first.")),
        }
    }
}
