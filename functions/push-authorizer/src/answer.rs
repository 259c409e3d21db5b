use chrono::{DateTime, Utc};
use keys::{Allowed, Decision, Denial, Key, Kind, time_left};

/// A decision, and what is told with it. Nothing of a key is told before its secret was verified.
pub(crate) struct Answer {
    /// The decision.
    pub(crate) decision: Decision,
    /// The key, if its secret was verified.
    pub(crate) key: Option<Key>,
    /// For people: one line.
    pub(crate) message: String,
    /// The proof for the gallery, with an allow that is no preflight's.
    pub(crate) grant: Option<String>,
    /// That the key, or the text that was shown of it, ends soon, with an allow.
    pub(crate) warning: Option<String>,
}

/// How many characters of a key's name a message shows.
const NAME_SHOWN: usize = 60;

impl Answer {
    /// A refusal. The key is told of where its secret was verified.
    pub(crate) fn denied(denial: Denial, key: Option<Key>, keys_page: &str) -> Self {
        let message = match &key {
            Some(key) => format!("{denial} {} at {keys_page}", called(key)),
            None => format!("{denial} Your keys: {keys_page}"),
        };
        Self { decision: Decision::Deny(denial), key, message, grant: None, warning: None }
    }

    /// An allow. `replaced_by` is until when the secret that was shown can be replaced by another of the key's.
    pub(crate) fn allowed(
        allowed: Allowed,
        key: Key,
        replaced_by: Option<DateTime<Utc>>,
        grant: Option<String>,
        keys_page: &str,
        now: DateTime<Utc>,
    ) -> Self {
        let warning = allowed.ends_soon.map(|end| {
            let (left, day) = (time_left(now, end), end.format("%Y-%m-%d %H:%M UTC"));
            let way_out = match key.kind {
                Kind::Scoped { .. } => "Renew it in time.",
                Kind::Legacy { .. } => "A push keeps it alive; better make a scoped key in its place.",
            };
            format!("This API key ends in {left}, on {day}. {way_out} {} at {keys_page}", called(&key))
        });
        // That a key ends is told before that its text does.
        let warning = warning.or_else(|| {
            let day = replaced_by?.format("%Y-%m-%d %H:%M UTC");
            Some(format!(
                "This API key is being handed over: its new key text replaces this one with its first push until {day}. {} at \
                 {keys_page}",
                called(&key)
            ))
        });
        let message = match &allowed.pattern {
            Some(pattern) => format!("Allowed: {pattern} covers the package. {}", called(&key)),
            None => format!("Allowed. {}", called(&key)),
        };
        Self { decision: Decision::Allow(allowed), key: Some(key), message, grant, warning }
    }
}

fn called(key: &Key) -> String {
    let name: String = key.name.as_str().chars().take(NAME_SHOWN).collect();
    format!("Key: {name} ({})", key.id)
}

/// `text` as it may stand in a header and in a template that cannot escape: printable ASCII without quotes and
/// backslashes, at most 512 bytes. What does not fit becomes `?`.
pub(crate) fn printable(text: &str) -> String {
    let fit = |character: char| match character {
        '"' | '\\' => '?',
        ' '..='~' => character,
        _ => '?',
    };
    text.chars().take(512).map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_needs_no_escaping_anywhere() {
        assert_eq!(printable("Plain, text; (fine)! 'quoted'"), "Plain, text; (fine)! 'quoted'");
        assert_eq!(printable("\"quoted\" \\ \r\nX: y \u{7f} é 名"), "?quoted? ? ??X: y ? ? ?");
        assert_eq!(printable(&"é".repeat(600)).len(), 512);
    }
}
