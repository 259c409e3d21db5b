use axum::{Json, extract::State};
use keyring::{Fault, List, Page, Position};
use keys::{AccountId, Key, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Person, Query},
    input::read,
    notices::{Notice, Notices, undeliverable},
    problem::{Problem, Reason},
    routes::keys::paging::{self, Paging},
    wire::{self, KeyBody, words},
};

/// How many keys are read at a time where only their notices are wanted.
const AT_ONCE: u16 = 1000;

/// Some keys, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Keys)]
pub(crate) struct KeysBody {
    keys: Vec<KeyBody>,
    /// What should be done, over all keys of the list; on its first page only.
    notices: Vec<Notice>,
    /// Where the next page begins, if there may be one: the value for `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
    /// The time that the statuses hold for.
    #[schema(format = DateTime)]
    now: String,
}

/// Whose keys are listed.
enum Whose {
    Mine,
    /// Those that act for an organization.
    Organization(AccountId),
}

/// Your keys, newest first
///
/// Or all keys that act for an organization, if you are its admin.
#[utoipa::path(
    get,
    path = "/keys",
    tag = "keys",
    params(
        ("owner" = Option<words::AccountId>, Query, nullable = false, description = "An organization you are an admin of. Without it, the keys you hold."),
        ("limit" = Option<u16>, Query, nullable = false, minimum = 1, maximum = 100, description = "The most entries of a page: 1 to 100, which is the default."),
        ("after" = Option<String>, Query, nullable = false, description = "`next` of the page before.")
    ),
    responses(
        (status = 200, description = "A page of keys.", body = KeysBody),
        (status = 403, description = "You are not an admin of the owner.")
    ),
    security(("person" = []))
)]
pub(crate) async fn list_keys(
    State(app): State<App>,
    person: Person,
    Query(mut query): Query,
) -> Result<Json<KeysBody>, Problem> {
    let owner = query.optional("owner", read::text::<AccountId>);
    let whose = match owner {
        Some(owner) if owner != person.account => Whose::Organization(owner),
        _ => Whose::Mine,
    };
    let paging = Paging::read(&mut query, whose.list());
    let Paging { limit, after } = query.finish(|| Some(paging))?;
    if let Whose::Organization(owner) = &whose
        && app.role(owner, &person.account).await? != Some(Role::Admin)
    {
        let detail = format!("You are not an admin of {owner}.");
        return Err(Problem::new(Reason::NotAnAdmin, detail).about("owner"));
    }
    let now = app.now();
    let page = page(&app, &whose, &person, limit, after.as_ref()).await?;
    let mut notices = Vec::new();
    if after.is_none() {
        if let Whose::Mine = whose {
            let account = app.keyring.account(&person.account).await?;
            let waiting = app.keyring.waiting_for(&person.account).await?;
            notices.extend(undeliverable(account.as_ref(), person.mail.as_deref(), waiting));
        }
        let mut seen = Notices::at(now);
        page.entries.iter().for_each(|key| seen.see(key));
        let mut next = page.next.clone();
        while let Some(after) = next {
            let more = self::page(&app, &whose, &person, AT_ONCE, Some(&after)).await?;
            more.entries.iter().for_each(|key| seen.see(key));
            next = more.next;
        }
        notices.extend(seen.finish());
    }
    Ok(Json(KeysBody {
        keys: page.entries.iter().map(|key| KeyBody::of(key, now)).collect(),
        notices,
        next: paging::next(page.next),
        now: wire::time(now),
    }))
}

impl Whose {
    const fn list(&self) -> List<'static> {
        match self {
            Self::Mine => List::KeysOf,
            Self::Organization(_) => List::KeysFor,
        }
    }
}

async fn page(
    app: &App,
    whose: &Whose,
    person: &Person,
    limit: u16,
    after: Option<&Position>,
) -> Result<Page<Key>, Fault> {
    match whose {
        Whose::Mine => app.keyring.keys_of(&person.account, limit, after).await,
        Whose::Organization(owner) => app.keyring.keys_for(owner, limit, after).await,
    }
}
