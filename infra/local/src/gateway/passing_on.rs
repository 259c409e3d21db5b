//! The gallery's reading routes on the gateway's origin, streamed both ways and unchanged but for what marks a request
//! as the gateway's. The `Host` header stays the client's, so that the gallery's links lead back here.

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::IntoResponse, response::Response};
use http::{StatusCode, Uri, header};

use super::{
    Gateway,
    access_log::{self, Line},
    proxy,
    received::Received,
};

pub(super) async fn answer(gateway: &Arc<Gateway>, request: Request) -> Response {
    let (received, body) = Received::of(request, &gateway.clock);
    let response = respond(gateway, &received, body).await;
    access_log::write(
        "gallery",
        &received,
        &Line { authorizer: "none", ..Line::default() },
        response.status(),
    );
    response
}

async fn respond(gateway: &Gateway, received: &Received, body: Body) -> Response {
    let query = if received.query.is_empty() { String::new() } else { format!("?{}", received.query) };
    let uri = Uri::builder()
        .scheme(gateway.gallery.scheme_str().unwrap_or("http"))
        .authority(gateway.gallery.authority().map_or("", |authority| authority.as_str()))
        .path_and_query(format!("{}{query}", received.path))
        .build();
    let Ok(uri) = uri else { return StatusCode::BAD_REQUEST.into_response() };
    let mut request = Request::new(body);
    *request.method_mut() = received.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = proxy::end_to_end(&received.headers);
    if let Some(host) = received.headers.get(header::HOST) {
        request.headers_mut().insert(header::HOST, host.clone());
    }
    match gateway.client.request(request).await {
        Ok(response) => {
            let (mut parts, body) = response.into_parts();
            parts.headers = proxy::end_to_end(&parts.headers);
            Response::from_parts(parts, Body::new(body))
        }
        Err(error) => {
            tracing::error!(%error, "no answer from the gallery");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}
