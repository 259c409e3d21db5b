//! DynamoDB, KMS and SES on one machine, inside the process that needs them.
//!
//! Each is served on a listener of the caller's and speaks AWS's own protocol, so that the AWS SDK, its retries and
//! its errors included, is the code that runs:
//!
//! - [`Engine`]: DynamoDB, by the embedded engine `dynoxide`, in memory or in one file;
//! - [`Kms`]: JSON 1.1; envelope encryption with keys the caller gives;
//! - [`Ses`]: SES v2's REST-JSON; what it accepts lands in a [`Mailbox`].
//!
//! They are made for loopback. No request's signature is checked and no policy is asked: whoever reaches the port may
//! do everything. An operation or a parameter that is not offered is refused with a message that says so, rather than
//! ignored.

mod engine;
mod kms;
mod refusal;
mod served;
mod ses;

pub use engine::{Engine, EngineError};
pub use kms::{Kms, KmsKey, NotAKeyArn};
pub use ses::{Mail, Mailbox, MailboxError, Ses, Trouble};
