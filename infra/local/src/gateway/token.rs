//! The JWT authorizer of an HTTP API: signature, issuer, audience and times of a token, and its claims as the function
//! gets them.
//!
//! Source: "Control access to HTTP APIs with JWT authorizers" in API Gateway's guide.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use crate::definitions::TokenRules;

/// Knows the key that tokens are signed with, its id, and the algorithm.
pub struct TokenVerifier {
    key_id: String,
    key: DecodingKey,
    validation: Validation,
}

/// A token's claims, each as text.
pub(super) type Claims = Map<String, Value>;

/// Why a token does not open a route; the text goes to the client in `WWW-Authenticate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("there is no token")]
    Missing,
    #[error("the token is malformed or its signature is wrong")]
    Invalid,
    #[error("the token has a wrong issuer")]
    Issuer,
    #[error("the token has a wrong audience")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    Early,
}

impl TokenVerifier {
    /// A verifier of tokens signed with this key, which they name by its id. API Gateway takes RSA algorithms only.
    #[must_use]
    pub fn new(algorithm: Algorithm, key_id: String, key: DecodingKey) -> Self {
        // Times are compared below, with the clock of this program instead of the library's.
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Self { key_id, key, validation }
    }

    /// The claims of the token in an `Authorization` header, with or without `Bearer`.
    pub(super) fn verify(
        &self,
        authorization: Option<&str>,
        rules: &TokenRules,
        now: DateTime<Utc>,
    ) -> Result<Claims, TokenError> {
        let header =
            authorization.map(str::trim).filter(|text| !text.is_empty()).ok_or(TokenError::Missing)?;
        let token = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
            _ => header,
        };
        let token = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
            .map_err(|_| TokenError::Invalid)?;
        if token.header.kid.as_deref() != Some(self.key_id.as_str()) {
            return Err(TokenError::Invalid);
        }
        check(&token.claims, rules, now)?;
        // What AWS makes of a null is not documented: here it is nothing, rather than somebody called `null`.
        let told = token.claims.into_iter().filter(|(_, value)| !value.is_null());
        Ok(told.map(|(name, value)| (name, Value::String(text(&value)))).collect())
    }
}

fn check(claims: &Claims, rules: &TokenRules, now: DateTime<Utc>) -> Result<(), TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(&rules.issuer) {
        return Err(TokenError::Issuer);
    }
    let audiences: Vec<&str> = match claims.get("aud").or_else(|| claims.get("client_id")) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !audiences.iter().any(|audience| rules.audience.iter().any(|wanted| wanted == audience)) {
        return Err(TokenError::Audience);
    }
    // A time that is there and no number is no time a token may have.
    let time = |name| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or(TokenError::Invalid),
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 stay exact for as long as there are calendars"
    )]
    let now = now.timestamp_millis() as f64 / 1000.0;
    if time("exp")?.ok_or(TokenError::Invalid)? <= now {
        return Err(TokenError::Expired);
    }
    for name in ["nbf", "iat"] {
        if time(name)?.is_some_and(|from| from > now) {
            return Err(TokenError::Early);
        }
    }
    Ok(())
}

