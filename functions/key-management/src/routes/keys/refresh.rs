use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{BodyIfAny, Person},
    input::{Fields, read},
    problem::Problem,
    routes::keys::ForVersion,
    wire::{Revealed, RevealedReply, words},
};

/// How a key is to be refreshed.
#[derive(ToSchema)]
#[schema(as = Refresh)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `refresh_key` reads; a test compares the two")]
pub(crate) struct RefreshBody {
    /// Whether its lifetime starts again from now, as long as it was. An expired key's always does.
    #[schema(default = false)]
    restart_lifetime: Option<bool>,
}

/// Give a key a new secret
///
/// The old one stops at once; name, owner and scope stay. The reply shows the new text, this once. Only its holder may.
#[utoipa::path(
    post,
    path = "/keys/{id}/refresh",
    tag = "keys",
    params(
        ("id" = String, Path, description = "The key's id."),
        ("If-Match" = Option<words::Version>, Header, nullable = false, description = "The version to change, as its `ETag` says.")
    ),
    request_body = Option<RefreshBody>,
    responses(
        (
            status = 200,
            description = "The key as it is now.",
            body = Revealed,
            headers(("ETag" = String, description = "The key's version."))
        ),
        (status = 403, description = "You are not its holder or no member of its owner any more, or an account is locked."),
        (status = 404, description = "You have no key with this id."),
        (status = 409, description = "The key's status or kind or the policy does not allow it, or somebody else was faster."),
        (status = 412, description = "The key has another version.")
    ),
    security(("person" = []))
)]
pub(crate) async fn refresh_key(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    headers: HeaderMap,
    BodyIfAny(mut fields): BodyIfAny,
) -> Result<RevealedReply, Problem> {
    let version = ForVersion::read(&mut fields, &headers);
    let restart = asked(fields)?;
    let key = app.held_key(&person, &id).await?;
    version.check(&key)?;
    let (now, policy) = (app.now(), &app.policy);
    let maximum = policy.maximum_lifetime_days;
    let refreshed = app.keyring.refresh(&key, &policy.prefix, restart, maximum, &person.act(now)).await;
    let (changed, text) = refreshed.map_err(|error| Problem::of_change(error, version.is_named()))?;
    app.tell(&changed.notices).await;
    Ok(RevealedReply::of(StatusCode::OK, &changed.key, text, now))
}

/// What a body asks for: whether the lifetime starts again.
pub(crate) fn asked(mut fields: Fields) -> Result<bool, Problem> {
    let restart = fields.optional("restart_lifetime", read::flag).unwrap_or_default();
    fields.finish(|| Some(restart))
}
