//! What becomes of the answers to a page's calls on their way back.

use serde_json::{Value, json};

use super::Browser;

/// What a page gets for a call.
pub(crate) enum Fate {
    /// Nothing, though the call has arrived and was answered.
    Lost,
    /// The answer, but only once answers go their usual way again.
    Held,
    /// This status and body; the call does not leave the page.
    Instead(u16, Value),
}

impl Browser {
    /// From the next page on, lets [`Browser::answer`] decide.
    pub(crate) async fn decide_answers(&self) {
        self.before_each_page(include_str!("answers.js")).await;
    }

    /// Decides of the answers to `call`: `POST /keys`, say.
    pub(crate) async fn answer(&self, call: &str, fate: Fate) {
        let fate = match fate {
            Fate::Lost => json!({ "lost": true }),
            Fate::Held => json!({ "held": true }),
            Fate::Instead(status, body) => json!({ "status": status, "instead": body }),
        };
        self.run("decide(...arguments)", &[call.into(), fate]).await;
    }

    /// Lets every answer go its usual way, those held too.
    pub(crate) async fn answer_as_usual(&self) {
        self.run("decideNothing()", &[]).await;
    }
}
