//! The local reporter of leaks: it stands in for a secret scanner, publishes its key, and reports what it is told to.

use std::sync::Arc;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use gallery::Api;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::problem::{Problem, read_json};

const KEYS: &str = "/local/leak-reporter/keys";

/// Who reports leaks here. Clones are the same.
#[derive(Clone)]
pub struct LeakReporter(Arc<Parts>);

struct Parts {
    key: EcdsaKeyPair,
    /// As it is published: the key in PEM, under its name.
    identifier: String,
    pem: String,
    api: Api,
}

/// The reporter's key could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the leak reporter's key cannot be made")]
pub struct NoKey;

impl LeakReporter {
    /// A reporter with a key of its own, forgotten with the process, to the management API at `api`.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn new(api: Api) -> Result<Self, NoKey> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| NoKey)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| NoKey)?;
        let identifier = Sha256::digest(public.as_ref()).iter().map(|byte| format!("{byte:02x}")).collect();
        let body = BASE64_STANDARD.encode(public.as_ref());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        drop(public);
        Ok(Self(Arc::new(Parts { key, identifier, pem, api })))
    }

    /// The row by which key management knows it. `origin` has no slash at the end.
    #[must_use]
    pub fn row(origin: &str) -> String {
        format!("the local scanner={origin}{KEYS}")
    }
}

/// The reporter's key, as a scanner publishes it; and a way to have it report a key.
pub fn router(reporter: LeakReporter) -> Router {
    Router::new().route(KEYS, get(keys)).route("/local/leaks", post(report)).with_state(reporter)
}

async fn keys(State(LeakReporter(parts)): State<LeakReporter>) -> Json<Value> {
    let key = json!({ "key_identifier": parts.identifier, "key": parts.pem, "is_current": true });
    Json(json!({ "public_keys": [key] }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaked {
    #[serde(deserialize_with = "wiped")]
    key_text: Zeroizing<String>,
    url: Option<String>,
}

fn wiped<'de, D: Deserializer<'de>>(text: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(text).map(Zeroizing::new)
}

async fn report(
    State(LeakReporter(parts)): State<LeakReporter>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Leaked { key_text, url } = read_json(&headers, &body)?;
    let found = json!({ "token": *key_text, "type": "latchkey_key", "url": url.unwrap_or_default(), "source": "content" });
    let body = json!([found]).to_string();
    let failed = |detail: String| Problem::new(StatusCode::BAD_GATEWAY, detail);
    let unsigned = || failed("The report cannot be signed.".to_owned());
    let signature = parts.key.sign(&SystemRandom::new(), body.as_bytes()).map_err(|_| unsigned())?;
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| unsigned());
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("github-public-key-identifier"), value(&parts.identifier)?),
        (HeaderName::from_static("github-public-key-signature"), value(&BASE64_STANDARD.encode(signature))?),
    ]);
    let answered = parts.api.send(Method::POST, "/leaks", headers, body.into()).await;
    let (status, answer) = answered.map_err(|error| failed(error.to_string()))?;
    Ok((status, Json(answer)))
}
