//! Leak reports: who scans what everybody can read tells us of key texts found there.
//!
//! The protocol is that of GitHub's secret scanning partner program
//! (<https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program>):
//! a JSON list of matches, its bytes signed with ECDSA over P-256, the public keys at an address of the reporter's. Who may
//! report is a row in configuration. A report can do one thing, which is to end keys whose texts it holds; so whoever could
//! forge one would need the texts as well.

mod matches;
mod public_keys;
mod reporter;

pub(crate) use matches::{Match, matches};
pub(crate) use reporter::{IDENTIFIER, SIGNATURE};
pub use reporter::{Reporter, Reporters};
