//! What every function does before its first event: read its configuration, start its log, take a clock.
//!
//! Nothing here knows what the functions do. The wall clock and the environment are read in this crate only
//! (`clippy.toml` forbids them elsewhere), so that every other crate gets both as values.

mod aws;
mod clock;
mod environment;
mod log;
mod unrepeated;

pub use aws::{aws, bounded};
pub use clock::Clock;
pub use environment::{ConfigError, Environment};
pub use log::{log, start_log};
pub use unrepeated::Unrepeated;
