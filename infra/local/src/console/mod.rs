//! The console at `/`: a gallery's page around the keys page, and beside it this machine's clock, sweeper and mailbox.
//!
//! Plain files, nothing inline, nothing from elsewhere: the policy lets the page load scripts and styles of its own
//! origin, the keys page among them, and talk to that origin only.

use axum::{Router, response::IntoResponse, routing::get};
use http::{
    HeaderName,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The page and its two files.
pub fn router() -> Router {
    Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", include_str!("index.html"))))
        .route(
            "/console/console.js",
            get(async || file("text/javascript; charset=utf-8", include_str!("console.js"))),
        )
        .route(
            "/console/console.css",
            get(async || file("text/css; charset=utf-8", include_str!("console.css"))),
        )
}

fn file(media_type: &'static str, content: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, content)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn each_file_is_there_under_a_strict_policy() {
        for (path, media_type) in [
            ("/", "text/html"),
            ("/console/console.js", "text/javascript"),
            ("/console/console.css", "text/css"),
        ] {
            let response = router().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let header = |name: HeaderName| {
                response
                    .headers()
                    .get_all(name)
                    .iter()
                    .map(|value| value.to_str().unwrap())
                    .collect::<Vec<_>>()
            };
            assert!(
                header(CONTENT_TYPE).len() == 1 && header(CONTENT_TYPE)[0].starts_with(media_type),
                "{path}"
            );
            assert_eq!(header(CONTENT_SECURITY_POLICY), [POLICY]);
        }
    }

    #[test]
    fn the_page_needs_nothing_the_policy_forbids() {
        let (page, script) = (include_str!("index.html"), include_str!("console.js"));
        for inline in ["<style", " style=", " onclick=", "javascript:", "<script>", "http://", "https://"] {
            assert!(!page.contains(inline), "{inline}");
        }
        for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", ".style"] {
            assert!(!script.contains(sink), "{sink}");
        }
        assert!(
            page.contains(r#"src="/keys-page/latchkey-api-keys.js""#),
            "the keys page is the one that is deployed"
        );
    }
}
