use std::fmt;

use zeroize::Zeroizing;

/// The headers of a request that may carry a key. `Debug` shows how many there are.
#[derive(Default)]
pub(crate) struct KeyHeaders {
    api_key: Vec<Zeroizing<String>>,
    authorization: Vec<Zeroizing<String>>,
}

/// What a request says who it is.
pub(crate) enum Credential<'a> {
    /// Nothing.
    Nothing,
    /// A key text, perhaps.
    Key(&'a str),
    /// Several keys: there is no telling which is meant.
    Several,
}

impl KeyHeaders {
    /// Where the values of this header belong, if it may carry a key.
    pub(crate) fn values(&mut self, name: &str) -> Option<&mut Vec<Zeroizing<String>>> {
        if name.eq_ignore_ascii_case("X-NuGet-ApiKey") {
            Some(&mut self.api_key)
        } else if name.eq_ignore_ascii_case("Authorization") {
            Some(&mut self.authorization)
        } else {
            None
        }
    }

    /// `X-NuGet-ApiKey`, and if there is none, `Authorization: Bearer`.
    pub(crate) fn credential(&self) -> Credential<'_> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::headers::Headers;

    fn read(headers: serde_json::Value) -> String {
        let headers: Headers = serde_json::from_value(headers).unwrap();
        match headers.keys.credential() {
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
    fn debug_shows_no_key() {
        let headers: Headers = serde_json::from_value(json!({"X-NuGet-ApiKey": "secret"})).unwrap();
        assert_eq!(format!("{:?}", headers.keys), "KeyHeaders(1 and 0 values)");
    }
}
