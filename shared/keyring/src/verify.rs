//! From the text that somebody shows to the key that it opens, the same at every door.
//!
//! What opens nothing costs the same whatever is known: an id that is not there, a wrong secret, a legacy text of any id
//! part. Only a text that cannot be one of ours is refused at once, which anybody could do.

use std::sync::Arc;

use keys::{Key, KeyPrefix, KeyText, LegacyText, Mac, NugetStored, PackageId, Pepper, PepperVersion, Stored};

use crate::{Keyring, fault::Fault, look_up::LookUp};

/// A key whose secret was shown, and what was read with it.
#[derive(Debug)]
pub struct Verified {
    /// The key.
    pub key: Key,
    /// The pepper that what is sealed in the key's name is sealed with.
    pub pepper: Arc<Pepper>,
    /// What else was read; the key is not in it any more.
    pub look_up: LookUp,
    /// Why something that was to be written already was not. To wait for the table a second time would take longer than
    /// anybody listens.
    pub unwritten: Option<Fault>,
}

/// What a legacy text's id part has led to, once the text was tried on all of it.
#[derive(Default)]
struct Tried {
    opened: Option<(Key, LookUp)>,
    by_mac: bool,
    by_hash: bool,
}

impl Keyring {
    /// The key that `sent` opens, whatever its status, with its holder's lock and `package`; none where it opens nothing.
    /// `prefixes` are those that key texts of this gallery begin with.
    ///
    /// # Errors
    /// A [`Fault`] where what is needed could not be read: then it is not known whether the text opens anything.
    pub async fn verify(
        &self,
        prefixes: &[KeyPrefix],
        sent: &str,
        package: Option<&PackageId>,
    ) -> Result<Option<Box<Verified>>, Fault> {
        let Ok(text) = KeyText::parse(prefixes, sent) else {
            return match LegacyText::parse(sent) {
                // On the heap, since it is rare: the common way stays small.
                Ok(text) => Box::pin(self.verify_legacy(&text, package)).await,
                Err(_) => Ok(None),
            };
        };
        let look_up = self.look_up(&text.id(), package).await?;
        let stored = look_up.key.as_ref().and_then(mac_of);
        let (stored, pepper) = match stored {
            Some((mac, pepper)) => (mac, self.peppers.get(pepper).await?),
            None => (Mac::from_bytes([0; 32]), self.peppers.any().await?),
        };
        Ok(verified(&text, &stored, pepper, look_up))
    }

    /// Finds a legacy key by its text. The id part may be that of several accounts' keys: the text is tried on every one of
    /// them, also after one was opened.
    async fn verify_legacy(
        &self,
        text: &LegacyText,
        package: Option<&PackageId>,
    ) -> Result<Option<Box<Verified>>, Fault> {
        let mut tried = Tried::default();
        for mut look_up in self.look_up_legacy(text.id_part(), package).await? {
            let Some(key) = look_up.key.take() else { continue };
            let opens = match &key.secret.stored {
                Stored::Mac { mac, pepper } => {
                    tried.by_mac = true;
                    text.mac(&*self.peppers.get(*pepper).await?) == *mac
                }
                Stored::Nuget(stored) => {
                    tried.by_hash = true;
                    stored.opens(text)
                }
            };
            if opens && tried.opened.is_none() {
                tried.opened = Some((key, look_up));
            }
        }
        match tried {
            Tried { opened: Some((key, look_up)), .. } => self.opened(key, text, look_up).await.map(Some),
            Tried { opened: None, by_mac, by_hash } => {
                // What opens nothing costs one MAC and one hash at least, whether its id part is known or not.
                if !by_mac {
                    let pepper = self.peppers.any().await?;
                    let _ = text.mac(&pepper) == Mac::from_bytes([0; 32]);
                }
                if !by_hash {
                    let _ = NugetStored::nobody().opens(text);
                }
                Ok(None)
            }
        }
    }

    /// A key whose text was just verified. What NuGet stored of it has served, and gives way to a MAC; where that cannot be
    /// written now, it will be the next time.
    async fn opened(&self, key: Key, text: &LegacyText, look_up: LookUp) -> Result<Box<Verified>, Fault> {
        let (key, pepper, unwritten) = match &key.secret.stored {
            Stored::Mac { pepper, .. } => {
                let pepper = self.peppers.get(*pepper).await?;
                (key, pepper, None)
            }
            Stored::Nuget(_) => {
                let pepper = self.peppers.latest().await?;
                match self.pepper_legacy(&key, text, &pepper).await {
                    Ok(peppered) => (peppered, pepper, None),
                    Err(fault) => {
                        tracing::warn!(key_id = %key.id, %fault, "a legacy key's hash was not replaced");
                        (key, pepper, Some(fault))
                    }
                }
            }
        };
        Ok(Box::new(Verified { key, pepper, look_up, unwritten }))
    }
}

/// What a text opens, now that all is read that its id has led to. `stored` is a dummy where that is nothing: from here on
/// an id that is not there costs what a wrong secret costs, the same MAC and the same comparison.
fn verified(text: &KeyText, stored: &Mac, pepper: Arc<Pepper>, mut look_up: LookUp) -> Option<Box<Verified>> {
    let opens = text.mac(&pepper) == *stored;
    match look_up.key.take() {
        Some(key) if opens => Some(Box::new(Verified { key, pepper, look_up, unwritten: None })),
        _ => None,
    }
}

/// The MAC that is stored of a key's secret, and its pepper.
fn mac_of(key: &Key) -> Option<(Mac, PepperVersion)> {
    match &key.secret.stored {
        Stored::Mac { mac, pepper } => Some((mac.clone(), *pepper)),
        Stored::Nuget(_) => None,
    }
}
