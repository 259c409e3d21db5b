use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use zeroize::Zeroizing;

use keys::KeyHeaders;

use crate::forward_auth::OriginalHeaders;

/// The headers of a request that a decision looks at, and none of the others.
///
/// Header names are compared without regard to letter case. The values are wiped when dropped, also those that hold no
/// key: a key may stand in the wrong one.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    /// Those that may carry a key.
    pub(crate) keys: KeyHeaders,
    /// Those by which a reverse proxy tells what it was asked.
    pub(crate) original: OriginalHeaders,
}

/// One value or a list of them: `headers` and `multiValueHeaders` of an event.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sent {
    One(String),
    Many(Vec<String>),
}

impl Headers {
    fn values(&mut self, name: &str) -> Option<&mut Vec<Zeroizing<String>>> {
        self.keys.named(name).or_else(|| self.original.values(name))
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of headers")
    }

    fn visit_none<E>(self) -> Result<Headers, E> {
        Ok(Headers::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Headers, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Headers::default();
        while let Some(name) = map.next_key::<String>()? {
            let Some(into) = headers.values(&name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            match map.next_value::<Sent>()? {
                Sent::One(value) => into.push(Zeroizing::new(value)),
                Sent::Many(values) => into.extend(values.into_iter().map(Zeroizing::new)),
            }
        }
        Ok(headers)
    }
}
