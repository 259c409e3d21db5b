use std::collections::HashMap;

use axum::{Json, extract::State};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use keyring::{Act, ChangeError, Fault, NoticeRow};
use keys::{Leak, LeakPlace};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::Report,
    leaks::{Match, matches},
    problem::Problem,
    wire::words,
};

/// How many texts are looked at, and keys ended, at a time.
const AT_ONCE: usize = 8;
/// How often a key is tried to be ended that others are changing meanwhile.
const TRIES: u32 = 8;

/// A text that was found where others can read it.
#[derive(ToSchema)]
#[schema(as = LeakMatch)]
#[expect(dead_code, reason = "the description of what `report_leaks` reads; a test compares the two")]
pub(crate) struct MatchBody {
    /// The text.
    #[schema(max_length = 1024)]
    token: String,
    /// What the reporter calls texts of this kind.
    r#type: words::Line,
    /// Where it was found. Nothing, or something that is no address, is as good as none.
    url: Option<String>,
}

/// Whether a text is a key.
#[derive(Serialize, ToSchema)]
#[schema(as = LeakLabel)]
pub(crate) struct LabelBody {
    /// The SHA-256 of the text, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    token_hash: String,
    /// What the reporter calls texts of this kind.
    token_type: String,
    #[schema(value_type = words::LeakLabel)]
    label: &'static str,
}

/// What a report says of one text.
struct Found<'a> {
    token: &'a str,
    places: Vec<LeakPlace>,
}

/// Report key texts that were found where others can read them
///
/// In the protocol of GitHub's secret scanning partners: the body is signed with ECDSA over P-256 and SHA-256, by one of the
/// keys that a reporter in our configuration publishes. Each text that opens a key ends it, and its people are mailed where
/// it was found and what the key had pushed. A text whose key has ended already is still a true positive, and nobody is mailed
/// again; so after a fault, a report can be sent again.
#[utoipa::path(
    post,
    path = "/leaks",
    tag = "leaks",
    request_body = Vec<MatchBody>,
    params(
        ("Github-Public-Key-Identifier" = Option<String>, Header, nullable = false, description = "The key that the body is signed with."),
        ("Github-Public-Key-Signature" = Option<String>, Header, nullable = false, description = "The signature over the body's bytes: ASN.1 DER, in base64.")
    ),
    responses(
        (status = 200, description = "Of each match, in its order, whether it is a key.", body = Vec<LabelBody>),
        (status = 403, description = "Nobody who may report leaks has signed this."),
        (status = 413, description = "The body has more than 1 MiB.")
    )
)]
pub(crate) async fn report_leaks(
    State(app): State<App>,
    report: Report,
) -> Result<Json<Vec<LabelBody>>, Problem> {
    let matches = matches(&report.bytes)?;
    let act = report.act(app.now());
    let found = texts(&matches);
    let ends: Vec<_> = found.iter().map(|found| end(&app, found, &act)).collect();
    let ended: Vec<_> = stream::iter(ends).buffered(AT_ONCE).try_collect().await?;
    let labels: HashMap<&str, bool> =
        found.iter().zip(&ended).map(|(found, ended)| (found.token, ended.is_some())).collect();
    let notices: Vec<NoticeRow> = ended.into_iter().flatten().flatten().collect();
    app.tell(&notices).await;
    Ok(Json(
        matches
            .iter()
            .map(|found| LabelBody::of(found, labels.get(found.token.as_str()) == Some(&true)))
            .collect(),
    ))
}

/// Each text once, with all the places where it was found that are told of.
fn texts(matches: &[Match]) -> Vec<Found<'_>> {
    let (mut found, mut known) = (Vec::<Found<'_>>::new(), HashMap::new());
    for Match { token, place, .. } in matches {
        let index = *known.entry(token.as_str()).or_insert(found.len());
        if index == found.len() {
            found.push(Found { token, places: Vec::new() });
        }
        if let (Some(text), Some(place)) = (found.get_mut(index), place)
            && text.places.len() < Leak::PLACES
            && !text.places.contains(place)
        {
            text.places.push(place.clone());
        }
    }
    found
}

/// Ends the key that a text opens. None where it opens none; no notices where it had ended already.
async fn end(app: &App, found: &Found<'_>, act: &Act) -> Result<Option<Vec<NoticeRow>>, Problem> {
    for _ in 0..TRIES {
        let verified = app.keyring.verify(&app.policy.prefixes, found.token, None, act.at).await?;
        let Some(verified) = verified else {
            tracing::info!(reporter = act.by, "a leak report of no key");
            return Ok(None);
        };
        let mut pushed = app.keyring.pushed_by(&verified.key.id, Leak::PUSHES + 1).await?;
        let pushed_more = pushed.len() > Leak::PUSHES;
        pushed.truncate(Leak::PUSHES);
        let leak = Leak { places: found.places.clone(), pushed, pushed_more };
        match app.keyring.revoke_leaked(&verified.key, leak, act).await {
            Ok(changed) => return Ok(Some(changed.notices)),
            Err(ChangeError::Fault(fault)) => return Err(fault.into()),
            // Somebody else was faster, perhaps with another secret: is it still this text that opens the key?
            Err(ChangeError::Conflict) => {}
            Err(
                ChangeError::Not(_)
                | ChangeError::Gone
                | ChangeError::Locked(_)
                | ChangeError::NotAMember(..),
            ) => {
                return Ok(Some(Vec::new()));
            }
        }
    }
    Err(Fault::Busy { call: "revoke", tries: TRIES }.into())
}

impl LabelBody {
    fn of(found: &Match, is_key: bool) -> Self {
        let digest = Sha256::digest(found.token.as_bytes());
        Self {
            token_hash: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            token_type: found.kind.clone(),
            label: if is_key { "true_positive" } else { "false_positive" },
        }
    }
}
