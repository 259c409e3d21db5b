//! A table of as many keys as wanted: one real key of one real account, and copies with other names and times.

use std::{collections::HashMap, error::Error};

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, PutRequest, ScalarAttributeType, WriteRequest,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use keyring::{AccountChange, AccountKind, Act, Created, DUE_SHARDS, Holder, Keyring, NewKey};
use keys::{AccountId, Action, Actions, KeyId, KeyNumber, Lifetime, Patterns, Scope};

use crate::{PEPPER_KEY, TABLE, now};

type Item = HashMap<String, AttributeValue>;

/// How many of a table's keys are due: as many warnings as ends.
pub(crate) const DUE: u32 = 2_000;
/// How many mails tell of them: an account's two go in one.
pub(crate) const MAILS: u64 = 1_000;

/// How many accounts hold a table's keys, two of each at a time.
const ACCOUNTS: usize = 4_000;
/// How long the keys live, and how long before its end a key of that life is due.
const LIFETIME: TimeDelta = TimeDelta::days(90);
const WARNED_BEFORE: TimeDelta = TimeDelta::days(10);
/// How many items DynamoDB takes at once.
const BATCH: usize = 25;

/// Makes the table and fills it with `keys` keys, all of which stand in the sweeper's index, and their accounts.
pub(crate) async fn fill(db: &Client, kms: &aws_sdk_kms::Client, keys: usize) -> Result<(), Box<dyn Error>> {
    make(db).await?;
    let (account, key) = originals(db, kms).await?;
    let accounts = (0..ACCOUNTS).map(|number| account_item(&account, number));
    let all = accounts.chain((0..keys).map(|number| key_item(&key, number)));
    let mut batch = Vec::with_capacity(BATCH);
    for item in all {
        batch.push(item?);
        if batch.len() == BATCH {
            write(db, std::mem::take(&mut batch)).await?;
        }
    }
    if batch.is_empty() { Ok(()) } else { write(db, batch).await }
}

