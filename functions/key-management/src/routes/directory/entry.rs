//! One of many entries of the directory, as the OpenAPI document describes what [`crate::directory::entry`] reads.

#![expect(dead_code, reason = "descriptions only")]

use utoipa::ToSchema;

use crate::wire::words;

/// One of many entries: `put` or `delete`, and beside it the fields of the call for one such entry, with the ids of its
/// address.
#[derive(ToSchema)]
#[schema(as = Entry)]
#[serde(untagged)]
pub(crate) enum EntryBody {
    PutAccount(PutAccount),
    PutPackage(PutPackage),
    PutMember(PutMember),
    DeleteAccount(DeleteAccount),
    DeletePackage(DeletePackage),
    DeleteMember(DeleteMember),
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum OfAccount {
    Account,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum OfPackage {
    Package,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum OfMember {
    Member,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutAccount {
    put: OfAccount,
    account: words::AccountId,
    name: words::Line,
    kind: words::AccountKind,
    #[schema(max_length = 320, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    mail: Option<String>,
    locked: Option<bool>,
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutPackage {
    put: OfPackage,
    id: words::PackageId,
    #[schema(min_items = 1, max_items = 40)]
    owners: Vec<words::AccountId>,
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutMember {
    put: OfMember,
    organization: words::AccountId,
    user: words::AccountId,
    role: words::Role,
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteAccount {
    delete: OfAccount,
    account: words::AccountId,
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletePackage {
    delete: OfPackage,
    id: words::PackageId,
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteMember {
    delete: OfMember,
    organization: words::AccountId,
    user: words::AccountId,
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}
