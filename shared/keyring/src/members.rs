use chrono::{DateTime, Utc};
use keys::{AccountId, Key, Role};

use crate::{
    Keyring,
    directory::{AccountKind, DirectoryError, Written},
    expression::Condition,
    fault::Fault,
    item::{Item, number, text, time},
    layout::{self, MEMBER, MEMBERSHIP, Place},
    transaction::{Outcome, Transaction},
};

/// How many of an organization's admins are told of what happens to its keys. With their notices the change itself must
/// fit into one transaction of 100 items.
pub const MOST_ADMINS_TOLD: usize = 50;

const TRIES: u32 = 5;

/// What a user is to one of their organizations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization: AccountId,
    /// The user's role.
    pub role: Role,
}

impl Keyring {
    /// Makes `user` a member of `organization`, or changes the role.
    ///
    /// # Errors
    /// A [`DirectoryError`]; then nothing was written.
    pub async fn put_member(
        &self,
        organization: &AccountId,
        user: &AccountId,
        role: Role,
        revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        self.expect_kind(organization, AccountKind::Organization).await?;
        self.expect_kind(user, AccountKind::User).await?;
        self.write_member(organization, user, Some(role), revision, now).await
    }

    /// Takes `user` out of `organization`. What is left is a note of the revision, so that an older message that comes
    /// late does not bring the member back.
    ///
    /// # Errors
    /// A [`DirectoryError`]; then nothing was written.
    pub async fn remove_member(
        &self,
        organization: &AccountId,
        user: &AccountId,
        revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        self.write_member(organization, user, None, revision, now).await
    }

    /// What `user` is to `organization`.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn role(&self, organization: &AccountId, user: &AccountId) -> Result<Option<Role>, Fault> {
        let place = layout::member(organization.tag(), user.tag());
        match self.batch_get(&[&place]).await?.take(&place).filter(|item| !item.has("gone")) {
            Some(item) if item.text("user")? == user.as_str() => role(&item).map(Some),
            _ => Ok(None),
        }
    }

    /// The organizations that `user` is a member of.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn memberships(&self, user: &AccountId) -> Result<Vec<Membership>, Fault> {
        let place = Place { pk: layout::partition(user.tag()), sk: MEMBERSHIP.into() };
        let items = self.all(&place).await?;
        let present = items.iter().filter(|item| !item.has("gone"));
        present
            .map(|item| Ok(Membership { organization: item.parsed("organization")?, role: role(item)? }))
            .collect()
    }

    /// Who is told of what happens to `key`: its holder, and for a key that acts for an organization the first
    /// [`MOST_ADMINS_TOLD`] of its admins, in an order that stays.
    ///
    /// # Errors
    /// A [`Fault`].
    pub(crate) async fn people_of(&self, key: &Key) -> Result<Vec<AccountId>, Fault> {
        let mut people = vec![key.holder.clone()];
        if key.acts_for_organization() {
            let place = Place { pk: layout::partition(key.owner.tag()), sk: MEMBER.into() };
            for item in self.all(&place).await?.iter().filter(|item| !item.has("gone")) {
                let (organization, user): (AccountId, AccountId) =
                    (item.parsed("organization")?, item.parsed("user")?);
                if organization == key.owner && role(item)? == Role::Admin && user != key.holder {
                    people.push(user);
                }
            }
            people.truncate(1 + MOST_ADMINS_TOLD);
        }
        Ok(people)
    }

    async fn expect_kind(&self, id: &AccountId, kind: AccountKind) -> Result<(), DirectoryError> {
        match self.account(id).await? {
            None => Err(DirectoryError::UnknownAccount(id.clone())),
            Some(account) if account.kind != kind => {
                Err(DirectoryError::WrongKind { account: id.clone(), kind })
            }
            Some(_) => Ok(()),
        }
    }

    async fn write_member(
        &self,
        organization: &AccountId,
        user: &AccountId,
        role: Option<Role>,
        revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        let places = [
            layout::member(organization.tag(), user.tag()),
            layout::membership(user.tag(), organization.tag()),
        ];
        let [member, _] = &places;
        for _ in 0..TRIES {
            let standing = self.batch_get(&[member]).await?.take(member);
            let known = standing.map(|item| item.optional_integer::<i64>("revision")).transpose()?.flatten();
            if revision.is_some_and(|revision| known.is_some_and(|known| revision < known)) {
                return Ok(Written::Outdated);
            }
            let mut transaction = Transaction::new(&self.table);
            for place in &places {
                let item = Item::at(place)
                    .with("organization", text(organization.as_str()))
                    .with("user", text(user.as_str()))
                    .maybe("role", role.map(|role| text(role.as_str())))
                    .maybe("gone", role.is_none().then(|| text("removed")))
                    .maybe("revision", revision.or(known).map(number))
                    .with("told_at", time(now));
                transaction.put((), item, Some(still(known)));
            }
            if transaction.write(&self.db).await? == Outcome::Done {
                return Ok(Written::Yes);
            }
        }
        Err(Fault::Busy { call: "put_member", tries: TRIES }.into())
    }
}

/// The revision is the one that was read.
fn still(known: Option<i64>) -> Condition {
    match known {
        None => Condition::new("attribute_not_exists(revision)"),
        Some(revision) => Condition::new("revision = :revision").value(":revision", number(revision)),
    }
}

fn role(item: &Item) -> Result<Role, Fault> {
    match item.text("role")? {
        "admin" => Ok(Role::Admin),
        "member" => Ok(Role::Member),
        _ => Err(item.unfit("role")),
    }
}
