use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Api, ApiError};

/// Everything but RFC 3986's unreserved characters: an account id may hold any other.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The gallery's side of the directory: how it tells Latchkey who is there and who owns what.
///
/// The calls go unsigned; the local gateway takes an unsigned call from loopback for the gallery's.
#[derive(Clone, Debug)]
pub struct Directory {
    api: Api,
}

/// Whether an account is one person or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// One person.
    User,
    /// Several, each a member.
    Organization,
}

/// What a member may do with an organization's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and revokes all of the organization's keys.
    Admin,
    /// Makes keys in its name.
    Member,
}

/// An account as the gallery knows it.
#[derive(Clone, Debug, Serialize)]
pub struct AccountEntry<'a> {
    /// User or organization.
    pub kind: AccountKind,
    /// What people call it.
    pub name: &'a str,
    /// Where its notices go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<&'a str>,
}

impl Directory {
    /// The directory behind this API.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self { api }
    }

    /// Tells of an account.
    ///
    /// # Errors
    /// Any answer but success.
    pub async fn put_account(&self, account: &str, entry: &AccountEntry<'_>) -> Result<(), ApiError> {
        self.put(&format!("/directory/accounts/{}", segment(account)), &json!(entry)).await
    }

    /// Tells that `user` belongs to `organization`.
    ///
    /// # Errors
    /// Any answer but success.
    pub async fn put_member(&self, organization: &str, user: &str, role: Role) -> Result<(), ApiError> {
        let path = format!("/directory/organizations/{}/members/{}", segment(organization), segment(user));
        self.put(&path, &json!({ "role": role })).await
    }

    /// Tells who owns a package. `revision` rises with each change; the directory ignores a lower one.
    ///
    /// # Errors
    /// Any answer but success.
    pub async fn put_package(&self, id: &str, owners: &[String], revision: u64) -> Result<(), ApiError> {
        self.put(
            &format!("/directory/packages/{}", segment(id)),
            &json!({ "owners": owners, "revision": revision }),
        )
        .await
    }

    async fn put(&self, path: &str, body: &Value) -> Result<(), ApiError> {
        let (status, _) = self.api.call(Method::PUT, path, body).await?;
        if status.is_success() {
            Ok(())
        } else {
            Err(ApiError::Unusable { target: format!("PUT {path}"), status })
        }
    }
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
