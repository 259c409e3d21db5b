use axum::http::StatusCode;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    blob::{Blob, SealFailed, seal},
    key::KeyRing,
    wire::{Decrypt, Encrypt, GenerateDataKey, KeySpec, OfKey, read},
};
use crate::refusal::Refusal;

/// Does `operation` with the JSON in `body`, and gives the JSON to answer.
pub(super) fn run(keys: &KeyRing, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
    match operation {
        "Encrypt" => encrypt(keys, &read(body)?),
        "Decrypt" => decrypt(keys, &read(body)?),
        "GenerateDataKey" => generate_data_key(keys, &read(body)?),
        "DescribeKey" => describe_key(keys, &read(body)?),
        "DisableKey" => enable(keys, &read(body)?, false),
        "EnableKey" => enable(keys, &read(body)?, true),
        _ => Err(Refusal::new(
            "UnknownOperationException",
            format!("the KMS stand-in does not offer the operation {operation}"),
        )),
    }
}

fn encrypt(keys: &KeyRing, request: &Encrypt) -> Result<Value, Refusal> {
    let plaintext = &request.plaintext.0;
    if !(1..=4096).contains(&plaintext.len()) {
        return Err(Refusal::new("ValidationException", "Plaintext must be of 1 to 4096 bytes"));
    }
    let key = keys.named(&request.key_id)?;
    let blob = seal(key.cipher()?, key.arn(), &request.encryption_context, plaintext)?;
    Ok(json!({
        "KeyId": key.arn(),
        "CiphertextBlob": BASE64_STANDARD.encode(blob),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

/// The order of the answers is AWS's: no blob at all, a key that is unknown, disabled or another, then the cipher's word.
fn decrypt(keys: &KeyRing, request: &Decrypt) -> Result<Value, Refusal> {
    let invalid = || Refusal::bare("InvalidCiphertextException");
    let blob = Blob::parse(&request.ciphertext_blob.0).ok_or_else(invalid)?;
    let key = match &request.key_id {
        Some(name) => keys.named(name)?,
        None => keys.by_arn(blob.arn).ok_or_else(|| {
            Refusal::new(
                "AccessDeniedException",
                "The ciphertext refers to a customer master key that does not exist, does not exist in this region, \
                 or you are not allowed to access.",
            )
        })?,
    };
    let cipher = key.cipher()?;
    if key.arn() != blob.arn {
        return Err(Refusal::new(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    let plaintext = blob.open(cipher, &request.encryption_context).ok_or_else(invalid)?;
    Ok(json!({
        "KeyId": key.arn(),
        "Plaintext": BASE64_STANDARD.encode(plaintext),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn generate_data_key(keys: &KeyRing, request: &GenerateDataKey) -> Result<Value, Refusal> {
    let length = match (request.key_spec, request.number_of_bytes) {
        (Some(KeySpec::Aes128), None) => 16,
        (Some(KeySpec::Aes256), None) => 32,
        (None, Some(length @ 1..=1024)) => length,
        (None, Some(_)) => {
            return Err(Refusal::new("ValidationException", "NumberOfBytes must be 1 to 1024"));
        }
        (None, None) | (Some(_), Some(_)) => {
            return Err(Refusal::new(
                "ValidationException",
                "Please specify either number of bytes or key spec.",
            ));
        }
    };
    let key = keys.named(&request.key_id)?;
    let cipher = key.cipher()?;
    let mut plaintext = vec![0; length];
    getrandom::fill(&mut plaintext).map_err(|_| SealFailed)?;
    let blob = seal(cipher, key.arn(), &request.encryption_context, &plaintext)?;
    Ok(json!({
        "KeyId": key.arn(),
        "CiphertextBlob": BASE64_STANDARD.encode(blob),
        "Plaintext": BASE64_STANDARD.encode(plaintext),
    }))
}

fn describe_key(keys: &KeyRing, request: &OfKey) -> Result<Value, Refusal> {
    let key = keys.named(&request.key_id)?;
    Ok(json!({ "KeyMetadata": {
        "AWSAccountId": key.account(),
        "Arn": key.arn(),
        "CreationDate": keys.created_at().timestamp(),
        "Description": "",
        "Enabled": key.is_enabled(),
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": key.id(),
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": if key.is_enabled() { "Enabled" } else { "Disabled" },
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": false,
        "Origin": "AWS_KMS",
    } }))
}

fn enable(keys: &KeyRing, request: &OfKey, enabled: bool) -> Result<Value, Refusal> {
    keys.named(&request.key_id)?.enable(enabled);
    Ok(json!({}))
}

impl From<SealFailed> for Refusal {
    fn from(SealFailed: SealFailed) -> Self {
        Self::new("KMSInternalException", "the KMS stand-in could not encrypt")
            .with(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
