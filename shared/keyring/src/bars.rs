//! Keys that are barred from a package, by whoever speaks for one of its owners.
//!
//! A bar stands on the package's item, so that a decision reads it with the package: no push that begins after a bar was
//! answered is allowed. What the gallery tells of the package leaves bars as they are, also that it is gone, or anew. It is
//! the gallery's word and not a bar that says who owns a package, so a bar binds while the key's owner owns it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SubsecRound, Utc};
use keys::{AccountId, Bar, Key, KeyId, Notice, NoticeKind, PackageId};

use crate::{
    Keyring, NoticeRow,
    act::Act,
    directory::Account,
    event::{Event, EventKind},
    expression::Condition,
    fault::Fault,
    item::text,
    key_item,
    layout::{self, Place},
    logged,
    packages::Package,
    reach::Reaching,
    transaction::{Outcome, Transaction},
};

/// The most keys that are barred from a package: with them its item stays small enough to be read for every push.
pub const MOST_BARRED: usize = 100;

/// The attribute of a package's item.
pub(crate) const BARRED: &str = "barred";

const TRIES: u32 = 5;

/// A key that is barred from a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barred {
    /// The key.
    pub key: KeyId,
    /// By whom, and when.
    pub bar: Bar,
}

/// A package, and in the name of which of its owners somebody speaks for it: themself, or an organization that they are an
/// admin of.
#[derive(Debug, Clone)]
pub struct Voice {
    /// The package.
    pub package: Package,
    /// The owner.
    pub owner: AccountId,
}

/// Why a bar was neither set nor lifted. Nothing was written, except that after a [`Fault`] that is not known.
#[derive(Debug, thiserror::Error)]
pub enum BarError {
    /// There is no such package, or the person does not speak for an owner of it.
    #[error("you own no package with this id, and are no admin of an organization that does")]
    UnknownPackage,
    /// There is no such key, or it does not reach the package.
    #[error("no key with this id reaches this package")]
    UnknownKey,
    /// The account is locked.
    #[error("the account {0} is locked")]
    Locked(AccountId),
    /// Too many keys are barred from the package.
    #[error(
        "{MOST_BARRED} keys are barred from this package, and no more can be: lift a bar that is not needed"
    )]
    Full,
    /// Our own trouble.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Package,
    Person,
    Owner,
    Admin,
    Key,
    Rest,
}

/// As it stands in the table. The account comes last: it may hold spaces.
impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.key, self.bar.at.timestamp(), self.bar.by)
    }
}

impl FromStr for Barred {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ' ');
        let mut part = || parts.next().ok_or(());
        let key = part()?.parse().map_err(|_| ())?;
        let at = part()?.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(())?;
        Ok(Self { key, bar: Bar { by: part()?.parse().map_err(|_| ())?, at } })
    }
}

