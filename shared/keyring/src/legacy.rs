//! Legacy keys: imported from the gallery's old records, and found by the id part of their text.
//!
//! A pointer for each stands under its id part and its account. There is one for an account and an id part, and it is never
//! removed: a key that is not there any more where its pointer is has been deleted, and an import brings nothing back.
//! Two of NuGet's id parts meet in one account once in trillions of pairs; such a second key is refused where that shows.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use keys::{
    AccountId, AccountTag, IdPart, Key, KeyId, KeyNumber, LegacyText, NugetStored, PackageId, Pepper, Secret,
    Status, Stored,
};

use crate::{
    Keyring,
    act::Act,
    create::DRAWS,
    directory::AccountKind,
    event::{Event, EventKind},
    expression::{Condition, Update},
    fault::{Fault, conditional},
    item::{Item, NOT_LATER, format, text},
    key_item, layout,
    look_up::LookUp,
    transaction::{Outcome, Transaction},
};

/// How many accounts may have a key of the same id part. 40 bits of a GUID make three rare; each one more is another
/// secret that a text has to be tried on.
const MOST_ALIKE: u16 = 8;

/// A key as the gallery has it on record.
pub struct LegacyKey {
    /// The user whose key it is.
    pub account: AccountId,
    /// What is known of its secret.
    pub secret: LegacySecret,
    /// The last push that is known of.
    pub last_push_at: Option<DateTime<Utc>>,
}

/// What a gallery knows of a legacy key's secret.
pub enum LegacySecret {
    /// All of it.
    Text(LegacyText),
    /// What NuGet stores of it.
    Stored(NugetStored),
}

/// A legacy key that is known here, since now or since before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The key.
    pub id: KeyId,
    /// Its status; none if it was deleted.
    pub status: Option<Status>,
}

/// Why a key was not imported. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The directory does not know the account.
    #[error("the directory does not know the account {0}: send it first")]
    UnknownAccount(AccountId),
    /// Keys are held by users.
    #[error("{0} is an organization: name the user whose key it is")]
    NotAUser(AccountId),
    /// The account has another key with the same beginning.
    #[error(
        "another key of {0} begins with the same digits, and one of them can be told from the other by nothing else"
    )]
    Ambiguous(AccountId),
    /// The key opens another account already.
    #[error("this key is another account's already")]
    Taken,
    /// Too many accounts have keys with the same beginning.
    #[error("too many keys begin with the same digits")]
    Crowded,
    /// Our own trouble.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Account,
    Rest,
}

impl LegacySecret {
    fn id_part(&self) -> &IdPart {
        match self {
            Self::Text(text) => text.id_part(),
            Self::Stored(stored) => stored.id_part(),
        }
    }

    fn stored(&self, pepper: &Pepper) -> Stored {
        match self {
            Self::Text(text) => Stored::Mac { mac: text.mac(pepper), pepper: pepper.version() },
            Self::Stored(stored) => Stored::Nuget(stored.clone()),
        }
    }
}

impl Keyring {
    /// Imports a key, unless it was before: then this says what has become of it, and changes nothing. The people concerned
    /// are not mailed: it is the gallery that moves, and the keys page says what a legacy key is.
    ///
    /// # Errors
    /// An [`ImportError`]; then nothing was written.
    pub async fn import(&self, legacy: &LegacyKey, act: &Act) -> Result<Imported, ImportError> {
        let (account, id_part) = (&legacy.account, legacy.secret.id_part());
        for _ in 0..DRAWS {
            let pointers = self.pointers(id_part).await?;
            if let Some((_, id)) = pointers.iter().find(|(tag, _)| *tag == account.tag()) {
                return self.imported_before(*id, legacy, act.at).await;
            }
            if pointers.len() >= usize::from(MOST_ALIKE) {
                return Err(ImportError::Crowded);
            }
            for (_, other) in &pointers {
                if let Some(key) = self.key(other).await?
                    && self.is_secret_of(&legacy.secret, &key).await? == Some(true)
                {
                    return Err(ImportError::Taken);
                }
            }
            let known = self.account(account).await?;
            match known.map(|account| account.kind) {
                Some(AccountKind::User) => {}
                Some(AccountKind::Organization) => return Err(ImportError::NotAUser(account.clone())),
                None => return Err(ImportError::UnknownAccount(account.clone())),
            }
            // Also where the key needs none yet: it will when it is first used, and only here is one made.
            let pepper = self.peppers.newest(act.at).await?;
            let mut random = [0; 2];
            getrandom::fill(&mut random).map_err(Fault::from)?;
            let id = KeyId::new(account.tag(), KeyNumber::new(act.at, random));
            let secret = Secret { stored: legacy.secret.stored(&pepper), version: 1 };
            let key = Key::legacy(id, account.clone(), secret, legacy.last_push_at, act.at);
            match self.importing(&key, id_part, act).write(&self.db).await? {
                Outcome::Done => return Ok(Imported { id, status: Some(key.status(act.at)) }),
                Outcome::Refused(parts) if parts.contains(&Part::Account) => {
                    return Err(ImportError::UnknownAccount(account.clone()));
                }
                // Another request imported it first, or a key has this number.
                Outcome::Refused(_) => {}
            }
        }
        Err(Fault::Busy { call: "import", tries: DRAWS }.into())
    }

