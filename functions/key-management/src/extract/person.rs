use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use keyring::{Act, Holder};
use keys::AccountId;
use serde_json::{Map, Value};

use crate::{
    app::App,
    extract::{Caller, Identity},
    problem::{Problem, Reason},
};

/// A signed-in person. A handler that takes one refuses the gallery with 403 and everybody else with 401.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) account: AccountId,
    /// What to call them, if their token tells.
    pub(crate) name: Option<String>,
    /// Their mail address, if their token says that it is verified.
    pub(crate) mail: Option<String>,
    address: String,
}

impl Person {
    fn of(claims: &Map<String, Value>, account_claim: &str, address: &str) -> Result<Self, Problem> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let Some(account) = text(account_claim).and_then(|account| account.parse().ok()) else {
            let detail = format!("The token's claim {account_claim} names no account.");
            return Err(Problem::new(Reason::NotSignedIn, detail));
        };
        let name = text("name")
            .map(str::trim)
            .filter(|name| (1..=256).contains(&name.chars().count()) && !name.chars().any(char::is_control));
        // The gateway hands claims on as text; a token has a boolean (OpenID Connect Core 1.0, section 5.1).
        let verified = match claims.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        };
        let mail = text("email").filter(|mail| verified && !mail.is_empty() && mail.len() <= 320);
        Ok(Self {
            account,
            name: name.map(str::to_owned),
            mail: mail.map(str::to_owned),
            address: address.to_owned(),
        })
    }

    /// What they do, as it goes into the history of a key.
    pub(crate) fn act(&self, at: DateTime<Utc>) -> Act {
        Act { by: self.account.to_string(), from: self.address.clone(), at }
    }

    /// The maker of a key.
    pub(crate) fn holder(&self) -> Holder {
        Holder { id: self.account.clone(), name: self.name.clone(), mail: self.mail.clone() }
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::of(parts)?;
        match caller.identity() {
            Identity::Person(claims) => Self::of(claims, &app.policy.account_claim, caller.address()),
            Identity::Gallery(_) => {
                Err(Problem::new(Reason::OtherCaller, "This is for people, not for the gallery."))
            }
            Identity::Key(_) => Err(Problem::new(Reason::OtherCaller, "This is for people, not for keys.")),
            Identity::Nobody => Err(Problem::new(Reason::NotSignedIn, "Sign in first.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(claims: &Value, account_claim: &str) -> Result<Person, Problem> {
        Person::of(claims.as_object().unwrap(), account_claim, "203.0.113.7")
    }

    #[test]
    fn the_account_is_the_configured_claim() {
        let claims = json!({ "sub": "u1", "account": "alice", "name": " Alice " });
        for (claim, account) in [("sub", "u1"), ("account", "alice")] {
            let person = person(&claims, claim).unwrap();
            assert_eq!((person.account.as_str(), person.name.as_deref()), (account, Some("Alice")));
        }
        for claims in [json!({}), json!({ "sub": "" }), json!({ "sub": 7 }), json!({ "sub": " a" })] {
            assert_eq!(person(&claims, "sub").unwrap_err().reason(), Reason::NotSignedIn, "{claims}");
        }
    }

    #[test]
    fn an_address_counts_only_if_it_is_verified() {
        for (verified, counts) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("false"), false),
            (json!("True"), false),
            (json!(1), false),
            (Value::Null, false),
        ] {
            let claims = json!({ "sub": "a", "email": "a@example.com", "email_verified": verified });
            assert_eq!(person(&claims, "sub").unwrap().mail.is_some(), counts, "{verified}");
        }
        assert_eq!(person(&json!({ "sub": "a", "email": "a@example.com" }), "sub").unwrap().mail, None);
    }
}
