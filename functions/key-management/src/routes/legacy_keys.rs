use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use keyring::{ImportError, Imported, LegacyKey, LegacySecret};
use keys::{AccountId, LegacyText, NugetStored, Status};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Body, Gallery},
    input::{FieldError, Fields, Node, Reading, read},
    problem::Problem,
    routes::directory::many::EntryError,
    wire::words,
};

/// The most keys of one call.
const MOST: usize = 100;

/// Many keys from before, imported one after the other.
#[derive(ToSchema)]
#[schema(as = LegacyKeys)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `import_legacy_keys` reads; a test compares the two")]
pub(crate) struct LegacyKeysBody {
    #[schema(min_items = 1, max_items = 100)]
    keys: Vec<LegacyKeyBody>,
}

/// A key from before. Either `key_text` or `nuget_stored` is given.
#[derive(ToSchema)]
#[schema(as = LegacyKey)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `import_legacy_keys` reads; a test compares the two")]
pub(crate) struct LegacyKeyBody {
    /// The user whose key it is. The directory must know it.
    account: words::AccountId,
    /// The key itself: a GUID, or NuGet's API key v4, in any letter case.
    key_text: Option<String>,
    /// What a NuGet gallery has stored of an API key v3 or v4: the id part and a salted hash of the rest.
    nuget_stored: Option<String>,
    /// The last push with it that is known of.
    #[schema(format = DateTime)]
    last_push_at: Option<String>,
}

/// What became of many keys, in their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportResults {
    results: Vec<ImportResult>,
}

/// What became of one of many keys: either a key, or the reason why there is none.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = words::ImportedStatus)]
    status: Option<&'static str>,
    /// Why it was not imported; the others are all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<EntryError>,
}

/// Import keys from before
///
/// Up to 100. If one is not as documented, none is imported. A key that was imported before stays what it has become since, and
/// nothing brings a deleted, revoked or retired one back; so after a fault, all of them can be sent again. Such a key allows
/// every action on every package of its account, and is retired after 365 days without a push, though never less than ten days
/// after its import. Nobody is mailed about the import.
#[utoipa::path(
    post,
    path = "/legacy-keys",
    tag = "legacy keys",
    request_body = LegacyKeysBody,
    responses((status = 200, description = "What became of each key.", body = ImportResults)),
    security(("gallery" = []))
)]
pub(crate) async fn import_legacy_keys(
    State(app): State<App>,
    gallery: Gallery,
    Body(fields): Body,
) -> Result<Json<ImportResults>, Problem> {
    let now = app.now();
    let mut results = Vec::new();
    for key in asked(fields, now)? {
        results.push(match app.keyring.import(&key, &gallery.act(now)).await {
            Ok(imported) => ImportResult::of(imported),
            Err(ImportError::Fault(fault)) => return Err(fault.into()),
            Err(refusal) => {
                ImportResult { key_id: None, status: None, error: Some(EntryError::of(&refusal.into())) }
            }
        });
    }
    Ok(Json(ImportResults { results }))
}

/// The keys that a body tells of, at `now`.
pub(crate) fn asked(mut fields: Fields, now: DateTime<Utc>) -> Result<Vec<LegacyKey>, Problem> {
    let keys = fields.required("keys", keys(now));
    fields.finish(|| keys)
}

impl ImportResult {
    fn of(imported: Imported) -> Self {
        let status = imported.status.map_or("deleted", Status::as_str);
        Self { key_id: Some(imported.id.to_string()), status: Some(status), error: None }
    }
}

fn keys(now: DateTime<Utc>) -> impl FnOnce(Node, &str) -> Reading<Vec<LegacyKey>> {
    move |node, field| {
        let count = if let Node::List(keys) = &node { keys.len() } else { 1 };
        if !(1..=MOST).contains(&count) {
            return Err(vec![FieldError::new(field, format!("1 to {MOST} keys are expected, not {count}"))]);
        }
        read::list(|node, place: &str| key(node, place, now))(node, field)
    }
}

