use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderName, header::CONTENT_TYPE},
};

use crate::{app::App, extract::Query, problem::Problem};

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "about",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = Object))
)]
pub(crate) async fn get_openapi(
    State(app): State<App>,
    Query(query): Query,
) -> Result<([(HeaderName, &'static str); 1], Bytes), Problem> {
    query.finish(|| Some(()))?;
    Ok(([(CONTENT_TYPE, "application/json")], app.document.clone()))
}
