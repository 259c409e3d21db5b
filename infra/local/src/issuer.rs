//! The local issuer: who signs people in where no identity provider is at hand.
//!
//! It behaves as an OpenID provider that an HTTP API's JWT authorizer accepts: RS256 (API Gateway takes RSA only),
//! discovery and keys under `<origin>/local`. Anyone may be anyone here, so it listens on loopback only.

use std::{fs, io, path::Path};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, jwk::Jwk};
use keys::AccountId;
use mail::Address;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use startup::Clock;

use crate::{gateway::TokenVerifier, private_file};

/// The audience of its tokens.
pub const AUDIENCE: &str = "latchkey";

/// Ten years of local time: tokens outlive every test that moves the clock.
const LIFETIME: TimeDelta = TimeDelta::days(3_653);

/// The bytes before the RSA key in PKCS #8, for a modulus of 2,048 bits (RFC 5208, RFC 8017).
const PKCS8_HEADER: usize = 26;

/// Signs people in.
#[derive(Clone)]
pub struct Issuer {
    name: String,
    signing: EncodingKey,
    public: Jwk,
    clock: Clock,
}

/// Why there is no issuer, or no token.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// Its key file.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key could not be made or is none.
    #[error("the issuer's RSA key is unusable")]
    Key,
    /// A token could not be made.
    #[error("no token could be made: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
}

/// Who signs in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account, which becomes `sub`.
    pub account: AccountId,
    /// Their verified address.
    pub email: Address,
    /// What people call them.
    pub name: String,
}

impl Issuer {
    /// An issuer with a key of its own, forgotten with the process. `origin` has no trailing slash.
    ///
    /// # Errors
    /// [`IssuerError::Key`].
    pub fn in_memory(origin: &str, clock: Clock) -> Result<Self, IssuerError> {
        Self::with_key(origin, clock, &generate()?)
    }

    /// The issuer whose key is kept in `file` (PKCS #1, DER), made if missing, readable by its owner alone.
    ///
    /// # Errors
    /// A file that cannot be read or written, or holds no RSA key.
    pub fn open(origin: &str, clock: Clock, file: &Path) -> Result<Self, IssuerError> {
        let fault = |reason: &dyn std::fmt::Display| IssuerError::File {
            path: file.display().to_string(),
            reason: reason.to_string(),
        };
        let key = match fs::read(file) {
            Ok(key) => key,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = generate()?;
                private_file::write(file, &key).map_err(|error| fault(&error))?;
                key
            }
            Err(error) => return Err(fault(&error)),
        };
        Self::with_key(origin, clock, &key).map_err(|error| fault(&error))
    }

    fn with_key(origin: &str, clock: Clock, key: &[u8]) -> Result<Self, IssuerError> {
        KeyPair::from_der(key).map_err(|_| IssuerError::Key)?;
        let signing = EncodingKey::from_rsa_der(key);
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::RS256)?;
        let parameters = serde_json::to_vec(&public.algorithm).map_err(|_| IssuerError::Key)?;
        public.common.key_id = Some(URL_SAFE_NO_PAD.encode(&Sha256::digest(parameters)[..12]));
        Ok(Self { name: format!("{origin}/local"), signing, public, clock })
    }

    /// The `iss` of its tokens; its discovery document is at `/.well-known/openid-configuration` below.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells its tokens from others.
    ///
    /// # Errors
    /// [`IssuerError::Token`], which a key that signs does not meet.
    pub fn verifier(&self) -> Result<TokenVerifier, IssuerError> {
        let key_id = self.public.common.key_id.clone().unwrap_or_default();
        Ok(TokenVerifier::new(Algorithm::RS256, key_id, DecodingKey::from_jwk(&self.public)?))
    }

    /// A token for this person: ten years of local time, verified mail.
    ///
    /// # Errors
    /// [`IssuerError::Token`].
    pub fn token(&self, person: &Person) -> Result<String, IssuerError> {
        let now = self.clock.now();
        let claims = json!({
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": person.account.as_str(),
            "email": person.email.as_str(),
            "email_verified": true,
            "name": person.name,
            "iat": now.timestamp(),
            "exp": (now + LIFETIME).timestamp(),
        });
        let header = Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::RS256) };
        Ok(jsonwebtoken::encode(&header, &claims, &self.signing)?)
    }

    /// Its discovery document (OpenID Connect Discovery 1.0, section 3).
    #[must_use]
    pub fn configuration(&self) -> Value {
        json!({
            "issuer": self.name,
            "jwks_uri": format!("{}/.well-known/jwks.json", self.name),
            "authorization_endpoint": format!("{}/sign-in", self.name),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// Its public key, as a set (RFC 7517).
    #[must_use]
    pub fn keys(&self) -> Value {
        json!({ "keys": [self.public] })
    }
}

/// A new key, PKCS #1 in DER.
fn generate() -> Result<Vec<u8>, IssuerError> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| IssuerError::Key)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| IssuerError::Key)?;
    pkcs8.as_ref().get(PKCS8_HEADER..).map(<[u8]>::to_vec).ok_or(IssuerError::Key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jsonwebtoken::Validation;

    use super::*;

    fn alice() -> Person {
        Person {
            account: "alice".parse().unwrap(),
            email: "alice@example.com".parse().unwrap(),
            name: "Alice".to_owned(),
        }
    }

    fn claims(issuer: &Issuer, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
        let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(issuer.keys()).unwrap();
        let header = jsonwebtoken::decode_header(token).unwrap();
        let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap())?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.set_audience(&[AUDIENCE]);
        jsonwebtoken::decode::<Value>(token, &key, &validation).map(|token| token.claims)
    }

    #[test]
    fn its_published_key_verifies_its_tokens() {
        let clock = Clock::new(|| chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let issuer = Issuer::in_memory("http://127.0.0.1:8080", clock).unwrap();
        let token = issuer.token(&alice()).unwrap();
        let expected = json!({
            "iss": "http://127.0.0.1:8080/local", "aud": "latchkey", "sub": "alice", "name": "Alice",
            "email": "alice@example.com", "email_verified": true, "iat": 1_800_000_000, "exp": 2_115_619_200,
        });
        assert_eq!(claims(&issuer, &token).unwrap(), expected);
        let configuration = issuer.configuration();
        assert_eq!(configuration["issuer"], issuer.name());
        assert_eq!(configuration["jwks_uri"], "http://127.0.0.1:8080/local/.well-known/jwks.json");
        assert!(issuer.verifier().is_ok());
    }

    #[test]
    fn a_restart_keeps_the_key_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("issuer.der");
        let open = || Issuer::open("http://127.0.0.1:8080", Clock::system(), &file);
        let token = open().unwrap().token(&alice()).unwrap();
        assert!(claims(&open().unwrap(), &token).is_ok());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, b"no key").unwrap();
        assert!(open().err().unwrap().to_string().contains("issuer.der"));
    }
}
