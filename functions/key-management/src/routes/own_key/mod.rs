//! What a key may do about itself, for whoever has its text. The push API calls these; its description is
//! `functions/push-authorizer/openapi.yaml`.

mod burn;

use axum::{Router, routing::delete};

use crate::app::App;

/// Every route of a key's own.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/keys/self", delete(burn::burn_key))
}
