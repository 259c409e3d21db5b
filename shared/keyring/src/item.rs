use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use chrono::{DateTime, Utc};

use crate::{fault::Fault, layout::Place};

/// The attributes of an item, read with a [`Fault`] that names item and attribute where they are not what was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item(HashMap<String, AttributeValue>);

/// The number of the format that most items are written in.
const FORMAT: u32 = 1;
/// That of items which say something that the first release does not understand, and must neither overlook nor write over.
const LATER: u32 = 2;

/// The condition of every write: what stands there, if anything does, is not of a later format. `:format` is [`format`].
pub(crate) const NOT_LATER: &str = "(attribute_not_exists(v) OR v <= :format)";

/// The format that most items are written in, as it stands in `v`.
pub(crate) fn first_format() -> AttributeValue {
    number(FORMAT)
}

/// The latest format that this code knows.
pub(crate) fn format() -> AttributeValue {
    number(LATER)
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(crate) fn time(time: DateTime<Utc>) -> AttributeValue {
    number(time.timestamp())
}

pub(crate) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(crate) fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> AttributeValue {
    AttributeValue::L(texts.into_iter().map(|each| text(each.to_string())).collect())
}

impl Place {
    /// The item's key, as `GetItem` and its kin take it.
    pub(crate) fn key(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".into(), text(&self.pk)), ("sk".into(), text(&self.sk))])
    }
}

impl Item {
    /// A new item, with its place and format.
    pub(crate) fn at(place: &Place) -> Self {
        Self(place.key()).with("v", first_format())
    }

    /// The item, kept from releases that do not know what it says.
    pub(crate) fn in_later_format(self) -> Self {
        self.with("v", format())
    }

    /// An item read from the table.
    ///
    /// # Errors
    /// A [`Fault`] where it was written in a format this code does not know.
    pub(crate) fn read(attributes: HashMap<String, AttributeValue>) -> Result<Self, Fault> {
        let item = Self(attributes);
        match item.integer::<u32>("v")? {
            FORMAT | LATER => Ok(item),
            other => Err(item.fault(format!("format {other} is not known here"))),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn maybe(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        self.0
    }

    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&str>, Fault> {
        self.0
            .get(name)
            .map(|value| value.as_s().map(String::as_str).map_err(|_| self.unfit(name)))
            .transpose()
    }

    pub(crate) fn text(&self, name: &str) -> Result<&str, Fault> {
        self.optional_text(name)?.ok_or_else(|| self.unfit(name))
    }

    /// A text attribute of a type of its own.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, Fault> {
        self.text(name)?.parse().map_err(|_| self.unfit(name))
    }

    pub(crate) fn optional_integer<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, Fault> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value
            .as_n()
            .ok()
            .and_then(|digits| digits.parse::<i64>().ok())
            .and_then(|number| number.try_into().ok());
        number.map(Some).ok_or_else(|| self.unfit(name))
    }

    pub(crate) fn integer<T: TryFrom<i64>>(&self, name: &str) -> Result<T, Fault> {
        self.optional_integer(name)?.ok_or_else(|| self.unfit(name))
    }

    pub(crate) fn optional_time(&self, name: &str) -> Result<Option<DateTime<Utc>>, Fault> {
        let Some(seconds) = self.optional_integer(name)? else { return Ok(None) };
        DateTime::from_timestamp(seconds, 0).map(Some).ok_or_else(|| self.unfit(name))
    }

    pub(crate) fn time(&self, name: &str) -> Result<DateTime<Utc>, Fault> {
        self.optional_time(name)?.ok_or_else(|| self.unfit(name))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Fault> {
        self.0.get(name).and_then(|value| value.as_bool().ok()).copied().ok_or_else(|| self.unfit(name))
    }

    pub(crate) fn bytes<const N: usize>(&self, name: &str) -> Result<[u8; N], Fault> {
        self.blob(name)?.try_into().map_err(|_| self.unfit(name))
    }

    pub(crate) fn blob(&self, name: &str) -> Result<&[u8], Fault> {
        let blob = self.0.get(name).and_then(|value| value.as_b().ok());
        blob.map(AsRef::as_ref).ok_or_else(|| self.unfit(name))
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&str>, Fault> {
        let list = self.0.get(name).and_then(|value| value.as_l().ok()).ok_or_else(|| self.unfit(name))?;
        list.iter().map(|each| each.as_s().map(String::as_str).map_err(|_| self.unfit(name))).collect()
    }

    /// A list of texts of a type of their own.
    pub(crate) fn parsed_list<T: std::str::FromStr>(&self, name: &str) -> Result<Vec<T>, Fault> {
        self.texts(name)?.into_iter().map(|each| each.parse().map_err(|_| self.unfit(name))).collect()
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&String, &AttributeValue)> {
        self.0.iter()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn unfit(&self, name: &str) -> Fault {
        self.fault(format!("{name} is missing or unfit"))
    }

    pub(crate) fn fault(&self, what: String) -> Fault {
        let part =
            |name: &str| self.0.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
        Fault::Item { item: format!("{} {}", part("pk"), part("sk")), what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_item_and_attribute() {
        let place = Place { pk: "account#1".into(), sk: "key#2".into() };
        let item = Item::at(&place).with("name", number(7)).with("mac", bytes(&[1; 31]));
        let message = |fault: Fault| fault.to_string();
        assert_eq!(message(item.text("name").unwrap_err()), "item account#1 key#2: name is missing or unfit");
        assert_eq!(
            message(item.time("created_at").unwrap_err()),
            "item account#1 key#2: created_at is missing or unfit"
        );
        assert_eq!(
            message(item.bytes::<32>("mac").unwrap_err()),
            "item account#1 key#2: mac is missing or unfit"
        );
    }

    #[test]
    fn an_unknown_format_is_a_fault() {
        let place = Place { pk: "p".into(), sk: "s".into() };
        let newer = Item::at(&place).with("v", number(3)).into_attributes();
        assert_eq!(Item::read(newer).unwrap_err().to_string(), "item p s: format 3 is not known here");
        assert!(Item::read(place.key()).is_err(), "no format at all");
    }
}
