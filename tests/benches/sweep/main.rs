//! What a run of the sweeper costs at scale: 2,000 keys are due in a table of 10,000, and then in one of 100,000.
//!
//! `cargo bench --profile dev --bench sweep`, on Linux; with the `dev` profile it is built of what the tests are built of,
//! and takes minutes. Cost is read capacity, as the embedded engine reckons it on `ReturnConsumedCapacity`, so neither the
//! machine nor the profile decides it. The sweeper runs in a process of its own, whose peak memory Linux tells.
//!
//! It fails where a run leaves anything, where the larger table costs over 5 % more or less to read than the smaller, or
//! where the sweeper comes to 128 MiB.

mod meter;
mod run;
mod table;

use std::{error::Error, future::pending, io::Write, process::Stdio, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::Value;
use stand_ins::{Engine, Kms, KmsKey, Mailbox, Ses};
use startup::Clock;
use tokio::{net::TcpListener, process::Command, task::JoinSet};

use crate::{
    meter::{Meter, Units},
    table::{DUE, MAILS},
};

const TABLE: &str = "keyring";
const PEPPER_KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
const SENDER: &str = "keys@gallery.example";

/// The first argument of the process that sweeps.
const SWEEP: &str = "sweep-these";

/// How many keys the tables have.
const SIZES: [usize; 2] = [10_000, 100_000];
/// How much the tables' costs may differ, as a part of the smaller table's.
const TOLERANCE: f64 = 0.05;
/// What the sweeper's memory stays under.
const MEMORY_MIB: f64 = 128.0;

/// A client that tries once, at a stand-in: a call that was repeated would be counted twice.
#[macro_export]
macro_rules! client_at {
    ($sdk:ident, $endpoint:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("us-east-1"))
                .credentials_provider($sdk::config::Credentials::new("bench", "bench", None, None, "bench"))
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .endpoint_url($endpoint)
                .build(),
        )
    };
}

/// What one run was seen to do.
struct Measured {
    keys: usize,
    told: u64,
    mailed: u64,
    units: Units,
    peak_mib: f64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [first, dynamodb, kms, ses] if first == SWEEP => run::run(dynamodb, kms, ses).await,
        // Where targets are only tried, as by `cargo test --all-targets`, this is not passed.
        all if all.iter().any(|argument| argument == "--bench") => compare().await,
        _ => Ok(()),
    }
}

/// When the runs are scheduled for.
fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_779)
}

async fn compare() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    writeln!(out, "   keys   due  told  mailed  read units  write units  read units/due key  peak MiB")?;
    let mut all = Vec::new();
    for keys in SIZES {
        let measured = measure(keys).await?;
        let Measured { keys, told, mailed, units, peak_mib } = &measured;
        let (reads, writes) = (units.reads(), units.writes());
        let each = reads / f64::from(DUE);
        writeln!(
            out,
            "{keys:>7} {DUE:>5} {told:>5} {mailed:>7} {reads:>11.1} {writes:>12.1} {each:>18.3} {peak_mib:>9.1}"
        )?;
        for (operation, units) in units.by_operation() {
            writeln!(out, "        {operation:<20} {:>6} calls {:>9.1} units", units.calls, units.capacity)?;
        }
        all.push(measured);
    }
    judge(&all)
}

fn judge(all: &[Measured]) -> Result<(), Box<dyn Error>> {
    for Measured { keys, told, mailed, peak_mib, .. } in all {
        if (*told, *mailed) != (u64::from(DUE), MAILS) {
            return Err(
                format!("of {keys} keys {told} were told in {mailed} mails, not {DUE} in {MAILS}").into()
            );
        }
        if *peak_mib >= MEMORY_MIB {
            return Err(format!("{peak_mib:.1} MiB with {keys} keys are not under {MEMORY_MIB} MiB").into());
        }
    }
    let reads: Vec<f64> = all.iter().map(|measured| measured.units.reads()).collect();
    let [small, large] = reads.as_slice() else { return Err("two tables were to be compared".into()) };
    let apart = (large - small) / small;
    writeln!(std::io::stdout(), "the larger table costs {:+.2} % in read units", apart * 100.0)?;
    if apart.is_nan() || apart.abs() > TOLERANCE {
        return Err(format!("reading costs {small} and {large} units, over 5 % apart").into());
    }
    Ok(())
}

/// Fills a table with `keys` keys and lets a process sweep it once.
async fn measure(keys: usize) -> Result<Measured, Box<dyn Error>> {
    let clock = Clock::new(now);
    let mut services = JoinSet::new();

    let (listener, engine) = bound().await?;
    let database = Engine::in_memory()?;
    services.spawn(async move { database.serve(listener, pending()).await });
    let (listener, kms) = bound().await?;
    let pepper_keys = [KmsKey::new(PEPPER_KEY, &[7; 32])?];
    let keeper = Kms::new(pepper_keys, &clock);
    services.spawn(async move { keeper.serve(listener, pending()).await });
    let (listener, ses) = bound().await?;
    let office = Ses::new(Mailbox::in_memory(), clock);
    office.verify(SENDER);
    let routes = office.router();
    services.spawn(async move { axum::serve(listener, routes).await });

    table::fill(&client_at!(aws_sdk_dynamodb, &engine), &client_at!(aws_sdk_kms, &kms), keys).await?;

    let (listener, metered) = bound().await?;
    let meter = Arc::new(Meter::before(&engine));
    let routes = Arc::clone(&meter).router();
    services.spawn(async move { axum::serve(listener, routes).await });
    let sweeper = Command::new(std::env::current_exe()?)
        .args([SWEEP, &metered, &kms, &ses])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await?;
    if !sweeper.status.success() {
        return Err(format!("the sweeper's process ended with {}", sweeper.status).into());
    }
    let told: Value = serde_json::from_slice(&sweeper.stdout)?;
    let count =
        |name: &str| told["report"][name].as_u64().ok_or_else(|| format!("{name} is missing: {told}"));
    if (count("due")?, count("failed")?, count("left")?) != (u64::from(DUE), 0, 0) {
        return Err(format!("a run of {keys} keys left something: {told}").into());
    }
    Ok(Measured {
        keys,
        told: count("warned")? + count("expired")?,
        mailed: count("mailed")?,
        units: meter.units()?,
        peak_mib: told["peak_kib"].as_f64().ok_or("no peak")? / 1024.0,
    })
}

async fn bound() -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = format!("http://{}", listener.local_addr()?);
    Ok((listener, at))
}
