//! Everything that can go wrong with every call of a function to DynamoDB, KMS and SES, and what becomes of what it was
//! doing.
//!
//! The SDK is set up as it is deployed, timeouts and retries included; what is put in the place of the network is one
//! step below it ([`wire`]), so that a cell depends on nothing but what goes wrong in it. [`program`] shows the same over
//! sockets, on a function's own program. What is observed is compared with the tables beside this file.

mod authorizer;
mod fault;
mod front;
mod label;
mod ledger;
mod management;
mod matrix;
mod program;
mod services;
mod sweeper;
mod time;
mod wire;
mod world;
