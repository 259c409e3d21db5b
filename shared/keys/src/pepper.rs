use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The secret 32 bytes under which keys are stored. Whoever reads the table without it can try no key.
///
/// Wiped when dropped; `Debug` shows the version alone.
pub struct Pepper {
    version: PepperVersion,
    bytes: Zeroizing<[u8; 32]>,
}

/// Which pepper: they are numbered from 1, and a new one never replaces an old one that keys still name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PepperVersion(u32);

/// An HMAC-SHA256. Comparing two takes the same time whatever they hold; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Mac([u8; 32]);

impl Pepper {
    /// The pepper of this version.
    #[must_use]
    pub const fn new(version: PepperVersion, bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { version, bytes }
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> PepperVersion {
        self.version
    }

    /// The HMAC-SHA256 of `message` under the pepper (RFC 2104).
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> Mac {
        hmac_sha256(&self.bytes, message)
    }

    /// The HMAC-SHA256 of `message` under a key derived from the pepper for `purpose` (HKDF-SHA256, RFC 5869): what is
    /// made for one purpose never passes for another, nor for a stored key.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "HKDF-SHA256 gives up to 255 blocks of 32 bytes, and one is asked"
    )]
    pub(crate) fn mac_for(&self, purpose: &[u8], message: &[u8]) -> Mac {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, self.bytes.as_slice())
            .expand(purpose, key.as_mut_slice())
            .expect("one block");
        hmac_sha256(&key, message)
    }
}

fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> Mac {
    // RFC 2104 pads a short key with zeros to the hash's block of 64 bytes.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut hmac = Hmac::<Sha256>::new((&*block).into());
    hmac.update(message);
    Mac(hmac.finalize().into_bytes().into())
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pepper").field("version", &self.version).finish_non_exhaustive()
    }
}

impl From<u32> for PepperVersion {
    fn from(version: u32) -> Self {
        Self(version)
    }
}

impl From<PepperVersion> for u32 {
    fn from(version: PepperVersion) -> Self {
        version.0
    }
}

impl fmt::Display for PepperVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Mac {
    /// A MAC as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Mac {}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(byte: u8) -> Pepper {
        Pepper::new(3.into(), Zeroizing::new([byte; 32]))
    }

    #[test]
    fn the_mac_is_hmac_sha_256() {
        let hex: String =
            pepper(0x0b).mac(b"Hi There").as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        // Python: hmac.new(b"\x0b" * 32, b"Hi There", "sha256").hexdigest()
        assert_eq!(hex, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
    }

    #[test]
    fn purposes_messages_and_peppers_do_not_mix() {
        let mac = pepper(1).mac_for(b"one", b"message");
        assert!(mac == pepper(1).mac_for(b"one", b"message"));
        for other in [
            pepper(1).mac_for(b"two", b"message"),
            pepper(1).mac_for(b"one", b"messages"),
            pepper(2).mac_for(b"one", b"message"),
            pepper(1).mac(b"message"),
        ] {
            assert!(mac != other);
        }
    }

    #[test]
    fn a_pepper_is_wiped_when_dropped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        wiped(&pepper(1).bytes);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", pepper(0xab)), "Pepper { version: PepperVersion(3), .. }");
        assert_eq!(format!("{:?}", pepper(0xab).mac(b"x")), "Mac(..)");
    }
}
