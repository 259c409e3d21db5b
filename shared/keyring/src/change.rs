use futures_util::{StreamExt, TryStreamExt, stream};
use keys::{AccountId, Edit, Key, KeyId, KeyPrefix, KeyText, Not, Notice, NoticeKind};

use crate::{
    Keyring,
    act::Act,
    create::new_text,
    event::{Event, EventKind},
    expression::{Condition, Update},
    fault::Fault,
    item::Item,
    key_item, layout, logged,
    outbox::NoticeRow,
    transaction::{Outcome, Transaction},
};

/// How many keys of an account are ended at a time: a thousand end well within one call's time.
const AT_ONCE: usize = 8;
/// How often a change is tried on a key that its first push, or the sweeper, was faster with.
const TRIES: u32 = 4;

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

/// What is to become of a key, and what is told of it.
pub(crate) struct Plan {
    /// The key as it is to be: what differs is set, and nothing else, so a push noted meanwhile stays noted. None where it is
    /// to be removed.
    pub(crate) after: Option<Key>,
    pub(crate) event: Event,
    pub(crate) notice: Option<Notice>,
}

impl Plan {
    /// That `key` ends, and why.
    pub(crate) fn revocation(key: &Key, cause: &str, act: &Act) -> Result<Self, Not> {
        let revoked = key.revoked(cause.to_owned(), act.at)?;
        let event = Event { detail: Some(cause.to_owned()), ..Event::new(EventKind::Revoked, act) };
        let notice = Notice::new(NoticeKind::Revoked, &revoked, cause.to_owned(), act.at);
        Ok(Self { after: Some(revoked), event, notice: Some(notice) })
    }

    /// Whether the key does more by it than `before`, or goes on as it was. One that is ended or frozen by it does not, so
    /// nobody's lock stands against that.
    fn strengthens(&self, before: &Key) -> bool {
        let is_freeze = |after: &Key| before.frozen_at.is_none() && after.frozen_at.is_some();
        self.after.as_ref().is_some_and(|after| after.revocation.is_none() && !is_freeze(after))
    }
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

    /// Changes of `key`, as it was read, what `edit` says.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn edit(&self, key: &Key, edit: Edit, act: &Act) -> Result<Changed, ChangeError> {
        let plan = |key: &Key| {
            let edited = key.edited(edit.clone(), act.at)?;
            let notice = Notice::edited(key, &edited, act.by.clone(), act.at);
            // People are told of a change of scope, and that the key may refresh itself; a new name alone opens nothing.
            let told = key.scope() != edited.scope() || (edited.self_refresh && !key.self_refresh);
            let event = Event::edited(key, &edited, act);
            Ok(Plan { after: Some(edited), event, notice: told.then_some(notice) })
        };
        self.carry_out(key, plan).await
    }

    /// Gives `key`, as it was read, a new secret; the old one stops at once, and so does one that it is being handed over to.
    /// `restart` starts its lifetime again, and `maximum` is the policy's most days.
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
        let key = self.told_of_hand_over(key, act.at).await?;
        let plan = |key: &Key| {
            let secret = (text.mac(&pepper), pepper.version());
            let refreshed = key.refreshed(secret, restart, maximum, act.at)?;
            let detail =
                (refreshed.ends_at() != key.ends_at()).then(|| "its lifetime starts again".to_owned());
            let event = Event { detail, ..Event::new(EventKind::Refreshed, act) };
            let notice = Notice::new(NoticeKind::Refreshed, &refreshed, act.by.clone(), act.at);
            Ok(Plan { after: Some(refreshed), event, notice: Some(notice) })
        };
        Ok((self.carry_out(&key, plan).await?, text))
    }

    /// Ends `key`, as it was read, for good. `cause` is told to its holder.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn revoke(&self, key: &Key, cause: String, act: &Act) -> Result<Changed, ChangeError> {
        self.carry_out(key, |key| Plan::revocation(key, &cause, act)).await
    }

    /// Removes `key`, as it was read.
    ///
    /// # Errors
    /// A [`ChangeError`].
    pub async fn delete(&self, key: &Key, act: &Act) -> Result<Changed, ChangeError> {
        let plan = |key: &Key| {
            let notice = Notice::new(NoticeKind::Deleted, key, act.by.clone(), act.at);
            Ok(Plan { after: None, event: Event::new(EventKind::Deleted, act), notice: Some(notice) })
        };
        self.carry_out(key, plan).await
    }

    /// Changes `key`, as it was read; and where the first push with its second secret or the sweeper came in between, as it is
    /// then: neither is a change by anybody, and both leave the version alone.
    pub(crate) async fn carry_out(
        &self,
        key: &Key,
        plan: impl Fn(&Key) -> Result<Plan, Not>,
    ) -> Result<Changed, ChangeError> {
        let mut now = key.clone();
        for _ in 0..TRIES {
            let plan = plan(&now)?;
            if plan.strengthens(&now) {
                self.in_good_standing(&now).await?;
            }
            match self.change(&now, &plan).await {
                Err(ChangeError::Conflict) => {}
                outcome => return outcome,
            }
            now = self.key(&key.id).await?.ok_or(ChangeError::Gone)?;
            if now.version != key.version {
                return Err(ChangeError::Conflict);
            }
        }
        Err(Fault::Busy { call: "change", tries: TRIES }.into())
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

    /// Makes a change on condition that `before` is how the key still is.
    pub(crate) async fn change(&self, before: &Key, plan: &Plan) -> Result<Changed, ChangeError> {
        let Plan { after, event, notice } = plan;
        let mut transaction = Transaction::new(&self.table);
        let (place, unchanged) = (layout::key(&before.id), Condition::unchanged(before));
        match after {
            Some(after) => {
                let update = Update::between(&surely(before, after), &key_item::write(after));
                transaction.update(Part::Key, &place, &update, unchanged);
            }
            None => transaction.delete(Part::Key, &place, Some(unchanged)),
        }
        let organization = before.acts_for_organization();
        match after {
            // Good standing was looked at before, for the sake of the answer. What decides is how things stand now.
            Some(_) if plan.strengthens(before) => {
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
            None if organization => {
                transaction.delete(Part::Rest, &layout::held(before.owner.tag(), &before.id), None);
            }
            Some(_) | None => {}
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
        let key = after.as_ref().unwrap_or(before).clone();
        let outcome = transaction.write(&self.db).await;
        if !matches!(outcome, Ok(Outcome::Refused(_))) {
            let narrowed = event.removed.count > 0 || (before.self_refresh && !key.self_refresh);
            logged::change(&key, event, narrowed, outcome.is_ok());
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

/// The item of `before`, without what is to be set in any case to make `after` of it. The sweeper moves due moments and
/// leaves the version alone: where this moves one too, what seems unchanged may be gone by then.
fn surely(before: &Key, after: &Key) -> Item {
    let (mut item, next) = (key_item::write(before), key_item::write(after));
    let mut set = Vec::new();
    if before.due_at != after.due_at {
        set.push("due_at");
    }
    if (before.due_at, &before.hand_over) != (after.due_at, &after.hand_over) {
        set.extend(key_item::DUE);
    }
    for name in set {
        if next.has(name) {
            item = item.without(name);
        }
    }
    item
}
