//! Who scans what everybody can read, and reports key texts found there in GitHub's protocol.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{Json, Router, http::StatusCode, routing::get};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::aws::bound;

/// A scanner: it signs with the last of its keys, and publishes what it is told to.
pub(crate) struct Scanner {
    pub(crate) keys: Vec<(String, EcdsaKeyPair)>,
    pub(crate) published: Arc<Mutex<(StatusCode, Value)>>,
    asked: Arc<AtomicU32>,
}

impl Scanner {
    /// With one key, which it publishes.
    pub(crate) fn new() -> Self {
        let published = Arc::new(Mutex::new((StatusCode::OK, Value::Null)));
        let mut scanner = Self { keys: Vec::new(), published, asked: Arc::default() };
        scanner.take_a_new_key();
        scanner.publish();
        scanner
    }

    /// The scanner, and the row by which it is known.
    pub(crate) async fn open() -> (Self, String) {
        let (listener, at) = bound().await;
        let scanner = Self::new();
        let router = scanner.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (scanner, format!("the scanner={at}/keys"))
    }

    /// Where its keys are published.
    pub(crate) fn router(&self) -> Router {
        let (published, asked) = (self.published.clone(), self.asked.clone());
        let keys = get(move || {
            asked.fetch_add(1, Ordering::Relaxed);
            let (status, body) = published.lock().unwrap().clone();
            async move { (status, Json(body)) }
        });
        Router::new().route("/keys", keys)
    }

    pub(crate) fn take_a_new_key(&mut self) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        self.keys.push((format!("key {}", self.keys.len()), key));
    }

    /// Publishes all of its keys.
    pub(crate) fn publish(&self) {
        let pem = |key: &EcdsaKeyPair| {
            let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
            let body = BASE64_STANDARD.encode(der.as_ref());
            format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
        };
        let listed =
            |(name, key): &(String, EcdsaKeyPair)| json!({ "key_identifier": name, "key": pem(key) });
        let keys: Vec<Value> = self.keys.iter().map(listed).collect();
        *self.published.lock().unwrap() = (StatusCode::OK, json!({ "public_keys": keys }));
    }

    /// How often somebody has asked for its keys.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The headers that prove a body to be its own.
    pub(crate) fn sign(&self, body: &str) -> [(&'static str, String); 2] {
        let (name, key) = self.keys.last().unwrap();
        let signature = key.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
        [
            ("github-public-key-identifier", name.clone()),
            ("github-public-key-signature", BASE64_STANDARD.encode(signature)),
        ]
    }
}

/// A match of a report.
pub(crate) fn found(text: &str, url: &str) -> Value {
    json!({ "token": text, "type": "latchkey_key", "url": url, "source": "content" })
}
