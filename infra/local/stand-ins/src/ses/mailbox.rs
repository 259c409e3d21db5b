//! Where accepted mails end up: the newest 10,000, in memory and, if wanted, in a file that outlives the process.
//!
//! The file has one mail a line, as JSON, oldest first. A last line without its end is what a killed process leaves; its
//! mail was never answered for, so it is dropped. Anything else that cannot be read is an error that names the line.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How many mails are kept.
const CAPACITY: usize = 10_000;

/// One mail to one recipient. A message to three people is three of these, with one `message_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// What SES answered its acceptance with.
    pub message_id: String,
    /// When it was accepted, in whole seconds.
    pub at: DateTime<Utc>,
    /// The sender, as given: `Name <address>` or an address.
    pub from: String,
    /// The recipient's address, without a name.
    pub to: String,
    /// Where answers go, as given.
    pub reply_to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The plain text, empty if there is none.
    pub text: String,
    /// The HTML, empty if there is none.
    pub html: String,
    /// The headers given beside all this, by name.
    pub headers: BTreeMap<String, String>,
    /// The e-mail tags, by name.
    pub tags: BTreeMap<String, String>,
}

/// Every accepted mail. Clones are the same mailbox.
#[derive(Clone)]
pub struct Mailbox(Arc<Mutex<Kept>>);

/// Why a mailbox's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The file cannot be made, read or written.
    #[error("{}: {source}", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A line holds no mail.
    #[error("{}, line {line}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

struct Kept {
    mails: VecDeque<Mail>,
    capacity: usize,
    journal: Option<Journal>,
}

/// The mailbox's file, open at its end.
struct Journal {
    path: PathBuf,
    file: File,
    bytes: u64,
    lines: usize,
}

impl Mailbox {
    /// An empty mailbox that is gone with its last clone.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::of(Kept { mails: VecDeque::new(), capacity: CAPACITY, journal: None })
    }

    /// The mailbox in the file `path`, made if it is missing; its folder must be there. One process at a time: the
    /// caller sees to that, for example by opening an [`Engine`](crate::Engine) in the same folder first.
    ///
    /// # Errors
    /// [`MailboxError`], which names the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, MailboxError> {
        Self::open_with(path.as_ref(), CAPACITY)
    }

    /// The mails, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.kept().mails.iter().cloned().collect()
    }

    pub(super) fn count_after(&self, time: DateTime<Utc>) -> usize {
        self.kept().mails.iter().filter(|mail| mail.at > time).count()
    }

    /// Files all of `mails` or, on an error, none.
    pub(super) fn file(&self, mails: Vec<Mail>) -> io::Result<()> {
        let mut kept = self.kept();
        let kept = &mut *kept;
        if let Some(journal) = &mut kept.journal {
            journal.append(&mails)?;
        }
        kept.mails.extend(mails);
        let surplus = kept.mails.len().saturating_sub(kept.capacity);
        kept.mails.drain(..surplus);
        match &mut kept.journal {
            // Rewriting at twice the capacity keeps the cost of a mail constant on average.
            Some(journal) if journal.lines > 2 * kept.capacity => {
                if let Err(error) = journal.rewrite(&kept.mails) {
                    tracing::warn!(%error, path = %journal.path.display(), "old mails stay in the file");
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open_with(path: &Path, capacity: usize) -> Result<Self, MailboxError> {
        let inaccessible = |source| MailboxError::Inaccessible { path: path.to_path_buf(), source };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(inaccessible(error)),
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut mails = VecDeque::new();
        for (index, line) in whole.lines().enumerate() {
            let mail = serde_json::from_str(line).map_err(|source| MailboxError::Unreadable {
                path: path.to_path_buf(),
                line: index + 1,
                source,
            })?;
            mails.push_back(mail);
        }
        mails.drain(..mails.len().saturating_sub(capacity));
        let journal = Journal::write(path, &mails).map_err(inaccessible)?;
        Ok(Self::of(Kept { mails, capacity, journal: Some(journal) }))
    }

    fn of(kept: Kept) -> Self {
        Self(Arc::new(Mutex::new(kept)))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Puts a file with just `mails` at `path`, in one step.
    fn write(path: &Path, mails: &VecDeque<Mail>) -> io::Result<Self> {
        let mut beside = OsString::from(path);
        beside.push(".new");
        let text = lines(mails)?;
        fs::write(&beside, &text)?;
        fs::rename(&beside, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self { path: path.to_path_buf(), file, bytes: text.len() as u64, lines: mails.len() })
    }

    fn rewrite(&mut self, mails: &VecDeque<Mail>) -> io::Result<()> {
        *self = Self::write(&self.path, mails)?;
        Ok(())
    }

    fn append(&mut self, mails: &[Mail]) -> io::Result<()> {
        let text = lines(mails)?;
        if let Err(error) = self.file.write_all(&text) {
            // Half a line in the middle would make the file unreadable.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += text.len() as u64;
        self.lines += mails.len();
        Ok(())
    }
}

fn lines<'a>(mails: impl IntoIterator<Item = &'a Mail>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for mail in mails {
        serde_json::to_writer(&mut text, mail)?;
        text.push(b'\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str) -> Mail {
        Mail { subject: subject.to_owned(), ..Mail::default() }
    }

    fn subjects(mailbox: &Mailbox) -> Vec<String> {
        mailbox.mails().into_iter().map(|mail| mail.subject).collect()
    }

    #[test]
    fn the_oldest_go_first_when_it_is_full() {
        let mailbox = Mailbox::of(Kept { mails: VecDeque::new(), capacity: 2, journal: None });
        for subject in ["one", "two", "three"] {
            mailbox.file(vec![mail(subject)]).unwrap();
        }
        assert_eq!(subjects(&mailbox), ["two", "three"]);
    }

    #[test]
    fn the_file_holds_at_most_twice_the_capacity_and_the_mails_survive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.jsonl");
        let mailbox = Mailbox::open_with(&path, 2).unwrap();
        for subject in ["one", "two", "three", "four", "five", "six"] {
            mailbox.file(vec![mail(subject)]).unwrap();
            assert!(fs::read_to_string(&path).unwrap().lines().count() <= 4, "{subject}");
        }
        assert_eq!(subjects(&mailbox), ["five", "six"]);
        assert_eq!(subjects(&Mailbox::open_with(&path, 2).unwrap()), ["five", "six"]);
    }

    #[test]
    fn half_a_last_line_is_dropped_and_the_next_mail_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.jsonl");
        Mailbox::open(&path).unwrap().file(vec![mail("one")]).unwrap();
        let mut torn = fs::read(&path).unwrap();
        torn.extend_from_within(..20);
        fs::write(&path, torn).unwrap();

        let mailbox = Mailbox::open(&path).unwrap();
        assert_eq!(subjects(&mailbox), ["one"]);
        mailbox.file(vec![mail("two")]).unwrap();
        assert_eq!(subjects(&Mailbox::open(&path).unwrap()), ["one", "two"]);
    }

    #[test]
    fn a_line_that_is_no_mail_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail.jsonl");
        Mailbox::open(&path).unwrap().file(vec![mail("one")]).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{}\n").unwrap();
        let Err(MailboxError::Unreadable { line, .. }) = Mailbox::open(&path) else {
            panic!("must be refused")
        };
        assert_eq!(line, 2);
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("mail.jsonl");
        let error = Mailbox::open(&path).err().unwrap();
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
}
