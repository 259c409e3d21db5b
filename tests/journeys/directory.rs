//! What the gallery tells: accounts, packages and their owners, organizations and their members.

use hyper::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

/// The gallery's side of the management API. On one machine a request that nobody signed is the gallery's; on its way to
/// a deployment it is signed.
pub(crate) struct Directory<'a>(pub(crate) &'a Stage);

impl Directory<'_> {
    pub(crate) async fn put_account(&self, account: &str, kind: &str) {
        let mail = format!("{account}@example.test");
        self.tell(
            Method::PUT,
            format!("accounts/{account}"),
            json!({ "name": account, "kind": kind, "mail": mail }),
        )
        .await;
    }

    /// Locks the account of a user.
    pub(crate) async fn lock_account(&self, account: &str) {
        let body = json!({ "name": account, "kind": "user", "locked": true });
        self.tell(Method::PUT, format!("accounts/{account}"), body).await;
    }

    pub(crate) async fn put_package(&self, id: &str, owners: &[&str]) {
        self.tell(Method::PUT, format!("packages/{id}"), json!({ "owners": owners })).await;
    }

    pub(crate) async fn put_member(&self, organization: &str, user: &str, role: &str) {
        let path = format!("organizations/{organization}/members/{user}");
        self.tell(Method::PUT, path, json!({ "role": role })).await;
    }

    pub(crate) async fn remove_member(&self, organization: &str, user: &str) {
        self.tell(Method::DELETE, format!("organizations/{organization}/members/{user}"), Value::Null).await;
    }

    async fn tell(&self, method: Method, path: String, body: Value) {
        let reply = self.0.call(method, &format!("/directory/{path}"), &[], &body).await;
        assert!(reply.status.is_success(), "the directory refuses {path}: {} {}", reply.status, reply.body);
    }
}
