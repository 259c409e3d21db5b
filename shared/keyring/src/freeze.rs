use keys::{FreezeLink, FreezeLinkError, Key, KeyId, Not, Notice, NoticeKind};

use crate::{
    Act, Keyring,
    change::{ChangeError, Changed, Plan},
    event::{Event, EventKind},
    fault::Fault,
};

/// Who freezes a key with a link, as its history names them: nobody has signed in.
pub const FROZEN_BY_LINK: &str = "whoever has the link in a mail";
const TRIES: u32 = 8;
const FREEZE: (EventKind, NoticeKind) = (EventKind::Frozen, NoticeKind::Frozen);
const THAW: (EventKind, NoticeKind) = (EventKind::Thawed, NoticeKind::Thawed);

impl Keyring {
    /// Freezes the key whatever is done to it meanwhile. One that is frozen already stays as it is, and nobody is told.
    ///
    /// # Errors
    /// [`ChangeError::Not`] where it has ended for good, [`ChangeError::Gone`] where there is none, or a fault.
    pub async fn freeze(&self, id: &KeyId, act: &Act) -> Result<Changed, ChangeError> {
        self.freeze_surely(id, true, act).await
    }

    /// Freezes `key`, as it was read. One that is frozen already stays as it is, and nobody is told.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn freeze_as_read(&self, key: &Key, act: &Act) -> Result<Changed, ChangeError> {
        self.change_state(key, FREEZE, act, |key| key.frozen(act.at)).await
    }

    /// As [`freeze`](Keyring::freeze), but the key's version stays: after a restore, what else was undone of the key is told
    /// by its version.
    pub(crate) async fn freeze_unversioned(&self, id: &KeyId, act: &Act) -> Result<Changed, ChangeError> {
        self.freeze_surely(id, false, act).await
    }

    async fn freeze_surely(&self, id: &KeyId, is_versioned: bool, act: &Act) -> Result<Changed, ChangeError> {
        for _ in 0..TRIES {
            let key = self.key(id).await?.ok_or(ChangeError::Gone)?;
            let frozen = |key: &Key| {
                let frozen = key.frozen(act.at)?;
                let version = if is_versioned { frozen.version } else { key.version };
                Ok(Key { version, ..frozen })
            };
            match self.change_state(&key, FREEZE, act, frozen).await {
                Err(ChangeError::Conflict) => {}
                done => return done,
            }
        }
        Err(Fault::Busy { call: "freeze", tries: TRIES }.into())
    }

    /// Thaws `key`, as it was read. One that is not frozen stays as it is, and nobody is told.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn thaw(&self, key: &Key, act: &Act) -> Result<Changed, ChangeError> {
        self.change_state(key, THAW, act, |key| key.thawed(act.at)).await
    }

    async fn change_state(
        &self,
        key: &Key,
        (event, notice): (EventKind, NoticeKind),
        act: &Act,
        state: impl Fn(&Key) -> Result<Key, Not>,
    ) -> Result<Changed, ChangeError> {
        if state(key)? == *key {
            return Ok(Changed { key: key.clone(), notices: Vec::new() });
        }
        let plan = |key: &Key| {
            let after = state(key)?;
            let notice = Some(Notice::new(notice, &after, act.by.clone(), act.at));
            Ok(Plan { after: Some(after), event: Event::new(event, act), notice })
        };
        self.carry_out(key, plan).await
    }

    /// What stands in the address by which these keys are frozen, for a mail that is written at `now`.
    ///
    /// # Errors
    /// A [`Fault`] where no pepper can be opened.
    pub async fn freeze_links(
        &self,
        keys: impl IntoIterator<Item = KeyId>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Vec<String>, Fault> {
        let pepper = self.peppers.open_one().await?;
        Ok(keys.into_iter().map(|key| FreezeLink::new(key, now).seal(&pepper)).collect())
    }

    /// What a text from such an address stands for. A forged one is refused before any key is looked up, so it tells
    /// nothing of one.
    ///
    /// # Errors
    /// A [`Fault`]; within it, why the text is no good link.
    pub async fn check_freeze_link(
        &self,
        text: &str,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Result<FreezeLink, FreezeLinkError>, Fault> {
        let link = match FreezeLink::read(text) {
            Ok(link) => link,
            Err(error) => return Ok(Err(error)),
        };
        let pepper = self.peppers.if_there(link.pepper()).await?;
        Ok(pepper.map_or(Err(FreezeLinkError::Forged), |pepper| link.check(&pepper, now)))
    }
}
