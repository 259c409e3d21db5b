use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use keyring::{Act, BURNT_BY};
use keys::{Credential, Key};

use crate::{
    app::App,
    extract::{Caller, Identity},
    problem::{Problem, Reason},
};

/// A key, shown with its own text and verified, whatever its status and its holder's. A handler that takes one refuses
/// people and the gallery with 403, whoever shows no key with 401, and a text that opens nothing with 403: the same for
/// the same cost whatever is known. A grant is no key.
#[derive(Debug)]
pub(crate) struct ShownKey {
    pub(crate) key: Key,
    address: String,
}

impl ShownKey {
    /// What whoever shows it does, as it goes into the history of the key.
    pub(crate) fn act(&self, at: DateTime<Utc>) -> Act {
        Act { by: BURNT_BY.to_owned(), from: self.address.clone(), at }
    }
}

impl FromRequestParts<App> for ShownKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::of(parts)?;
        let missing = || {
            let detail = "Send the key in the X-NuGet-ApiKey header, or as Authorization: Bearer.";
            Problem::new(Reason::MissingKey, detail)
        };
        let unknown = || Problem::new(Reason::NoSuchKey, "This is no API key, or none of this gallery.");
        let shown = match caller.identity() {
            Identity::Key(shown) => shown,
            Identity::Person(_) | Identity::Gallery(_) => {
                return Err(Problem::new(Reason::OtherCaller, "This is for keys: show one."));
            }
            Identity::Nobody => return Err(missing()),
        };
        let text = match shown.credential() {
            Credential::Key(text) => text,
            Credential::Nothing => return Err(missing()),
            Credential::Several => return Err(unknown()),
        };
        let verified = app.keyring.verify(&app.policy.prefixes, text, None).await?.ok_or_else(unknown)?;
        Ok(Self { key: verified.key, address: caller.address().to_owned() })
    }
}
