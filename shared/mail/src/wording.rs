use keys::{Notice, NoticeKind};

use crate::{
    letterhead::Letterhead,
    line::{one_line, shortened},
};

/// The sentences of a mail, the same in text and HTML. Each is one line.
pub(crate) struct Wording {
    pub(crate) subject: String,
    /// The whole name of the key is among the facts.
    pub(crate) heading: String,
    /// What it means for whoever uses the key.
    pub(crate) meaning: &'static str,
    /// What to do next; the address of the keys page follows.
    pub(crate) next: &'static str,
}

/// How many characters of a key's name, and of the gallery's, go into a subject: together it stays a line that a
/// mail client's list shows, and far below the 998 bytes a header line may have (RFC 5322, 2.1.1) however encoded.
const IN_SUBJECT: usize = 60;

impl Wording {
    pub(crate) fn of(notice: &Notice, letterhead: &Letterhead) -> Self {
        let name = one_line(notice.name.as_str());
        let (done, meaning, next) = said(notice.kind);
        let heading = format!("Key “{}” was {done}", shortened(&name, IN_SUBJECT));
        Self {
            subject: format!("{heading} at {}", shortened(letterhead.gallery(), IN_SUBJECT)),
            heading,
            meaning,
            next,
        }
    }
}

const fn said(kind: NoticeKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        NoticeKind::Created => (
            "created",
            "It works from now on. Its key text was shown once, when the key was made; no mail ever holds it.",
            "Not you? Revoke the key now, on your keys page:",
        ),
        NoticeKind::Refreshed => (
            "refreshed",
            "It has a new secret, and the old one stopped working at once: put the new key text wherever the key is \
             used.",
            "Not you? Revoke the key now, on your keys page:",
        ),
        NoticeKind::Edited => (
            "edited",
            "It covers other packages from now on. Its secret, actions, owner and expiry stay as they were.",
            "Not you? Revoke the key now, on your keys page:",
        ),
        NoticeKind::Revoked => (
            "revoked",
            "It stopped working at once and cannot be brought back. Whatever still uses it needs a new key.",
            "Not you, or not expected? Secure your sign-in, then look through your other keys and make new ones on \
             your keys page:",
        ),
        NoticeKind::Deleted => (
            "deleted",
            "It no longer works and is removed for good. Whatever still uses it needs a new key.",
            "Not you, or not expected? Secure your sign-in, then look through your other keys and make new ones on \
             your keys page:",
        ),
    }
}
