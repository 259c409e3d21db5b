use axum::{
    Extension, Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use keys::{Key, KeyId, KeyText};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::wire::{KeyBody, key::etag};

// Neither `Debug` nor `Clone`, and wiped once it has been written into the reply.
/// A key with its text: the only reply that shows one, and the only time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revealed {
    key: KeyBody,
    /// The secret. It cannot be shown again.
    #[serde(serialize_with = "write_out")]
    #[schema(value_type = String)]
    key_text: Zeroizing<String>,
}

/// The key that the same request made before. Its text was shown then.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeBefore {
    pub(crate) key: KeyBody,
}

/// The reply that shows a key's text.
pub(crate) struct RevealedReply {
    status: StatusCode,
    id: KeyId,
    headers: HeaderMap,
    body: Revealed,
}

impl RevealedReply {
    pub(crate) fn of(status: StatusCode, key: &Key, text: KeyText, now: DateTime<Utc>) -> Self {
        let body = Revealed { key: KeyBody::of(key, now), key_text: text.reveal() };
        Self { status, id: key.id, headers: etag(key.version), body }
    }
}

impl IntoResponse for RevealedReply {
    fn into_response(self) -> Response {
        (self.status, Extension(self.id), self.headers, Json(self.body)).into_response()
    }
}

fn write_out<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
