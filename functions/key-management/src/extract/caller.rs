use std::sync::Arc;

use axum::http::request::Parts;
use keys::KeyHeaders;
use serde_json::{Map, Value};

use crate::problem::{Problem, Reason};

/// Who calls, as the gateway has checked it or as is still to be checked, and from where. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<(Identity, String)>);

/// What the gateway's authorizer says, or what the request says where the gateway asks nobody.
#[derive(Debug)]
pub(crate) enum Identity {
    /// The claims of a person's token.
    Person(Map<String, Value>),
    /// The ARN of an IAM identity, which the gateway lets in only if it is the gallery's.
    Gallery(String),
    /// What was shown in place of an identity: perhaps a key, which nobody has looked at yet.
    Key(KeyHeaders),
    /// Nothing.
    Nobody,
}

impl Caller {
    pub(crate) fn new(identity: Identity, address: String) -> Self {
        Self(Arc::new((identity, address)))
    }

    /// Who calls this request.
    ///
    /// # Errors
    /// A fault where the request did not come through [`Event`](crate::Event): then nobody has checked anything.
    pub(super) fn of(parts: &Parts) -> Result<Self, Problem> {
        let caller = parts.extensions.get().cloned();
        caller.ok_or_else(|| Problem::new(Reason::NotSignedIn, "Nobody says who is calling."))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0.0
    }

    /// The network address that the gateway saw.
    pub(crate) fn address(&self) -> &str {
        &self.0.1
    }
}
