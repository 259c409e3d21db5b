use keyring::{Package, Reaching};
use keys::{Action, Kind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{time, words};

/// A live key that acts for an owner of a package and covers it.
#[derive(Serialize, ToSchema)]
#[schema(as = PackageKey)]
pub(crate) struct ReachingBody {
    #[schema(pattern = "^[0-9A-Za-z]{22}$")]
    key_id: String,
    name: String,
    #[schema(value_type = words::KeyKind)]
    kind: &'static str,
    /// The account that made it and is mailed about it.
    holder: String,
    /// The package's owner in whose name it acts.
    owner: String,
    #[schema(value_type = Vec<words::Action>, min_items = 1)]
    actions: Vec<&'static str>,
    /// The first of its patterns that covers the package. A legacy key has none: it covers every package of its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pattern: Option<String>,
    /// Its last push of this package, to the hour or so, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_push_at: Option<String>,
    /// Null for a legacy key: it has no date of expiry.
    #[schema(format = DateTime, required = true)]
    expires_at: Option<String>,
    /// That it is barred from this package, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    barred: Option<BarBody>,
    /// Why it would be refused now all the same, if it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Refused>, nullable = false)]
    refused: Option<&'static str>,
}

/// That a key is barred from a package.
#[derive(Serialize, ToSchema)]
#[schema(as = Bar)]
pub(crate) struct BarBody {
    /// The person who barred it.
    by: String,
    #[schema(format = DateTime)]
    at: String,
}

impl ReachingBody {
    pub(crate) fn of(reaching: &Reaching, package: &Package) -> Self {
        let Reaching { key, pattern, pushed_at, denial } = reaching;
        let (kind, actions, expires_at) = match &key.kind {
            Kind::Scoped { scope, expires_at, .. } => {
                ("scoped", scope.actions.iter().map(Action::as_str).collect(), Some(*expires_at))
            }
            Kind::Legacy { .. } => ("legacy", Action::ALL.into_iter().map(Action::as_str).collect(), None),
        };
        let barred = package.bar_on(&key.id);
        Self {
            key_id: key.id.to_string(),
            name: key.name.to_string(),
            kind,
            holder: key.holder.to_string(),
            owner: key.owner.to_string(),
            actions,
            pattern: pattern.as_ref().map(ToString::to_string),
            last_push_at: pushed_at.map(time),
            expires_at: expires_at.map(time),
            barred: barred.map(|bar| BarBody { by: bar.by.to_string(), at: time(bar.at) }),
            refused: denial.as_ref().map(|denial| denial.reason().as_str()),
        }
    }
}
