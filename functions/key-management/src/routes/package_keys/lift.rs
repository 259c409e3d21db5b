use axum::{
    extract::{Path, State},
    http::StatusCode,
};

use crate::{
    app::App,
    extract::{Person, Query},
    problem::Problem,
    routes::package_keys::ids,
    wire::words,
};

/// Lift the bar on a key
///
/// Any owner of the package may, whoever barred the key. Its holder is mailed. Where there is no such bar, nothing is done.
#[utoipa::path(
    delete,
    path = "/packages/{id}/barred/{key_id}",
    tag = "packages",
    params(
        ("id" = words::PackageId, Path, description = "The package's id. Letter case does not matter."),
        ("key_id" = String, Path, description = "The key's id.")
    ),
    responses(
        (status = 204, description = "The key is not barred from the package."),
        (status = 403, description = "Your account is locked, or the organization's."),
        (status = 404, description = "You own no package with this id, and are no admin of an organization that does; or this is no key's id.")
    ),
    security(("person" = []))
)]
pub(crate) async fn lift_bar(
    State(app): State<App>,
    person: Person,
    Path((package, key)): Path<(String, String)>,
    Query(query): Query,
) -> Result<StatusCode, Problem> {
    query.finish(|| Some(()))?;
    let (package, key) = ids(&app, &person, &package, &key).await?;
    let notices = app.keyring.lift_bar(&package, &key, &person.account, &person.act(app.now())).await?;
    app.tell(&notices).await;
    Ok(StatusCode::NO_CONTENT)
}
