use std::{fmt, str::FromStr};

use keys::{AccountId, Key, KeyId};

use crate::{
    Keyring,
    fault::Fault,
    item::{Item, text},
    key_item,
    layout::{self, HELD, KEY, PACKAGE, Place, REACH, partition},
    look_up::MOST_AT_ONCE,
};

/// Some entries of a list, and where the next page begins, if there is more.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where to go on.
    pub next: Option<Position>,
}

/// A place in a list: opaque to whoever is handed it, and no secret.
///
/// It is the sort key of the last entry, so it stays good while entries come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub(crate) String);

/// The lists that a position can be in.
#[derive(Debug, Clone, Copy)]
pub enum List<'a> {
    /// The keys that somebody made.
    KeysOf,
    /// The keys that act for an organization.
    KeysFor,
    /// An owner's packages.
    Packages,
    /// The keys that reach a package.
    Reach,
    /// What happened to this key.
    Events(&'a KeyId),
}

impl Position {
    /// Whether it is a place in a list of this kind: one of another list would begin at the first page again.
    #[must_use]
    pub fn is_in(&self, list: List<'_>) -> bool {
        match list {
            List::KeysOf => self.0.starts_with(KEY),
            List::KeysFor => self.0.starts_with(HELD),
            List::Packages => self.0.starts_with(PACKAGE),
            List::Reach => self.0.starts_with(REACH),
            List::Events(key) => self.0.starts_with(&layout::events(key).sk),
        }
    }
}

/// Written for an address: letters, digits, dots, hyphens, underscores, and `~` for the table's `#`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('#', "~"))
    }
}

/// Reads what [`Display`](fmt::Display) writes. Whether it belongs to the list it is used for shows when it is used.
impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let good = (1..=256).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~'));
        if good { Ok(Self(text.replace('~', "#"))) } else { Err(NoPosition) }
    }
}

/// A text is no place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in this list: take `next` of the page before")]
pub struct NoPosition;

impl Keyring {
    /// A page of the keys that `holder` made, newest first.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn keys_of(
        &self,
        holder: &AccountId,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<Page<Key>, Fault> {
        let place = Place { pk: partition(holder.tag()), sk: KEY.into() };
        let (items, next) = self.newest_first(&place, limit, after).await?;
        let keys: Vec<Key> = items.iter().map(key_item::read).collect::<Result<_, _>>()?;
        // Two accounts may share a tag in theory; in practice this drops nothing.
        let entries = keys.into_iter().filter(|key| key.holder == *holder).collect();
        Ok(Page { entries, next })
    }

    /// A page of the keys that act for `organization`, whoever holds them, newest first.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn keys_for(
        &self,
        organization: &AccountId,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<Page<Key>, Fault> {
        let place = Place { pk: partition(organization.tag()), sk: HELD.into() };
        let (pointers, next) = self.newest_first(&place, limit, after).await?;
        let ids: Vec<KeyId> = pointers.iter().map(|item| item.parsed("id")).collect::<Result<_, _>>()?;
        let mut entries = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MOST_AT_ONCE) {
            let places: Vec<Place> = ids.iter().map(layout::key).collect();
            let mut found = self.batch_get(&places.iter().collect::<Vec<_>>()).await?;
            // A key deleted between the two reads is not there any more, and that is right.
            for item in places.iter().filter_map(|place| found.take(place)) {
                entries.push(key_item::read(&item)?);
            }
        }
        entries.retain(|key: &Key| key.owner == *organization);
        Ok(Page { entries, next })
    }

    /// A page of the packages that `owner` owns, by name, in the letter case they were first given in.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn packages_of(
        &self,
        owner: &AccountId,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<Page<keys::PackageId>, Fault> {
        let place = Place { pk: partition(owner.tag()), sk: PACKAGE.into() };
        let (items, next) = self.page(&place, limit, after, true).await?;
        let entries = items.iter().map(|item| item.parsed("package")).collect::<Result<_, _>>()?;
        Ok(Page { entries, next })
    }

    /// A page of the items whose sk begins with `place`'s, the largest first.
    pub(crate) async fn newest_first(
        &self,
        place: &Place,
        limit: u16,
        after: Option<&Position>,
    ) -> Result<(Vec<Item>, Option<Position>), Fault> {
        self.page(place, limit, after, false).await
    }

    /// A page of the items whose sk begins with `place`'s, strongly consistent. A page may be shorter than `limit`
    /// though more follows: DynamoDB reads at most 1 MB at once.
    pub(crate) async fn page(
        &self,
        place: &Place,
        limit: u16,
        after: Option<&Position>,
        forward: bool,
    ) -> Result<(Vec<Item>, Option<Position>), Fault> {
        let start = after
            .filter(|after| after.0.starts_with(&place.sk))
            .map(|after| Place { pk: place.pk.clone(), sk: after.0.clone() });
        let call = self
            .db
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", text(&place.pk))
            .expression_attribute_values(":sk", text(&place.sk))
            .scan_index_forward(forward)
            .limit(i32::from(limit))
            .consistent_read(true)
            .set_exclusive_start_key(start.map(|start| start.key()));
        let answer = call.send().await.map_err(Fault::call("Query"))?;
        let last = answer.last_evaluated_key.and_then(|mut key| key.remove("sk"));
        let next = last.and_then(|sk| sk.as_s().ok().cloned()).map(Position);
        let items = answer.items.unwrap_or_default().into_iter().map(Item::read).collect::<Result<_, _>>()?;
        Ok((items, next))
    }

    /// Every item whose sk begins with `place`'s, page by page.
    pub(crate) async fn all(&self, place: &Place) -> Result<Vec<Item>, Fault> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let (items, next) = self.page(place, 1000, after.as_ref(), true).await?;
            all.extend(items);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_goes_through_an_address() {
        let position = Position("held#6b49d200abcd#ba7816bf8f01cfea4141".into());
        assert_eq!(position.to_string(), "held~6b49d200abcd~ba7816bf8f01cfea4141");
        assert_eq!(position.to_string().parse(), Ok(position));
        let long = "a".repeat(257);
        for junk in ["", "a b", "a#b", "é", "a/b", long.as_str()] {
            assert_eq!(junk.parse::<Position>(), Err(NoPosition), "{junk:?}");
        }
    }
}
