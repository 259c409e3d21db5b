//! Which keys reach a package: those that work, act for one of its owners and cover it, whoever holds them.
//!
//! They are found through the owners, since a key can push what its owner owns and nothing else. An owner's keys are read
//! page by page; of each page of this list only so many are, so a page may be short, or empty, though more follows.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use keys::{
    AccountId, AccountTag, Action, Decision, Denial, Facts, Key, Membership, PackageFacts, Pattern,
    Presented, Request, decide,
};

use crate::{
    Keyring, Page, Position,
    directory::{Account, AccountKind},
    fault::Fault,
    layout::{self, Place, REACH},
    packages::Package,
};

/// How many keys are read at once, and how often for a page.
const AT_ONCE: u16 = 100;
const READINGS: usize = 10;

/// A key that reaches a package.
#[derive(Debug, Clone)]
pub struct Reaching {
    /// The key.
    pub key: Key,
    /// The first of its patterns that covers the package; none for a legacy key.
    pub pattern: Option<Pattern>,
    /// Its last push of this package, as far as it has been noted.
    pub pushed_at: Option<DateTime<Utc>>,
    /// Why it would be refused now all the same, if it would be.
    pub denial: Option<Denial>,
}

/// Where a page begins: with the keys of the owner of this tag, after this place among them, or with the first.
struct Beginning {
    tag: String,
    after: Option<Position>,
}

impl Beginning {
    fn of(tag: AccountTag, after: Option<Position>) -> Self {
        Self { tag: tag.to_string(), after }
    }

    fn read(position: &Position) -> Self {
        let rest = position.0.strip_prefix(REACH).unwrap_or_default();
        let (tag, after) = rest.split_once('#').unwrap_or((rest, ""));
        let after = (!after.is_empty()).then(|| Position(after.to_owned()));
        Self { tag: tag.to_owned(), after }
    }

    fn position(&self) -> Position {
        Position(format!("{REACH}{}#{}", self.tag, self.after.as_ref().map_or("", |after| &after.0)))
    }
}

