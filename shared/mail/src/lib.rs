//! Mails about keys: what they say, and how they leave.
//!
//! [`Message`] renders notices, in text and in HTML that tell the same: one a mail where a person did something, all of
//! an account together where time did. [`Ses`] hands one mail to Amazon's mail service
//! and says whose fault it is if that fails. [`Postman`] takes notices from the keyring's outbox, each under a lease,
//! sends them and removes them: at least once, and twice only if a process dies between SES's acceptance and the
//! removal.

mod address;
mod config;
mod delivery;
mod fact;
mod letter;
mod letterhead;
mod line;
mod message;
mod pace;
mod run;
mod ses;
mod wording;

pub use address::{Address, AddressError, Sender, SenderError};
pub use config::MailConfig;
pub use delivery::{LAST_MAIL, Postman};
pub use letterhead::Letterhead;
pub use message::{Message, Named, Names};
pub use run::Report;
pub use ses::{SendError, Ses};
