use axum::{
    Json,
    extract::State,
    http::{HeaderName, header::CACHE_CONTROL},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, extract::Query, problem::Problem};

/// What key texts look like, for whoever searches what others can read.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyFormat)]
pub(crate) struct KeyFormatBody {
    /// A regular expression that finds them, and hardly anything else.
    #[schema(example = r"\b(?:lk)_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}\b")]
    regex: String,
    /// What they begin with, before the first `_`. New ones have the first of these.
    prefixes: Vec<String>,
    /// How to tell one from a text that only looks like it, without asking anybody.
    checksum: ChecksumBody,
    /// Where leaks are reported to.
    report_to: &'static str,
}

/// The checksum of a key text.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyChecksum)]
pub(crate) struct ChecksumBody {
    algorithm: &'static str,
    covers: &'static str,
    digits: &'static str,
}

/// What key texts look like
///
/// For secret scanners.
#[utoipa::path(
    get,
    path = "/.well-known/latchkey-key-format",
    tag = "leaks",
    responses((status = 200, description = "The format of key texts.", body = KeyFormatBody))
)]
pub(crate) async fn get_key_format(
    State(app): State<App>,
    Query(query): Query,
) -> Result<([(HeaderName, &'static str); 1], Json<KeyFormatBody>), Problem> {
    query.finish(|| Some(()))?;
    let prefixes: Vec<String> = app.policy.prefixes.iter().map(ToString::to_string).collect();
    let body = KeyFormatBody {
        regex: format!(r"\b(?:{})_[0-9A-Za-z]{{22}}_[0-9A-Za-z]{{49}}\b", prefixes.join("|")),
        prefixes,
        checksum: ChecksumBody {
            algorithm: "CRC-32 (ISO-HDLC)",
            covers: "everything before it",
            digits: "the last 6, base 62 in the order 0-9A-Za-z, most significant first",
        },
        report_to: "/leaks",
    };
    Ok(([(CACHE_CONTROL, "public, max-age=86400")], Json(body)))
}
