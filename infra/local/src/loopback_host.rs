//! Only requests addressed to this machine by a name of its own are answered.
//!
//! The program trusts whoever reaches it. A page of another site reaches it too, by pointing its own name at 127.0.0.1
//! once it has been loaded (DNS rebinding); its requests then carry that name as `Host`.

use std::net::IpAddr;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::HOST, uri::Authority};

use crate::problem::Problem;

/// A layer over everything the program serves: `axum::middleware::from_fn(loopback_host::require)`.
pub async fn require(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_loopback(host) {
        return next.run(request).await;
    }
    let detail = "This program answers to 127.0.0.1, localhost and [::1] only.";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_foreign_name_gets_no_further() {
        let router = Router::new().route("/", get(async || "inside")).layer(from_fn(require));
        for (host, status) in [
            (Some("127.0.0.1:8080"), StatusCode::OK),
            (Some("attacker.example:8080"), StatusCode::MISDIRECTED_REQUEST),
            (None, StatusCode::MISDIRECTED_REQUEST),
        ] {
            let request = http::Request::get("/");
            let request = match host {
                Some(host) => request.header(HOST, host),
                None => request,
            };
            let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), status, "{host:?}");
        }
    }

    #[test]
    fn names_of_this_machine_only() {
        for host in ["127.0.0.1:8080", "127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "example.com", "127.0.0.1.example.com:8080", "localhost.example.com", "10.0.0.1", "[::2]"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
