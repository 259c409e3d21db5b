use axum::{
    Extension,
    extract::{Path, State},
};
use keyring::ChangeError;

use crate::{
    app::App,
    extract::Caller,
    routes::freeze_page::{act, key_of, page::Page},
};

/// Freeze a key by the link in a mail
///
/// It opens nothing until its holder, once signed in, thaws it. Whoever has the link may, as often as it comes to it: a
/// link freezes and does nothing else. No body is read.
#[utoipa::path(
    post,
    path = "/freeze/{link}",
    tag = "freeze links",
    params(("link" = String, Path, description = "What stands at the end of the address in a mail.")),
    responses(
        (status = 200, description = "The key is frozen, or has ended for good.", content_type = "text/html", body = String),
        (status = 404, description = "This is no link of ours, or its key is gone.", content_type = "text/html", body = String),
        (status = 410, description = "The link is older than 400 days.", content_type = "text/html", body = String),
        (status = 500, description = "The fault is ours.", content_type = "text/html", body = String),
        (status = 503, description = "Something we depend on did not answer.", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn freeze_by_link(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(link): Path<String>,
) -> Page {
    let id = match key_of(&app, &link).await {
        Ok(id) => id,
        Err(page) => return page,
    };
    match app.keyring.freeze(&id, &act(&app, &caller)).await {
        Ok(frozen) => {
            app.tell(&frozen.notices).await;
            Page::about(&app, &frozen.key, !frozen.notices.is_empty())
        }
        Err(ChangeError::Gone) => Page::gone(&app, id),
        Err(ChangeError::Not(_)) => match app.keyring.key(&id).await {
            Ok(Some(key)) => Page::about(&app, &key, false),
            Ok(None) => Page::gone(&app, id),
            Err(fault) => Page::trouble(&app, fault.into()),
        },
        Err(error) => Page::trouble(&app, error.into()),
    }
}
