//! Measures Latchkey and writes `tests/MEASUREMENTS.md`. `tests/measure` builds all that this takes, and runs it.
//!
//! `measure [part …]` runs these parts, or all; the file is then written from what the last run of each part has left in
//! `target/measurements`. Cost is counted in what a busy machine changes little: CPU time, instructions, bytes, capacity
//! units; all that is compared is measured within one part. What is a matter of wall-clock time says so, and how busy the
//! machine was stands beside each part.
//!
//! Every service and client is on loopback, and every load is bounded in number.

mod dynamodb;
mod events;
mod function;
mod http;
mod latchkey;
mod machine;
mod meter;
mod package;
mod part;
mod parts;
mod places;
mod process;
mod report;
mod runtime;
mod statistics;
mod tls;
mod valgrind;
mod world;

use std::{io::Write, time::Instant};

/// What went wrong, for whoever ran it.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| !parts::NAMES.contains(&name.as_str())) {
        return Err(format!("there is no part {unknown}, only {}", parts::NAMES.join(", ")).into());
    }
    for name in
        parts::NAMES.into_iter().filter(|name| asked.is_empty() || asked.iter().any(|one| one == name))
    {
        writeln!(std::io::stdout(), "== {name}")?;
        let (begun, before) = (Instant::now(), machine::load()?);
        let mut part = parts::measure(name).await.map_err(|error| format!("{name}: {error}"))?;
        part.circumstances = machine::circumstances(&before, begun.elapsed())?;
        part.keep(name)?;
        writeln!(std::io::stdout(), "{}", part.body)?;
    }
    report::write()
}
