//! The asking door as a reverse proxy knocks at it, about a request that it holds back until the answer is there.
//!
//! The proxy tells what it was asked in one pair of headers, and sends the request's own key headers beside it, without a
//! body:
//!
//! | pair | is sent by |
//! | --- | --- |
//! | `X-Original-Method`, `X-Original-URI` | nginx's `auth_request` and Envoy's `ext_authz`, as `infra/nginx` and `infra/README.md` set them up |
//! | `X-Forwarded-Method`, `X-Forwarded-Uri` | forward-auth of Traefik and of Caddy, by themselves |
//!
//! Both pairs, half a pair, or a header given twice are refused and not chosen from: somebody else than the proxy has
//! written one of them. The answer is in the status, which is all that nginx decides by (200, 401, 403), and in
//! [headers](crate::told) that the proxy sets in the request it passes on. The method that the proxy asks with says
//! nothing: Envoy's is the request's own.

use std::fmt;

use zeroize::Zeroizing;

/// The headers by which a proxy tells what it was asked. `Debug` shows none of what they say.
#[derive(Default)]
pub(crate) struct OriginalHeaders {
    original_method: Vec<Zeroizing<String>>,
    original_uri: Vec<Zeroizing<String>>,
    forwarded_method: Vec<Zeroizing<String>>,
    forwarded_uri: Vec<Zeroizing<String>>,
}

/// What a proxy was asked, as it tells.
pub(crate) struct Original<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// The request target.
    pub(crate) target: &'a str,
}

/// It cannot be told what a proxy was asked.
#[derive(Debug, thiserror::Error)]
#[error(
    "What the proxy was asked has to be told once, in X-Original-Method and X-Original-URI or in X-Forwarded-Method and X-Forwarded-Uri."
)]
pub(crate) struct Unclear;

impl OriginalHeaders {
    /// Where the values of this header belong, if it is one of these.
    pub(crate) fn values(&mut self, name: &str) -> Option<&mut Vec<Zeroizing<String>>> {
        let named = [
            ("X-Original-Method", &mut self.original_method),
            ("X-Original-URI", &mut self.original_uri),
            ("X-Forwarded-Method", &mut self.forwarded_method),
            ("X-Forwarded-Uri", &mut self.forwarded_uri),
        ];
        named.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, values)| values)
    }

    /// What they tell; nothing where none of them is there.
    pub(crate) fn read(&self) -> Result<Option<Original<'_>>, Unclear> {
        let original = (self.original_method.as_slice(), self.original_uri.as_slice());
        match (original, (self.forwarded_method.as_slice(), self.forwarded_uri.as_slice())) {
            (([], []), ([], [])) => Ok(None),
            (([method], [target]), ([], [])) | (([], []), ([method], [target])) => {
                Ok(Some(Original { method, target }))
            }
            _ => Err(Unclear),
        }
    }
}

impl fmt::Debug for OriginalHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginalHeaders")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Event, headers::Headers};

    fn told(multi: &serde_json::Value, single: &serde_json::Value) -> String {
        let event = json!({
            "resource": "/authorize", "httpMethod": "GET", "multiValueHeaders": multi, "headers": single,
        });
        let event: Event = serde_json::from_value(event).unwrap();
        match event.original() {
            Ok(Some(original)) => format!("{} {}", original.method, original.target),
            Ok(None) => "nothing".to_owned(),
            Err(_) => "unclear".to_owned(),
        }
    }

    #[test]
    fn exactly_one_pair_tells_what_was_asked() {
        for (headers, expected) in [
            (json!({"X-Original-Method": ["PUT"], "X-Original-URI": ["/a"]}), "PUT /a"),
            (json!({"x-forwarded-method": ["PUT"], "X-FORWARDED-URI": ["/a"]}), "PUT /a"),
            (
                json!({"X-Forwarded-For": ["1.1.1.1"], "X-Forwarded-Proto": ["https"], "X-Original-Url": ["/b"]}),
                "nothing",
            ),
            (json!({"X-Original-Method": ["PUT"]}), "unclear"),
            (json!({"X-Original-URI": ["/a"]}), "unclear"),
            (json!({"X-Forwarded-Method": ["PUT"]}), "unclear"),
            (json!({"X-Original-Method": ["PUT"], "X-Forwarded-Uri": ["/a"]}), "unclear"),
            (json!({"X-Original-Method": ["PUT", "PUT"], "X-Original-URI": ["/a"]}), "unclear"),
            (
                json!({"X-Original-Method": ["PUT"], "x-original-method": ["PUT"], "X-Original-URI": ["/a"]}),
                "unclear",
            ),
            (json!({"X-Original-Method": ["PUT"], "X-Original-URI": ["/a", "/b"]}), "unclear"),
            (
                json!({"X-Original-Method": ["PUT"], "X-Original-URI": ["/a"], "X-Forwarded-Uri": ["/a"]}),
                "unclear",
            ),
            (
                json!({
                    "X-Original-Method": ["PUT"], "X-Original-URI": ["/a"],
                    "X-Forwarded-Method": ["PUT"], "X-Forwarded-Uri": ["/a"],
                }),
                "unclear",
            ),
        ] {
            assert_eq!(told(&headers, &json!({})), expected, "{headers}");
        }
    }

    #[test]
    fn a_list_goes_before_the_one_value_that_is_left_of_it() {
        let single = json!({"X-Original-Method": "PUT", "X-Original-URI": "/b"});
        assert_eq!(
            told(&json!({"X-Original-Method": ["PUT"], "X-Original-URI": ["/a", "/b"]}), &single),
            "unclear"
        );
        assert_eq!(told(&serde_json::Value::Null, &single), "PUT /b");
    }

    #[test]
    fn debug_shows_no_address() {
        let headers: Headers = serde_json::from_value(json!({"X-Original-URI": "/secret"})).unwrap();
        assert_eq!(format!("{:?}", headers.original), "OriginalHeaders");
    }
}
