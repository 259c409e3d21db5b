//! What the operations are asked, as JSON.
//!
//! Parameters that only matter to real KMS are read and ignored (`GrantTokens`); all others that are missing here are
//! refused, since their silent absence could mislead.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::error::Category;

use super::blob::EncryptionContext;
use crate::refusal::Refusal;

/// Bytes, in base64.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// The one algorithm of a symmetric key.
#[derive(Deserialize)]
pub(super) enum Algorithm {
    #[serde(rename = "SYMMETRIC_DEFAULT")]
    SymmetricDefault,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) enum KeySpec {
    #[serde(rename = "AES_128")]
    Aes128,
    #[serde(rename = "AES_256")]
    Aes256,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Encrypt {
    pub(super) key_id: String,
    pub(super) plaintext: Bytes,
    #[serde(default)]
    pub(super) encryption_context: EncryptionContext,
    #[serde(rename = "EncryptionAlgorithm")]
    _algorithm: Option<Algorithm>,
    #[serde(default, rename = "GrantTokens")]
    _grant_tokens: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Decrypt {
    pub(super) key_id: Option<String>,
    pub(super) ciphertext_blob: Bytes,
    #[serde(default)]
    pub(super) encryption_context: EncryptionContext,
    #[serde(rename = "EncryptionAlgorithm")]
    _algorithm: Option<Algorithm>,
    #[serde(default, rename = "GrantTokens")]
    _grant_tokens: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GenerateDataKey {
    pub(super) key_id: String,
    pub(super) key_spec: Option<KeySpec>,
    pub(super) number_of_bytes: Option<usize>,
    #[serde(default)]
    pub(super) encryption_context: EncryptionContext,
    #[serde(default, rename = "GrantTokens")]
    _grant_tokens: Vec<String>,
}

/// `DescribeKey`, `DisableKey` and `EnableKey`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfKey {
    pub(super) key_id: String,
    #[serde(default, rename = "GrantTokens")]
    _grant_tokens: Vec<String>,
}

pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => {
            Refusal::new("ValidationException", format!("the KMS stand-in cannot take this: {error}"))
        }
        Category::Io | Category::Syntax | Category::Eof => Refusal::bare("SerializationException"),
    })
}
