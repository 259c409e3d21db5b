use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use bytes::Bytes;

use crate::{
    Inner,
    authorizer::{Action, PackageState},
    nupkg::{self, Contents},
    refusal::Refusal,
    shelf::Owners,
    upload::{self, UploadError},
    writes::{done, grant, no_such_release, storage_fault},
};

/// `PUT` (or `POST`) `/api/v2/package`: a new package or a new version.
///
/// 201; 400 for a file that is no package; 403 with the authorizer's reason; 409 if id and version are taken; 413;
/// 503 when the authorizer or the directory cannot be asked. On anything but 201 nothing was stored.
pub(crate) async fn package(
    State(gallery): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let grant = grant(&headers)?;
    let (file, contents) = receive(&headers, body).await?;
    let (id, version) = (contents.manifest.id.clone(), contents.manifest.version.clone());
    let _lane = gallery.lanes.enter(&id).await;
    let approval = gallery.approve(&grant, Action::Push, &id).await?;
    if gallery.shelf.release(&id, &version).is_some() {
        let message =
            format!("{id} {version} is here already. A version cannot be replaced; push a higher one.");
        return Err(Refusal::new(StatusCode::CONFLICT, "version_exists", message));
    }
    let staged = gallery.shelf.stage(file).await.map_err(|error| storage_fault(&error))?;
    let owners = match approval.package_state {
        PackageState::New => {
            let owners = Owners { owners: vec![approval.owner.clone()], revision: 1 };
            gallery.announce(&id, &owners).await?;
            Some(owners)
        }
        // The directory knows an id the gallery holds nothing of: what it was told then stays true.
        PackageState::Known if gallery.shelf.entry(&id).is_none() => {
            Some(Owners { owners: vec![approval.owner.clone()], revision: 0 })
        }
        PackageState::Known => None,
    };
    gallery.shelf.add(contents, staged, owners).await.map_err(|error| storage_fault(&error))?;
    tracing::info!(package = %id, %version, owner = approval.owner, "pushed");
    Ok(done(StatusCode::CREATED, &approval))
}

/// `PUT /api/v2/symbolpackage`: symbols of a version that is here; older ones are replaced.
///
/// As [`package()`], and 404 if the version is not here.
pub(crate) async fn symbols(
    State(gallery): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let grant = grant(&headers)?;
    let (file, contents) = receive(&headers, body).await?;
    let (id, version) = (contents.manifest.id, contents.manifest.version);
    let _lane = gallery.lanes.enter(&id).await;
    let approval = gallery.approve(&grant, Action::Push, &id).await?;
    gallery.shelf.release(&id, &version).ok_or_else(no_such_release)?;
    let staged = gallery.shelf.stage(file).await.map_err(|error| storage_fault(&error))?;
    gallery.shelf.set_symbols(&id, &version, staged).await.map_err(|error| storage_fault(&error))?;
    tracing::info!(package = %id, %version, "symbols pushed");
    Ok(done(StatusCode::CREATED, &approval))
}

async fn receive(headers: &HeaderMap, body: Body) -> Result<(Bytes, Contents), Refusal> {
    let file = upload::first_part(headers, body).await.map_err(|error| {
        let (status, reason) = match error {
            UploadError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            _ => (StatusCode::BAD_REQUEST, "bad_upload"),
        };
        Refusal::new(status, reason, format!("Cannot take the upload: {error}."))
    })?;
    let zip = file.clone();
    let contents = tokio::task::spawn_blocking(move || nupkg::read(&zip)).await;
    let contents = contents.map_err(|error| storage_fault(&io::Error::other(error)))?;
    let contents = contents.map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "bad_package", format!("This is no NuGet package: {error}."))
    })?;
    Ok((file, contents))
}
