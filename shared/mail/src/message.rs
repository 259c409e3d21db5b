use askama::Template;
use keys::Notice;

use crate::{
    address::Address,
    fact::{Fact, named},
    letterhead::Letterhead,
    wording::Wording,
};

/// What the accounts in a mail are called, where the directory says so: their ids may say nothing to a reader.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// The recipient's name.
    pub recipient: Option<&'a str>,
    /// The name of the key's owner.
    pub owner: Option<&'a str>,
}

/// A mail, ready to be sent. Text and HTML tell the same, and neither ever holds a key text: notices have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it goes.
    pub to: Address,
    /// What kind of mail it is, for the e-mail tag: letters only.
    pub kind: &'static str,
    /// The subject: one line of at most 150 characters.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML, whole and without anything to load.
    pub html: String,
}

impl Message {
    /// The mail to `to` that tells of one thing a person did to a key.
    ///
    /// # Errors
    /// Only if a template cannot be rendered, which no input brings about.
    pub fn of_act(
        notice: &Notice,
        to: Address,
        names: Names<'_>,
        letterhead: &Letterhead,
    ) -> Result<Self, askama::Error> {
        let wording = Wording::of(notice, letterhead);
        let facts = Fact::of(notice, names.owner);
        let recipient = named(&notice.recipient, names.recipient);
        let (wording, facts, recipient) = (&wording, facts.as_slice(), recipient.as_str());
        let text = ActText { wording, facts, recipient, letterhead }.render()?;
        let html = ActHtml { wording, facts, recipient, letterhead }.render()?;
        Ok(Self { to, kind: notice.kind.as_str(), subject: wording.subject.clone(), text, html })
    }
}

#[derive(Template)]
#[template(path = "act.txt")]
struct ActText<'a> {
    wording: &'a Wording,
    facts: &'a [Fact],
    recipient: &'a str,
    letterhead: &'a Letterhead,
}

#[derive(Template)]
#[template(path = "act.html")]
struct ActHtml<'a> {
    wording: &'a Wording,
    facts: &'a [Fact],
    recipient: &'a str,
    letterhead: &'a Letterhead,
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
