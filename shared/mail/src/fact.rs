use chrono::{DateTime, Utc};
use keys::{AccountId, Leak, Notice, NoticeKind, Packages, time_left};

use crate::line::one_line;

/// One row of what a mail tells of a key: a label, and what stands beside it, line by line.
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) lines: Vec<String>,
    /// What is said after the lines, such as `and 980 more`.
    pub(crate) rest: Option<String>,
    /// Whether the lines are identifiers, to be read letter by letter.
    pub(crate) exact: bool,
}

impl Fact {
    /// What `notice` tells of its key and of what a person did to it. `owner_name` is what the owner is called, where
    /// that is known.
    pub(crate) fn of_act(notice: &Notice, owner_name: Option<&str>) -> Vec<Self> {
        let mut facts = Self::of_key(notice, owner_name, time(notice.ends_at));
        if let Some(package) = &notice.package {
            facts.push(Self { exact: true, ..Self::line("Package", package.to_string()) });
        }
        if let Some((act, by)) = act(notice.kind) {
            facts.push(Self::line(act, time(notice.at)));
            facts.push(Self::line(by, one_line(&said_to(&notice.recipient, &notice.by))));
        }
        if let Some(leak) = &notice.leak {
            facts.extend(Self::of_leak(leak));
        }
        if let (NoticeKind::HandOverBegun, Some(until)) = (notice.kind, notice.hand_over_until) {
            facts.push(Self::line("First push until", time(until)));
        }
        facts
    }

    /// What `notice` tells of its key to somebody who reads it at `now`, where time brings it about.
    pub(crate) fn of_time(notice: &Notice, owner_name: Option<&str>, now: DateTime<Utc>) -> Vec<Self> {
        let end = match notice.ends_at > now {
            true => format!("{}, {} left", time(notice.ends_at), time_left(now, notice.ends_at)),
            false => time(notice.ends_at),
        };
        Self::of_key(notice, owner_name, end)
    }

    fn of_leak(leak: &Leak) -> [Self; 2] {
        let places = match leak.places.as_slice() {
            [] => Self::line("Found at", "a place that was not told".to_owned()),
            places => {
                let lines = places.iter().map(ToString::to_string).collect();
                Self { lines, exact: true, ..Self::line("Found at", String::new()) }
            }
        };
        let pushed = match leak.pushed.as_slice() {
            [] => Self::line("Pushed", "nothing that is on record".to_owned()),
            pushed => Self {
                lines: pushed
                    .iter()
                    .map(|each| format!("{}, last on {}", each.package, time(each.at)))
                    .collect(),
                rest: leak.pushed_more.then(|| "and others before".to_owned()),
                exact: true,
                ..Self::line("Pushed", String::new())
            },
        };
        [places, pushed]
    }

    fn of_key(notice: &Notice, owner_name: Option<&str>, ends: String) -> Vec<Self> {
        let mut facts = vec![
            Self::line("Name", one_line(notice.name.as_str())),
            Self { exact: true, ..Self::line("Key id", notice.key.to_string()) },
            Self::line("Owner", named(&notice.owner, owner_name)),
        ];
        if notice.holder != notice.recipient {
            facts.push(Self::line("Holder", one_line(notice.holder.as_str())));
        }
        // A legacy key has no list of actions, because it is not limited.
        let legacy = notice.actions.is_none();
        facts
            .push(Self::line("Actions", notice.actions.map_or("every action".to_owned(), |a| a.to_string())));
        match &notice.packages_before {
            _ if legacy => facts.push(Self::line("Packages", "every package of its owner".to_owned())),
            None => facts.push(Self::packages("Packages", &notice.packages)),
            Some(before) => {
                facts.push(Self::packages("Packages now", &notice.packages));
                facts.push(Self::packages("Packages before", before));
            }
        }
        if notice.self_refresh {
            facts.push(Self::line("Self-refresh", "allowed".to_owned()));
        }
        let end = if legacy { "Retirement" } else { "Expiry" };
        facts.push(Self::line(end, ends));
        facts.push(Self::line("Last push", notice.last_push_at.map_or("none so far".to_owned(), time)));
        facts
    }

    /// What stands beside the label, where there is one line for it.
    pub(crate) fn in_one_line(&self) -> String {
        let list = self.lines.join(", ");
        match &self.rest {
            Some(rest) => format!("{list} {rest}"),
            None => list,
        }
    }

    /// The rows as the text of a mail shows them: the label before the first, and all in one column.
    pub(crate) fn in_text(&self) -> Vec<String> {
        let label = format!("{}:", self.label);
        let labels = std::iter::once(label.as_str()).chain(std::iter::repeat(""));
        labels
            .zip(self.lines.iter().chain(&self.rest))
            .map(|(label, line)| format!("{label:<18}{line}"))
            .collect()
    }

    fn line(label: &str, line: String) -> Self {
        Self { label: label.to_owned(), lines: vec![line], rest: None, exact: false }
    }

    fn packages(label: &str, packages: &Packages) -> Self {
        Self {
            label: label.to_owned(),
            lines: packages.first.iter().map(ToString::to_string).collect(),
            rest: (packages.more() > 0).then(|| format!("and {} more", packages.more())),
            exact: true,
        }
    }
}

/// To the minute, in UTC: the reader's time zone is not known.
fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// `Fabrikam (org-7)`, or the id alone if it is all that is known.
pub(crate) fn named(account: &AccountId, name: Option<&str>) -> String {
    let id = account.as_str();
    match name {
        Some(name) if name != id => one_line(&format!("{name} ({id})")),
        _ => one_line(id),
    }
}

/// Who did it, or the cause, in words for `recipient`, who may be the one.
fn said_to(recipient: &AccountId, by: &str) -> String {
    let (before, who) = by.strip_prefix("by ").map_or(("", by), |who| ("by ", who));
    if who == recipient.as_str() { format!("{before}you ({who})") } else { by.to_owned() }
}

/// The labels of when it was done, and of who did it; none where time did.
fn act(kind: NoticeKind) -> Option<(&'static str, &'static str)> {
    match kind {
        NoticeKind::Created => Some(("Created", "Created by")),
        NoticeKind::Refreshed => Some(("Refreshed", "Refreshed by")),
        NoticeKind::HandOverBegun => Some(("Begun", "Begun by")),
        NoticeKind::HandedOver => Some(("Handed over", "Handed over by")),
        NoticeKind::Edited => Some(("Edited", "Edited by")),
        NoticeKind::Revoked => Some(("Revoked", "Cause")),
        NoticeKind::Leaked => Some(("Revoked", "Found by")),
        NoticeKind::Deleted => Some(("Deleted", "Deleted by")),
        NoticeKind::Barred => Some(("Barred", "Barred by")),
        NoticeKind::BarLifted => Some(("Lifted", "Lifted by")),
        NoticeKind::Frozen => Some(("Frozen", "Frozen by")),
        NoticeKind::Thawed => Some(("Unfrozen", "Unfrozen by")),
        NoticeKind::HandOverLapsed
        | NoticeKind::Expiring
        | NoticeKind::Expired
        | NoticeKind::LegacyRetiring
        | NoticeKind::LegacyRetired => None,
    }
}
