use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};

use crate::{
    app::App,
    extract::{Person, Query},
    problem::Problem,
    routes::keys::ForVersion,
    wire::words,
};

/// Remove a key
///
/// It stops at once, and nothing is left of it but the history of the account. Only its holder may.
#[utoipa::path(
    delete,
    path = "/keys/{id}",
    tag = "keys",
    params(
        ("id" = String, Path, description = "The key's id."),
        ("If-Match" = Option<words::Version>, Header, nullable = false, description = "The version to delete, as its `ETag` says.")
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 403, description = "You are not its holder."),
        (status = 404, description = "You have no key with this id."),
        (status = 409, description = "Somebody else was faster."),
        (status = 412, description = "The key has another version.")
    ),
    security(("person" = []))
)]
pub(crate) async fn delete_key(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(mut query): Query,
) -> Result<StatusCode, Problem> {
    let version = ForVersion::read(&mut query, &headers);
    query.finish(|| Some(()))?;
    let key = app.held_key(&person, &id).await?;
    version.check(&key)?;
    let deleted = app.keyring.delete(&key, &person.act(app.now())).await;
    let deleted = deleted.map_err(|error| Problem::of_change(error, version.is_named()))?;
    app.tell(&deleted.notices).await;
    Ok(StatusCode::NO_CONTENT)
}
