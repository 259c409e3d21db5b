use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use keys::{AccountId, AccountTag};

use crate::{
    Keyring,
    expression::Update,
    fault::{Fault, conditional},
    item::{Item, NOT_LATER, first_format, format, number, text, time},
    layout,
};

/// An account as the gallery has told us of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// A user or an organization; that never changes.
    pub kind: AccountKind,
    /// A name to address it by.
    pub name: Option<String>,
    /// Where it is mailed.
    pub mail: Option<String>,
    /// Whether mail arrives there.
    pub mail_state: MailState,
    /// Whether the gallery has locked it.
    pub locked: bool,
}

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// A person, or a machine with a login: may hold keys.
    User,
    /// What users act for.
    Organization,
}

/// Whether mail to an account's address arrives. Anything but good is tried no more until the address changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// As far as is known.
    Good,
    /// The address does not exist.
    Bounced,
    /// Its reader called our mail unwanted.
    Complained,
    /// It is no address at all.
    Unparsable,
}

/// What the gallery tells of an account. What it leaves out stays as it is, so that a change of name does not unlock.
#[derive(Debug, Clone)]
pub struct AccountChange {
    /// The account.
    pub id: AccountId,
    /// What it is.
    pub kind: AccountKind,
    /// Its name.
    pub name: Option<String>,
    /// Its mail address; an empty one removes it.
    pub mail: Option<String>,
    /// Whether it is locked.
    pub locked: Option<bool>,
    /// The gallery's revision of this entry.
    pub revision: Option<i64>,
}

/// Whether a directory entry was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was.
    Yes,
    /// A later revision stands there already.
    Outdated,
}

/// Why a directory entry was not written. After a [`Fault`] it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// An account never changes its kind.
    #[error("{account} is {stands} already, and stays one", stands = article(*.kind))]
    OtherKind {
        /// The account.
        account: AccountId,
        /// What it is.
        kind: AccountKind,
    },
    /// The directory does not know the account.
    #[error("the directory does not know the account {0}: send it first")]
    UnknownAccount(AccountId),
    /// An organization was expected, or a user.
    #[error("{account} is not {expected}", expected = article(*.kind))]
    WrongKind {
        /// The account.
        account: AccountId,
        /// What it is not.
        kind: AccountKind,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fault(#[from] Fault),
}

const fn article(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::User => "a user",
        AccountKind::Organization => "an organization",
    }
}

impl Account {
    pub(crate) fn write(&self) -> Item {
        Item::at(&layout::account(self.id.tag()))
            .with("account", text(self.id.as_str()))
            .with("kind", text(self.kind.as_str()))
            .maybe("name", self.name.as_ref().map(text))
            .maybe("mail", self.mail.as_ref().map(text))
            .with("mail_state", text(self.mail_state.as_str()))
            .with("locked", AttributeValue::Bool(self.locked))
    }

    pub(crate) fn read(item: &Item) -> Result<Self, Fault> {
        Ok(Self {
            id: item.parsed("account")?,
            kind: item.parsed("kind")?,
            name: item.optional_text("name")?.map(str::to_owned),
            mail: item.optional_text("mail")?.map(str::to_owned),
            mail_state: item.parsed("mail_state")?,
            locked: item.flag("locked")?,
        })
    }
}

