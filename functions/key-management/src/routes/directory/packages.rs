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

/// What the gallery tells of a package.
#[derive(ToSchema)]
#[schema(as = PackageEntry)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `put_package` reads; a test compares the two")]
pub(crate) struct PackageBody {
    /// The accounts that own it. The directory must know them.
    #[schema(min_items = 1, max_items = 40)]
    owners: Vec<words::AccountId>,
    /// The gallery's revision of this entry; once one was told, a lower one is ignored.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    revision: Option<i64>,
}

/// Tell who owns a package
#[utoipa::path(
    put,
    path = "/directory/packages/{id}",
    tag = "directory",
    params(("id" = words::PackageId, Path, description = "The package's id. Letter case does not matter.")),
    request_body = PackageBody,
    responses(
        (status = 200, description = "It stands so now, unless a later revision was there.", body = Applied),
        (status = 409, description = "The directory does not know an owner.")
    ),
    security(("gallery" = []))
)]
pub(crate) async fn put_package(
    State(app): State<App>,
    gallery: Gallery,
    Path(id): Path<String>,
    Body(mut fields): Body,
) -> Result<Json<Applied>, Problem> {
    let id = fields.beside("id", id, read::text);
    let change = directory::put_package(&mut fields, id);
    Ok(Json(fields.finish(|| change)?.apply(&app, &gallery).await?))
}

/// Tell that a package is gone
///
/// Its id is new again: whoever may push new packages may take it.
#[utoipa::path(
    delete,
    path = "/directory/packages/{id}",
    tag = "directory",
    params(
        ("id" = words::PackageId, Path, description = "The package's id. Letter case does not matter."),
        ("revision" = Option<i64>, Query, nullable = false, minimum = 0, maximum = 9007199254740991_i64, description = "The gallery's revision of this entry.")
    ),
    responses(
        (status = 200, description = "It is gone, unless a later revision was there.", body = Applied),
        (status = 409, description = "The directory contradicts.")
    ),
    security(("gallery" = []))
)]
pub(crate) async fn delete_package(
    State(app): State<App>,
    gallery: Gallery,
    Path(id): Path<String>,
    Query(mut query): Query,
) -> Result<Json<Applied>, Problem> {
    let id = query.beside("id", id, read::text);
    let revision = directory::revision_in(&mut query);
    let change = query.finish(|| Some(Change::DeletePackage(id?, revision)))?;
    Ok(Json(change.apply(&app, &gallery).await?))
}
