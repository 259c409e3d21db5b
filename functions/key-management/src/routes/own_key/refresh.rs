use axum::{extract::State, http::StatusCode};
use keys::HandOverWindow;

use crate::{
    app::App,
    extract::{BodyIfAny, ShownKey},
    input::{Fields, read},
    problem::{Problem, Reason},
    wire::RevealedReply,
};

/// Begins a hand-over of the key whose text is shown, if its holder allowed that: for a build that keeps its own secret
/// fresh. The reply shows the second text, this once; the key's expiry does not move by it. Its people are told.
pub(crate) async fn refresh_own_key(
    State(app): State<App>,
    shown: ShownKey,
    BodyIfAny(fields): BodyIfAny,
) -> Result<RevealedReply, Problem> {
    let window = asked(fields)?;
    if !shown.key.self_refresh {
        let detail =
            "This key may not refresh itself. Its holder can allow it, or refresh it, on the keys page.";
        return Err(Problem::new(Reason::SelfRefreshNotAllowed, detail));
    }
    let (now, policy) = (app.now(), &app.policy);
    let (prefix, maximum) = (&policy.prefix, policy.maximum_lifetime_days);
    let (changed, text) = app.keyring.hand_over(&shown.key, prefix, window, maximum, &shown.act(now)).await?;
    app.tell(&changed.notices).await;
    Ok(RevealedReply::of(StatusCode::OK, &changed.key, text, now))
}

/// What a body asks for: how long the second secret waits for its first push.
pub(crate) fn asked(mut fields: Fields) -> Result<HandOverWindow, Problem> {
    let window = fields.optional("hand_over_days", read::hand_over).unwrap_or_default();
    fields.finish(|| Some(window))
}