impl Keyring {
    /// The account, if the directory knows it.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, Fault> {
        let place = layout::account(id.tag());
        let item = self.batch_get(&[&place]).await?.take(&place);
        Ok(item.map(|item| Account::read(&item)).transpose()?.filter(|account| account.id == *id))
    }

    /// Writes what the gallery tells of an account.
    ///
    /// A lock is never lost by what came between: it has a revision of its own, so that an older message that brings one
    /// late still counts if none of the later ones spoke of the lock.
    ///
    /// # Errors
    /// A [`DirectoryError`].
    pub async fn put_account(
        &self,
        change: &AccountChange,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        let before = self.account(&change.id).await?;
        let mut set = vec![("v", first_format()), ("told_at", time(now))];
        let mut remove = vec!["gone"];
        set.extend(change.name.as_ref().map(|name| ("name", text(name))));
        let mail = before.as_ref().and_then(|account| account.mail.as_deref());
        let new_mail = change.mail.as_deref().filter(|new| Some(*new) != mail);
        match new_mail {
            Some("") => remove.push("mail"),
            Some(mail) => set.push(("mail", text(mail))),
            None => {}
        }
        set.extend(new_mail.map(|_| ("mail_state", text(MailState::Good.as_str()))));
        set.extend(change.locked.map(|locked| ("locked", AttributeValue::Bool(locked))));
        let lock_revision = change.revision.filter(|_| change.locked.is_some());
        set.extend(lock_revision.map(|revision| ("lock_revision", number(revision))));
        let mut update = Update::of(set, remove);
        if new_mail.is_none() {
            update = update.or_else("mail_state", text(MailState::Good.as_str()));
        }
        if change.locked.is_none() {
            update = update.or_else("locked", AttributeValue::Bool(false));
        }
        match (self.write_account(&change.id, change.kind, change.revision, update).await?, change.locked) {
            (Written::Outdated, Some(locked)) => self.write_lock(change, locked).await,
            (written, _) => Ok(written),
        }
    }

    /// Takes an account out of the directory. Its id stays taken and locked, so keys of it and for it stop at once, and a
    /// message from before that comes late does not open it again. One that was never told of is noted as a user.
    ///
    /// # Errors
    /// A [`DirectoryError`].
    pub async fn remove_account(
        &self,
        id: &AccountId,
        revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        let kind = self.account(id).await?.map_or(AccountKind::User, |account| account.kind);
        let set = [
            ("v", first_format()),
            ("locked", AttributeValue::Bool(true)),
            ("gone", AttributeValue::Bool(true)),
            ("told_at", time(now)),
        ];
        let lock_revision = revision.map(|revision| ("lock_revision", number(revision)));
        let update = Update::of(set.into_iter().chain(lock_revision), ["name", "mail"]);
        let update = update.or_else("mail_state", text(MailState::Good.as_str()));
        self.write_account(id, kind, revision, update).await
    }

    /// Notes that mail to `address` does not arrive, if that is still the account's address, and says whether it is.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn mark_mail(&self, id: &AccountId, address: &str, state: MailState) -> Result<bool, Fault> {
        let call = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(layout::account(id.tag()).key()))
            .update_expression("SET mail_state = :state")
            .condition_expression(format!("account = :account AND mail = :address AND {NOT_LATER}"))
            .expression_attribute_values(":format", format())
            .expression_attribute_values(":state", text(state.as_str()))
            .expression_attribute_values(":account", text(id.as_str()))
            .expression_attribute_values(":address", text(address));
        conditional("UpdateItem account", call.send().await).map(|marked| marked.is_some())
    }

    /// Notes what became of a mail to `address`, which went to the account of this tag, if that is still the account's
    /// address. Mail systems do not keep an address's letter case, so it is not compared.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn mark_mail_of(
        &self,
        tag: AccountTag,
        address: &str,
        state: MailState,
    ) -> Result<bool, Fault> {
        let place = layout::account(tag);
        let Some(item) = self.batch_get(&[&place]).await?.take(&place) else { return Ok(false) };
        let account = Account::read(&item)?;
        match account.mail.filter(|mail| mail.eq_ignore_ascii_case(address)) {
            Some(mail) => self.mark_mail(&account.id, &mail, state).await,
            None => Ok(false),
        }
    }

    /// Writes an account's item, unless it is of another kind or of a later revision.
    async fn write_account(
        &self,
        id: &AccountId,
        kind: AccountKind,
        revision: Option<i64>,
        update: Update,
    ) -> Result<Written, DirectoryError> {
        let place = layout::account(id.tag());
        let mut update = update.set("account", text(id.as_str())).set("kind", text(kind.as_str()));
        let mut condition =
            "(attribute_not_exists(pk) OR (account = :set_account AND kind = :set_kind AND v <= :set_v))"
                .to_owned();
        if let Some(revision) = revision {
            update = update.set("revision", number(revision));
            condition += " AND (attribute_not_exists(revision) OR revision <= :set_revision)";
        }
        let call = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(place.key()))
            .update_expression(update.expression())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(Some(update.values()));
        if conditional("UpdateItem account", call.send().await)?.is_some() {
            return Ok(Written::Yes);
        }
        match self.account(id).await? {
            Some(account) if account.kind != kind => {
                Err(DirectoryError::OtherKind { account: account.id, kind: account.kind })
            }
            Some(_) => Ok(Written::Outdated),
            None => Err(Fault::Item {
                item: format!("{} {}", place.pk, place.sk),
                what: format!("it is another account's, whose tag {id} has too"),
            }
            .into()),
        }
    }

    /// Writes the lock alone, unless a later message spoke of it.
    async fn write_lock(&self, change: &AccountChange, locked: bool) -> Result<Written, DirectoryError> {
        let Some(revision) = change.revision else { return Ok(Written::Outdated) };
        let call = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(layout::account(change.id.tag()).key()))
            .update_expression("SET locked = :locked, lock_revision = :revision")
            .condition_expression(format!(
                "account = :account AND (attribute_not_exists(lock_revision) OR lock_revision <= :revision) AND {NOT_LATER}"
            ))
            .expression_attribute_values(":format", format())
            .expression_attribute_values(":account", text(change.id.as_str()))
            .expression_attribute_values(":locked", AttributeValue::Bool(locked))
            .expression_attribute_values(":revision", number(revision));
        if conditional("UpdateItem account", call.send().await)?.is_some() {
            return Ok(Written::Yes);
        }
        // A lock that another release's format keeps out is not outdated: reading it says so.
        self.account(&change.id).await?;
        Ok(Written::Outdated)
    }
}

impl AccountKind {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Organization => "organization",
        }
    }
}

impl FromStr for AccountKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::User, Self::Organization].into_iter().find(|kind| kind.as_str() == name).ok_or(())
    }
}

impl MailState {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Unparsable => "unparsable",
        }
    }
}

impl FromStr for MailState {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Good, Self::Bounced, Self::Complained, Self::Unparsable]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or(())
    }
}
