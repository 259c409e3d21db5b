use keyring::Event;
use keys::Packages;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{time, words};

/// One thing that happened to a key.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventBody {
    #[schema(value_type = words::EventKind)]
    kind: &'static str,
    /// Who did it: an account, or the gallery's principal.
    by: String,
    /// From which network address.
    from: String,
    #[schema(format = DateTime)]
    at: String,
    /// What changed, in words, where the kind does not tell all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
    /// The patterns an edit brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    added: Option<PatternsBody>,
    /// The patterns an edit took away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    removed: Option<PatternsBody>,
}

/// Some patterns, the first twenty of them by name.
#[derive(Serialize, ToSchema)]
#[schema(as = SomePatterns)]
pub(crate) struct PatternsBody {
    packages: Vec<String>,
    /// How many there are.
    count: usize,
}

impl From<&Event> for EventBody {
    fn from(event: &Event) -> Self {
        Self {
            kind: event.kind.as_str(),
            by: event.by.clone(),
            from: event.from.clone(),
            at: time(event.at),
            detail: event.detail.clone(),
            added: some(&event.added),
            removed: some(&event.removed),
        }
    }
}

fn some(packages: &Packages) -> Option<PatternsBody> {
    let named = packages.first.iter().map(ToString::to_string).collect();
    (packages.count > 0).then_some(PatternsBody { packages: named, count: packages.count })
}
