use axum::{
    extract::{Path, State},
    http::HeaderMap,
};

use crate::{
    app::{App, Relation},
    extract::{BodyIfAny, Person},
    problem::Problem,
    routes::keys::ForVersion,
    wire::{KeyBody, KeyReply, words},
};

/// End a key, keeping its record
///
/// It stops at once, and cannot be brought back. Its holder may, and every admin of the organization it acts for; the
/// cause that is told says who it was. No body is needed.
#[utoipa::path(
    post,
    path = "/keys/{id}/revoke",
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
        (status = 409, description = "The key has ended already, or somebody else was faster."),
        (status = 412, description = "The key has another version."),
        (status = 413, description = "The body has more than 256 KiB.")
    ),
    security(("person" = []))
)]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    headers: HeaderMap,
    BodyIfAny(mut fields): BodyIfAny,
) -> Result<KeyReply, Problem> {
    let version = ForVersion::read(&mut fields, &headers);
    fields.finish(|| Some(()))?;
    let (key, relation) = app.visible_key(&person, &id).await?;
    version.check(&key)?;
    let cause = match relation {
        Relation::Holder => format!("by {}", person.account),
        Relation::Admin => format!("by {}, an admin of {}", person.account, key.owner),
    };
    let now = app.now();
    let changed = app.keyring.revoke(&key, cause, &person.act(now)).await;
    let changed = changed.map_err(|error| Problem::of_change(error, version.is_named()))?;
    app.tell(&changed.notices).await;
    Ok(KeyReply::of(&changed.key, now))
}
