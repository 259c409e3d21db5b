use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io,
    sync::Arc,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, put},
};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    Inner,
    authorizer::{Action, Approval, Decision, Grant, PackageState},
    listing,
    package_id::PackageId,
    push,
    refusal::{Refusal, WARNING, header_text},
    shelf::Owners,
};

/// The writing routes, with and without the slash that some clients add.
pub(crate) fn router() -> Router<Arc<Inner>> {
    let package = put(push::package).post(push::package);
    let release = delete(listing::unlist).post(listing::relist);
    Router::new()
        .route("/api/v2/package", package.clone())
        .route("/api/v2/package/", package)
        .route("/api/v2/symbolpackage", put(push::symbols))
        .route("/api/v2/symbolpackage/", put(push::symbols))
        .route("/api/v2/package/{id}/{version}", release.clone())
        .route("/api/v2/package/{id}/{version}/", release)
        .layer(DefaultBodyLimit::disable())
}

/// Writes to one package go one after another, so that of two first pushes of an id one wins, and the other is
/// decided on what the winner made true. A lane is shared by the ids that hash to it.
#[derive(Debug, Default)]
pub(crate) struct Lanes([Mutex<()>; 32]);

impl Lanes {
    pub(crate) async fn enter(&self, id: &PackageId) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        id.identity().hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % self.0.len() as u64).unwrap_or_default();
        self.0[lane].lock().await
    }
}

/// The grant a request came with.
pub(crate) fn grant(headers: &HeaderMap) -> Result<Grant, Refusal> {
    let message = "This request did not come through the gateway: it carries no grant in place of a key.";
    Grant::of(headers).ok_or_else(|| Refusal::new(StatusCode::FORBIDDEN, "no_grant", message))
}

impl Inner {
    /// Asks the authorizer, and turns everything but an allow that fits what the gallery holds into a refusal.
    ///
    /// An allow that calls a package new which the gallery holds was decided as if nobody owned it. The directory
    /// gets the entry again, and the publisher a 503: trying again is the cure, and a 409 would be taken for "this
    /// version is here already" by clients told to skip duplicates.
    pub(crate) async fn approve(
        &self,
        grant: &Grant,
        action: Action,
        id: &PackageId,
    ) -> Result<Approval, Refusal> {
        let decision = self.authorizer.decide(grant, action, id).await.map_err(|error| {
            tracing::error!(package = %id, %error, "no decision");
            Refusal::try_again(
                "The gallery cannot find out whether this key may do that. Nothing was changed; try again.",
            )
        })?;
        let approval = match decision {
            Decision::Allow(approval) => approval,
            Decision::Deny { reason, message } => {
                return Err(Refusal::new(StatusCode::FORBIDDEN, &reason, message));
            }
        };
        match self.shelf.entry(id) {
            Some(entry) if approval.package_state == PackageState::New => {
                let owners = Owners { revision: entry.owners.revision + 1, ..entry.owners };
                tracing::warn!(package = %id, "the directory did not know a package the gallery holds: sent again");
                self.announce(id, &owners).await?;
                self.shelf.set_owners(id, owners).await.map_err(|error| storage_fault(&error))?;
                Err(Refusal::try_again(
                    "The directory had lost this package's owners; they were sent again. Nothing was changed; try again.",
                ))
            }
            _ => Ok(approval),
        }
    }

    /// Tells the directory whose a package is, or refuses.
    pub(crate) async fn announce(&self, id: &PackageId, owners: &Owners) -> Result<(), Refusal> {
        self.directory.put_package(id.as_str(), &owners.owners, owners.revision).await.map_err(|error| {
            tracing::error!(package = %id, %error, "the directory was not told of a package");
            Refusal::try_again(
                "The gallery cannot reach the directory of owners. Nothing was changed; try again.",
            )
        })
    }
}

/// Success, with what the publisher should hear nevertheless.
pub(crate) fn done(status: StatusCode, approval: &Approval) -> Response {
    match &approval.warning {
        Some(warning) => (status, [(WARNING, header_text(warning))]).into_response(),
        None => status.into_response(),
    }
}

pub(crate) fn storage_fault(error: &io::Error) -> Refusal {
    tracing::error!(%error, "the gallery's storage failed");
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "storage",
        "The gallery cannot store this. Nothing was changed.",
    )
}

pub(crate) fn no_such_release() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no_such_version", "The gallery has no such package version.")
}
