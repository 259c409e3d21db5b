use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use aes_gcm::{Aes256Gcm, KeyInit as _};
use chrono::{DateTime, Utc};

use crate::refusal::Refusal;

/// A symmetric key under its ARN.
pub struct KmsKey {
    arn: String,
    cipher: Aes256Gcm,
    enabled: AtomicBool,
}

/// The text is not `arn:<partition>:kms:<region>:<account>:key/<id>`.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not the ARN of a KMS key")]
pub struct NotAKeyArn(String);

impl KmsKey {
    /// The key `arn`, with these bytes as its AES-256 key.
    ///
    /// # Errors
    /// [`NotAKeyArn`].
    pub fn new(arn: &str, material: &[u8; 32]) -> Result<Self, NotAKeyArn> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "kms", region, account, resource] = parts[..] else {
            return Err(NotAKeyArn(arn.to_owned()));
        };
        let id = resource.strip_prefix("key/").unwrap_or_default();
        // The ciphertext blob writes the length of the ARN in two bytes.
        if [partition, region, account, id].contains(&"") || arn.len() > usize::from(u16::MAX) {
            return Err(NotAKeyArn(arn.to_owned()));
        }
        Ok(Self {
            arn: arn.to_owned(),
            cipher: Aes256Gcm::new(material.into()),
            enabled: AtomicBool::new(true),
        })
    }

    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    pub(super) fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    pub(super) fn enable(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Release);
    }

    /// The cipher, for as long as the key is enabled.
    pub(super) fn cipher(&self) -> Result<&Aes256Gcm, Refusal> {
        if self.is_enabled() {
            Ok(&self.cipher)
        } else {
            Err(Refusal::new("DisabledException", format!("{} is disabled.", self.arn)))
        }
    }
}

impl fmt::Debug for KmsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsKey").field("arn", &self.arn).finish_non_exhaustive()
    }
}

/// Every key the service holds.
pub(super) struct KeyRing {
    keys: BTreeMap<String, KmsKey>,
    created_at: DateTime<Utc>,
}

impl KeyRing {
    pub(super) fn new(keys: impl IntoIterator<Item = KmsKey>, created_at: DateTime<Utc>) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.arn.clone(), key)).collect(), created_at }
    }

    pub(super) fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// The key a request names, by ARN or by id.
    pub(super) fn named(&self, name: &str) -> Result<&KmsKey, Refusal> {
        let found = self.by_arn(name).or_else(|| self.keys.values().find(|key| key.id() == name));
        found.ok_or_else(|| Refusal::new("NotFoundException", format!("Key '{name}' does not exist")))
    }

    pub(super) fn by_arn(&self, arn: &str) -> Option<&KmsKey> {
        self.keys.get(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_that_is_none_of_a_key_is_refused() {
        let material = [0; 32];
        assert!(KmsKey::new("arn:aws:kms:us-east-1:111122223333:key/pepper", &material).is_ok());
        for wrong in [
            "",
            "pepper",
            "arn:aws:kms:us-east-1:111122223333:key/",
            "arn:aws:kms:us-east-1:111122223333:alias/pepper",
            "arn:aws:kms::111122223333:key/pepper",
            "arn:aws:s3:us-east-1:111122223333:key/pepper",
        ] {
            assert!(KmsKey::new(wrong, &material).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_of_a_key_is_its_arn() {
        let key = KmsKey::new("arn:aws:kms:us-east-1:111122223333:key/pepper", &[0xAB; 32]).unwrap();
        assert_eq!(
            format!("{key:?}"),
            r#"KmsKey { arn: "arn:aws:kms:us-east-1:111122223333:key/pepper", .. }"#
        );
    }
}
