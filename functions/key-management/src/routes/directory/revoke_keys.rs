use axum::{
    Json,
    extract::{Path, State},
};
use keys::AccountId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Body, Gallery},
    input::{Fields, read},
    problem::Problem,
    wire::words,
};

/// Why keys are revoked.
#[derive(ToSchema)]
#[schema(as = RevokeKeys)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `revoke_account_keys` reads; a test compares the two")]
pub(crate) struct CauseBody {
    /// Told to the holders, and to whoever pushes with such a key.
    cause: words::Line,
}

/// How many keys ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revoked {
    revoked: u32,
}

/// Revoke all keys of an account
///
/// Those it holds, and those that act for it. After a fault, a repeat goes on with the rest.
#[utoipa::path(
    post,
    path = "/directory/accounts/{account}/revoke-keys",
    tag = "directory",
    params(("account" = words::AccountId, Path, description = "The account's id.")),
    request_body = CauseBody,
    responses((status = 200, description = "Those that were active are revoked.", body = Revoked)),
    security(("gallery" = []))
)]
pub(crate) async fn revoke_account_keys(
    State(app): State<App>,
    gallery: Gallery,
    Path(account): Path<String>,
    Body(mut fields): Body,
) -> Result<Json<Revoked>, Problem> {
    let account = fields.beside("account", account, read::text::<AccountId>);
    let cause = cause(&mut fields);
    let (account, cause) = fields.finish(|| Some((account?, cause?)))?;
    let revoked = app.keyring.revoke_all(&account, &cause, &gallery.act(app.now())).await?;
    Ok(Json(Revoked { revoked }))
}

/// The cause, which is all that a body says.
pub(crate) fn cause(fields: &mut Fields) -> Option<String> {
    fields.required("cause", read::line)
}
