//! What the gallery tells, entry by entry: the same whether it comes alone or with ninety-nine others.

use keyring::{AccountChange, DirectoryError, MOST_OWNERS, Written};
use keys::{AccountId, PackageId, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::Gallery,
    input::{FieldError, Fields, Node, Reading, read},
};

/// One entry of the directory, put or deleted. Every one may carry the gallery's revision of it.
#[derive(Debug)]
pub enum Change {
    /// What an account is.
    PutAccount(AccountChange),
    /// An account is gone.
    DeleteAccount(AccountId, Option<i64>),
    /// A package, and all its owners.
    PutPackage(PackageId, Vec<AccountId>, Option<i64>),
    /// A package is gone.
    DeletePackage(PackageId, Option<i64>),
    /// What a user, who comes second, is to an organization.
    PutMember((AccountId, AccountId), Role, Option<i64>),
    /// A user has left an organization.
    DeleteMember((AccountId, AccountId), Option<i64>),
}

/// What became of an entry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Applied {
    /// Whether it stands so now. If not, a later revision was there already.
    pub(crate) written: bool,
    /// How many keys ended with a deleted account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) revoked: Option<u32>,
}

/// The largest whole number that every JSON library keeps exactly (RFC 8259, section 6): a count, or a time in
/// milliseconds or microseconds.
const HIGHEST_REVISION: i64 = (1 << 53) - 1;

/// What holders are told of keys that end with an account.
const ACCOUNT_DELETED: &str = "the gallery deleted the account";

impl Change {
    /// Writes it.
    ///
    /// # Errors
    /// The directory's; then nothing was written, except that a fault while the keys of a deleted account end leaves some
    /// of them to the next attempt.
    pub(crate) async fn apply(self, app: &App, gallery: &Gallery) -> Result<Applied, DirectoryError> {
        let (keyring, now) = (&app.keyring, app.now());
        let written = match self {
            Self::PutAccount(change) => keyring.put_account(&change, now).await?,
            Self::DeleteAccount(account, revision) => {
                // Locked first: a key that is being made meanwhile stays refused, as the account stays locked.
                if keyring.remove_account(&account, revision, now).await? == Written::Outdated {
                    return Ok(Applied { written: false, revoked: None });
                }
                let revoked = keyring.revoke_all(&account, ACCOUNT_DELETED, &gallery.act(now)).await?;
                return Ok(Applied { written: true, revoked: Some(revoked) });
            }
            Self::PutPackage(id, owners, revision) => {
                keyring.put_package(&id, &owners, revision, now).await?
            }
            Self::DeletePackage(id, revision) => keyring.remove_package(&id, revision, now).await?,
            Self::PutMember((organization, user), role, revision) => {
                keyring.put_member(&organization, &user, role, revision, now).await?
            }
            Self::DeleteMember((organization, user), revision) => {
                keyring.remove_member(&organization, &user, revision, now).await?
            }
        };
        Ok(Applied { written: written == Written::Yes, revoked: None })
    }
}

/// The rest of an account's entry.
pub(crate) fn put_account(fields: &mut Fields, id: Option<AccountId>) -> Option<Change> {
    let name = fields.required("name", read::line);
    let kind = fields.required("kind", read::account_kind);
    let mail = fields.optional("mail", read::address);
    let locked = fields.optional("locked", read::flag);
    let revision = revision(fields);
    Some(Change::PutAccount(AccountChange {
        id: id?,
        kind: kind?,
        name: Some(name?),
        mail,
        locked,
        revision,
    }))
}

/// The rest of a package's entry.
pub(crate) fn put_package(fields: &mut Fields, id: Option<PackageId>) -> Option<Change> {
    let owners = fields.required("owners", read::accounts(MOST_OWNERS));
    let revision = revision(fields);
    Some(Change::PutPackage(id?, owners?, revision))
}

/// The rest of a member's entry.
pub(crate) fn put_member(fields: &mut Fields, of: Option<(AccountId, AccountId)>) -> Option<Change> {
    let role = fields.required("role", read::role);
    let revision = revision(fields);
    Some(Change::PutMember(of?, role?, revision))
}

/// A revision in a body.
fn revision(fields: &mut Fields) -> Option<i64> {
    fields.optional("revision", read::whole(0..=HIGHEST_REVISION))
}

/// A revision in a query.
pub(crate) fn revision_in(query: &mut Fields) -> Option<i64> {
    query.optional("revision", read::digits(0..=HIGHEST_REVISION))
}

/// What an entry among others is about.
#[derive(Debug, Clone, Copy)]
enum About {
    Account,
    Package,
    Member,
}

