//! Latchkey on one machine: the APIs as deployed, the functions behind them, and stand-ins for what AWS provides.

pub mod clock;
pub mod console;
pub mod definitions;
pub mod function;
pub mod gateway;
pub mod issuer;
pub mod leak_reporter;
pub mod local_api;
pub mod loopback_host;
mod private_file;
mod problem;
pub mod program;
pub mod services;
pub mod sign_in;
pub mod sweeper;