impl Keyring {
    /// The package, if `person` speaks for an owner of it. In the name of an account that is not locked, where they have
    /// the choice.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn voice(&self, id: &PackageId, person: &AccountId) -> Result<Option<Voice>, Fault> {
        let Some(package) = self.package(id).await? else { return Ok(None) };
        if package.owners.contains(person) {
            return Ok(Some(Voice { owner: person.clone(), package }));
        }
        let places: Vec<(Place, Place)> = package
            .owners
            .iter()
            .map(|owner| (layout::member(owner.tag(), person.tag()), layout::account(owner.tag())))
            .collect();
        let each = places.iter().flat_map(|(member, account)| [member, account]).collect::<Vec<_>>();
        let mut found = self.batch_get(&each).await?;
        let mut locked = None;
        for (owner, (member, account)) in package.owners.iter().zip(&places) {
            let Some(member) = found.take(member).filter(|item| !item.has("gone")) else { continue };
            let names = (member.text("user")?, member.text("organization")?, member.text("role")?);
            if names != (person.as_str(), owner.as_str(), "admin") {
                continue;
            }
            let account = found.take(account).map(|item| Account::read(&item)).transpose()?;
            match account.filter(|account| account.id == *owner) {
                Some(account) if !account.locked => {
                    return Ok(Some(Voice { owner: owner.clone(), package }));
                }
                _ => locked = locked.or(Some(owner.clone())),
            }
        }
        Ok(locked.map(|owner| Voice { package, owner }))
    }

    /// Bars a key from the package, by the word of `person`, and says how it stands now. One that is barred already stays
    /// barred as it is.
    ///
    /// # Errors
    /// A [`BarError`].
    pub async fn bar(
        &self,
        id: &PackageId,
        key: &KeyId,
        person: &AccountId,
        act: &Act,
    ) -> Result<(Voice, Reaching, Vec<NoticeRow>), BarError> {
        for _ in 0..TRIES {
            let mut voice = self.voice(id, person).await?.ok_or(BarError::UnknownPackage)?;
            let key = self.key(key).await?.filter(|key| voice.package.is_reached_by(key, act.at));
            let key = key.ok_or(BarError::UnknownKey)?;
            if voice.package.bar_on(&key.id).is_some() {
                let reaching = self.how_it_reaches(&voice.package, key, act.at).await?;
                return Ok((voice, reaching, Vec::new()));
            }
            if voice.package.barred.len() >= MOST_BARRED {
                self.forget_ended(&mut voice.package).await?;
            }
            if voice.package.barred.len() >= MOST_BARRED {
                return Err(BarError::Full);
            }
            let bar = Bar { by: person.clone(), at: act.at.trunc_subsecs(0) };
            voice.package.barred.push(Barred { key: key.id, bar });
            // All that is answered is read before it is written: once it is done, that is said.
            let reaching = self.how_it_reaches(&voice.package, key, act.at).await?;
            let key = Some(&reaching.key);
            if let Some(notices) = self.write_bars(&voice, person, key, EventKind::Barred, act).await? {
                return Ok((voice, reaching, notices));
            }
        }
        Err(Fault::Busy { call: "bar", tries: TRIES }.into())
    }

    /// Lifts the bar on a key, whoever of the package's owners set it. Where there is none, nothing is done.
    ///
    /// # Errors
    /// A [`BarError`].
    pub async fn lift_bar(
        &self,
        id: &PackageId,
        key: &KeyId,
        person: &AccountId,
        act: &Act,
    ) -> Result<Vec<NoticeRow>, BarError> {
        for _ in 0..TRIES {
            let mut voice = self.voice(id, person).await?.ok_or(BarError::UnknownPackage)?;
            if voice.package.bar_on(key).is_none() {
                return Ok(Vec::new());
            }
            voice.package.barred.retain(|barred| barred.key != *key);
            // Of a key that is gone there is nobody to be told.
            let key = self.key(key).await?;
            let written = self.write_bars(&voice, person, key.as_ref(), EventKind::BarLifted, act).await?;
            if let Some(notices) = written {
                return Ok(notices);
            }
        }
        Err(Fault::Busy { call: "lift_bar", tries: TRIES }.into())
    }

    /// Writes the package's bars, on condition that it is as it was read and that `person` still may; none where it had
    /// changed.
    async fn write_bars(
        &self,
        voice: &Voice,
        person: &AccountId,
        key: Option<&Key>,
        kind: EventKind,
        act: &Act,
    ) -> Result<Option<Vec<NoticeRow>>, BarError> {
        let Voice { package, owner } = voice;
        let mut transaction = Transaction::new(&self.table);
        transaction.put(Part::Package, package.write_next(), Some(Condition::version(package.version)));
        transaction.check(Part::Person, &layout::account(person.tag()), Condition::unlocked());
        if owner != person {
            let admin = Condition::new("#role = :admin AND attribute_not_exists(gone)");
            let admin = admin.value(":admin", text("admin")).name("#role", "role");
            transaction.check(Part::Owner, &layout::account(owner.tag()), Condition::unlocked());
            transaction.check(Part::Admin, &layout::member(owner.tag(), person.tag()), admin);
        }
        let (detail, told) = match kind {
            EventKind::Barred => (format!("from {}", package.id), NoticeKind::Barred),
            _ => (format!("on {}", package.id), NoticeKind::BarLifted),
        };
        let event = Event { detail: Some(detail), ..Event::new(kind, act) };
        let mut notices = Vec::new();
        if let Some(key) = key {
            transaction.check(Part::Key, &layout::key(&key.id), Condition::present());
            transaction.put(Part::Rest, event.write(&key.id), None);
            let notice = Notice::new(told, key, act.by.clone(), act.at).about(package.id.clone());
            for recipient in self.people_of(key).await? {
                let notice = notice.to(recipient);
                let row = NoticeRow::new(&notice);
                transaction.put(Part::Rest, row.write(&notice), None);
                notices.push(row);
            }
        }
        let outcome = transaction.write(&self.db).await;
        if let (Some(key), false) = (key, matches!(outcome, Ok(Outcome::Refused(_)))) {
            logged::bar(&package.id, &key.id, &event, outcome.is_ok());
        }
        match outcome? {
            Outcome::Done => Ok(Some(notices)),
            Outcome::Refused(parts) if parts.contains(&Part::Package) || parts.contains(&Part::Key) => {
                Ok(None)
            }
            Outcome::Refused(parts) if parts.contains(&Part::Admin) => Err(BarError::UnknownPackage),
            Outcome::Refused(parts) if parts.contains(&Part::Person) => Err(BarError::Locked(person.clone())),
            Outcome::Refused(_) => Err(BarError::Locked(owner.clone())),
        }
    }

    /// Drops the bars of keys that will never work again.
    async fn forget_ended(&self, package: &mut Package) -> Result<(), Fault> {
        let places: Vec<Place> = package.barred.iter().map(|barred| layout::key(&barred.key)).collect();
        let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
        let mut kept = Vec::with_capacity(package.barred.len());
        for (barred, place) in package.barred.drain(..).zip(&places) {
            let key = found.take(place).map(|item| key_item::read(&item)).transpose()?;
            if key.is_some_and(|key| key.revocation.is_none()) {
                kept.push(barred);
            }
        }
        package.barred = kept;
        Ok(())
    }
}

impl Package {
    /// Whether the key works now, acts for an owner and covers this package.
    pub(crate) fn is_reached_by(&self, key: &Key, now: DateTime<Utc>) -> bool {
        let covers = || key.scope().is_none_or(|scope| scope.packages.covering(&self.id).is_some());
        key.status(now) == keys::Status::Active && self.owners.contains(&key.owner) && covers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_reads_back_whatever_the_account_is_called() {
        let key = "1KjOSH2ua9K0KdH5PEeMAI".parse().unwrap();
        for by in ["alice", "auth0|5 0 7", "名前 é"] {
            let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
            let barred = Barred { key, bar: Bar { by: by.parse().unwrap(), at } };
            assert_eq!(barred.to_string().parse(), Ok(barred));
        }
        for junk in [
            "",
            "1KjOSH2ua9K0KdH5PEeMAI",
            "1KjOSH2ua9K0KdH5PEeMAI 1",
            "x 1 alice",
            "1KjOSH2ua9K0KdH5PEeMAI x alice",
        ] {
            assert_eq!(junk.parse::<Barred>(), Err(()), "{junk:?}");
        }
    }
}
