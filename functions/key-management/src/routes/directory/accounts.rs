use axum::{
    Json,
    extract::{Path, State},
};
use utoipa::ToSchema;

use crate::{
    app::App,
    directory::{self, Applied, Change},
    extract::{Body, Gallery, Query},
    input::read,
    problem::Problem,
    wire::words,
};

/// What the gallery tells of an account. What it leaves out stays as it is: a change of name does not unlock.
#[derive(ToSchema)]
#[schema(as = AccountEntry)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `put_account` reads; a test compares the two")]
pub(crate) struct AccountBody {
    /// What to call it.
    name: words::Line,
    kind: words::AccountKind,
    /// Where its notices are mailed to; empty to remove the address.
    #[schema(max_length = 320, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    mail: Option<String>,
    /// Whether its keys stop for as long as this is so.
    locked: Option<bool>,
    /// The gallery's revision of this entry; once one was told, a lower one is ignored.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

/// Tell of an account
#[utoipa::path(
    put,
    path = "/directory/accounts/{account}",
    tag = "directory",
    params(("account" = words::AccountId, Path, description = "The account's id.")),
    request_body = AccountBody,
    responses(
        (status = 200, description = "It stands so now, unless a later revision was there.", body = Applied),
        (status = 409, description = "It is of the other kind already.")
    ),
    security(("gallery" = []))
)]
pub(crate) async fn put_account(
    State(app): State<App>,
    gallery: Gallery,
    Path(account): Path<String>,
    Body(mut fields): Body,
) -> Result<Json<Applied>, Problem> {
    let account = fields.beside("account", account, read::text);
    let change = directory::put_account(&mut fields, account);
    Ok(Json(fields.finish(|| change)?.apply(&app, &gallery).await?))
}

/// Tell that an account is gone
///
/// Its id stays taken and locked, and all keys that it holds or that act for it are revoked.
#[utoipa::path(
    delete,
    path = "/directory/accounts/{account}",
    tag = "directory",
    params(
        ("account" = words::AccountId, Path, description = "The account's id."),
        ("revision" = Option<i64>, Query, nullable = false, minimum = 0, maximum = 9007199254740991_i64, description = "The gallery's revision of this entry.")
    ),
    responses(
        (status = 200, description = "It is gone, unless a later revision was there.", body = Applied),
        (status = 409, description = "The directory contradicts.")
    ),
    security(("gallery" = []))
)]
pub(crate) async fn delete_account(
    State(app): State<App>,
    gallery: Gallery,
    Path(account): Path<String>,
    Query(mut query): Query,
) -> Result<Json<Applied>, Problem> {
    let account = query.beside("account", account, read::text);
    let revision = directory::revision_in(&mut query);
    let change = query.finish(|| Some(Change::DeleteAccount(account?, revision)))?;
    Ok(Json(change.apply(&app, &gallery).await?))
}
