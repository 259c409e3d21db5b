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

/// Thaw a frozen key
///
/// It opens again what it did, with the text it had. Only its holder may. A key that is not frozen is answered as it is.
/// No body is needed.
#[utoipa::path(
    post,
    path = "/keys/{id}/thaw",
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
        (status = 403, description = "You are not its holder or no member of its owner any more, or an account is locked."),
        (status = 404, description = "You have no key with this id."),
        (status = 409, description = "The key has ended for good, or somebody else was faster."),
        (status = 412, description = "The key has another version."),
        (status = 413, description = "The body has more than 256 KiB.")
    ),
    security(("person" = []))
)]
pub(crate) async fn thaw_key(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    headers: HeaderMap,
    BodyIfAny(mut fields): BodyIfAny,
) -> Result<KeyReply, Problem> {
    let version = ForVersion::read(&mut fields, &headers);
    fields.finish(|| Some(()))?;
    let key = app.held_key(&person, &id).await?;
    version.check(&key)?;
    let now = app.now();
    let thawed = app.keyring.thaw(&key, &person.act(now)).await;
    let thawed = thawed.map_err(|error| Problem::of_change(error, version.is_named()))?;
    app.tell(&thawed.notices).await;
    Ok(KeyReply::of(&thawed.key, now))
}
