use axum::{
    Json,
    extract::{Path, State},
};
use keyring::List;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Person, Query},
    problem::Problem,
    routes::{
        keys::paging::{self, Paging},
        package_keys::voice,
    },
    wire::{self, ReachingBody, words},
};

/// Some of the keys that reach a package.
#[derive(Serialize, ToSchema)]
#[schema(as = PackageKeys)]
pub(crate) struct PackageKeysBody {
    /// The package's id, in the letter case that the gallery gave.
    package: String,
    keys: Vec<ReachingBody>,
    /// Where the next page begins, if there may be one: the value for `after`. A page may be short, or empty, though
    /// more follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
    /// The time that all this holds for.
    #[schema(format = DateTime)]
    now: String,
}

/// Who can push a package
///
/// Every live key that acts for an owner of the package and covers it, whoever holds it: owner by owner, newest first. For
/// its owners, and for the admins of organizations that own it.
#[utoipa::path(
    get,
    path = "/packages/{id}/keys",
    tag = "packages",
    params(
        ("id" = words::PackageId, Path, description = "The package's id. Letter case does not matter."),
        ("limit" = Option<u16>, Query, nullable = false, minimum = 1, maximum = 100, description = "The most entries of a page: 1 to 100, which is the default."),
        ("after" = Option<String>, Query, nullable = false, description = "`next` of the page before.")
    ),
    responses(
        (status = 200, description = "A page of keys.", body = PackageKeysBody),
        (status = 404, description = "You own no package with this id, and are no admin of an organization that does.")
    ),
    security(("person" = []))
)]
pub(crate) async fn list_package_keys(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    Query(mut query): Query,
) -> Result<Json<PackageKeysBody>, Problem> {
    let paging = Paging::read(&mut query, List::Reach);
    let Paging { limit, after } = query.finish(|| Some(paging))?;
    let package = voice(&app, &person, &id).await?.package;
    let now = app.now();
    let page = app.keyring.keys_reaching(&package, limit, after.as_ref(), now).await?;
    let keys = page.entries.iter().map(|reaching| ReachingBody::of(reaching, &package)).collect();
    let (package, next, now) = (package.id.to_string(), paging::next(page.next), wire::time(now));
    Ok(Json(PackageKeysBody { package, keys, next, now }))
}
