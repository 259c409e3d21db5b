use std::str::FromStr;

use keys::{Key, KeyId};

use crate::{Act, ChangeError, EventKind, Fault, Keyring};

/// A change that was once made to a key, by the log's account of it, and that a restored table may not know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    /// The key.
    pub key: KeyId,
    /// What was done to it.
    pub what: Ending,
    /// The version that it had then.
    pub version: u32,
    /// Which of its secrets was its own then.
    pub secret_version: u32,
}

/// What a change took away, and a table restored to a moment before it gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The secret before a refresh.
    Refreshed,
    /// The secret before a hand-over, by the first push with the one after it.
    HandedOver,
    /// Packages that an edit removed.
    Edited,
    /// The key, by revocation.
    Revoked,
    /// The key, by deletion.
    Deleted,
    /// What the key opens, by freezing it.
    Frozen,
}

/// What became of such a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The table did not know of it, and the key was active: it is revoked now, and its people will be told why.
    Revoked,
    /// The table did not know of it, and the key was being handed over: it is handed over now.
    HandedOver,
    /// The table did not know of it, and the key was not frozen: it is now, and its people will be told.
    Frozen,
    /// The table did not know of it, but the key has ended all the same.
    Ended,
    /// The table knows of it: it is from before the moment of the restore.
    Known,
    /// There is no such key.
    Gone,
}

/// Who ends these keys, as their history names it.
const BY: &str = "latchkey";
const FROM: &str = "restore";

impl Undone {
    /// Whether `key`, as the table has it, is as it was before this change.
    fn is_undone_in(&self, key: &Key) -> bool {
        match self.what {
            Ending::Refreshed | Ending::HandedOver => key.secret.version < self.secret_version,
            Ending::Edited => key.version < self.version,
            // Neither is ever taken back: a key that is there, and not revoked, is from before.
            Ending::Revoked => key.revocation.is_none(),
            Ending::Deleted => true,
            // What was thawed since is frozen again: its holder can thaw it once more.
            Ending::Frozen => key.frozen_at.is_none() && key.version <= self.version,
        }
    }

    /// Whether what it ended was the secret that `key` still has beside the one it went over to.
    fn is_of_second_secret_of(&self, key: &Key) -> bool {
        let second = key.hand_over.as_ref().map(|hand_over| hand_over.secret.version);
        self.what == Ending::HandedOver && second == Some(self.secret_version) && key.revocation.is_none()
    }
}

impl Keyring {
    /// Ends the key of a change that a restored table does not know of. Asked again, it changes nothing more.
    ///
    /// A refreshed key is ended whole: its old secret is good again, and what its holder has is the new one, which the
    /// table does not know. So is one whose scope is wide again. One that was handed over is handed over again where the
    /// table still has both secrets, even if their window has closed since: nothing but the old secret is to end. One that
    /// was frozen is frozen again, and not ended.
    ///
    /// # Errors
    /// A [`Fault`]; then it is to be asked again.
    pub async fn end_again(
        &self,
        undone: &Undone,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Again, Fault> {
        let Some(key) = self.key(&undone.key).await? else { return Ok(Again::Gone) };
        if !undone.is_undone_in(&key) {
            return Ok(Again::Known);
        }
        let act = Act { by: BY.to_owned(), from: FROM.to_owned(), at: now };
        if undone.what == Ending::Frozen {
            return match self.freeze_unversioned(&key.id, &act).await {
                Ok(_) => Ok(Again::Frozen),
                Err(ChangeError::Fault(fault)) => Err(fault),
                Err(ChangeError::Gone) => Ok(Again::Gone),
                Err(_) => Ok(Again::Ended),
            };
        }
        let cause = format!("records were restored from before this key was {}", undone.what.as_str());
        if undone.is_of_second_secret_of(&key) && self.hand_over_again(&key, &cause, &act).await? {
            return Ok(Again::HandedOver);
        }
        Ok(if self.revoke_surely(key, &cause, &act).await? { Again::Revoked } else { Again::Ended })
    }
}

impl Ending {
    /// The name in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refreshed => EventKind::Refreshed.as_str(),
            Self::HandedOver => EventKind::HandedOver.as_str(),
            Self::Edited => EventKind::Edited.as_str(),
            Self::Revoked => EventKind::Revoked.as_str(),
            Self::Deleted => EventKind::Deleted.as_str(),
            Self::Frozen => EventKind::Frozen.as_str(),
        }
    }
}

impl FromStr for Ending {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let all =
            [Self::Refreshed, Self::HandedOver, Self::Edited, Self::Revoked, Self::Deleted, Self::Frozen];
        all.into_iter().find(|ending| ending.as_str() == name).ok_or(())
    }
}