    fn importing(&self, key: &Key, id_part: &IdPart, act: &Act) -> Transaction<Part> {
        let mut transaction = Transaction::new(&self.table);
        let account = key.holder.tag();
        transaction.check(Part::Account, &layout::account(account), Condition::present());
        let pointer = Item::at(&layout::legacy(id_part, account)).with("id", text(key.id.to_string()));
        transaction.put(Part::Rest, pointer, Some(Condition::absent()));
        transaction.put(Part::Rest, key_item::write(key), Some(Condition::absent()));
        let detail = Some("imported as a legacy key".to_owned());
        let event = Event { detail, ..Event::new(EventKind::Created, act) };
        transaction.put(Part::Rest, event.write(&key.id), None);
        transaction
    }

    async fn imported_before(
        &self,
        id: KeyId,
        legacy: &LegacyKey,
        now: DateTime<Utc>,
    ) -> Result<Imported, ImportError> {
        let Some(key) = self.key(&id).await? else { return Ok(Imported { id, status: None }) };
        if self.is_secret_of(&legacy.secret, &key).await? == Some(false) {
            return Err(ImportError::Ambiguous(legacy.account.clone()));
        }
        Ok(Imported { id, status: Some(key.status(now)) })
    }

    /// Whether this is the key's secret, as far as that can be told without PBKDF2: a batch would take minutes of it.
    async fn is_secret_of(&self, secret: &LegacySecret, key: &Key) -> Result<Option<bool>, Fault> {
        Ok(match (secret, &key.secret.stored) {
            (LegacySecret::Text(text), Stored::Mac { mac, pepper }) => {
                Some(text.mac(&*self.peppers.get(*pepper).await?) == *mac)
            }
            (LegacySecret::Stored(one), Stored::Nuget(other)) => Some(one == other),
            (LegacySecret::Text(_), Stored::Nuget(_)) | (LegacySecret::Stored(_), Stored::Mac { .. }) => None,
        })
    }

    /// Reads every key of this id part for a decision, with its holder and the package. Nothing of it may be told before a
    /// secret is verified. An id part that no key has costs the same two round trips.
    ///
    /// # Errors
    /// A [`Fault`] where any of it could not be read.
    pub async fn look_up_legacy(
        &self,
        id_part: &IdPart,
        package: Option<&PackageId>,
    ) -> Result<Vec<LookUp>, Fault> {
        let nobody =
            KeyId::new(AccountTag::from_bytes([0; 10]), KeyNumber::new(DateTime::UNIX_EPOCH, [0; 2]));
        let mut ids: Vec<KeyId> = self.pointers(id_part).await?.into_iter().map(|(_, id)| id).collect();
        if ids.is_empty() {
            ids.push(nobody);
        }
        let (mut found, known) = self.gather(&ids, package).await?;
        let mut look_ups = Vec::new();
        for id in &ids {
            if let Some((key, holder_locked)) = found.key(id)? {
                let pushed_at = found.pushed_at(id, package);
                look_ups.push(LookUp { key: Some(key), holder_locked, package: known.clone(), pushed_at });
            }
        }
        Ok(look_ups)
    }

    /// Puts a MAC in the place of what NuGet stored of `key`'s secret, once `secret` has been verified: the key as it is
    /// then. Where another request was faster, or the key was deleted, nothing is written.
    ///
    /// # Errors
    /// A [`Fault`]; then all is as it was.
    pub async fn pepper_legacy(&self, key: &Key, secret: &LegacyText, pepper: &Pepper) -> Result<Key, Fault> {
        let peppered = key.peppered(secret.mac(pepper), pepper.version());
        let update = Update::between(&key_item::write(key), &key_item::write(&peppered));
        let (attribute, stored): (_, AttributeValue) = key_item::unchanged(&key.secret.stored);
        let call = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(layout::key(&key.id).key()))
            .update_expression(update.expression())
            .condition_expression(format!("{attribute} = :stored AND {NOT_LATER}"))
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(Some(update.values()))
            .expression_attribute_values(":stored", stored)
            .expression_attribute_values(":format", format());
        conditional("UpdateItem key", call.send().await)?;
        Ok(peppered)
    }

    /// The keys of this id part that were ever imported, each with its account's tag.
    async fn pointers(&self, id_part: &IdPart) -> Result<Vec<(AccountTag, KeyId)>, Fault> {
        let call = self
            .db
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(layout::legacy_keys(id_part)))
            .limit(i32::from(MOST_ALIKE))
            .consistent_read(true);
        let answer = call.send().await.map_err(Fault::call("Query legacy"))?;
        let mut pointers = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let id: KeyId = Item::read(item)?.parsed("id")?;
            pointers.push((id.tag(), id));
        }
        Ok(pointers)
    }
}
