use axum::{
    Json,
    extract::{Path, State},
};

use crate::{
    app::App,
    extract::{BodyIfAny, Person},
    problem::Problem,
    routes::package_keys::ids,
    wire::{ReachingBody, words},
};

/// Bar a key from a package
///
/// Whatever its scope says, it may do nothing with this package from now on, until an owner lifts that. Its holder is
/// mailed. A key that is barred already stays barred as it is. No body is needed.
#[utoipa::path(
    put,
    path = "/packages/{id}/barred/{key_id}",
    tag = "packages",
    params(
        ("id" = words::PackageId, Path, description = "The package's id. Letter case does not matter."),
        ("key_id" = String, Path, description = "The id of a key that `GET /packages/{id}/keys` lists.")
    ),
    responses(
        (status = 200, description = "The key as it is now.", body = ReachingBody),
        (status = 403, description = "Your account is locked, or the organization's."),
        (status = 404, description = "You own no package with this id, and are no admin of an organization that does; or no key with this id reaches it."),
        (status = 409, description = "A hundred keys are barred from this package."),
        (status = 413, description = "The body has more than 256 KiB.")
    ),
    security(("person" = []))
)]
pub(crate) async fn bar_key(
    State(app): State<App>,
    person: Person,
    Path((package, key)): Path<(String, String)>,
    BodyIfAny(fields): BodyIfAny,
) -> Result<Json<ReachingBody>, Problem> {
    fields.finish(|| Some(()))?;
    let (package, key) = ids(&app, &person, &package, &key).await?;
    let act = person.act(app.now());
    let (voice, reaching, notices) = app.keyring.bar(&package, &key, &person.account, &act).await?;
    app.tell(&notices).await;
    Ok(Json(ReachingBody::of(&reaching, &voice.package)))
}
