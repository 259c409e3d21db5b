use chrono::{DateTime, Utc};
use keys::{AccountId, Bar, KeyId, PackageId};

use crate::{
    Keyring,
    bars::{self, Barred},
    directory::{Account, DirectoryError, Written},
    expression::Condition,
    fault::Fault,
    item::{Item, number, text, texts, time},
    layout::{self, Place},
    transaction::{Outcome, Transaction},
};

/// The most owners a package has: with them, one change of all owners is one transaction.
pub const MOST_OWNERS: usize = 40;

const TRIES: u32 = 5;

/// A package as the gallery has told us of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its id, in the letter case the gallery gave.
    pub id: PackageId,
    /// The accounts that own it.
    pub owners: Vec<AccountId>,
    /// The keys that are barred from it. They stay barred whoever owns it, also while it is gone, until an owner lifts it.
    pub(crate) barred: Vec<Barred>,
    pub(crate) revision: Option<i64>,
    pub(crate) version: u32,
    told_at: DateTime<Utc>,
    gone: bool,
}

impl Package {
    /// The package that was kept as `item`; none if only the note of a removed one is left.
    pub(crate) fn read(item: &Item) -> Result<Option<Self>, Fault> {
        Ok(Some(Self::read_any(item)?).filter(|package| !package.gone))
    }

    /// That the key is barred from it, if it is.
    #[must_use]
    pub fn bar_on(&self, key: &KeyId) -> Option<&Bar> {
        self.barred.iter().find(|barred| barred.key == *key).map(|barred| &barred.bar)
    }

    /// The item it is kept as, one version on.
    pub(crate) fn write_next(&self) -> Item {
        let barred = (!self.barred.is_empty()).then(|| texts(&self.barred));
        Item::at(&layout::package(&self.id))
            .with("package", text(self.id.as_str()))
            .with("owners", texts(&self.owners))
            .maybe("gone", self.gone.then(|| text("removed")))
            .maybe("revision", self.revision.map(number))
            .with("version", number(self.version.wrapping_add(1)))
            .with("told_at", time(self.told_at))
            .maybe(bars::BARRED, barred)
            .latest_for(&[bars::BARRED])
    }

    fn read_any(item: &Item) -> Result<Self, Fault> {
        Ok(Self {
            id: item.parsed("package")?,
            owners: item.parsed_list("owners")?,
            revision: item.optional_integer("revision")?,
            barred: if item.has(bars::BARRED) { item.parsed_list(bars::BARRED)? } else { Vec::new() },
            version: item.integer("version")?,
            told_at: item.time("told_at")?,
            gone: item.has("gone"),
        })
    }
}

impl Keyring {
    /// The package, if the directory knows it.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn package(&self, id: &PackageId) -> Result<Option<Package>, Fault> {
        let place = layout::package(id);
        let item = self.batch_get(&[&place]).await?.take(&place);
        Ok(item.map(|item| Package::read(&item)).transpose()?.flatten())
    }

    /// Writes who owns a package, at most [`MOST_OWNERS`] accounts that the directory knows.
    ///
    /// # Errors
    /// A [`DirectoryError`]; then nothing was written.
    pub async fn put_package(
        &self,
        id: &PackageId,
        owners: &[AccountId],
        revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        let mut owners = owners.to_vec();
        owners.sort_unstable();
        owners.dedup();
        let places: Vec<Place> = owners.iter().map(|owner| layout::account(owner.tag())).collect();
        let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
        for (owner, place) in owners.iter().zip(&places) {
            let account = found
                .take(place)
                .filter(|item| !item.has("gone"))
                .map(|item| Account::read(&item))
                .transpose()?;
            if account.is_none_or(|account| account.id != *owner) {
                return Err(DirectoryError::UnknownAccount(owner.clone()));
            }
        }
        self.write_package(id, Some(&owners), revision, now).await
    }

    /// Takes a package out of the directory: it is new again. What is left is a note of the revision, so that an older
    /// message that comes late does not bring the old owners back.
    ///
    /// # Errors
    /// A [`DirectoryError`]; then nothing was written.
    pub async fn remove_package(
        &self,
        id: &PackageId,
        revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        self.write_package(id, None, revision, now).await
    }

    async fn write_package(
        &self,
        id: &PackageId,
        owners: Option<&[AccountId]>,
        revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, DirectoryError> {
        let place = layout::package(id);
        for _ in 0..TRIES {
            let item = self.batch_get(&[&place]).await?.take(&place);
            let before = item.map(|item| Package::read_any(&item)).transpose()?;
            let known = before.as_ref().and_then(|before| before.revision);
            if revision.is_some_and(|revision| known.is_some_and(|known| revision < known)) {
                return Ok(Written::Outdated);
            }
            let old: &[AccountId] =
                before.as_ref().map(|before| before.owners.as_slice()).unwrap_or_default();
            let new = owners.unwrap_or_default();
            let mut transaction = Transaction::new(&self.table);
            let after = Package {
                id: id.clone(),
                owners: new.to_vec(),
                barred: before.as_ref().map(|before| before.barred.clone()).unwrap_or_default(),
                revision: revision.or(known),
                version: before.as_ref().map_or(0, |before| before.version),
                told_at: now,
                gone: owners.is_none(),
            };
            let unchanged =
                before.as_ref().map_or_else(Condition::absent, |before| Condition::version(before.version));
            transaction.put((), after.write_next(), Some(unchanged));
            for owner in new {
                let owned = Item::at(&layout::owned(owner.tag(), id)).with("package", text(id.as_str()));
                transaction.put((), owned, None);
            }
            for owner in old.iter().filter(|owner| !new.contains(owner)) {
                transaction.delete((), &layout::owned(owner.tag(), id), None);
            }
            if transaction.write(&self.db).await? == Outcome::Done {
                return Ok(Written::Yes);
            }
        }
        Err(Fault::Busy { call: "put_package", tries: TRIES }.into())
    }
}
