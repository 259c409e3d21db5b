use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_sdk_kms::{primitives::Blob, types::DataKeySpec};
use chrono::{DateTime, Utc};
use keys::{Pepper, PepperVersion};
use tokio::sync::RwLock;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    fault::{Fault, conditional},
    item::{self, Item},
    layout::{self, PEPPER},
};

/// The peppers, kept in the table as KMS made them: encrypted under the pepper key, with an encryption context that
/// names purpose and version and no table, so that a restored table opens too.
///
/// Each is decrypted once and then kept in memory, so a warm decision calls no KMS.
#[derive(Debug)]
pub struct Peppers {
    db: Client,
    kms: aws_sdk_kms::Client,
    table: String,
    key: String,
    opened: RwLock<BTreeMap<PepperVersion, Arc<Pepper>>>,
}

/// Why no pepper was made.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Another version is the newest: whoever asked did not know how things stand.
    #[error("the newest pepper is {0}: nothing was made")]
    OtherNewest(PepperVersion),
    /// Our own trouble.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Peppers {
    pub(crate) fn new(db: Client, kms: aws_sdk_kms::Client, table: &str, key: &str) -> Self {
        Self { db, kms, table: table.to_owned(), key: key.to_owned(), opened: RwLock::default() }
    }

    /// The pepper a stored key names.
    ///
    /// # Errors
    /// [`Fault::Pepper`] where there is none of this version: our fault, never the key's.
    pub async fn get(&self, version: PepperVersion) -> Result<Arc<Pepper>, Fault> {
        self.if_there(version).await?.ok_or(Fault::Pepper(version.into()))
    }

    /// The pepper of a version that nobody vouches for, if there is one.
    ///
    /// # Errors
    /// A [`Fault`] where the table or KMS cannot be asked.
    pub(crate) async fn if_there(&self, version: PepperVersion) -> Result<Option<Arc<Pepper>>, Fault> {
        if let Some(pepper) = self.opened.read().await.get(&version) {
            return Ok(Some(pepper.clone()));
        }
        let place = layout::pepper(version);
        let call =
            self.db.get_item().table_name(&self.table).set_key(Some(place.key())).consistent_read(true);
        let found = call.send().await.map_err(Fault::call("GetItem pepper"))?;
        match found.item {
            Some(item) => self.open(&Item::read(item)?).await.map(Some),
            None => Ok(None),
        }
    }

    /// A pepper that is open already, or else the newest: for what is sealed with any, and says with which.
    ///
    /// # Errors
    /// As [`Peppers::latest`].
    pub(crate) async fn open_one(&self) -> Result<Arc<Pepper>, Fault> {
        let newest = self.opened.read().await.last_key_value().map(|(_, pepper)| pepper.clone());
        match newest {
            Some(pepper) => Ok(pepper),
            None => self.latest().await,
        }
    }

    /// A pepper to do the same work with for a key that does not exist, and for nothing else: the newest, or where none
    /// was made yet, zeros.
    ///
    /// # Errors
    /// A [`Fault`] where the table or KMS cannot be asked.
    pub async fn any(&self) -> Result<Arc<Pepper>, Fault> {
        if let Some((_, pepper)) = self.opened.read().await.last_key_value() {
            return Ok(pepper.clone());
        }
        match self.newest_item().await? {
            Some(item) => self.open(&item).await,
            None => Ok(Arc::new(Pepper::new(0.into(), Zeroizing::new([0; 32])))),
        }
    }

    /// The newest pepper there is. Makes none, so that the authorizer can ask for it.
    ///
    /// # Errors
    /// [`Fault::Pepper`] where none was ever made: there is no key then either.
    pub async fn latest(&self) -> Result<Arc<Pepper>, Fault> {
        let item = self.newest_item().await?.ok_or(Fault::Pepper(1))?;
        self.open(&item).await
    }

    /// The pepper that new secrets take: the newest in the table. The first one is made here, and only here; whoever
    /// loses that race takes the winner's.
    ///
    /// # Errors
    /// A [`Fault`] where the table or KMS cannot be asked.
    pub async fn newest(&self, now: DateTime<Utc>) -> Result<Arc<Pepper>, Fault> {
        if let Some(item) = self.newest_item().await? {
            return self.open(&item).await;
        }
        self.make(1.into(), now).await?;
        self.latest().await
    }

    /// Makes the pepper after version `after`, if that is the newest one; 0 stands for none. New and refreshed keys take
    /// it from then on, and keys of older versions go on being verified with theirs. Asked again, it answers the same and
    /// makes no further one.
    ///
    /// # Errors
    /// [`RotateError::OtherNewest`] where `after` is not the newest, nor the one before it.
    pub async fn rotate(
        &self,
        after: PepperVersion,
        now: DateTime<Utc>,
    ) -> Result<PepperVersion, RotateError> {
        let version =
            |item: Option<Item>| -> Result<u32, Fault> { item.map_or(Ok(0), |item| item.integer("version")) };
        let (after, newest) = (u32::from(after), version(self.newest_item().await?)?);
        let next = after.saturating_add(1);
        if newest == after {
            self.make(next.into(), now).await?;
        } else if newest != next {
            return Err(RotateError::OtherNewest(newest.into()));
        }
        // Opened once here, so that one KMS cannot open is found out by whoever asked for it.
        self.get(next.into()).await?;
        Ok(next.into())
    }

    async fn newest_item(&self) -> Result<Option<Item>, Fault> {
        let call = self
            .db
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pepper")
            .expression_attribute_values(":pepper", item::text(PEPPER))
            .scan_index_forward(false)
            .limit(1)
            .consistent_read(true);
        let page = call.send().await.map_err(Fault::call("Query pepper"))?;
        page.items.unwrap_or_default().pop().map(Item::read).transpose()
    }

    /// Puts a new pepper in the table, unless there is one of this version already.
    async fn make(&self, version: PepperVersion, now: DateTime<Utc>) -> Result<(), Fault> {
        let call = self.kms.generate_data_key().key_id(&self.key).key_spec(DataKeySpec::Aes256);
        let made = call
            .set_encryption_context(Some(context(version)))
            .send()
            .await
            .map_err(Fault::of_kms("GenerateDataKey"))?;
        let mut plaintext = made.plaintext.map(Blob::into_inner).unwrap_or_default();
        plaintext.zeroize();
        let ciphertext = made.ciphertext_blob.ok_or(Fault::Pepper(version.into()))?;
        let item = Item::at(&layout::pepper(version))
            .with("version", item::number(u32::from(version)))
            .with("ciphertext", AttributeValue::B(Blob::new(ciphertext.into_inner())))
            .with("made_at", item::time(now));
        let put = self.db.put_item().table_name(&self.table).set_item(Some(item.into_attributes()));
        let put = put.condition_expression("attribute_not_exists(pk)");
        conditional("PutItem pepper", put.send().await).map(drop)
    }

    /// Decrypts a pepper. The lock is held meanwhile, so that callers that come at once cause one call and not many.
    async fn open(&self, item: &Item) -> Result<Arc<Pepper>, Fault> {
        let version: PepperVersion = item.integer::<u32>("version")?.into();
        let mut opened = self.opened.write().await;
        if let Some(pepper) = opened.get(&version) {
            return Ok(pepper.clone());
        }
        let call = self.kms.decrypt().key_id(&self.key).ciphertext_blob(Blob::new(item.blob("ciphertext")?));
        let answer = call
            .set_encryption_context(Some(context(version)))
            .send()
            .await
            .map_err(Fault::of_kms("Decrypt"))?;
        let plaintext = Zeroizing::new(answer.plaintext.map(Blob::into_inner).unwrap_or_default());
        let mut bytes = Zeroizing::new([0; 32]);
        if plaintext.len() != bytes.len() {
            return Err(Fault::Pepper(version.into()));
        }
        bytes.copy_from_slice(&plaintext);
        let pepper = Arc::new(Pepper::new(version, bytes));
        opened.insert(version, pepper.clone());
        Ok(pepper)
    }
}

fn context(version: PepperVersion) -> std::collections::HashMap<String, String> {
    [("purpose", "latchkey pepper".to_owned()), ("version", version.to_string())]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}
