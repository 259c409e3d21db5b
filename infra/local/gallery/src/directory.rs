use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Api, ApiError};

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
        let AccountEntry { kind, name, mail } = entry;
        let mut told = json!({ "put": "account", "account": account, "kind": kind, "name": name });
        if let Some(mail) = mail {
            told["mail"] = (*mail).into();
        }
        self.tell(&told).await
    }

    /// Tells that `user` belongs to `organization`.
    ///
    /// # Errors
    /// Any answer but success.
    pub async fn put_member(&self, organization: &str, user: &str, role: Role) -> Result<(), ApiError> {
        let told = json!({ "put": "member", "organization": organization, "user": user, "role": role });
        self.tell(&told).await
    }

    /// Tells who owns a package. `revision` rises with each change; the directory ignores a lower one.
    ///
    /// # Errors
    /// Any answer but success.
    pub async fn put_package(&self, id: &str, owners: &[String], revision: u64) -> Result<(), ApiError> {
        self.tell(&json!({ "put": "package", "id": id, "owners": owners, "revision": revision })).await
    }

    /// Tells one entry: in a body, where ids are what they are. In an address the gateway would take `alice?x` for `alice`.
    async fn tell(&self, entry: &Value) -> Result<(), ApiError> {
        const PATH: &str = "/directory";
        let (status, answer) = self.api.call(Method::POST, PATH, &json!({ "entries": [entry] })).await?;
        let told = &answer["results"][0];
        if status.is_success() && told["written"].is_boolean() && told["error"].is_null() {
            Ok(())
        } else {
            Err(ApiError::Unusable { target: format!("POST {PATH}"), status })
        }
    }
}
