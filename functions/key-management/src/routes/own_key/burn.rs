use axum::{Extension, extract::State};
use keys::KeyId;

use crate::{
    app::App,
    extract::{Query, ShownKey},
    problem::Problem,
    wire::KeyReply,
};

/// Ends the key whose text is shown, keeping its record. Whoever has the text may, whatever its scope and whoever is
/// locked: a leaked key is everybody's to burn. What is answered is the key as it is now; one that has ended already
/// stays as it ended, since its text opens nothing any more.
pub(crate) async fn burn_key(
    State(app): State<App>,
    shown: ShownKey,
    Query(query): Query,
) -> Result<(Extension<KeyId>, KeyReply), Problem> {
    query.finish(|| Some(()))?;
    let now = app.now();
    let burnt = app.keyring.burn(&shown.key, &shown.act(now)).await?;
    app.tell(&burnt.notices).await;
    Ok((Extension(burnt.key.id), KeyReply::of(&burnt.key, now)))
}
