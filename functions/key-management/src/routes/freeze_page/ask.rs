use axum::extract::{Path, State};

use crate::{
    app::App,
    routes::freeze_page::{key_of, page::Page},
};

/// The page that asks whether a key is to be frozen
///
/// It changes nothing. Its button does, by `POST` to the same address.
#[utoipa::path(
    get,
    path = "/freeze/{link}",
    tag = "freeze links",
    params(("link" = String, Path, description = "What stands at the end of the address in a mail.")),
    responses(
        (status = 200, description = "The key, and the button.", content_type = "text/html", body = String),
        (status = 404, description = "This is no link of ours, or its key is gone.", content_type = "text/html", body = String),
        (status = 410, description = "The link is older than 400 days.", content_type = "text/html", body = String),
        (status = 500, description = "The fault is ours.", content_type = "text/html", body = String),
        (status = 503, description = "Something we depend on did not answer.", content_type = "text/html", body = String)
    )
)]
pub(crate) async fn ask_to_freeze(State(app): State<App>, Path(link): Path<String>) -> Page {
    let id = match key_of(&app, &link).await {
        Ok(id) => id,
        Err(page) => return page,
    };
    match app.keyring.key(&id).await {
        Ok(Some(key)) => Page::about(&app, &key, false),
        Ok(None) => Page::gone(&app, id),
        Err(fault) => Page::trouble(&app, fault.into()),
    }
}