/// An entry among others: `{"put": "account", …}` or `{"delete": "account", …}`, and likewise `package` and `member`, with
/// the ids that otherwise stand in the address.
pub(crate) fn entry(node: Node, place: &str) -> Reading<Change> {
    let mut fields = Fields::at(node, place);
    let (put, delete) = (fields.optional("put", about), fields.optional("delete", about));
    let change = match (put, delete) {
        (Some(About::Account), None) => {
            let id = fields.required("account", read::text);
            put_account(&mut fields, id)
        }
        (Some(About::Package), None) => {
            let id = fields.required("id", read::text);
            put_package(&mut fields, id)
        }
        (Some(About::Member), None) => {
            let of = member(&mut fields);
            put_member(&mut fields, of)
        }
        (None, Some(About::Account)) => {
            let (id, revision) = (fields.required("account", read::text), revision(&mut fields));
            id.map(|id| Change::DeleteAccount(id, revision))
        }
        (None, Some(About::Package)) => {
            let (id, revision) = (fields.required("id", read::text), revision(&mut fields));
            id.map(|id| Change::DeletePackage(id, revision))
        }
        (None, Some(About::Member)) => {
            let (of, revision) = (member(&mut fields), revision(&mut fields));
            of.map(|of| Change::DeleteMember(of, revision))
        }
        (None, None) | (Some(_), Some(_)) => {
            fields.give_up(
                "put",
                "either put or delete is expected, and either account, package or member in it",
            );
            None
        }
    };
    fields.done(|| change)
}

fn member(fields: &mut Fields) -> Option<(AccountId, AccountId)> {
    let (organization, user) =
        (fields.required("organization", read::text), fields.required("user", read::text));
    Some((organization?, user?))
}

fn about(node: Node, field: &str) -> Reading<About> {
    let name: String = read::line(node, field)?;
    let known = [("account", About::Account), ("package", About::Package), ("member", About::Member)];
    let about = known.into_iter().find(|(known, _)| *known == name).map(|(_, about)| about);
    about.ok_or_else(|| vec![FieldError::new(field, "account, package or member is expected")])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_entry(json: &str) -> String {
        match entry(serde_json::from_str(json).unwrap(), "entries[0]") {
            Ok(change) => format!("{change:?}"),
            Err(errors) => {
                let errors: Vec<_> =
                    errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
                errors.join(" | ")
            }
        }
    }

    #[test]
    fn entries() {
        let told: Vec<String> = [
            r#"{"put":"account","account":"alice","name":"Alice","kind":"user","mail":"a@example.com","locked":true,"revision":7}"#,
            r#"{"put":"package","id":"Foo","owners":["alice","contoso","alice"]}"#,
            r#"{"put":"member","organization":"contoso","user":"alice","role":"admin"}"#,
            r#"{"delete":"account","account":"alice"}"#,
            r#"{"delete":"package","id":"Foo","revision":8}"#,
            r#"{"delete":"member","organization":"contoso","user":"alice"}"#,
            r#"{"put":"account","account":"","name":"","kind":"robot","mail":7,"locked":"no","revision":-1,"x":1}"#,
            r#"{"put":"package","id":"a b","owners":[]}"#,
            r#"{"put":"package","id":"a","owners":["",7]}"#,
            r#"{"put":"member","role":"owner"}"#,
            r#"{"put":"key","id":"a"}"#,
            r#"{"put":"account","delete":"account","account":"alice"}"#,
            r#"{"account":"alice"}"#,
            "[]",
        ]
        .into_iter()
        .map(read_entry)
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        PutAccount(AccountChange { id: AccountId("alice"), kind: User, name: Some("Alice"), mail: Some("a@example.com"), locked: Some(true), revision: Some(7) })
        PutPackage(PackageId("Foo"), [AccountId("alice"), AccountId("contoso")], None)
        PutMember((AccountId("contoso"), AccountId("alice")), Admin, None)
        DeleteAccount(AccountId("alice"), None)
        DeletePackage(PackageId("Foo"), Some(8))
        DeleteMember((AccountId("contoso"), AccountId("alice")), None)
        entries[0].account: an account id has 1 to 256 characters, no control characters, and no space at either end | entries[0].name: 1 to 256 characters are expected, and no control characters | entries[0].kind: user or organization is expected | entries[0].mail: a text is expected, not a number | entries[0].locked: true or false is expected, not a text | entries[0].revision: a whole number from 0 to 9007199254740991 is expected | entries[0].x: is not known here; known are put, delete, account, name, kind, mail, locked, revision
        entries[0].id: a package id has 1 to 128 letters, digits, dots, hyphens or underscores, and is no API key | entries[0].owners: name at least one account
        entries[0].owners[0]: an account id has 1 to 256 characters, no control characters, and no space at either end | entries[0].owners[1]: a text is expected, not a number
        entries[0].organization: is missing | entries[0].user: is missing | entries[0].role: admin or member is expected
        entries[0].put: account, package or member is expected
        entries[0].put: either put or delete is expected, and either account, package or member in it
        entries[0].put: either put or delete is expected, and either account, package or member in it
        entries[0]: a JSON object is expected, not a list
        "#);
    }
}
