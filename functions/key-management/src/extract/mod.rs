//! What handlers take: who calls, and what the request says. Each refuses what does not fit, before the handler runs.

mod body;
mod caller;
mod gallery;
mod person;
mod query;
mod shown_key;

pub(crate) use body::{Body, BodyIfAny, fields};
pub(crate) use caller::{Caller, Identity};
pub(crate) use gallery::Gallery;
pub(crate) use person::Person;
pub(crate) use query::{Query, QueryText};
pub(crate) use shown_key::ShownKey;
