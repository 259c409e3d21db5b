//! The management API: people look after their keys, and the gallery keeps the directory up to date.
//!
//! | caller | proved by | routes |
//! | --- | --- | --- |
//! | a person | the claims of a token that the gateway has checked | `/keys`, `/account`, `/packages` |
//! | the gallery | the IAM identity that the gateway has checked | `/directory` |
//! | whoever has a mail | the link in it, which is checked here | `/freeze/…`, a page that freezes the key it is for |
//! | a key | its text, which is verified here | `/keys/self`, on the push API |
//! | a reporter of leaks | its signature over the body | `/leaks` |
//! | anybody | | `GET /keys-page/…`, which is the page that people use, `GET /openapi.json` and `GET /.well-known/…` |
//!
//! Each handler takes the one or the other as an argument and refuses everybody else by that. Errors are problems (RFC
//! 9457); bad input is told field by field, all of it at once, and changes nothing. [`Api::handle`] is one call: an
//! event of API Gateway in, its answer out. Events of the push API, a REST API, reach the routes of a key and no others; those
//! of the management API, an HTTP API, reach all others.

// A text that is cut within a character panics with a message that shows it: it may be a key.
#![cfg_attr(not(test), deny(clippy::string_slice))]

mod api;
mod app;
mod config;
mod directory;
mod event;
mod extract;
mod input;
mod leaks;
mod notices;
mod openapi;
mod own_event;
mod problem;
pub mod reading;
mod routes;
mod trace;
mod wire;

pub use api::{Api, openapi};
pub use config::Policy;
pub use event::{Answer, Event};
pub use leaks::{Reporter, Reporters};
