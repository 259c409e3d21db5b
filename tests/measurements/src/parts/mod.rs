//! The parts of the measurements, one a file.

mod capacity;
mod decision;
mod growth;
mod profile;
mod revocation;
mod starts;
mod throughput;

use crate::{Result, part::Part};

/// In the order in which they are run and told.
pub(crate) const NAMES: [&str; 7] =
    ["starts", "decision", "capacity", "growth", "throughput", "revocation", "profile"];

pub(crate) async fn measure(name: &str) -> Result<Part> {
    match name {
        "starts" => starts::measure().await,
        "decision" => decision::measure().await,
        "capacity" => capacity::measure().await,
        "growth" => growth::measure().await,
        "throughput" => throughput::measure().await,
        "revocation" => revocation::measure().await,
        "profile" => profile::measure().await,
        unknown => Err(format!("there is no part {unknown}").into()),
    }
}