fn holder(number: usize) -> Result<AccountId, Box<dyn Error>> {
    Ok(format!("holder-{number:04}").parse()?)
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn time(time: DateTime<Utc>) -> AttributeValue {
    AttributeValue::N(time.timestamp().to_string())
}

/// When the key of this number was made. The due ones come first, and differ by when between warning and now, or after
/// the end; the others come due over the next 80 days.
fn made_at(number: usize) -> Result<DateTime<Utc>, Box<dyn Error>> {
    let seconds = TimeDelta::seconds(i64::try_from(number)?);
    let is_due = number < usize::try_from(DUE)?;
    Ok(match (is_due, number / 2 % 2) {
        (true, 0) => now() - TimeDelta::days(85) - seconds,
        (true, _) => now() - TimeDelta::days(95) - seconds,
        (false, _) => {
            now() - TimeDelta::days(i64::try_from(number % 79)?) - seconds.min(TimeDelta::hours(12))
        }
    })
}

fn key_item(original: &Item, number: usize) -> Result<Item, Box<dyn Error>> {
    let holder = holder(number / 2 % ACCOUNTS)?;
    let tag = holder.tag();
    let of_account = u16::try_from(number / 2 / ACCOUNTS * 2 + number % 2)?;
    let made_at = made_at(number)?;
    let id = KeyId::new(tag, KeyNumber::new(made_at, of_account.to_be_bytes()));
    let ends_at = made_at + LIFETIME;
    let due_at = ends_at - WARNED_BEFORE;
    replaced(
        original,
        [
            ("pk", text(format!("account#{tag}"))),
            ("sk", text(format!("key#{}", id.number()))),
            ("id", text(id.to_string())),
            ("holder", text(holder.as_str())),
            ("owner", text(holder.as_str())),
            ("created_at", time(made_at)),
            ("expires_at", time(ends_at)),
            ("due_at", time(due_at)),
            ("due_shard", text(format!("{:02}", tag.as_bytes()[0] % DUE_SHARDS))),
            ("due_key", text(format!("{:010}#{tag}#{}", due_at.timestamp(), id.number()))),
        ],
    )
}

fn account_item(original: &Item, number: usize) -> Result<Item, Box<dyn Error>> {
    let account = holder(number)?;
    let place = ("pk", text(format!("account#{}", account.tag())));
    let mail = text(format!("{account}@example.org"));
    replaced(original, [place, ("account", text(account.as_str())), ("mail", mail)])
}

/// A copy with other values. What the original does not have, the copy is not given: the layout would have changed.
fn replaced<const N: usize>(
    original: &Item,
    values: [(&str, AttributeValue); N],
) -> Result<Item, Box<dyn Error>> {
    let mut item = original.clone();
    for (name, value) in values {
        *item.get_mut(name).ok_or_else(|| format!("items of this kind have no {name} any more"))? = value;
    }
    Ok(item)
}

/// The items of an account and of a key of its own, as the keyring writes them. The copies take the account's place;
/// the key, which is not due, is taken out again.
async fn originals(db: &Client, kms: &aws_sdk_kms::Client) -> Result<(Item, Item), Box<dyn Error>> {
    let keyring = Keyring::new(db.clone(), kms.clone(), TABLE, PEPPER_KEY);
    let id = holder(0)?;
    let change = AccountChange {
        id: id.clone(),
        kind: AccountKind::User,
        name: None,
        mail: Some(format!("{id}@example.org")),
        locked: None,
        revision: None,
    };
    keyring.put_account(&change, now()).await?;
    let scope = Scope { actions: Actions::new([Action::Push])?, packages: Patterns::parse(&["Fabrikam.*"])? };
    let lifetime = Lifetime::new(LIFETIME.num_days(), 365)?;
    let new = NewKey { name: "CI deploy".parse()?, owner: id.clone(), scope, lifetime, self_refresh: false };
    let act = Act { by: id.to_string(), from: "192.0.2.1".to_owned(), at: now() };
    let owner = Holder { id: id.clone(), name: None, mail: None };
    let Created::Made(key, _, notices) = keyring.create(&owner, &new, &"lk".parse()?, None, &act).await?
    else {
        return Err("nothing was asked twice, and yet there is a key".into());
    };
    keyring.delivered(&notices).await?;
    let pk = text(format!("account#{}", id.tag()));
    let (account, key) = (text("account"), text(format!("key#{}", key.id.number())));
    let get =
        |sk: &AttributeValue| db.get_item().table_name(TABLE).key("pk", pk.clone()).key("sk", sk.clone());
    let (account_item, key_item) = (get(&account).send().await?.item, get(&key).send().await?.item);
    db.delete_item().table_name(TABLE).key("pk", pk).key("sk", key).send().await?;
    Ok((account_item.ok_or("no account was written")?, key_item.ok_or("no key was written")?))
}

async fn write(db: &Client, items: Vec<Item>) -> Result<(), Box<dyn Error>> {
    let mut requests = Vec::with_capacity(items.len());
    for item in items {
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        requests.push(WriteRequest::builder().put_request(put).build());
    }
    let answer = db.batch_write_item().request_items(TABLE, requests).send().await?;
    if answer.unprocessed_items.is_some_and(|left| !left.is_empty()) {
        return Err("the engine has not written all of a batch".into());
    }
    Ok(())
}

/// The table and the sweeper's index, as the template has them.
async fn make(db: &Client) -> Result<(), Box<dyn Error>> {
    let mut table = db.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    let element = |name: &str, key| KeySchemaElement::builder().attribute_name(name).key_type(key).build();
    for name in ["pk", "sk", "due_shard", "due_key"] {
        let text = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        table = table.attribute_definitions(text.build()?);
    }
    table = table.key_schema(element("pk", KeyType::Hash)?).key_schema(element("sk", KeyType::Range)?);
    let index = GlobalSecondaryIndex::builder()
        .index_name("by_due")
        .key_schema(element("due_shard", KeyType::Hash)?)
        .key_schema(element("due_key", KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    table.global_secondary_indexes(index.build()?).send().await?;
    Ok(())
}
