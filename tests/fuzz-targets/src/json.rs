//! JSON read once more, with an eye on names alone: which of them an object gives, and whether it gives one twice.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// The names in the outermost object of `json`; nothing where some object in it gives one twice, or it is no JSON.
pub(crate) fn names(json: &[u8]) -> Option<Vec<String>> {
    serde_json::from_slice::<Found>(json).ok().map(|Found(names)| names)
}

/// The names of an object, or none for anything else.
struct Found(Vec<String>);

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FoundVisitor)
    }
}

struct FoundVisitor;

impl<'de> Visitor<'de> for FoundVisitor {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found(Vec::new()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found(Vec::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found(Vec::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(Found(Vec::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found(Vec::new()))
    }

    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(Found(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        while list.next_element::<Found>()?.is_some() {}
        Ok(Found(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Found, A::Error> {
        let (mut names, mut seen) = (Vec::new(), HashSet::new());
        while let Some((name, Found(_))) = object.next_entry::<String, Found>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom("given twice"));
            }
            names.push(name);
        }
        Ok(Found(names))
    }
}
