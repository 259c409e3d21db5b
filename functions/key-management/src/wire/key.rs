use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use keys::{Action, Key, Kind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{time, words};

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyBody {
    /// 22 letters and digits. No secret.
    #[schema(pattern = "^[0-9A-Za-z]{22}$")]
    id: String,
    name: String,
    #[schema(value_type = words::KeyKind)]
    kind: &'static str,
    /// The account that made it and is mailed about it.
    holder: String,
    /// The account in whose name it acts: the holder, or an organization.
    owner: String,
    #[schema(value_type = Vec<words::Action>, min_items = 1)]
    actions: Vec<&'static str>,
    /// Package ids and patterns; `*` in them stands for any run of characters.
    packages: Vec<String>,
    #[schema(value_type = words::Status)]
    status: &'static str,
    /// Since when it is frozen. It opens nothing until its holder thaws it, whatever its status. Left out where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    frozen_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null for a legacy key: it has no date of expiry.
    #[schema(format = DateTime, required = true)]
    expires_at: Option<String>,
    /// The last push, to the hour or so. Null if there was none.
    #[schema(format = DateTime, required = true)]
    last_push_at: Option<String>,
    /// Rises with every change; also in the `ETag`, for `If-Match`.
    version: u32,
    /// There while the key has a second secret that waits for its first push.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hand_over: Option<HandOverBody>,
    /// There, and true, where the key may begin a hand-over of itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    self_refresh: bool,
}

/// A key is being handed over: its second secret takes the place of the first with its first push.
#[derive(Serialize, ToSchema)]
#[schema(as = HandOver)]
pub(crate) struct HandOverBody {
    /// When the second secret is dropped, if it has not been used for a push; the first one then lives on.
    #[schema(format = DateTime)]
    until: String,
}

impl KeyBody {
    /// The key as it is at `now`.
    pub(crate) fn of(key: &Key, now: DateTime<Utc>) -> Self {
        let (kind, actions, packages, expires_at) = match &key.kind {
            Kind::Scoped { scope, expires_at, .. } => (
                "scoped",
                scope.actions.iter().map(Action::as_str).collect(),
                scope.packages.as_slice().iter().map(ToString::to_string).collect(),
                Some(*expires_at),
            ),
            Kind::Legacy { .. } => {
                ("legacy", Action::ALL.into_iter().map(Action::as_str).collect(), vec!["*".to_owned()], None)
            }
        };
        Self {
            id: key.id.to_string(),
            name: key.name.to_string(),
            kind,
            holder: key.holder.to_string(),
            owner: key.owner.to_string(),
            actions,
            packages,
            status: key.status(now).as_str(),
            frozen_at: key.frozen_at.map(time),
            created_at: time(key.created_at),
            expires_at: expires_at.map(time),
            last_push_at: key.last_push_at.map(time),
            version: key.version,
            hand_over: key.pending(now).map(|hand_over| HandOverBody { until: time(hand_over.until) }),
            self_refresh: key.self_refresh,
        }
    }
}

/// A reply that is one key, with its version as `ETag`.
pub(crate) struct KeyReply {
    key: KeyBody,
    headers: HeaderMap,
}

impl KeyReply {
    pub(crate) fn of(key: &Key, now: DateTime<Utc>) -> Self {
        Self { key: KeyBody::of(key, now), headers: etag(key.version) }
    }
}

impl IntoResponse for KeyReply {
    fn into_response(self) -> Response {
        (StatusCode::OK, self.headers, Json(self.key)).into_response()
    }
}

pub(super) fn etag(version: u32) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("\"{version}\""));
    value.into_iter().map(|value| (header::ETAG, value)).collect()
}
