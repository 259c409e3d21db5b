//! How a request shows a key: in `X-NuGet-ApiKey`, as NuGet's clients send it, or as a bearer token (RFC 6750).

use std::fmt;

use zeroize::Zeroizing;

/// The headers of a request that may carry a key. `Debug` shows how many there are.
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
        match self.values(name) {
            Some(values) => {
                values.push(Zeroizing::new(value));
                None
            }
            None => Some(value),
        }
    }

    /// Where the values of this header belong, if it may carry a key.
    pub fn values(&mut self, name: &str) -> Option<&mut Vec<Zeroizing<String>>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(headers: &[(&str, &str)]) -> KeyHeaders {
        let mut kept = KeyHeaders::default();
        for (name, value) in headers {
            let _ = kept.keep(name, (*value).to_owned());
        }
        kept
    }

    #[test]
    fn a_key_is_found_in_either_header_and_several_are_none() {
        for (headers, found) in [
            (&[("X-NuGet-ApiKey", "k"), ("Host", "h")][..], "k"),
            (&[("x-nuget-apikey", " k ")], "k"),
            (&[("authorization", "bEARER   k")], "k"),
            (&[("X-NuGet-ApiKey", ""), ("Authorization", "Bearer k")], "k"),
            (&[("authorization", "Bearer k"), ("x-nuget-apikey", "l")], "l"),
            (&[("X-NuGet-ApiKey", "k"), ("x-nuget-apikey", "l")], "several"),
            (&[("Authorization", "Bearer k"), ("Authorization", "Bearer k")], "several"),
            (&[("Authorization", "Basic azps")], "nothing"),
            (&[], "nothing"),
        ] {
            let kept = kept(headers);
            let shown = match kept.credential() {
                Credential::Nothing => "nothing",
                Credential::Key(key) => key,
                Credential::Several => "several",
            };
            assert_eq!(shown, found, "{headers:?}");
        }
    }

    #[test]
    fn what_may_carry_no_key_is_given_back() {
        let mut headers = KeyHeaders::default();
        assert_eq!(headers.keep("Host", "h".to_owned()).as_deref(), Some("h"));
        assert_eq!(headers.keep("X-NUGET-APIKEY", "k".to_owned()), None);
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", kept(&[("X-NuGet-ApiKey", "secret")])), "KeyHeaders(1 and 0 values)");
    }
}
