//! What a request says, read field by field, so that everything wrong with it is told at once.
//!
//! [`Node`] is JSON as it was sent, repeated names included. [`Fields`] takes the fields of an object one after the
//! other, each through one of the readers of [`read`], and collects what is wrong; what nobody took is an unknown field.
//! Parameters of query, path and header go through the same readers.

mod fields;
mod node;
pub(crate) mod read;

pub(crate) use fields::{FieldError, Fields, MOST_ERRORS, Reading};
pub(crate) use node::Node;
