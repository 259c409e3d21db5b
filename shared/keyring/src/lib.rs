//! Where keys are kept: one DynamoDB table, and the pepper that makes it useless to whoever reads it.
//!
//! This crate knows the item layout, and nothing else does. It decides nothing: rules are `keys`'s, and who may ask is
//! for the caller. Every change is one `TransactWriteItems`: the change on condition of the version read, its event, its
//! notice, for an organization's key the pointer, and where it makes a key stronger a check that no account behind it is
//! locked and that its holder is a member. Nothing is announced that did not happen, nothing happens unannounced, and
//! nothing happens after the lock or the departure that forbids it was answered.
//!
//! | item | pk | sk |
//! | --- | --- | --- |
//! | account | `account#<tag>` | `account` |
//! | key | `account#<holder tag>` | `key#<number>` |
//! | key held for an organization | `account#<owner tag>` | `held#<number>#<holder tag>` |
//! | event of a key | `account#<holder tag>` | `event#<number>#<uuid7>` |
//! | idempotency mark | `account#<holder tag>` | `once#<SHA-256 of the Idempotency-Key>` |
//! | owned package | `account#<owner tag>` | `package#<id, lower case>` |
//! | member | `account#<organization tag>` | `member#<user tag>` |
//! | membership | `account#<user tag>` | `org#<organization tag>` |
//! | package | `package#<id, lower case>` | `package` |
//! | package that a key pushed | `pushed#<holder tag>#<number>` | `package#<id, lower case>` |
//! | legacy pointer | `legacy#<id part>` | `<account tag>` |
//! | notice waiting to be mailed | `outbox#<shard>` | `<account tag>#<kind>#<uuid7>` |
//! | pepper | `pepper` | `<version>` |
//!
//! One index, `by_due`, has the keys that the sweeper owes something, by shard and due moment, and nothing else.
//!
//! Tags and numbers are hexadecimal, times whole seconds since 1970, and every item carries its format's number in `v`. An
//! item of a later format is another release's: it is neither read nor written over, and whoever meets it gets a
//! [`Fault`] that says so.

// A text that is cut within a character panics with a message that shows it: it may be a key.
#![cfg_attr(not(test), deny(clippy::string_slice))]

mod act;
mod bars;
mod burn;
mod change;
mod create;
mod directory;
mod due;
mod event;
mod expression;
mod fault;
mod freeze;
mod hand_over;
mod idempotency;
mod item;
mod key_item;
mod layout;
mod leaked;
mod legacy;
mod listing;
mod logged;
mod look_up;
mod members;
mod outbox;
mod packages;
mod peppers;
mod push;
mod pushed;
mod reach;
mod transaction;
mod undone;
mod verify;

use aws_sdk_dynamodb::Client;

pub use act::Act;
pub use bars::{BarError, Barred, MOST_BARRED, Voice};
pub use burn::BURNT_BY;
pub use change::{ChangeError, Changed};
pub use create::{CreateError, Created, Holder, NewKey};
pub use directory::{Account, AccountChange, AccountKind, DirectoryError, MailState, Written};
pub use due::{DueKey, DuePosition, Told};
pub use event::{Event, EventKind};
pub use fault::{Fault, Service};
pub use freeze::FROZEN_BY_LINK;
pub use idempotency::Once;
pub use layout::DUE_SHARDS;
pub use legacy::{ImportError, Imported, LegacyKey, LegacySecret};
pub use listing::{List, Page, Position};
pub use look_up::LookUp;
pub use members::{MOST_ADMINS_TOLD, Membership};
pub use outbox::{NoticeRow, OUTBOX_SHARDS, Waiting};
pub use packages::{MOST_OWNERS, Package};
pub use peppers::{Peppers, RotateError};
pub use reach::Reaching;
pub use undone::{Again, Ending, Undone};
pub use verify::Verified;

/// The table and the pepper.
#[derive(Debug)]
pub struct Keyring {
    db: Client,
    table: String,
    peppers: Peppers,
}

impl Keyring {
    /// The keyring in `table`, whose peppers are kept under the KMS key `pepper_key`.
    #[must_use]
    pub fn new(db: Client, kms: aws_sdk_kms::Client, table: &str, pepper_key: &str) -> Self {
        let peppers = Peppers::new(db.clone(), kms, table, pepper_key);
        Self { db, table: table.to_owned(), peppers }
    }

    /// The peppers.
    #[must_use]
    pub const fn peppers(&self) -> &Peppers {
        &self.peppers
    }
}
