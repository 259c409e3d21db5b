use axum::{Json, extract::State};
use keyring::DirectoryError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    directory::{self, Applied},
    extract::{Body, Gallery},
    input::{FieldError, Fields, Node, Reading, read},
    problem::Problem,
    routes::directory::entry::EntryBody,
};

/// The most entries of one call.
const MOST: usize = 100;

/// Many entries of the directory, written one after the other.
#[derive(ToSchema)]
#[schema(as = Entries)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `put_directory` reads; a test compares the two")]
pub(crate) struct EntriesBody {
    #[schema(
        min_items = 1,
        max_items = 100,
        example = json!([{"put": "package", "id": "Example.Widgets", "owners": ["user-1001"], "revision": 3}])
    )]
    entries: Vec<EntryBody>,
}

/// What became of many entries, in their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Results {
    results: Vec<EntryResult>,
}

/// What became of one of many entries.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryResult {
    #[serde(flatten)]
    applied: Applied,
    /// Why the directory refuses it, if it does; the others are written all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<EntryError>,
}

/// Why one of many entries is refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryError {
    /// As in a problem.
    reason: &'static str,
    detail: String,
}

impl EntryError {
    pub(crate) fn of(problem: &Problem) -> Self {
        Self { reason: problem.reason().as_str(), detail: problem.detail().to_owned() }
    }
}

/// Tell of many things at once
///
/// Up to 100 entries. If one is not as documented, none is written. After a fault, all of them can be sent again.
#[utoipa::path(
    post,
    path = "/directory",
    tag = "directory",
    request_body = EntriesBody,
    responses((status = 200, description = "What became of each entry.", body = Results)),
    security(("gallery" = []))
)]
pub(crate) async fn put_directory(
    State(app): State<App>,
    gallery: Gallery,
    Body(fields): Body,
) -> Result<Json<Results>, Problem> {
    let mut results = Vec::new();
    for change in asked(fields)? {
        results.push(match change.apply(&app, &gallery).await {
            Ok(applied) => EntryResult { applied, error: None },
            Err(DirectoryError::Fault(fault)) => return Err(fault.into()),
            Err(refusal) => {
                let applied = Applied { written: false, revoked: None };
                EntryResult { applied, error: Some(EntryError::of(&refusal.into())) }
            }
        });
    }
    Ok(Json(Results { results }))
}

/// The changes that a body tells of.
pub(crate) fn asked(mut fields: Fields) -> Result<Vec<directory::Change>, Problem> {
    let entries = fields.required("entries", entries);
    fields.finish(|| entries)
}

fn entries(node: Node, field: &str) -> Reading<Vec<directory::Change>> {
    let count = if let Node::List(entries) = &node { entries.len() } else { 1 };
    if !(1..=MOST).contains(&count) {
        return Err(vec![FieldError::new(field, format!("1 to {MOST} entries are expected, not {count}"))]);
    }
    read::list(directory::entry)(node, field)
}
