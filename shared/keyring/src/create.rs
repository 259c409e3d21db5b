use chrono::{DateTime, Utc};
use keys::{
    AccountId, Key, KeyId, KeyName, KeyNumber, KeyPrefix, KeyText, Lifetime, Notice, NoticeKind, Scope,
    Secret,
};
use zeroize::Zeroizing;

use crate::{
    Keyring,
    act::Act,
    directory::{Account, AccountKind, MailState},
    event::{Event, EventKind},
    expression::{Condition, Update},
    fault::Fault,
    idempotency::{Mark, Once},
    item::{Item, text},
    key_item, layout,
    outbox::NoticeRow,
    transaction::{Outcome, Transaction},
};

/// How often a number already taken is drawn again: two of 65,536 in one second meet once in a blue moon.
pub(crate) const DRAWS: u32 = 8;

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its name.
    pub name: KeyName,
    /// The account it acts for: the holder, or an organization.
    pub owner: AccountId,
    /// What it may do.
    pub scope: Scope,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Whether it may begin a hand-over of itself.
    pub self_refresh: bool,
}

/// Who makes it, as the gallery's token tells.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The account.
    pub id: AccountId,
    /// A name to address them by, kept where the directory has none.
    pub name: Option<String>,
    /// A verified mail address, kept where the directory has none.
    pub mail: Option<String>,
}

/// How a creation came out.
pub enum Created {
    /// The key, its text for the one reply that shows it, and the notices to deliver.
    Made(Box<Key>, KeyText, Vec<NoticeRow>),
    /// The same request under the same `Idempotency-Key` made this key before. Its text is not known any more.
    Before(Box<Key>),
}

/// Why no key was made. Nothing was written, except that after a [`Fault`] that is not known.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The holder's or the organization's account is locked.
    #[error("the account {0} is locked")]
    Locked(AccountId),
    /// The holder is no member of the owner, or the owner is no organization.
    #[error("you are not a member of {0}")]
    NotAMember(AccountId),
    /// The holder is an organization; keys are held by users.
    #[error("{0} is an organization: a user makes the keys that act for it")]
    NotAUser(AccountId),
    /// The `Idempotency-Key` was used for another request.
    #[error("this Idempotency-Key was used for another request")]
    OtherRequest,
    /// The key that this request made has been deleted since.
    #[error("the key that this request made has been deleted since")]
    DeletedSince,
    /// Our own trouble.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Account,
    Once,
    Member,
    Rest,
}

impl Keyring {
    /// Makes a key.
    ///
    /// # Errors
    /// A [`CreateError`]; then nothing was written.
    pub async fn create(
        &self,
        holder: &Holder,
        new: &NewKey,
        prefix: &KeyPrefix,
        once: Option<&Once>,
        act: &Act,
    ) -> Result<Created, CreateError> {
        for _ in 0..DRAWS {
            if let Some(key) = self.made_before(&holder.id, once, act.at).await? {
                return Ok(Created::Before(Box::new(key)));
            }
            let account = self.makers_account(holder, &new.owner).await?;
            let mut random = [0; 2];
            getrandom::fill(&mut random).map_err(Fault::from)?;
            let id = KeyId::new(holder.id.tag(), KeyNumber::new(act.at, random));
            let (key, text) = self.draft(id, &holder.id, new, prefix, act.at).await?;
            let people = self.people_of(&key).await?;
            let (transaction, rows) = self.creation(&key, people, (holder, account.as_ref()), once, act);
            match transaction.write(&self.db).await? {
                Outcome::Done => return Ok(Created::Made(Box::new(key), text, rows)),
                Outcome::Refused(parts) if parts.contains(&Part::Member) => {
                    return Err(CreateError::NotAMember(new.owner.clone()));
                }
                // Another request came first: with this number, this Idempotency-Key, or as this account's first.
                Outcome::Refused(_) => {}
            }
        }
        Err(Fault::Busy { call: "create", tries: DRAWS }.into())
    }

    /// The key an equal request made, if there was one.
    async fn made_before(
        &self,
        holder: &AccountId,
        once: Option<&Once>,
        now: DateTime<Utc>,
    ) -> Result<Option<Key>, CreateError> {
        let Some(once) = once else { return Ok(None) };
        let place = once.place(holder.tag());
        let Some(item) = self.batch_get(&[&place]).await?.take(&place) else { return Ok(None) };
        match once.read(&item, now)? {
            None => Ok(None),
            Some(Mark::Other) => Err(CreateError::OtherRequest),
            Some(Mark::Same(id)) => self.key(&id).await?.map(Some).ok_or(CreateError::DeletedSince),
        }
    }