impl Keyring {
    /// A page of the keys that reach `package`: owner by owner, and each owner's newest first.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn keys_reaching(
        &self,
        package: &Package,
        limit: u16,
        after: Option<&Position>,
        now: DateTime<Utc>,
    ) -> Result<Page<Reaching>, Fault> {
        let owners = self.owners_of(package).await?;
        let from = after.map(Beginning::read);
        let (mut keys, mut next, mut readings) = (Vec::new(), None, 0);
        'owners: for owner in &owners {
            let tag = owner.id.tag();
            let mut after = match &from {
                Some(from) if tag.to_string() < from.tag => continue,
                Some(from) if tag.to_string() == from.tag => from.after.clone(),
                _ => None,
            };
            loop {
                if readings == READINGS {
                    next = Some(Beginning::of(tag, after).position());
                    break 'owners;
                }
                readings += 1;
                let page = match owner.kind {
                    AccountKind::User => self.keys_of(&owner.id, AT_ONCE, after.as_ref()).await?,
                    AccountKind::Organization => self.keys_for(&owner.id, AT_ONCE, after.as_ref()).await?,
                };
                for key in page.entries {
                    if key.owner != owner.id || !package.is_reached_by(&key, now) {
                        continue;
                    }
                    let last = match owner.kind {
                        AccountKind::User => layout::key(&key.id).sk,
                        AccountKind::Organization => layout::held(tag, &key.id).sk,
                    };
                    keys.push(key);
                    if keys.len() == usize::from(limit) {
                        next = Some(Beginning::of(tag, Some(Position(last))).position());
                        break 'owners;
                    }
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        let entries = self.reaching(package, keys, &owners, now).await?;
        Ok(Page { entries, next })
    }

    /// How a key that reaches `package` does.
    pub(crate) async fn how_it_reaches(
        &self,
        package: &Package,
        key: Key,
        now: DateTime<Utc>,
    ) -> Result<Reaching, Fault> {
        let owners = self.owners_of(package).await?;
        let id = key.id;
        let reaching = self.reaching(package, vec![key], &owners, now).await?.pop();
        reaching.ok_or(Fault::Overtaken(id))
    }

    /// The package's owners as the directory has them, in an order that stays.
    async fn owners_of(&self, package: &Package) -> Result<Vec<Account>, Fault> {
        let places: Vec<Place> = package.owners.iter().map(|owner| layout::account(owner.tag())).collect();
        let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
        let mut owners = Vec::with_capacity(places.len());
        for (owner, place) in package.owners.iter().zip(&places) {
            let account = found.take(place).map(|item| Account::read(&item)).transpose()?;
            owners.extend(account.filter(|account| account.id == *owner));
        }
        owners.sort_by_key(|owner| owner.id.tag().to_string());
        Ok(owners)
    }

    /// What else is told of these keys, which reach `package` and act for one of `owners`: at most a hundred.
    async fn reaching(
        &self,
        package: &Package,
        keys: Vec<Key>,
        owners: &[Account],
        now: DateTime<Utc>,
    ) -> Result<Vec<Reaching>, Fault> {
        let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
        let pushed = self.last_pushes_of(&package.id, &ids).await?;
        let locked = self.locked_among(&keys).await?;
        let members = self.members_among(&keys).await?;
        let denial = |key: &Key| {
            let organization_locked = owners.iter().any(|owner| owner.id == key.owner && owner.locked);
            let membership = match members.contains(&(key.owner.tag(), key.holder.tag())) {
                _ if !key.acts_for_organization() => Membership::Own,
                true => Membership::Member { organization_locked },
                false => Membership::None,
            };
            let barred = package.bar_on(&key.id).cloned();
            let facts = Facts {
                holder_locked: locked.contains(&key.holder),
                membership,
                package: PackageFacts::Known { owned: true, barred },
            };
            let granted = key.scope().and_then(|scope| scope.actions.iter().next());
            let request = Request { action: granted.unwrap_or(Action::Push), package: Some(&package.id) };
            match decide(Presented::Verified(key), request, &facts, now) {
                Decision::Allow(_) => None,
                Decision::Deny(denial) => Some(denial),
            }
        };
        let pattern = |key: &Key| key.scope().and_then(|scope| scope.packages.covering(&package.id)).cloned();
        let each = keys.into_iter().zip(pushed);
        Ok(each
            .map(|(key, pushed_at)| Reaching { pattern: pattern(&key), denial: denial(&key), pushed_at, key })
            .collect())
    }

    /// The holders of these keys whose accounts are locked.
    async fn locked_among(&self, keys: &[Key]) -> Result<HashSet<AccountId>, Fault> {
        let holders: HashMap<AccountTag, &AccountId> =
            keys.iter().map(|key| (key.holder.tag(), &key.holder)).collect();
        let places: Vec<Place> = holders.keys().map(|tag| layout::account(*tag)).collect();
        let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
        let mut locked = HashSet::new();
        for (holder, place) in holders.values().zip(&places) {
            let account = found.take(place).map(|item| Account::read(&item)).transpose()?;
            if account.is_none_or(|account| account.locked) {
                locked.insert((*holder).clone());
            }
        }
        Ok(locked)
    }

    /// Which of these keys' holders are members of the organizations that their keys act for.
    async fn members_among(&self, keys: &[Key]) -> Result<HashSet<(AccountTag, AccountTag)>, Fault> {
        let asked: HashMap<(AccountTag, AccountTag), &Key> = keys
            .iter()
            .filter(|key| key.acts_for_organization())
            .map(|key| ((key.owner.tag(), key.holder.tag()), key))
            .collect();
        let places: Vec<Place> =
            asked.keys().map(|(owner, holder)| layout::member(*owner, *holder)).collect();
        let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
        let mut members = HashSet::new();
        for ((tags, key), place) in asked.iter().zip(&places) {
            let Some(item) = found.take(place).filter(|item| !item.has("gone")) else { continue };
            if (item.text("user")?, item.text("organization")?) == (key.holder.as_str(), key.owner.as_str()) {
                members.insert(*tags);
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_goes_through_an_address() {
        let tag = AccountTag::from_bytes([7; 10]);
        for after in [None, Some("key#6b49d200abcd"), Some("held#6b49d200abcd#07070707070707070707")] {
            let position = Beginning::of(tag, after.map(|after| Position(after.to_owned()))).position();
            let read = Beginning::read(&position.to_string().parse().unwrap());
            assert_eq!((read.tag, read.after.map(|after| after.0).as_deref()), (tag.to_string(), after));
        }
    }
}
