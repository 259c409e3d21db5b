//! How a request shows a key: in `X-NuGet-ApiKey`, as NuGet's clients send it, or as a bearer token (RFC 6750).

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use zeroize::Zeroizing;

/// The headers of a request that may carry a key, and none of the others.
///
/// Header names are compared without regard to letter case. The values are wiped when dropped, and `Debug` shows how
/// many there are.
#[derive(Default)]
pub struct KeyHeaders {
    api_key: Vec<Zeroizing<String>>,
    authorization: Vec<Zeroizing<String>>,
}

/// What a request says who it is.
pub enum Credential<'a> {
    /// Nothing.
    Nothing,
    /// A key text, perhaps.
    Key(&'a str),
    /// Several keys: there is no telling which is meant.
    Several,
}

impl KeyHeaders {
    /// Keeps the value of a header that may carry a key; that of any other is given back.
    pub fn keep(&mut self, name: &str, value: String) -> Option<String> {
        match self.named(name) {
            Some(values) => {
                values.push(Zeroizing::new(value));
                None
            }
            None => Some(value),
        }
    }

    /// Where the values of this header are kept, if it may carry a key.
    pub fn named(&mut self, name: &str) -> Option<&mut Vec<Zeroizing<String>>> {
        if name.eq_ignore_ascii_case("X-NuGet-ApiKey") {
            Some(&mut self.api_key)
        } else if name.eq_ignore_ascii_case("Authorization") {
            Some(&mut self.authorization)
        } else {
            None
        }
    }

    /// `X-NuGet-ApiKey`, and if there is none, `Authorization: Bearer`.
    #[must_use]
    pub fn credential(&self) -> Credential<'_> {
        let keys = self.api_key.iter().map(|value| value.trim());
        let tokens = self.authorization.iter().filter_map(bearer);
        let sent: Vec<&str> = keys.filter(|value| !value.is_empty()).collect();
        let sent = if sent.is_empty() { tokens.filter(|value| !value.is_empty()).collect() } else { sent };
        match sent.as_slice() {
            [] => Credential::Nothing,
            [key] => Credential::Key(key),
            _ => Credential::Several,
        }
    }
}

/// What a header says after `Bearer`, if it says that (RFC 6750).
fn bearer(value: &Zeroizing<String>) -> Option<&str> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case("bearer ").then_some(token.trim())
}

impl fmt::Debug for KeyHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHeaders({} and {} values)", self.api_key.len(), self.authorization.len())
    }
}

/// One value or a list of them: `headers` and `multiValueHeaders` of an event.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for KeyHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = KeyHeaders;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of headers")
    }

    fn visit_none<E>(self) -> Result<KeyHeaders, E> {
        Ok(KeyHeaders::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<KeyHeaders, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyHeaders, A::Error> {
        let mut headers = KeyHeaders::default();
        while let Some(name) = map.next_key::<String>()? {
            let Some(into) = headers.named(&name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            match map.next_value::<Values>()? {
                Values::One(value) => into.push(Zeroizing::new(value)),
                Values::Many(values) => into.extend(values.into_iter().map(Zeroizing::new)),
            }
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(headers: serde_json::Value) -> String {
        let headers: KeyHeaders = serde_json::from_value(headers).unwrap();
        match headers.credential() {
            Credential::Nothing => "nothing".to_owned(),
            Credential::Key(key) => key.to_owned(),
            Credential::Several => "several".to_owned(),
        }
    }

    #[test]
    fn the_key_is_found_in_any_letter_case_and_either_header() {
        for (headers, found) in [
            (json!({"X-NuGet-ApiKey": "k", "Host": "h"}), "k"),
            (json!({"x-nuget-apikey": " k "}), "k"),
            (json!({"X-NUGET-APIKEY": ["k"]}), "k"),
            (json!({"Authorization": "Bearer k"}), "k"),
            (json!({"authorization": ["bEARER   k"]}), "k"),
            (json!({"X-NuGet-ApiKey": "k", "Authorization": "Bearer other"}), "k"),
            (json!({"X-NuGet-ApiKey": "", "Authorization": "Bearer k"}), "k"),
            (json!({"X-NuGet-ApiKey": ["k", "k"]}), "several"),
            (json!({"X-NuGet-ApiKey": "k", "x-nuget-apikey": "l"}), "several"),
            (json!({"Authorization": "Basic azps"}), "nothing"),
            (json!({"Authorization": "Bearer "}), "nothing"),
            (json!({"X-NuGet-ApiKey": "  "}), "nothing"),
            (json!({"X-Other": {"not": "a string"}}), "nothing"),
            (json!({}), "nothing"),
            (json!(null), "nothing"),
        ] {
            assert_eq!(read(headers.clone()), found, "{headers}");
        }
    }

    #[test]
    fn headers_told_one_by_one_are_the_same() {
        let mut headers = KeyHeaders::default();
        assert_eq!(headers.keep("Host", "h".to_owned()).as_deref(), Some("h"));
        assert_eq!(headers.keep("authorization", "Bearer k".to_owned()), None);
        assert!(matches!(headers.credential(), Credential::Key("k")));
        assert_eq!(headers.keep("x-nuget-apikey", "l".to_owned()), None);
        assert_eq!(headers.keep("X-NuGet-ApiKey", "m".to_owned()), None);
        assert!(matches!(headers.credential(), Credential::Several));
    }

    #[test]
    fn debug_shows_no_key() {
        let headers: KeyHeaders = serde_json::from_value(json!({"X-NuGet-ApiKey": "secret"})).unwrap();
        assert_eq!(format!("{headers:?}"), "KeyHeaders(1 and 0 values)");
    }
}
