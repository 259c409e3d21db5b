//! The page behind the link in a mail: it freezes one key, for whoever has the mail, without signing in.
//!
//! To look at it changes nothing, since mail scanners follow links; its one button does. The link is in the address, so it
//! may get into no log, cache or referrer: the log and the gateway's write the route, and the page loads nothing, links
//! nowhere but to the keys page, and lets nobody know where it was come from. A link that is not ours is refused before any
//! key is looked at.

mod ask;
mod freeze;
mod page;

use axum::http::StatusCode;
use keyring::{Act, FROZEN_BY_LINK};
use keys::{FreezeLink, FreezeLinkError, KeyId};

pub(crate) use ask::{__path_ask_to_freeze, ask_to_freeze};
pub(crate) use freeze::{__path_freeze_by_link, freeze_by_link};

use crate::{app::App, extract::Caller, routes::freeze_page::page::Page};

/// The key that a link is for.
///
/// # Errors
/// The page that says why there is none.
async fn key_of(app: &App, link: &str) -> Result<KeyId, Page> {
    let now = app.now();
    match app.keyring.check_freeze_link(link, now).await {
        Ok(Ok(FreezeLink { key, .. })) => Ok(key),
        Ok(Err(FreezeLinkError::Expired)) => Err(Page::no_link(app, StatusCode::GONE)),
        Ok(Err(FreezeLinkError::Malformed | FreezeLinkError::Forged)) => {
            Err(Page::no_link(app, StatusCode::NOT_FOUND))
        }
        Err(fault) => Err(Page::trouble(app, fault.into())),
    }
}

/// What whoever has the link does, as it goes into the history of the key.
fn act(app: &App, caller: &Caller) -> Act {
    Act { by: FROZEN_BY_LINK.to_owned(), from: caller.address().to_owned(), at: app.now() }
}
