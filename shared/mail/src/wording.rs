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

/// As much of each, where a package is named beside the key.
const IN_SUBJECT_OF_TWO: usize = 26;

const NOT_YOU: &str = "Not you? Revoke the key now, on your keys page:";
const NOT_EXPECTED: &str = "Not you, or not expected? Secure your sign-in, then look through your other keys and \
                            make new ones on your keys page:";
const ASK_OWNER: &str = "Still needed there? Ask whoever barred it, or another owner of the package, to lift the bar. Your \
                         keys are on your keys page:";
const NOTHING_TO_DO: &str = "There is nothing to be done. Your keys are on your keys page:";
const ASK_HOLDER: &str = "Only a key's holder can refresh it, so ask the holder named above where it is still \
                          needed. Your organization's keys are on your keys page:";
const NOT_NEEDED: &str = "Nothing needs doing: a key's holder can refresh it again. Your organization's keys are on your \
                          keys page:";
const REPLACE: &str = "Make a scoped key in its place, for the packages it is used for, on your keys page:";
const REPLACE_ALL: &str =
    "Make scoped keys in their place, for the packages they are used for, on your keys page:";

impl Wording {
    /// What a person did to one key.
    pub(crate) fn of_act(notice: &Notice, letterhead: &Letterhead) -> Self {
        let (done, meaning, next) = match notice.kind {
            NoticeKind::Created => (
                "was created",
                "It works from now on. Its key text was shown once, when the key was made; no mail ever holds it.",
                NOT_YOU,
            ),
            NoticeKind::Refreshed => (
                "was refreshed",
                "It has a new secret, and the old one stopped working at once: put the new key text wherever the key \
                 is used.",
                NOT_YOU,
            ),
            NoticeKind::HandOverBegun => (
                "was given a second secret",
                "Both secrets work until the new one's first push, which ends the old one. Without such a push until the \
                 time below, the new one is dropped and the old one works on: put the new key text wherever the key is used.",
                NOT_YOU,
            ),
            NoticeKind::HandedOver => (
                "was handed over to its new secret",
                "The new secret works on alone, and the old one has stopped working. Whatever still uses the old key text \
                 is refused, and needs the new one.",
                NOT_YOU,
            ),
            NoticeKind::Edited if notice.packages_before.is_none() => (
                "was allowed to refresh itself",
                "Whoever has the key can give it a second secret from now on, which takes over with its first push. Its \
                 packages, actions, owner and expiry stay as they were.",
                NOT_YOU,
            ),
            NoticeKind::Edited => (
                "was edited",
                "It covers other packages from now on. Its secret, actions, owner and expiry stay as they were.",
                NOT_YOU,
            ),
            NoticeKind::Revoked => (
                "was revoked",
                "It stopped working at once and cannot be brought back. Whatever still uses it needs a new key.",
                NOT_EXPECTED,
            ),
            NoticeKind::Leaked => (
                "was found in public and revoked",
                "Its key text stands where others can read it. It stopped working at once and cannot be brought back. \
                 Whatever still uses it needs a new key.",
                "Look at what it pushed for anything that is not yours, and take the key text out of where it was found, \
                 its history too. Make a new key on your keys page:",
            ),
            NoticeKind::Deleted => (
                "was deleted",
                "It no longer works and is removed for good. Whatever still uses it needs a new key.",
                NOT_EXPECTED,
            ),
            NoticeKind::Barred => (
                "was barred from",
                "It is refused for that package from now on, and works as before for all others. Any owner of the package \
                 can lift that.",
                ASK_OWNER,
            ),
            NoticeKind::BarLifted => (
                "is no longer barred from",
                "It can do again with that package what its actions and packages allow.",
                NOTHING_TO_DO,
            ),
            NoticeKind::Frozen => (
                "was frozen",
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
                ("was unfrozen", "It works again, with the key text that it had before.", NOT_YOU)
            }
            NoticeKind::HandOverLapsed
            | NoticeKind::Expiring
            | NoticeKind::Expired
            | NoticeKind::LegacyRetiring
            | NoticeKind::LegacyRetired => {
                return Self::of_time(notice, 1, !notice.is_to_holder(), letterhead, notice.at);
            }
        };
        let heading = match &notice.package {
            None => format!("Key {} {done}", quoted(notice, IN_SUBJECT)),
            Some(package) => {
                let package = shortened(package.as_str(), IN_SUBJECT_OF_TWO);
                format!("Key {} {done} {package}", quoted(notice, IN_SUBJECT_OF_TWO))
            }
        };
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
            (false, true) => format!("Key {}", quoted(first, IN_SUBJECT)),
            (true, true) => format!("Legacy key {}", quoted(first, IN_SUBJECT)),
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
            (NoticeKind::HandOverLapsed, true) => (
                "keeps its old secret".to_owned(),
                "Its new secret was not used for a push in time and is dropped: it opens nothing. The old one works on, until \
                 the key expires.",
                "Still want a new secret? Refresh it again, and put the new key text wherever the key is used, on your keys \
                 page:",
            ),
            (NoticeKind::HandOverLapsed, false) => (
                "keep their old secrets".to_owned(),
                "Their new secrets were not used for a push in time and are dropped: they open nothing. The old ones work on, \
                 until the keys expire.",
                "Still want new secrets? Refresh the keys again, and put the new key texts wherever they are used, on your \
                 keys page:",
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
        let next = match for_another {
            true if kind == NoticeKind::HandOverLapsed => NOT_NEEDED,
            true if !retires => ASK_HOLDER,
            _ => next,
        };
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

fn quoted(notice: &Notice, most: usize) -> String {
    format!("“{}”", shortened(&one_line(notice.name.as_str()), most))
}
