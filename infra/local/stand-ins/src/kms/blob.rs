//! The ciphertext blob, which names the key that made it.
//!
//! | bytes | hold |
//! | --- | --- |
//! | 1 | the format, 1 |
//! | 2 | length of the ARN, big-endian |
//! | … | the key's ARN |
//! | 12 | nonce |
//! | … | AES-256-GCM ciphertext with its tag of 16 bytes |
//! | 4 | CRC-32 of everything before it, big-endian |
//!
//! The ARN and the encryption context are the additional authenticated data. The checksum adds no security: it tells a
//! damaged blob from another key's, which AWS answers with different exceptions.

use std::collections::BTreeMap;

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead as _, Payload},
};

const FORMAT: u8 = 1;
const NONCE: usize = 12;

/// Names and values that must be the same at both ends. Their order does not matter.
pub(super) type EncryptionContext = BTreeMap<String, String>;

/// The cipher or the generator of random bytes failed; neither depends on the input.
#[derive(Debug)]
pub(super) struct SealFailed;

/// A blob taken apart, its checksum right and nothing more known.
pub(super) struct Blob<'a> {
    pub(super) arn: &'a str,
    nonce: &'a [u8; NONCE],
    sealed: &'a [u8],
}

pub(super) fn seal(
    cipher: &Aes256Gcm,
    arn: &str,
    context: &EncryptionContext,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealFailed> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| SealFailed)?;
    let aad = authenticated(arn, context);
    let sealed =
        cipher.encrypt((&nonce).into(), Payload { msg: plaintext, aad: &aad }).map_err(|_| SealFailed)?;
    let length = u16::try_from(arn.len()).map_err(|_| SealFailed)?;

    let mut blob = vec![FORMAT];
    blob.extend(length.to_be_bytes());
    blob.extend(arn.as_bytes());
    blob.extend(nonce);
    blob.extend(sealed);
    blob.extend(crc32fast::hash(&blob).to_be_bytes());
    Ok(blob)
}

impl<'a> Blob<'a> {
    /// The blob in `bytes`, or nothing if they are no blob or a damaged one.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (blob, checksum) = bytes.split_last_chunk()?;
        if u32::from_be_bytes(*checksum) != crc32fast::hash(blob) {
            return None;
        }
        let blob = blob.strip_prefix(&[FORMAT])?;
        let (length, blob) = blob.split_first_chunk()?;
        let (arn, blob) = blob.split_at_checked(u16::from_be_bytes(*length).into())?;
        let (nonce, sealed) = blob.split_first_chunk()?;
        Some(Self { arn: str::from_utf8(arn).ok()?, nonce, sealed })
    }

    /// The plaintext, or nothing if the key or the context is not what the blob was made with.
    pub(super) fn open(&self, cipher: &Aes256Gcm, context: &EncryptionContext) -> Option<Vec<u8>> {
        let aad = authenticated(self.arn, context);
        cipher.decrypt(self.nonce.into(), Payload { msg: self.sealed, aad: &aad }).ok()
    }
}

/// Each text with its length before it, so that no two contexts read the same.
fn authenticated(arn: &str, context: &EncryptionContext) -> Vec<u8> {
    let texts =
        std::iter::once(arn).chain(context.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
    texts.flat_map(|text| (text.len() as u64).to_be_bytes().into_iter().chain(text.bytes())).collect()
}

#[cfg(test)]
mod tests {
    use aes_gcm::KeyInit as _;

    use super::*;

    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/pepper";

    fn cipher() -> Aes256Gcm {
        Aes256Gcm::new(&[7; 32].into())
    }

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_change_of_any_byte_is_noticed() {
        let blob = seal(&cipher(), ARN, &context(&[]), b"thirty-two bytes").unwrap();
        assert!(Blob::parse(&blob).is_some());
        for at in 0..blob.len() {
            let mut damaged = blob.clone();
            damaged[at] ^= 1;
            assert!(Blob::parse(&damaged).is_none(), "byte {at}");
        }
        for length in 0..blob.len() {
            assert!(Blob::parse(&blob[..length]).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn a_repaired_checksum_does_not_help_a_forger() {
        let mut blob = seal(&cipher(), ARN, &context(&[]), b"plain").unwrap();
        let end = blob.len() - 4;
        blob[end - 1] ^= 1;
        let checksum = crc32fast::hash(&blob[..end]).to_be_bytes();
        blob[end..].copy_from_slice(&checksum);
        assert_eq!(Blob::parse(&blob).unwrap().open(&cipher(), &context(&[])), None);
    }

    #[test]
    fn contexts_that_read_alike_are_different() {
        let blob = seal(&cipher(), ARN, &context(&[("a", "bc")]), b"plain").unwrap();
        let blob = Blob::parse(&blob).unwrap();
        assert_eq!(blob.open(&cipher(), &context(&[("a", "bc")])).as_deref(), Some(b"plain".as_slice()));
        for other in [context(&[("ab", "c")]), context(&[("a", "b"), ("c", "")]), context(&[])] {
            assert_eq!(blob.open(&cipher(), &other), None, "{other:?}");
        }
    }

    #[test]
    fn two_blobs_of_one_text_differ() {
        let seal = || seal(&cipher(), ARN, &context(&[]), b"plain").unwrap();
        assert_ne!(seal(), seal());
    }
}
