use chrono::{DateTime, Utc};
use keyring::{Fault, LookUp};
use keys::{GRANT_LIFETIME, Key, LegacyText, Mac, NugetStored, PackageId, Stored};
use metrics::Metric;

use crate::authorizer::{Authorizer, Found, Verified};

/// What a text's id part has led to, once the text was tried on all of it.
#[derive(Default)]
struct Tried {
    opened: Option<(Key, LookUp)>,
    by_mac: bool,
    by_hash: bool,
}

impl Authorizer {
    /// Finds a legacy key by its text. The id part may be that of several accounts' keys: the text is tried on every one of
    /// them, also after one was opened.
    pub(crate) async fn by_legacy_key(
        &self,
        text: &LegacyText,
        package: Option<&PackageId>,
        now: DateTime<Utc>,
    ) -> Result<Found, Fault> {
        let mut tried = Tried::default();
        for mut look_up in self.keyring.look_up_legacy(text.id_part(), package).await? {
            let Some(key) = look_up.key.take() else { continue };
            let opens = match &key.secret.stored {
                Stored::Mac { mac, pepper } => {
                    tried.by_mac = true;
                    text.mac(&*self.keyring.peppers().get(*pepper).await?) == *mac
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
            Tried { opened: Some((key, look_up)), .. } => self.opened(key, text, look_up, now).await,
            Tried { opened: None, by_mac, by_hash } => {
                // What opens nothing costs one MAC and one hash at least, whether its id part is known or not.
                if !by_mac {
                    let pepper = self.keyring.peppers().any().await?;
                    let _ = text.mac(&pepper) == Mac::from_bytes([0; 32]);
                }
                if !by_hash {
                    let _ = NugetStored::nobody().opens(text);
                }
                Ok(Found::Unknown)
            }
        }
    }

    /// A key whose text was just verified. What NuGet stored of it has served, and gives way to a MAC; where that cannot be
    /// written now, it will be the next time.
    async fn opened(
        &self,
        key: Key,
        text: &LegacyText,
        look_up: LookUp,
        now: DateTime<Utc>,
    ) -> Result<Found, Fault> {
        let (key, pepper, unwritten) = match &key.secret.stored {
            Stored::Mac { pepper, .. } => {
                let pepper = self.keyring.peppers().get(*pepper).await?;
                (key, pepper, None)
            }
            Stored::Nuget(_) => {
                let pepper = self.keyring.peppers().latest().await?;
                match self.keyring.pepper_legacy(&key, text, &pepper).await {
                    Ok(peppered) => (peppered, pepper, None),
                    Err(fault) => {
                        tracing::warn!(key_id = %key.id, %fault, "a legacy key's hash was not replaced");
                        self.metrics.count(Metric::Fault((&fault).into()));
                        (key, pepper, Some(fault))
                    }
                }
            }
        };
        let shown_until = now + GRANT_LIFETIME;
        Ok(Found::Verified(Box::new(Verified { key, pepper, look_up, shown_until, unwritten })))
    }
}
