use keyring::{NoticeRow, Waiting};
use keys::{AccountId, Notice};

/// How many keys a mail names; the others are counted.
const NAMED: usize = 100;

/// What one mail tells: one thing a person did, or the same thing that time brought to keys of one account's.
///
/// However many keys that are, at most [`NAMED`] notices are kept in memory.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) first: Notice,
    pub(crate) rest: Vec<Notice>,
    /// Where all its notices stand, those not kept too.
    pub(crate) rows: Vec<NoticeRow>,
}

impl Letter {
    pub(crate) fn of(waiting: Waiting) -> Self {
        Self { first: waiting.notice, rest: Vec::new(), rows: vec![waiting.row] }
    }

    pub(crate) fn takes(&self, notice: &Notice) -> bool {
        self.first.kind.comes_with_time()
            && (self.first.kind, &self.first.recipient) == (notice.kind, &notice.recipient)
    }

    pub(crate) fn add(&mut self, waiting: Waiting) {
        if 1 + self.rest.len() < NAMED {
            self.rest.push(waiting.notice);
        }
        self.rows.push(waiting.row);
    }

    pub(crate) const fn recipient(&self) -> &AccountId {
        &self.first.recipient
    }

    /// The notices it names.
    pub(crate) fn notices(&self) -> impl Iterator<Item = &Notice> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// How many it counts only.
    pub(crate) fn more(&self) -> usize {
        self.rows.len().saturating_sub(1 + self.rest.len())
    }
}
