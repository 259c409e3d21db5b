//! The keys page, one custom element in one module, under two names.
//!
//! `latchkey-api-keys.js` is whatever this release has: browsers keep it for five minutes and then ask whether it has
//! changed. `latchkey-api-keys.<hash>.js`, the hash being the content's, is this one forever. Both answers carry the
//! content's SHA-256 as `Repr-Digest` (RFC 9530), whose value between the colons is, after `sha256-`, what a page that
//! will run no other script puts into `integrity` (<https://www.w3.org/TR/SRI/>).

use std::sync::LazyLock;

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    extract::Query,
    problem::{Problem, Reason},
};

const MODULE: &str = include_str!("../../page/latchkey-api-keys.js");
const NAME: &str = "latchkey-api-keys.js";

const FOR_NOW: &str = "public, max-age=300, must-revalidate";
const FOREVER: &str = "public, max-age=31536000, immutable";

static ABOUT: LazyLock<About> = LazyLock::new(About::module);

/// What follows from the module's content.
struct About {
    hashed_name: String,
    etag: String,
    digest: String,
}

impl About {
    fn module() -> Self {
        let digest = Sha256::digest(MODULE);
        let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self {
            hashed_name: format!("latchkey-api-keys.{hash}.js"),
            etag: format!("\"{hash}\""),
            digest: format!("sha-256=:{}:", BASE64_STANDARD.encode(digest)),
        }
    }
}

/// The keys page
///
/// A JavaScript module without dependencies that defines the element `latchkey-api-keys`. The name with the content's
/// hash may be kept forever; it is told by the other's `Content-Location`, and another release does not know it.
#[utoipa::path(
    get,
    path = "/keys-page/{file}",
    tag = "about",
    params(
        ("file" = String, Path, example = "latchkey-api-keys.js", description = "`latchkey-api-keys.js`, or `latchkey-api-keys.<hash>.js`."),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what the caller has.")
    ),
    responses(
        (status = 200, description = "The module.", content_type = "text/javascript", body = String, headers(
            ("ETag" = String, description = "Changes with the content."),
            ("Content-Location" = String, description = "The address with the content's hash."),
            ("Repr-Digest" = String, description = "The content's SHA-256 (RFC 9530), for a page's `integrity`.")
        )),
        (status = 304, description = "The caller has it."),
        (status = 404, description = "There is no such file, or not in this release.")
    )
)]
pub(crate) async fn get_keys_page(
    Path(file): Path<String>,
    Query(query): Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.finish(|| Some(()))?;
    let about = &*ABOUT;
    let kept = match file.as_str() {
        NAME => FOR_NOW,
        name if name == about.hashed_name => FOREVER,
        _ => return Err(unknown()),
    };
    let location = format!("/keys-page/{}", about.hashed_name);
    let described: [(HeaderName, &str); 6] = [
        (header::CACHE_CONTROL, kept),
        (header::ETAG, &about.etag),
        (header::CONTENT_LOCATION, &location),
        (HeaderName::from_static("repr-digest"), &about.digest),
        // The gateway lets one other origin read it, and names that origin only in answers to it.
        (header::VARY, "origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    if has(&headers, &about.etag) {
        return Ok((StatusCode::NOT_MODIFIED, described, Body::empty()).into_response());
    }
    Ok((described, [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], MODULE).into_response())
}

fn unknown() -> Problem {
    Problem::new(Reason::UnknownRoute, format!("This release has no such file here. {NAME} it always has."))
}

/// Whether the caller has what this tag stands for (RFC 9110, section 13.1.2: compared weakly).
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_with(tags: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, tags.parse().unwrap())])
    }

    #[test]
    fn tags_are_compared_weakly() {
        for (tags, has_it) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(has(&asked_with(tags), "\"a\""), has_it, "{tags}");
        }
        assert!(!has(&HeaderMap::new(), "\"a\""));
    }
}
