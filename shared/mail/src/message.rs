use askama::Template;
use chrono::{DateTime, Utc};
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

/// A notice, what its key's owner is called where the directory says so, and the link by which the key is frozen where
/// there is one.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The notice.
    pub notice: &'a Notice,
    /// The name of the key's owner.
    pub owner: Option<&'a str>,
    /// A [`keys::FreezeLink`], sealed.
    pub freeze: Option<&'a str>,
}

/// What a mail tells of one of several keys, and the address by which that one is frozen.
struct Told {
    facts: Vec<Fact>,
    freeze: Option<String>,
}

/// A mail, ready to be sent. Text and HTML tell the same, and neither ever holds a key text: notices have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it goes.
    pub to: Address,
    /// What kind of mail it is, for the e-mail tag: letters and underscores only.
    pub kind: &'static str,
    /// The subject: one line of at most 150 characters.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML, whole and without anything to load.
    pub html: String,
}

impl Message {
    /// The mail to `to` that tells of one thing a person did to a key. `freeze` is the link by which it is frozen, where
    /// there is one.
    ///
    /// # Errors
    /// Only if a template cannot be rendered, which no input brings about.
    pub fn of_act(
        notice: &Notice,
        to: Address,
        names: Names<'_>,
        freeze: Option<&str>,
        letterhead: &Letterhead,
    ) -> Result<Self, askama::Error> {
        let wording = Wording::of_act(notice, letterhead);
        let facts = Fact::of_act(notice, names.owner);
        let recipient = named(&notice.recipient, names.recipient);
        let freeze = freeze.map(|link| letterhead.freeze_page(link));
        let freeze = freeze.as_deref();
        let (wording, facts, recipient) = (&wording, facts.as_slice(), recipient.as_str());
        let text = ActText { wording, facts, freeze, recipient, letterhead }.render()?;
        let html = ActHtml { wording, facts, freeze, recipient, letterhead }.render()?;
        Ok(Self { to, kind: notice.kind.as_str(), subject: wording.subject.clone(), text, html })
    }

    /// The mail to `to`, rendered at `now`, that tells of keys to which time brought the same thing. `keys` are those it
    /// names, the first of them `first`; `more` are those it counts only. `recipient` is the recipient's name.
    ///
    /// # Errors
    /// Only if a template cannot be rendered, which no input brings about.
    pub fn of_time(
        (first, rest): (&Named<'_>, &[Named<'_>]),
        more: usize,
        to: Address,
        recipient: Option<&str>,
        letterhead: &Letterhead,
        now: DateTime<Utc>,
    ) -> Result<Self, askama::Error> {
        let count = 1 + rest.len() + more;
        let for_another = std::iter::once(first).chain(rest).any(|key| !key.notice.is_to_holder());
        let wording = Wording::of_time(first.notice, count, for_another, letterhead, now);
        let told = |key: &Named<'_>| Told {
            facts: Fact::of_time(key.notice, key.owner, now),
            freeze: key.freeze.map(|link| letterhead.freeze_page(link)),
        };
        let keys: Vec<_> = std::iter::once(first).chain(rest).map(told).collect();
        let freezes = keys.iter().any(|key| key.freeze.is_some());
        let recipient = named(&first.notice.recipient, recipient);
        let more = (more > 0).then(|| format!("and {more} more, on your keys page"));
        let (wording, keys, more, recipient) =
            (&wording, keys.as_slice(), more.as_deref(), recipient.as_str());
        let text = KeysText { wording, keys, freezes, more, recipient, letterhead }.render()?;
        let html = KeysHtml { wording, keys, freezes, more, recipient, letterhead }.render()?;
        Ok(Self { to, kind: first.notice.kind.as_str(), subject: wording.subject.clone(), text, html })
    }
}

#[derive(Template)]
#[template(path = "keys.txt")]
struct KeysText<'a> {
    wording: &'a Wording,
    keys: &'a [Told],
    freezes: bool,
    more: Option<&'a str>,
    recipient: &'a str,
    letterhead: &'a Letterhead,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysHtml<'a> {
    wording: &'a Wording,
    keys: &'a [Told],
    freezes: bool,
    more: Option<&'a str>,
    recipient: &'a str,
    letterhead: &'a Letterhead,
}

#[derive(Template)]
#[template(path = "act.txt")]
struct ActText<'a> {
    wording: &'a Wording,
    facts: &'a [Fact],
    freeze: Option<&'a str>,
    recipient: &'a str,
    letterhead: &'a Letterhead,
}

#[derive(Template)]
#[template(path = "act.html")]
struct ActHtml<'a> {
    wording: &'a Wording,
    facts: &'a [Fact],
    freeze: Option<&'a str>,
    recipient: &'a str,
    letterhead: &'a Letterhead,
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
