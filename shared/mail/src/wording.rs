use chrono::{DateTime, Utc};
use keys::{Notice, NoticeKind, time_left};

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
    /// Why the recipient gets it.
    pub(crate) concerns: &'static str,
}

/// How many characters of a key's name, and of the gallery's, go into a subject: together it stays a line that a
/// mail client's list shows, and far below the 998 bytes a header line may have (RFC 5322, 2.1.1) however encoded.
const IN_SUBJECT: usize = 60;

const NOT_YOU: &str = "Not you? Revoke the key now, on your keys page:";
const NOT_EXPECTED: &str = "Not you, or not expected? Secure your sign-in, then look through your other keys and \
                            make new ones on your keys page:";
const ASK_HOLDER: &str = "Only a key's holder can refresh it, so ask the holder named above where it is still \
                          needed. Your organization's keys are on your keys page:";
const REPLACE: &str = "Make a scoped key in its place, for the packages it is used for, on your keys page:";
const REPLACE_ALL: &str =
    "Make scoped keys in their place, for the packages they are used for, on your keys page:";

impl Wording {
    /// What a person did to one key.
    pub(crate) fn of_act(notice: &Notice, letterhead: &Letterhead) -> Self {
        let (done, meaning, next) = match notice.kind {
            NoticeKind::Created => (
                "created",
                "It works from now on. Its key text was shown once, when the key was made; no mail ever holds it.",
                NOT_YOU,
            ),
            NoticeKind::Refreshed => (
                "refreshed",
                "It has a new secret, and the old one stopped working at once: put the new key text wherever the key \
                 is used.",
                NOT_YOU,
            ),
            NoticeKind::Edited => (
                "edited",
                "It covers other packages from now on. Its secret, actions, owner and expiry stay as they were.",
                NOT_YOU,
            ),
            NoticeKind::Revoked => (
                "revoked",
                "It stopped working at once and cannot be brought back. Whatever still uses it needs a new key.",
                NOT_EXPECTED,
            ),
            NoticeKind::Deleted => (
                "deleted",
                "It no longer works and is removed for good. Whatever still uses it needs a new key.",
                NOT_EXPECTED,
            ),
            NoticeKind::Frozen => (
                "frozen",
                "Every push with it is refused until its holder unfreezes it. Nothing else of it has changed, and its \
                 lifetime runs on.",
                match notice.is_to_holder() {
                    true => {
                        "In good hands? Unfreeze it. If it may not be, refresh it first, or revoke it; all on your keys page:"
                    }
                    false => {
                        "Only its holder, named above, can unfreeze it. You can revoke it, on your keys page:"
                    }
                },
            ),
            NoticeKind::Thawed => {
                ("unfrozen", "It works again, with the key text that it had before.", NOT_YOU)
            }
            NoticeKind::Expiring
            | NoticeKind::Expired
            | NoticeKind::LegacyRetiring
            | NoticeKind::LegacyRetired => {
                return Self::of_time(notice, 1, !notice.is_to_holder(), letterhead, notice.at);
            }
        };
        let heading = format!("Key {} was {done}", quoted(notice));
        Self::new(heading, meaning, next, "which the key concerns", letterhead)
    }

    /// What time brought to `count` keys, of which `first` is one, told at `now`. `for_another` where not all are the
    /// recipient's own.
    pub(crate) fn of_time(
        first: &Notice,
        count: usize,
        for_another: bool,
        letterhead: &Letterhead,
        now: DateTime<Utc>,
    ) -> Self {
        let one = count == 1;
        // A warning that waited for better times must not promise any.
        let kind = match first.kind {
            NoticeKind::Expiring if one && first.ends_at <= now => NoticeKind::Expired,
            NoticeKind::LegacyRetiring if one && first.ends_at <= now => NoticeKind::LegacyRetired,
            kind => kind,
        };
        let left = time_left(now, first.ends_at);
        let retires = matches!(kind, NoticeKind::LegacyRetiring | NoticeKind::LegacyRetired);
        let subject = match (retires, one) {
            (false, true) => format!("Key {}", quoted(first)),
            (true, true) => format!("Legacy key {}", quoted(first)),
            (false, false) => format!("{count} keys"),
            (true, false) => format!("{count} legacy keys"),
        };
        let (happens, meaning, next) = match (kind, one) {
            (NoticeKind::LegacyRetiring, true) => (
                format!("is retired in {left}"),
                "It has not pushed for most of a year, and then stops working for good. A push before then keeps it.",
                REPLACE,
            ),
            (NoticeKind::LegacyRetiring, false) => (
                "are retired soon".to_owned(),
                "They have not pushed for most of a year, and then stop working for good. A push before then keeps a \
                 key.",
                REPLACE_ALL,
            ),
            (NoticeKind::LegacyRetired, true) => (
                "was retired".to_owned(),
                "It went too long without a push, has stopped working and cannot be brought back.",
                REPLACE,
            ),
            (NoticeKind::LegacyRetired, false) => (
                "were retired".to_owned(),
                "They went too long without a push, have stopped working and cannot be brought back.",
                REPLACE_ALL,
            ),
            (NoticeKind::Expired, true) => (
                "has expired".to_owned(),
                "It has stopped working. Pushes with it fail until it is refreshed or replaced.",
                "Still needed? Refresh it and put the new key text wherever the key is used; or delete it. Both on your \
                 keys page:",
            ),
            (NoticeKind::Expired, false) => (
                "have expired".to_owned(),
                "They have stopped working. Pushes with them fail until they are refreshed or replaced.",
                "Refresh those still needed and put the new key texts wherever the keys are used; delete the others. All \
                 on your keys page:",
            ),
            (_, true) => (
                format!("expires in {left}"),
                "It stops working then, and pushes with it fail. Nothing renews it by itself.",
                "Still needed? Refresh it with a new lifetime and put the new key text wherever the key is used, on \
                 your keys page:",
            ),
            (_, false) => (
                "expire soon".to_owned(),
                "They stop working then, and pushes with them fail. Nothing renews them by itself.",
                "Refresh those still needed with a new lifetime and put the new key texts wherever the keys are used, \
                 on your keys page:",
            ),
        };
        let next = if for_another && !retires { ASK_HOLDER } else { next };
        let concerns = if one { "which the key concerns" } else { "which the keys concern" };
        Self::new(format!("{subject} {happens}"), meaning, next, concerns, letterhead)
    }

    fn new(
        heading: String,
        meaning: &'static str,
        next: &'static str,
        concerns: &'static str,
        letterhead: &Letterhead,
    ) -> Self {
        let subject = format!("{heading} at {}", shortened(letterhead.gallery(), IN_SUBJECT));
        Self { subject, heading, meaning, next, concerns }
    }
}

fn quoted(notice: &Notice) -> String {
    format!("“{}”", shortened(&one_line(notice.name.as_str()), IN_SUBJECT))
}
