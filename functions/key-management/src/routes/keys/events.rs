use axum::{
    Json,
    extract::{Path, State},
};
use keyring::List;
use keys::KeyId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Person, Query},
    problem::Problem,
    routes::keys::paging::{self, Paging},
    wire::{self, EventBody},
};

/// Some of what happened to a key, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Events)]
pub(crate) struct EventsBody {
    events: Vec<EventBody>,
    /// Where the next page begins, if there may be one: the value for `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
    #[schema(format = DateTime)]
    now: String,
}

/// What happened to a key, newest first
///
/// For its holder, and for the admins of the organization it acts for. Events are kept for 400 days.
#[utoipa::path(
    get,
    path = "/keys/{id}/events",
    tag = "keys",
    params(
        ("id" = String, Path, description = "The key's id."),
        ("limit" = Option<u16>, Query, nullable = false, minimum = 1, maximum = 100, description = "The most entries of a page: 1 to 100, which is the default."),
        ("after" = Option<String>, Query, nullable = false, description = "`next` of the page before.")
    ),
    responses(
        (status = 200, description = "A page of events.", body = EventsBody),
        (status = 404, description = "You have no key with this id.")
    ),
    security(("person" = []))
)]
pub(crate) async fn list_key_events(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    Query(mut query): Query,
) -> Result<Json<EventsBody>, Problem> {
    let of: Option<KeyId> = id.parse().ok();
    let paging = Paging::read(&mut query, of.as_ref().map_or(List::KeysOf, List::Events));
    let Paging { limit, after } = query.finish(|| Some(paging))?;
    let (key, _) = app.visible_key(&person, &id).await?;
    let page = app.keyring.events(&key.id, limit, after.as_ref()).await?;
    let events = page.entries.iter().map(EventBody::from).collect();
    Ok(Json(EventsBody { events, next: paging::next(page.next), now: wire::time(app.now()) }))
}
