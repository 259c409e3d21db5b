use futures_util::{StreamExt, TryStreamExt, stream};
use keys::{AccountId, Key, KeyId, KeyName, KeyPrefix, KeyText, Not, Notice, NoticeKind, Patterns};

use crate::{
    Keyring,
    act::Act,
    create::new_text,
    event::{Event, EventKind},
    expression::{Condition, Update},
    fault::Fault,
    key_item, layout, logged,
    outbox::NoticeRow,
    transaction::{Outcome, Transaction},
};

/// How many keys of an account are ended at a time: a thousand end well within one call's time.
const AT_ONCE: usize = 8;

/// A change that was made: the key as it is now, and the notices to deliver.
#[derive(Debug)]
pub struct Changed {
    /// The key; after a deletion, as it was.
    pub key: Key,
    /// The notices.
    pub notices: Vec<NoticeRow>,
}

/// Why a key was not changed. Nothing was written, except that after a [`Fault`] that is not known.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Its status or kind does not allow it.
    #[error(transparent)]
    Not(#[from] Not),
    /// Somebody else changed it since it was read.
    #[error("the key was changed by another request meanwhile; look at it again")]
    Conflict,
    /// Somebody deleted it since it was read.
    #[error("the key was deleted meanwhile")]
    Gone,
    /// The account is locked.
    #[error("the account {0} is locked")]
    Locked(AccountId),
    /// The holder has left the organization.
    #[error("{0} is not a member of {1} any more")]
    NotAMember(AccountId, AccountId),
    /// Our own trouble.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Holder,
    Owner,
    Member,
    Rest,
}

/// What is done to a key's item.
pub(crate) enum Write<'a> {
    /// What differs is set, and nothing else: a push noted meanwhile stays noted.
    Update(&'a Key),
    Delete,
}

