//! The keyboard: keys pressed at whatever has the focus.

use serde_json::{Value, json};

use super::Browser;

/// Keys that type nothing, by their names in WebDriver's table (<https://www.w3.org/TR/webdriver2/#keyboard-actions>).
const KEYS: [(&str, char); 13] = [
    ("Shift", '\u{E008}'),
    ("Control", '\u{E009}'),
    ("Backspace", '\u{E003}'),
    ("Tab", '\u{E004}'),
    ("Enter", '\u{E007}'),
    ("Escape", '\u{E00C}'),
    ("Space", ' '),
    ("End", '\u{E010}'),
    ("Home", '\u{E011}'),
    ("Left", '\u{E012}'),
    ("Up", '\u{E013}'),
    ("Right", '\u{E014}'),
    ("Down", '\u{E015}'),
];

impl Browser {
    /// Presses a key, or several together: `Tab`, `Shift+Tab`, `Control+a`.
    pub(crate) async fn press(&self, keys: &str) {
        let keys: Vec<char> = keys.split('+').map(code).collect();
        let down = keys.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = keys.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        self.perform(down.chain(up).collect()).await;
    }

    /// Types at whatever has the focus.
    pub(crate) async fn type_text(&self, text: &str) {
        let strokes = text.chars().flat_map(|letter| ["keyDown", "keyUp"].map(|act| (act, letter)));
        self.perform(strokes.map(|(act, letter)| json!({ "type": act, "value": letter })).collect()).await;
    }

    async fn perform(&self, presses: Vec<Value>) {
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": presses });
        self.wire.post("/actions", &json!({ "actions": [keyboard] })).await;
    }

    /// Presses Tab until the focus is on the thing of this role and name, as somebody without a mouse gets there.
    pub(crate) async fn tab_to(&self, role: &str, name: &str) {
        let mut passed = Vec::new();
        while passed.len() < 100 {
            self.press("Tab").await;
            let at = self.focused().await;
            if (at.0.as_str(), at.1.as_str()) == (role, name) {
                return;
            }
            passed.push(format!("{} {:?}", at.0, at.1));
        }
        panic!("Tab never gets to the {role} {name:?}, but to {}", passed[..50].join(", "));
    }
}

fn code(key: &str) -> char {
    let named = KEYS.iter().find(|(name, _)| *name == key).map(|(_, code)| *code);
    let mut letters = key.chars();
    named
        .or_else(|| letters.next().filter(|_| letters.next().is_none()))
        .unwrap_or_else(|| panic!("key {key:?}"))
}
