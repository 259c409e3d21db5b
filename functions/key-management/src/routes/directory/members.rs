use axum::{
    Json,
    extract::{Path, State},
};
use keys::AccountId;
use utoipa::ToSchema;

use crate::{
    app::App,
    directory::{self, Applied, Change},
    extract::{Body, Gallery, Query},
    input::{Fields, read},
    problem::Problem,
    wire::words,
};

/// What the gallery tells of an organization's member.
#[derive(ToSchema)]
#[schema(as = MemberEntry)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `put_member` reads; a test compares the two")]
pub(crate) struct MemberBody {
    role: words::Role,
    /// The gallery's revision of this entry; once one was told, a lower one is ignored.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

/// Tell of an organization's member
#[utoipa::path(
    put,
    path = "/directory/organizations/{organization}/members/{user}",
    tag = "directory",
    params(
        ("organization" = words::AccountId, Path, description = "The organization's id."),
        ("user" = words::AccountId, Path, description = "The user's id.")
    ),
    request_body = MemberBody,
    responses(
        (status = 200, description = "It stands so now, unless a later revision was there.", body = Applied),
        (status = 409, description = "The directory does not know the one or the other, or it is of the other kind.")
    ),
    security(("gallery" = []))
)]
pub(crate) async fn put_member(
    State(app): State<App>,
    gallery: Gallery,
    Path(of): Path<(String, String)>,
    Body(mut fields): Body,
) -> Result<Json<Applied>, Problem> {
    let of = member(&mut fields, of);
    let change = directory::put_member(&mut fields, of);
    Ok(Json(fields.finish(|| change)?.apply(&app, &gallery).await?))
}

/// Tell that a member has left
///
/// Keys that the user holds for the organization are refused from now on.
#[utoipa::path(
    delete,
    path = "/directory/organizations/{organization}/members/{user}",
    tag = "directory",
    params(
        ("organization" = words::AccountId, Path, description = "The organization's id."),
        ("user" = words::AccountId, Path, description = "The user's id."),
        ("revision" = Option<i64>, Query, nullable = false, minimum = 0, maximum = 9007199254740991_i64, description = "The gallery's revision of this entry.")
    ),
    responses(
        (status = 200, description = "It is gone, unless a later revision was there.", body = Applied),
        (status = 409, description = "The directory contradicts.")
    ),
    security(("gallery" = []))
)]
pub(crate) async fn delete_member(
    State(app): State<App>,
    gallery: Gallery,
    Path(of): Path<(String, String)>,
    Query(mut query): Query,
) -> Result<Json<Applied>, Problem> {
    let of = member(&mut query, of);
    let revision = directory::revision_in(&mut query);
    let change = query.finish(|| Some(Change::DeleteMember(of?, revision)))?;
    Ok(Json(change.apply(&app, &gallery).await?))
}

fn member(fields: &mut Fields, (organization, user): (String, String)) -> Option<(AccountId, AccountId)> {
    let organization = fields.beside("organization", organization, read::text);
    let user = fields.beside("user", user, read::text);
    Some((organization?, user?))
}