    /// The holder's account as the directory has it, if it has it, once it is sure that they may make keys for `owner`.
    async fn makers_account(
        &self,
        holder: &Holder,
        owner: &AccountId,
    ) -> Result<Option<Account>, CreateError> {
        let account = self.account(&holder.id).await?;
        if let Some(account) = &account {
            if account.kind != AccountKind::User {
                return Err(CreateError::NotAUser(holder.id.clone()));
            }
            if account.locked {
                return Err(CreateError::Locked(holder.id.clone()));
            }
        }
        match self.membership(&holder.id, owner).await? {
            keys::Membership::Own | keys::Membership::Member { organization_locked: false } => Ok(account),
            keys::Membership::Member { organization_locked: true } => Err(CreateError::Locked(owner.clone())),
            keys::Membership::None => Err(CreateError::NotAMember(owner.clone())),
        }
    }

    async fn draft(
        &self,
        id: KeyId,
        holder: &AccountId,
        new: &NewKey,
        prefix: &KeyPrefix,
        now: DateTime<Utc>,
    ) -> Result<(Key, KeyText), Fault> {
        let pepper = self.peppers.newest(now).await?;
        let text = new_text(prefix, id)?;
        let secret = Secret::new(text.mac(&pepper), pepper.version(), 1);
        let accounts = (holder.clone(), new.owner.clone());
        let key = Key::scoped(id, new.name.clone(), accounts, new.scope.clone(), new.lifetime, secret, now);
        Ok((Key { self_refresh: new.self_refresh, ..key }, text))
    }

    fn creation(
        &self,
        key: &Key,
        people: Vec<AccountId>,
        (holder, account): (&Holder, Option<&Account>),
        once: Option<&Once>,
        act: &Act,
    ) -> (Transaction<Part>, Vec<NoticeRow>) {
        let mut transaction = Transaction::new(&self.table);
        transaction.put(Part::Key, key_item::write(key), Some(Condition::absent()));
        match account {
            None => {
                let account = Account {
                    id: holder.id.clone(),
                    kind: AccountKind::User,
                    name: holder.name.clone(),
                    mail: holder.mail.clone(),
                    mail_state: MailState::Good,
                    locked: false,
                };
                transaction.put(Part::Account, account.write(), Some(Condition::absent()));
            }
            Some(Account { mail: None, .. }) if holder.mail.is_some() => {
                let mail = holder.mail.clone().unwrap_or_default();
                let place = layout::account(holder.id.tag());
                let missing =
                    Condition::unlocked().and("attribute_not_exists(gone) AND attribute_not_exists(mail)");
                transaction.update(Part::Account, &place, &Update::of([("mail", text(mail))], []), missing);
            }
            // A lock that has come since the account was read counts: once it is answered, nobody makes a key.
            Some(_) => {
                transaction.check(Part::Account, &layout::account(holder.id.tag()), Condition::unlocked());
            }
        }
        if let Some(once) = once {
            transaction.put(
                Part::Once,
                once.write(holder.id.tag(), &key.id, act.at),
                Some(Once::free(act.at)),
            );
        }
        if key.acts_for_organization() {
            let member = layout::member(key.owner.tag(), key.holder.tag());
            transaction.check(Part::Member, &member, Condition::present());
            transaction.check(Part::Account, &layout::account(key.owner.tag()), Condition::unlocked());
            let pointer =
                Item::at(&layout::held(key.owner.tag(), &key.id)).with("id", text(key.id.to_string()));
            transaction.put(Part::Rest, pointer, None);
        }
        transaction.put(Part::Rest, Event::new(EventKind::Created, act).write(&key.id), None);
        let notice = Notice::new(NoticeKind::Created, key, act.by.clone(), act.at);
        let mut rows = Vec::with_capacity(people.len());
        for recipient in people {
            let notice = notice.to(recipient);
            let row = NoticeRow::new(&notice);
            transaction.put(Part::Rest, row.write(&notice), None);
            rows.push(row);
        }
        (transaction, rows)
    }
}

pub(crate) fn new_text(prefix: &KeyPrefix, id: KeyId) -> Result<KeyText, Fault> {
    let mut random = Zeroizing::new([0; 32]);
    getrandom::fill(random.as_mut_slice())?;
    Ok(KeyText::new(prefix, id, &random))
}