fn key(node: Node, place: &str, now: DateTime<Utc>) -> Reading<LegacyKey> {
    let mut fields = Fields::at(node, place);
    let account = fields.required("account", read::text::<AccountId>);
    let one = fields.has("key_text") != fields.has("nuget_stored");
    let text = fields.optional("key_text", read::secret(|text| spelled(LegacyText::parse(text))));
    let stored = fields.optional("nuget_stored", read::secret(|text| spelled(NugetStored::parse(text))));
    if !one && fields.is_readable() {
        fields.refuse("key_text", "either key_text or nuget_stored is expected");
    }
    let last_push_at = fields.optional("last_push_at", read::past(now));
    let secret = text.map(LegacySecret::Text).or(stored.map(LegacySecret::Stored));
    fields.done(|| Some(LegacyKey { account: account?, secret: secret?, last_push_at }))
}

fn spelled<T, E: ToString>(parsed: Result<T, E>) -> Result<T, String> {
    parsed.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
    const STORED: &str =
        "36aafd8744AQAAAAEAACcQAAAAEKbL2BEqIg8KUMje6q69fW1f2jsVm+gOLf4nD5G392Til5KnGEyFHuwKEj3HEpZKug==";

    fn told(json: &str) -> String {
        match keys("2027-01-01T00:00:00Z".parse().unwrap())(serde_json::from_str(json).unwrap(), "keys") {
            Ok(keys) => format!("{} read", keys.len()),
            Err(errors) => {
                let each = errors.iter().map(|error| format!("{}: {}", error.field, error.message));
                each.collect::<Vec<_>>().join("\n")
            }
        }
    }

    #[test]
    fn keys_are_read_one_by_one_and_no_error_repeats_a_secret() {
        let last = r#""last_push_at":"2026-12-01T00:00:00Z""#;
        let good = format!(
            r#"[{{"account":"alice","key_text":"{GUID}"}},{{"account":"bob","nuget_stored":"{STORED}",{last}}}]"#
        );
        assert_eq!(told(&good), "2 read");
        let bad = format!(
            r#"[{{"key_text":"{GUID}x"}},
                {{"account":"a","key_text":"{GUID}","nuget_stored":"{STORED}"}},
                {{"account":"a"}},
                {{"account":" ","nuget_stored":"{STORED}=","last_push_at":"2027-01-02T00:00:00Z","name":"x"}},
                {{"account":7,"key_text":null,"nuget_stored":7,"last_push_at":"yesterday"}},
                "{GUID}"]"#
        );
        let errors = told(&bad);
        assert!(!errors.contains("aafd") && !errors.contains("AACcQ"), "{errors}");
        insta::assert_snapshot!(errors, @r"
        keys[0].account: is missing
        keys[0].key_text: neither a GUID nor an API key of NuGet's fourth version
        keys[1].key_text: either key_text or nuget_stored is expected
        keys[2].key_text: either key_text or nuget_stored is expected
        keys[3].account: an account id has 1 to 256 characters, no control characters, and no space at either end
        keys[3].nuget_stored: not what NuGet stores of an API key: the id part and, after it, its salted hash
        keys[3].last_push_at: a time in the past is expected
        keys[3].name: is not known here; known are account, key_text, nuget_stored, last_push_at
        keys[4].account: a text is expected, not a number
        keys[4].nuget_stored: a text is expected, not a number
        keys[4].last_push_at: a time as in 2027-01-01T00:00:00Z is expected (RFC 3339)
        keys[5]: a JSON object is expected, not a text
        ");
    }

    #[test]
    fn one_to_a_hundred_at_once() {
        let many = |count| {
            format!("[{}]", vec![format!(r#"{{"account":"a","key_text":"{GUID}"}}"#); count].join(","))
        };
        assert_eq!(told(&many(100)), "100 read");
        assert_eq!(told(&many(101)), "keys: 1 to 100 keys are expected, not 101");
        assert_eq!(told("[]"), "keys: 1 to 100 keys are expected, not 0");
        assert_eq!(told("{}"), "keys: a list is expected, not an object");
    }
}
