//! The words that fields are limited to, as the OpenAPI document lists them. What is written and read are the domain's
//! own names; a test compares the two.

#![expect(dead_code, reason = "descriptions only")]

use utoipa::ToSchema;

/// The gallery's own id of an account. Letter case counts.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 256,
    pattern = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"
)]
pub(crate) struct AccountId(String);

/// A package's id. Letter case does not matter.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 128, pattern = "^[0-9A-Za-z_.-]+$")]
pub(crate) struct PackageId(String);

/// A package id or a pattern, in which `*` stands for any run of characters. Letter case does not matter.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 128, pattern = "^[0-9A-Za-z_.*-]+$")]
pub(crate) struct Pattern(String);

/// Text on one line. Spaces at either end are dropped, and do not count.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 256,
    pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
)]
pub(crate) struct Line(String);

/// One version of a key as its `ETag` says, with or without the quotes; or `*`, which asks for none.
#[derive(ToSchema)]
#[schema(pattern = r#"^(\*|[0-9]{1,9}|"[0-9]{1,9}")$"#)]
pub(crate) struct Version(String);

/// What a key may do: `push` new packages and new versions, `update` (new versions of existing packages), `unlist`
/// (unlist and relist).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Action {
    Push,
    Update,
    Unlist,
}

/// A legacy key allows every action on every package of its owner.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum KeyKind {
    Scoped,
    Legacy,
}

/// Whether a key works, and if not, why.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Status {
    Active,
    Expired,
    Revoked,
    Retired,
}

/// What an imported key is now: its status, or that it was deleted.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ImportedStatus {
    Active,
    Revoked,
    Retired,
    Deleted,
}

/// What happened to a key.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum EventKind {
    Created,
    Refreshed,
    HandOverBegun,
    HandedOver,
    HandOverLapsed,
    Edited,
    Revoked,
    Deleted,
    Barred,
    BarLifted,
    Frozen,
    Thawed,
    Warned,
    Expired,
    Retired,
}

/// Why a live key would be refused all the same, as a decision on its push says it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Refused {
    Frozen,
    AccountLocked,
    BarredByOwner,
    NotOrganizationMember,
}

/// What an account is; it never changes.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum AccountKind {
    User,
    Organization,
}

/// What a user is to an organization. Both may hold keys that act for it; an admin sees and revokes all of them.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Role {
    Admin,
    Member,
}

/// Whether mails arrive: `missing` is no address, `unparsable` one that is none.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum MailState {
    Good,
    Bounced,
    Complained,
    Unparsable,
    Missing,
}

/// Whether a text that was found is a key, in a secret scanner's words.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum LeakLabel {
    TruePositive,
    FalsePositive,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn listed<T: utoipa::PartialSchema>() -> Value {
        serde_json::to_value(T::schema()).unwrap()["enum"].take()
    }

    #[test]
    fn the_words_are_the_domains() {
        assert_eq!(listed::<Action>(), json!(keys::Action::ALL.map(keys::Action::as_str)));
        let statuses =
            [keys::Status::Active, keys::Status::Expired, keys::Status::Revoked, keys::Status::Retired];
        assert_eq!(listed::<Status>(), json!(statuses.map(keys::Status::as_str)));
        use keyring::EventKind as Event;
        assert_eq!(listed::<EventKind>(), json!(Event::ALL.map(Event::as_str)));
        let refused = [
            keys::Reason::Frozen,
            keys::Reason::AccountLocked,
            keys::Reason::BarredByOwner,
            keys::Reason::NotOrganizationMember,
        ];
        assert_eq!(listed::<Refused>(), json!(refused.map(keys::Reason::as_str)));
        let kinds = [keyring::AccountKind::User, keyring::AccountKind::Organization];
        assert_eq!(listed::<AccountKind>(), json!(kinds.map(keyring::AccountKind::as_str)));
        assert_eq!(listed::<Role>(), json!([keys::Role::Admin, keys::Role::Member].map(keys::Role::as_str)));
        use keyring::MailState as Mail;
        let states = [Mail::Good, Mail::Bounced, Mail::Complained, Mail::Unparsable].map(Mail::as_str);
        let states: Vec<&str> = states.into_iter().chain(["missing"]).collect();
        assert_eq!(listed::<MailState>(), json!(states));
    }
}