/// A claim as API Gateway writes it into the event: always text, a list as `[a b]`.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// HMAC stands in for RSA: what is tested is what is made of a verified token.
    fn verify_at(now: i64, header: Option<&str>) -> Result<Claims, TokenError> {
        let key = DecodingKey::from_secret(b"key");
        let verifier = TokenVerifier::new(Algorithm::HS256, "1".to_owned(), key);
        let rules = TokenRules { issuer: "https://issuer".to_owned(), audience: vec!["keys".to_owned()] };
        verifier.verify(header, &rules, DateTime::from_timestamp(now, 0).unwrap())
    }

    fn header(algorithm: Algorithm) -> Header {
        Header { kid: Some("1".to_owned()), ..Header::new(algorithm) }
    }

    fn signed(claims: &Value) -> String {
        let token = encode(&header(Algorithm::HS256), claims, &EncodingKey::from_secret(b"key")).unwrap();
        format!("Bearer {token}")
    }

    /// Claims that pass, with these put over them; null removes one.
    fn verify(changes: &Value) -> Result<Claims, TokenError> {
        let mut claims = json!({"iss": "https://issuer", "aud": "keys", "sub": "alice", "exp": NOW + 60, "nbf": NOW, "iat": NOW});
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                _ => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        verify_at(NOW, Some(&signed(&claims)))
    }

    #[test]
    fn claims_become_text() {
        let claims =
            verify(&json!({"email_verified": true, "groups": ["a", "b"], "level": 3, "nothing": null}))
                .unwrap();
        let expected = json!({
            "iss": "https://issuer", "aud": "keys", "sub": "alice", "exp": "1800000060", "nbf": "1800000000",
            "iat": "1800000000", "email_verified": "true", "groups": "[a b]", "level": "3",
        });
        assert_eq!(Value::Object(claims), expected);
    }

    #[test]
    fn issuer_audience_and_times_must_fit() {
        for (changes, expected) in [
            (json!({"iss": "https://other"}), Err(TokenError::Issuer)),
            (json!({"iss": null}), Err(TokenError::Issuer)),
            (json!({"aud": "other"}), Err(TokenError::Audience)),
            (json!({"aud": null}), Err(TokenError::Audience)),
            (json!({"aud": null, "client_id": "keys"}), Ok(())),
            (json!({"aud": ["other", "keys"]}), Ok(())),
            (json!({"aud": "other", "client_id": "keys"}), Err(TokenError::Audience)),
            (json!({"exp": NOW}), Err(TokenError::Expired)),
            (json!({"exp": NOW + 1}), Ok(())),
            (json!({"exp": null}), Err(TokenError::Invalid)),
            (json!({"exp": "never"}), Err(TokenError::Invalid)),
            (json!({"nbf": NOW + 1}), Err(TokenError::Early)),
            (json!({"iat": NOW + 1}), Err(TokenError::Early)),
            (json!({"nbf": null, "iat": null}), Ok(())),
        ] {
            assert_eq!(verify(&changes).map(|_| ()), expected, "{changes}");
        }
    }

    #[test]
    fn only_a_token_signed_with_the_key_and_algorithm_is_read() {
        assert_eq!(verify_at(NOW, None), Err(TokenError::Missing));
        assert_eq!(verify_at(NOW, Some("  ")), Err(TokenError::Missing));
        assert_eq!(verify_at(NOW, Some("Bearer nonsense")), Err(TokenError::Invalid));
        let claims = json!({"iss": "https://issuer", "aud": "keys", "exp": NOW + 60});
        let good = signed(&claims);
        assert!(verify_at(NOW, Some(&good)).is_ok());
        assert!(verify_at(NOW, good.strip_prefix("Bearer ")).is_ok());
        assert!(verify_at(NOW, Some(&good.replace("Bearer", "bearer"))).is_ok());
        assert_eq!(verify_at(NOW, Some(&format!("{good}x"))), Err(TokenError::Invalid));
        let other = encode(&header(Algorithm::HS256), &claims, &EncodingKey::from_secret(b"other")).unwrap();
        assert_eq!(verify_at(NOW, Some(&other)), Err(TokenError::Invalid));
        let stronger = encode(&header(Algorithm::HS512), &claims, &EncodingKey::from_secret(b"key")).unwrap();
        assert_eq!(verify_at(NOW, Some(&stronger)), Err(TokenError::Invalid));
        for kid in [None, Some("2".to_owned())] {
            let header = Header { kid, ..Header::new(Algorithm::HS256) };
            let unnamed = encode(&header, &claims, &EncodingKey::from_secret(b"key")).unwrap();
            assert_eq!(verify_at(NOW, Some(&unnamed)), Err(TokenError::Invalid), "{:?}", header.kid);
        }
        assert_eq!(verify_at(NOW, Some(&format!("{good},{good}"))), Err(TokenError::Invalid), "two tokens");
    }
}
