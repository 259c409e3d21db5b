//! A leak report is read as what it says: each match once and in its order, a place only where it is an address that can be
//! shown; what is refused is told in a few words, and no text of a match in any of them.

use key_management::reading;
use serde_json::{Value, json};

use crate::input::Input;

const FIELDS: [&str; 6] = ["token", "type", "url", "source", "token", "later"];
const WORDS: [&str; 6] = [
    "a text that is long enough to be told from others",
    "latchkey_key",
    "https://code.example/a",
    "http://",
    "content",
    "",
];

/// Reports: as they come, or lists of matches that the input makes up.
///
/// # Panics
/// Where they are not read as they should be.
pub fn leak_report(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let report = match input.byte() & 1 {
        0 => input.rest().to_vec(),
        _ => made(&mut input).into_bytes(),
    };
    let sent: Value = serde_json::from_slice(&report).unwrap_or_default();
    let said: Vec<&Value> = sent.as_array().into_iter().flatten().collect();
    match reading::leak_report(&report) {
        Ok(matches) => {
            assert!(sent.is_array() && matches.len() == said.len());
            for ((token, kind, place), said) in matches.iter().zip(said) {
                assert_eq!(
                    (said["token"].as_str(), said["type"].as_str().map(str::trim)),
                    (Some(token.as_str()), Some(kind.as_str()))
                );
                if let Some(place) = place.as_ref().map(keys::LeakPlace::as_str) {
                    assert_eq!(said["url"].as_str(), Some(place));
                    assert!(place.starts_with("http") && place.bytes().all(|byte| byte.is_ascii_graphic()));
                }
            }
        }
        Err(wrong) => {
            assert!((1..=20).contains(&wrong.len()), "{}", wrong.len());
            assert!(wrong.iter().all(|wrong| wrong.len() < 1024 && wrong.contains(": ")));
            let told = wrong.join("\n");
            let tokens = said.iter().filter_map(|said| said["token"].as_str());
            assert!(
                tokens.filter(|token| token.len() > 30).all(|token| !told.contains(token)),
                "a text is told"
            );
        }
    }
}

fn made(input: &mut Input<'_>) -> String {
    let matches: Vec<_> = (0..input.byte() % 5).map(|_| one(input)).collect();
    format!("[{}]", matches.join(","))
}

fn one(input: &mut Input<'_>) -> String {
    let fields: Vec<_> = (0..input.byte() % 6)
        .map(|_| {
            let name = input.one_of(&FIELDS);
            let value = match input.byte() % 8 {
                0..=3 => json!(input.one_of(&WORDS)),
                4 | 5 => json!(input.line()),
                6 => json!([input.one_of(&WORDS)]),
                _ => Value::Null,
            };
            format!("{}:{value}", json!(name))
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}
