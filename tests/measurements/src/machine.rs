//! On what it was measured, and under what circumstances.

use std::{fs, process::Command, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{Result, places};

/// The average number of programs that wanted to run in the last minute.
pub(crate) fn load() -> Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().to_owned())
}

/// The time, for the report.
#[expect(clippy::disallowed_methods, reason = "the report says when it was made; nothing is measured by it")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

pub(crate) fn circumstances(load_before: &str, took: Duration) -> Result<String> {
    let now = now().to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(format!(
        "{now}, after {} s; load before {load_before}, after {} (of which this run itself is a part).",
        took.as_secs(),
        load()?
    ))
}

/// The machine and the versions, as rows of a table.
pub(crate) fn facts() -> Result<Vec<Vec<String>>> {
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = processor.lines().filter(|line| line.starts_with("processor")).count();
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default();
    let said = |program: &str, argument: &str| -> String {
        let output = Command::new(program).arg(argument).current_dir(places::workspace()).output();
        let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().next().unwrap_or("not to be had").trim().to_owned()
    };
    let rival = |path: &str, program: &str, argument: &str| {
        places::tool(path)
            .map_or_else(|_| said(program, argument), |path| said(&path.to_string_lossy(), argument))
    };
    let lock = fs::read_to_string(places::workspace().join("Cargo.lock"))?;
    let version = |name: &str| {
        let start = format!("name = \"{name}\"\nversion = \"");
        let rest = lock.split_once(&start).map_or("?", |(_, rest)| rest);
        format!("{name} {}", rest.split('"').next().unwrap_or_default())
    };
    let crates = ["lambda_runtime", "aws-sdk-dynamodb", "aws-sdk-kms", "rustls", "aws-lc-rs", "dynoxide-rs"];
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    Ok(vec![
        row("", String::new()),
        row("processor", format!("{}, {cores} cores", model.trim_start_matches([' ', '\t', ':']))),
        row("memory", format!("{:.1} GiB", kib as f64 / 1_048_576.0)),
        row("system", said("uname", "-srm")),
        row("Rust", said("rustc", "--version")),
        row("crates", crates.map(version).join(", ")),
        row(
            "Python",
            format!("{}, {}", rival("rivals/python/bin/python", "python3", "--version"), pinned()?),
        ),
        row("Node", format!("{}, {}", said("node", "--version"), sdk()?)),
        row("valgrind", said("valgrind", "--version")),
        row("wrk", said("wrk", "-v")),
    ])
}

fn pinned() -> Result<String> {
    let pins = fs::read_to_string(places::workspace().join("tests/rivals/python/requirements.txt"))?;
    Ok(pins.lines().find(|line| line.starts_with("boto3")).unwrap_or_default().replace("==", " "))
}

fn sdk() -> Result<String> {
    let pins = fs::read(places::workspace().join("tests/rivals/node/package.json"))?;
    let pins: serde_json::Value = serde_json::from_slice(&pins)?;
    let version = pins["dependencies"]["@aws-sdk/client-dynamodb"].as_str().unwrap_or_default().to_owned();
    Ok(format!("@aws-sdk {version}"))
}
