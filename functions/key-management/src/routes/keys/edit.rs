use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use keys::{Edit, KeyName};
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Body, Person},
    input::{Fields, read},
    problem::Problem,
    routes::keys::ForVersion,
    wire::{KeyBody, KeyReply, words},
};

/// What is to change of a key; at least one thing.
#[derive(ToSchema)]
#[schema(as = KeyEdit, min_properties = 1)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `edit_key` reads; a test compares the two")]
pub(crate) struct EditBody {
    /// Its new name.
    name: Option<words::Line>,
    /// All its package ids and patterns from now on.
    #[schema(min_items = 1, max_items = 1000)]
    packages: Option<Vec<words::Pattern>>,
    /// Whether whoever has the key may begin a hand-over of it with the key itself, as a build does.
    self_refresh: Option<bool>,
}

/// Change a key's name or packages, or whether it may refresh itself
///
/// Actions, owner, expiry and secrets stay as they are. What is left out stays too. Only its holder may.
#[utoipa::path(
    patch,
    path = "/keys/{id}",
    tag = "keys",
    params(
        ("id" = String, Path, description = "The key's id."),
        ("If-Match" = Option<words::Version>, Header, nullable = false, description = "The version to change, as its `ETag` says.")
    ),
    request_body = EditBody,
    responses(
        (
            status = 200,
            description = "The key as it is now.",
            body = KeyBody,
            headers(("ETag" = String, description = "The key's version."))
        ),
        (status = 403, description = "You are not its holder or no member of its owner any more, or an account is locked."),
        (status = 404, description = "You have no key with this id."),
        (status = 409, description = "The key's status or kind does not allow it, or somebody else was faster."),
        (status = 412, description = "The key has another version.")
    ),
    security(("person" = []))
)]
pub(crate) async fn edit_key(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut fields): Body,
) -> Result<KeyReply, Problem> {
    let version = ForVersion::read(&mut fields, &headers);
    let edit = asked(fields)?;
    let key = app.held_key(&person, &id).await?;
    version.check(&key)?;
    let now = app.now();
    let changed = app.keyring.edit(&key, edit, &person.act(now)).await;
    let changed = changed.map_err(|error| Problem::of_change(error, version.is_named()))?;
    app.tell(&changed.notices).await;
    Ok(KeyReply::of(&changed.key, now))
}

/// What a body asks for.
pub(crate) fn asked(mut fields: Fields) -> Result<Edit, Problem> {
    let empty = fields.is_empty();
    let name = fields.optional("name", read::text::<KeyName>);
    let packages = fields.optional("packages", read::patterns);
    let self_refresh = fields.optional("self_refresh", read::flag);
    if empty {
        fields.refuse("body", "name, packages or self_refresh is expected");
    }
    fields.finish(|| Some(Edit { name, packages, self_refresh }))
}