impl Keyring {
    /// The key, if it is there.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn key(&self, id: &KeyId) -> Result<Option<Key>, Fault> {
        let place = layout::key(id);
        let found = self.batch_get(&[&place]).await?.take(&place);
        Ok(found.map(|item| key_item::read(&item)).transpose()?.filter(|key| key.id == *id))
    }

    /// Gives `key`, as it was read, another name or other packages.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn edit(
        &self,
        key: &Key,
        name: Option<KeyName>,
        packages: Option<Patterns>,
        act: &Act,
    ) -> Result<Changed, ChangeError> {
        let edited = key.edited(name, packages, act.at)?;
        self.in_good_standing(key).await?;
        let notice = Notice::edited(key, &edited, act.by.clone(), act.at);
        // People are told of a change of scope; a new name alone opens nothing.
        let notice = (key.scope() != edited.scope()).then_some(notice);
        self.change(key, Write::Update(&edited), &Event::edited(key, &edited, act), notice).await
    }

    /// Gives `key`, as it was read, a new secret; the old one stops at once. `restart` starts its lifetime again, and
    /// `maximum` is the policy's most days.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn refresh(
        &self,
        key: &Key,
        prefix: &KeyPrefix,
        restart: bool,
        maximum: u16,
        act: &Act,
    ) -> Result<(Changed, KeyText), ChangeError> {
        let pepper = self.peppers.newest(act.at).await?;
        let text = new_text(prefix, key.id)?;
        let refreshed = key.refreshed((text.mac(&pepper), pepper.version()), restart, maximum, act.at)?;
        self.in_good_standing(key).await?;
        let detail = (refreshed.ends_at() != key.ends_at()).then(|| "its lifetime starts again".to_owned());
        let event = Event { detail, ..Event::new(EventKind::Refreshed, act) };
        let notice = Notice::new(NoticeKind::Refreshed, &refreshed, act.by.clone(), act.at);
        Ok((self.change(key, Write::Update(&refreshed), &event, Some(notice)).await?, text))
    }

    /// Ends `key`, as it was read, for good. `cause` is told to its holder.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn revoke(&self, key: &Key, cause: String, act: &Act) -> Result<Changed, ChangeError> {
        let revoked = key.revoked(cause.clone(), act.at)?;
        let event = Event { detail: Some(cause.clone()), ..Event::new(EventKind::Revoked, act) };
        let notice = Notice::new(NoticeKind::Revoked, &revoked, cause, act.at);
        self.change(key, Write::Update(&revoked), &event, Some(notice)).await
    }

    /// Removes `key`, as it was read.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn delete(&self, key: &Key, act: &Act) -> Result<Changed, ChangeError> {
        let notice = Notice::new(NoticeKind::Deleted, key, act.by.clone(), act.at);
        self.change(key, Write::Delete, &Event::new(EventKind::Deleted, act), Some(notice)).await
    }

    /// Ends every active key that `account` holds or that acts for it, and says how many.
    ///
    /// # Errors
    /// A [`Fault`]; the keys ended until then stay ended, and a repeat goes on with the rest.
    pub async fn revoke_all(&self, account: &AccountId, cause: &str, act: &Act) -> Result<u32, Fault> {
        let mut revoked = 0;
        for acting in [false, true] {
            let mut after = None;
            loop {
                let page = match acting {
                    false => self.keys_of(account, 100, after.as_ref()).await?,
                    true => self.keys_for(account, 100, after.as_ref()).await?,
                };
                let ends = page.entries.into_iter().map(|key| self.revoke_surely(key, cause, act));
                let mut ends = stream::iter(ends).buffer_unordered(AT_ONCE);
                while let Some(ended) = ends.try_next().await? {
                    revoked += u32::from(ended);
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(revoked)
    }

    /// Ends the key whatever is done to it meanwhile, unless it has ended already.
    pub(crate) async fn revoke_surely(&self, mut key: Key, cause: &str, act: &Act) -> Result<bool, Fault> {
        const TRIES: u32 = 8;
        for _ in 0..TRIES {
            match self.revoke(&key, cause.to_owned(), act).await {
                Ok(_) => return Ok(true),
                Err(
                    ChangeError::Not(_)
                    | ChangeError::Gone
                    | ChangeError::Locked(_)
                    | ChangeError::NotAMember(..),
                ) => return Ok(false),
                Err(ChangeError::Fault(fault)) => return Err(fault),
                Err(ChangeError::Conflict) => match self.key(&key.id).await? {
                    Some(now) => key = now,
                    None => return Ok(false),
                },
            }
        }
        Err(Fault::Busy { call: "revoke", tries: TRIES })
    }

    /// What makes a key stronger is refused to a locked account and to a holder who has left; ending one never is.
    pub(crate) async fn in_good_standing(&self, key: &Key) -> Result<(), ChangeError> {
        let holder = self.account(&key.holder).await?;
        if holder.is_none_or(|account| account.locked) {
            return Err(ChangeError::Locked(key.holder.clone()));
        }
        match self.membership(&key.holder, &key.owner).await? {
            keys::Membership::Own | keys::Membership::Member { organization_locked: false } => Ok(()),
            keys::Membership::Member { organization_locked: true } => {
                Err(ChangeError::Locked(key.owner.clone()))
            }
            keys::Membership::None => Err(ChangeError::NotAMember(key.holder.clone(), key.owner.clone())),
        }
    }

    pub(crate) async fn change(
        &self,
        before: &Key,
        write: Write<'_>,
        event: &Event,
        notice: Option<Notice>,
    ) -> Result<Changed, ChangeError> {
        let mut transaction = Transaction::new(&self.table);
        let (place, unchanged) = (layout::key(&before.id), Condition::version(before.version));
        match write {
            Write::Update(after) => {
                // The sweeper moves the due moment and leaves the version alone. Where this moves it too, all of the
                // index's attributes are set: one left out as unchanged may be gone by then.
                let before = match after.due_at == before.due_at || after.due_at.is_none() {
                    true => key_item::write(before),
                    false => key_item::write(&Key { due_at: None, ..before.clone() }),
                };
                let update = Update::between(&before, &key_item::write(after));
                transaction.update(Part::Key, &place, &update, unchanged);
            }
            Write::Delete => transaction.delete(Part::Key, &place, Some(unchanged)),
        }
        let organization = before.acts_for_organization();
        match write {
            // Good standing was looked at before, for the sake of the answer. What decides is how things stand now.
            Write::Update(after) if after.revocation.is_none() && !is_freeze(before, after) => {
                transaction.check(Part::Holder, &layout::account(before.holder.tag()), Condition::unlocked());
                if organization {
                    let member = layout::member(before.owner.tag(), before.holder.tag());
                    transaction.check(
                        Part::Owner,
                        &layout::account(before.owner.tag()),
                        Condition::unlocked(),
                    );
                    transaction.check(Part::Member, &member, Condition::present());
                }
            }
            Write::Delete if organization => {
                transaction.delete(Part::Rest, &layout::held(before.owner.tag(), &before.id), None);
            }
            Write::Update(_) | Write::Delete => {}
        }
        transaction.put(Part::Rest, event.write(&before.id), None);
        let mut notices = Vec::new();
        if let Some(notice) = notice {
            for recipient in self.people_of(before).await? {
                let notice = notice.to(recipient);
                let row = NoticeRow::new(&notice);
                transaction.put(Part::Rest, row.write(&notice), None);
                notices.push(row);
            }
        }
        let key = match write {
            Write::Update(after) => after.clone(),
            Write::Delete => before.clone(),
        };
        let outcome = transaction.write(&self.db).await;
        if !matches!(outcome, Ok(Outcome::Refused(_))) {
            logged::change(&key, event, outcome.is_ok());
        }
        match outcome? {
            Outcome::Done => Ok(Changed { key, notices }),
            Outcome::Refused(parts) if parts.contains(&Part::Key) => match self.key(&before.id).await? {
                Some(_) => Err(ChangeError::Conflict),
                None => Err(ChangeError::Gone),
            },
            Outcome::Refused(parts) if parts.contains(&Part::Holder) => {
                Err(ChangeError::Locked(before.holder.clone()))
            }
            Outcome::Refused(parts) if parts.contains(&Part::Owner) => {
                Err(ChangeError::Locked(before.owner.clone()))
            }
            Outcome::Refused(_) => Err(ChangeError::NotAMember(before.holder.clone(), before.owner.clone())),
        }
    }
}

/// Whether a key is frozen by this change: that makes it no stronger, so nobody's lock stands against it.
fn is_freeze(before: &Key, after: &Key) -> bool {
    before.frozen_at.is_none() && after.frozen_at.is_some()
}
