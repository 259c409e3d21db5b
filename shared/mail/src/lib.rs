//! Mails about keys: what they say, and how they leave.
//!
//! [`Message`] renders a notice, in text and in HTML that tell the same. [`Ses`] hands one mail to Amazon's mail service
//! and says whose fault it is if that fails. [`Postman`] takes notices from the keyring's outbox, each under a lease,
//! sends them and removes them: at least once, and twice only if a process dies between SES's acceptance and the
//! removal.

mod address;
mod delivery;
mod fact;
mod letterhead;
mod line;
mod message;
mod ses;
mod wording;

pub use address::{Address, AddressError, Sender, SenderError};
pub use delivery::{Postman, Report};
pub use letterhead::Letterhead;
pub use message::{Message, Names};
pub use ses::{SendError, Ses};
