use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use keys::HandOverWindow;
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
    /// Hands the key over, within so many days: old and new secret both work until the new one's first push, which ends the
    /// old one. Without such a push the new one is dropped then, and the old one lives on. The lifetime stays as it is.
    #[schema(minimum = 1, maximum = 30)]
    hand_over_days: Option<u16>,
}

/// How a key is to be refreshed, as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// Every older secret stops at once.
    AtOnce {
        /// Whether the lifetime starts again.
        restart: bool,
    },
    /// The old secret stops with the new one's first push, if that comes within the window.
    HandOver(HandOverWindow),
}

/// Give a key a new secret
///
/// The old one stops at once, and so does one that the key is being handed over to; with `hand_over_days` the old one stops
/// with the new one's first push. Name, owner and scope stay. The reply shows the new text, this once. Only its holder may.
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
        (status = 409, description = "The key's status or kind or the policy does not allow it, it is being handed over already, or somebody else was faster."),
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
    let refresh = asked(fields)?;
    let key = app.held_key(&person, &id).await?;
    version.check(&key)?;
    let (now, policy) = (app.now(), &app.policy);
    let (prefix, maximum, act) = (&policy.prefix, policy.maximum_lifetime_days, person.act(now));
    let refreshed = match refresh {
        Refresh::AtOnce { restart } => app.keyring.refresh(&key, prefix, restart, maximum, &act).await,
        Refresh::HandOver(window) => app.keyring.hand_over(&key, prefix, window, maximum, &act).await,
    };
    let (changed, text) = refreshed.map_err(|error| Problem::of_change(error, version.is_named()))?;
    app.tell(&changed.notices).await;
    Ok(RevealedReply::of(StatusCode::OK, &changed.key, text, now))
}

/// What a body asks for.
pub(crate) fn asked(mut fields: Fields) -> Result<Refresh, Problem> {
    let restart = fields.optional("restart_lifetime", read::flag).unwrap_or_default();
    let window = fields.optional("hand_over_days", read::hand_over);
    if restart && window.is_some() {
        fields.refuse("hand_over_days", "does not go with restart_lifetime: a hand-over keeps the lifetime");
    }
    fields.finish(|| Some(window.map_or(Refresh::AtOnce { restart }, Refresh::HandOver)))
}
