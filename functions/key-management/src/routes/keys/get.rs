use axum::extract::{Path, State};

use crate::{
    app::App,
    extract::{Person, Query},
    problem::Problem,
    wire::{KeyBody, KeyReply},
};

/// One key
///
/// For its holder, and for the admins of the organization it acts for.
#[utoipa::path(
    get,
    path = "/keys/{id}",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id.")),
    responses(
        (
            status = 200,
            description = "The key.",
            body = KeyBody,
            headers(("ETag" = String, description = "The key's version."))
        ),
        (status = 404, description = "You have no key with this id.")
    ),
    security(("person" = []))
)]
pub(crate) async fn get_key(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    Query(query): Query,
) -> Result<KeyReply, Problem> {
    query.finish(|| Some(()))?;
    let (key, _) = app.visible_key(&person, &id).await?;
    Ok(KeyReply::of(&key, app.now()))
}
