use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use crate::{
    Inner,
    authorizer::Action,
    package_id::PackageId,
    package_version::PackageVersion,
    refusal::Refusal,
    writes::{done, grant, no_such_release, storage_fault},
};

/// `DELETE /api/v2/package/{id}/{version}`: takes a version off the lists; who names it can still install it.
///
/// 204, also if it was unlisted before; 403 with the authorizer's reason; only then 404; 503 as for a push.
pub(crate) async fn unlist(
    State(gallery): State<Arc<Inner>>,
    Path(release): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    set_listed(&gallery, &release, &headers, false).await
}

/// `POST /api/v2/package/{id}/{version}`: puts it back. 200, as NuGet's protocol has it; else as [`unlist`].
pub(crate) async fn relist(
    State(gallery): State<Arc<Inner>>,
    Path(release): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    set_listed(&gallery, &release, &headers, true).await
}

async fn set_listed(
    gallery: &Inner,
    (id, version): &(String, String),
    headers: &HeaderMap,
    listed: bool,
) -> Result<Response, Refusal> {
    let grant = grant(headers)?;
    let id: PackageId = id.parse().map_err(|_| no_such_release())?;
    let _lane = gallery.lanes.enter(&id).await;
    let approval = gallery.approve(&grant, Action::Unlist, &id).await?;
    let version: PackageVersion = version.parse().map_err(|_| no_such_release())?;
    gallery.shelf.release(&id, &version).ok_or_else(no_such_release)?;
    gallery.shelf.set_listed(&id, &version, listed).await.map_err(|error| storage_fault(&error))?;
    tracing::info!(package = %id, %version, listed, "listing changed");
    Ok(done(if listed { StatusCode::OK } else { StatusCode::NO_CONTENT }, &approval))
}
