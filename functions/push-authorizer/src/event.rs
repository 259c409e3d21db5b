use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use keys::Credential;
use serde::Deserialize;

use crate::{
    forward_auth::{Original, Unclear},
    headers::Headers,
};

/// An event of API Gateway's REST API: its `REQUEST` authorizer's, or a call it passes on (Lambda proxy, version 1.0).
///
/// Of both, only what a decision needs is read; other headers are not even kept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    method_arn: Option<String>,
    resource: String,
    http_method: String,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    multi_value_headers: Headers,
    path_parameters: Option<HashMap<String, String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl Event {
    /// The ARN of the method to be called, which only an authorizer's event has.
    pub(crate) fn arn(&self) -> Option<&str> {
        self.method_arn.as_deref()
    }

    /// Method and resource: which route this is, whatever the path was spelled like.
    pub(crate) fn route(&self) -> (&str, &str) {
        (&self.http_method, &self.resource)
    }

    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.as_ref()?.get(name).map(String::as_str)
    }

    pub(crate) fn credential(&self) -> Credential<'_> {
        match self.multi_value_headers.keys.credential() {
            Credential::Nothing => self.headers.keys.credential(),
            found => found,
        }
    }

    /// What a reverse proxy says that it was asked; nothing where none says so.
    pub(crate) fn original(&self) -> Result<Option<Original<'_>>, Unclear> {
        match self.multi_value_headers.original.read()? {
            None => self.headers.original.read(),
            told => Ok(told),
        }
    }

    /// The body, as it was sent; nothing if it is no base64 though it says so.
    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded {
            BASE64_STANDARD.decode(body).ok()
        } else {
            Some(body.as_bytes().to_vec())
        }
    }
}
