use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use chrono::{DateTime, Utc};
use keys::{AccountId, Key, KeyId, PackageId};

use crate::{
    Keyring,
    directory::{Account, AccountKind},
    fault::Fault,
    item::Item,
    key_item,
    layout::{self, Place},
    packages::Package,
    pushed,
};

const CALL: &str = "BatchGetItem";
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// DynamoDB's most items for one `BatchGetItem`.
pub(crate) const MOST_AT_ONCE: usize = 100;

/// What one strongly consistent round trip finds for a decision. Nothing of it may be told before the secret is
/// verified.
#[derive(Debug)]
pub struct LookUp {
    /// The key.
    pub key: Option<Key>,
    /// Whether its holder's account is locked.
    pub holder_locked: bool,
    /// The package asked for, if the directory knows it.
    pub package: Option<Package>,
    /// When the package was last pushed with the key, as far as it has been noted.
    pub pushed_at: Option<DateTime<Utc>>,
}

impl Keyring {
    /// Reads key, holder and package for a decision, all at once.
    ///
    /// # Errors
    /// A [`Fault`] where any of it could not be read: then nothing is known, not "no key" and not "no package".
    pub async fn look_up(&self, id: &KeyId, package: Option<&PackageId>) -> Result<LookUp, Fault> {
        let (mut found, known) = self.gather(std::slice::from_ref(id), package).await?;
        let (key, holder_locked) = found.key(id)?.map_or((None, false), |(key, locked)| (Some(key), locked));
        Ok(LookUp { key, holder_locked, package: known, pushed_at: found.pushed_at(id, package) })
    }

    /// Reads these keys with their holders, no two of whom are the same, and a package with its pushes, all at once.
    pub(crate) async fn gather(
        &self,
        ids: &[KeyId],
        package: Option<&PackageId>,
    ) -> Result<(Found, Option<Package>), Fault> {
        let each = ids.iter().flat_map(|id| [layout::key(id), layout::account(id.tag())]);
        let pushed = package.into_iter().flat_map(|package| ids.iter().map(|id| layout::pushed(id, package)));
        let package = package.map(layout::package);
        let places: Vec<Place> = each.chain(package.clone()).chain(pushed).collect();
        let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
        let package =
            package.and_then(|place| found.take(&place)).map(|item| Package::read(&item)).transpose()?;
        Ok((found, package.flatten()))
    }

    /// How the holder of a key stands to its owner now; nothing is read where they are the same. For a decision it is read
    /// after the secret was verified.
    ///
    /// # Errors
    /// A [`Fault`] where it could not be read.
    pub async fn membership(&self, holder: &AccountId, owner: &AccountId) -> Result<keys::Membership, Fault> {
        if holder == owner {
            return Ok(keys::Membership::Own);
        }
        let (member, organization) =
            (layout::member(owner.tag(), holder.tag()), layout::account(owner.tag()));
        let mut found = self.batch_get(&[&member, &organization]).await?;
        let organization = found.take(&organization).map(|item| Account::read(&item)).transpose()?;
        let organization =
            organization.filter(|account| account.id == *owner && account.kind == AccountKind::Organization);
        let member = found.take(&member).filter(|item| !item.has("gone"));
        let names = |item: &Item| {
            Ok::<_, Fault>(
                item.text("user")? == holder.as_str() && item.text("organization")? == owner.as_str(),
            )
        };
        let member = match member {
            Some(item) if names(&item)? => Some(item),
            _ => None,
        };
        Ok(match (organization, member) {
            (Some(organization), Some(_)) => {
                keys::Membership::Member { organization_locked: organization.locked }
            }
            _ => keys::Membership::None,
        })
    }

    /// The items at these places, at most a hundred, strongly consistent; what DynamoDB leaves over is asked for again.
    pub(crate) async fn batch_get(&self, places: &[&Place]) -> Result<Found, Fault> {
        let mut found = Found::default();
        if places.is_empty() {
            return Ok(found);
        }
        let mut keys: Vec<_> = places.iter().map(|place| place.key()).collect();
        let mut pause = FIRST_PAUSE;
        for _ in 0..TRIES {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let wanted = wanted.build().map_err(Fault::call(CALL))?;
            let call = self.db.batch_get_item().request_items(&self.table, wanted);
            let answer = call.send().await.map_err(Fault::call(CALL))?;
            for item in answer.responses.into_iter().flat_map(HashMap::into_values).flatten() {
                found.add(item)?;
            }
            match answer.unprocessed_keys.and_then(|left| left.into_values().next()) {
                None => return Ok(found),
                Some(left) => keys = left.keys,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Fault::Busy { call: CALL, tries: TRIES })
    }
}

fn missing(place: &Place) -> Fault {
    Fault::Item { item: format!("{} {}", place.pk, place.sk), what: "it is not there, or another's".into() }
}

/// Items by their places.
#[derive(Debug, Default)]
pub(crate) struct Found(HashMap<(String, String), Item>);

impl Found {
    fn add(&mut self, attributes: HashMap<String, AttributeValue>) -> Result<(), Fault> {
        let is_note =
            attributes.get("pk").is_some_and(|pk| pk.as_s().is_ok_and(|pk| pk.starts_with(layout::PUSHED)));
        let item = match Item::read(attributes) {
            // A push is not stopped by a note that another release wrote.
            Err(_) if is_note => return Ok(()),
            item => item?,
        };
        let place = (item.text("pk")?.to_owned(), item.text("sk")?.to_owned());
        self.0.insert(place, item);
        Ok(())
    }

    /// The key with this id, and whether its holder's account is locked.
    pub(crate) fn key(&mut self, id: &KeyId) -> Result<Option<(Key, bool)>, Fault> {
        let (key_place, holder_place) = (layout::key(id), layout::account(id.tag()));
        let Some(item) = self.take(&key_place) else { return Ok(None) };
        let key = key_item::read(&item)?;
        if key.id != *id {
            return Ok(None);
        }
        let holder = self.take(&holder_place).map(|item| Account::read(&item)).transpose()?;
        // No key is kept without its holder's account: one that is missing is our fault, and no open account.
        let holder = holder.filter(|holder| holder.id == key.holder).ok_or_else(|| missing(&holder_place))?;
        Ok(Some((key, holder.locked)))
    }

    /// When the key last pushed the package asked for.
    pub(crate) fn pushed_at(&mut self, id: &KeyId, package: Option<&PackageId>) -> Option<DateTime<Utc>> {
        let item = self.take(&layout::pushed(id, package?))?;
        // Nor is it by one that cannot be read: it is written anew.
        pushed::read(&item).ok().map(|pushed| pushed.at)
    }

    pub(crate) fn take(&mut self, place: &Place) -> Option<Item> {
        self.0.remove(&(place.pk.clone(), place.sk.clone()))
    }
}
