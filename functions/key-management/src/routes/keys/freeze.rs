use axum::{
    extract::{Path, State},
    http::HeaderMap,
};

use crate::{
    app::App,
    extract::{BodyIfAny, Person},
    problem::Problem,
    routes::keys::ForVersion,
    wire::{KeyBody, KeyReply, words},
};

/// Freeze a key
///
/// It opens nothing until its holder thaws it; nothing else about it changes, and its lifetime runs on. Its holder may,
/// and every admin of the organization it acts for. A key that is frozen already is answered as it is. No body is needed.
#[utoipa::path(
    post,
    path = "/keys/{id}/freeze",
    tag = "keys",
    params(
        ("id" = String, Path, description = "The key's id."),
        ("If-Match" = Option<words::Version>, Header, nullable = false, description = "The version to change, as its `ETag` says.")
    ),
    responses(
        (
            status = 200,
            description = "The key as it is now.",
            body = KeyBody,
            headers(("ETag" = String, description = "The key's version."))
        ),
        (status = 404, description = "You have no key with this id."),
        (status = 409, description = "The key has ended for good, or somebody else was faster."),
        (status = 412, description = "The key has another version."),
        (status = 413, description = "The body has more than 256 KiB.")
    ),
    security(("person" = []))
)]
pub(crate) async fn freeze_key(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    headers: HeaderMap,
    BodyIfAny(mut fields): BodyIfAny,
) -> Result<KeyReply, Problem> {
    let version = ForVersion::read(&mut fields, &headers);
    fields.finish(|| Some(()))?;
    let (key, _) = app.visible_key(&person, &id).await?;
    version.check(&key)?;
    let now = app.now();
    let frozen = app.keyring.freeze_as_read(&key, &person.act(now)).await;
    let frozen = frozen.map_err(|error| Problem::of_change(error, version.is_named()))?;
    app.tell(&frozen.notices).await;
    Ok(KeyReply::of(&frozen.key, now))
}
