//! What a decision costs once everything has been read: times by criterion, instructions by callgrind.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::process::Command;

use crate::{
    Result,
    part::Part,
    places, row,
    valgrind::{self, Counted},
};

/// How often a case is repeated for callgrind, beyond once.
const TIMES: u32 = 20;

/// Nanoseconds and instructions of one repetition.
struct Cost {
    time: f64,
    instructions: f64,
}

pub(crate) async fn measure() -> Result<Part> {
    let bench = build().await?;
    let listed = Command::new(&bench).arg("--list-cases").output().await?;
    let names = String::from_utf8(listed.stdout)?;
    let criterion = places::folder()?.join("criterion");
    let ran = Command::new(&bench)
        .args(["--bench", "--noplot", "--warm-up-time", "0.5", "--measurement-time", "2"])
        .env("CRITERION_HOME", &criterion)
        .stdout(Stdio::null())
        .status()
        .await?;
    if !ran.success() {
        return Err(format!("the bench ended with {ran}").into());
    }
    let times = times(&criterion)?;
    let mut costs = BTreeMap::new();
    for name in names.lines() {
        let time = *times.get(name).ok_or_else(|| format!("criterion tells nothing of {name}"))?;
        let (once, more) = (count(&bench, name, 1).await?, count(&bench, name, 1 + TIMES).await?);
        costs.insert(name.to_owned(), Cost { time, instructions: (more - once) / f64::from(TIMES) });
    }
    told(&costs)
}

/// Builds the bench; answers its program.
async fn build() -> Result<PathBuf> {
    let built = Command::new("cargo")
        .args(["bench", "--locked", "-p", "keys", "--bench", "decision", "--no-run"])
        .args(["--message-format", "json"])
        .current_dir(places::workspace())
        .stderr(Stdio::inherit())
        .output()
        .await?;
    let messages = String::from_utf8(built.stdout)?;
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "decision")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.ok_or_else(|| "cargo has built no bench".into())
}

async fn count(bench: &Path, name: &str, times: u32) -> Result<f64> {
    let out = places::folder()?.join("decision.callgrind");
    let wrapper = valgrind::wrapper(&out);
    let (program, arguments) = wrapper.split_first().ok_or("no wrapper")?;
    let ran = Command::new(program)
        .args(arguments)
        .arg(bench)
        .args(["--count", name, &times.to_string()])
        .stdin(Stdio::null())
        .status()
        .await?;
    match ran.success() {
        true => Ok(Counted::read(&out)?.all),
        false => Err(format!("{name} under valgrind: {ran}").into()),
    }
}

/// Criterion's estimates: nanoseconds by case.
fn times(folder: &Path) -> Result<BTreeMap<String, f64>> {
    let mut times = BTreeMap::new();
    for case in fs::read_dir(folder)? {
        let case = case?.path().join("new");
        let (Ok(about), Ok(estimates)) =
            (fs::read(case.join("benchmark.json")), fs::read(case.join("estimates.json")))
        else {
            continue;
        };
        let (about, estimates): (Value, Value) =
            (serde_json::from_slice(&about)?, serde_json::from_slice(&estimates)?);
        let name = about["full_id"].as_str().ok_or("a case without a name")?.to_owned();
        times.insert(name, estimates["median"]["point_estimate"].as_f64().ok_or("no estimate")?);
    }
    Ok(times)
}

fn told(costs: &BTreeMap<String, Cost>) -> Result<Part> {
    let mut part = Part::new("A decision by itself");
    part.say(
        "Without any input or output, times by criterion (medians), instructions by callgrind, whose processor has no SHA \
         instructions: for what hashes, the times are the truer comparison. *Decision* reads the key text, makes and compares \
         its MAC, reads the stored patterns and matches them. Beside it stand the Rust registry's rule (SHA-256 of the token, \
         prefixes) and NuGet's (PBKDF2-HMAC-SHA256 of 10,000 rounds, a regular expression for each glob). No pattern covers \
         the id, so every one is tried; *hostile* patterns are `*a*a…b` on an id of `a`s.",
    );
    let cost = |name: &str| costs.get(name).ok_or_else(|| format!("{name} was not measured"));
    let shown = |nanoseconds: f64| match nanoseconds {
        small if small < 1e4 => format!("{small:.0} ns"),
        middle if middle < 1e7 => format!("{:.1} µs", middle / 1e3),
        large => format!("{:.1} ms", large / 1e6),
    };
    let thousands = |count: f64| match count {
        small if small < 1e5 => format!("{small:.0}"),
        large => format!("{:.0} k", large / 1e3),
    };
    for (what, unit) in [("time", true), ("instructions", false)] {
        let mut rows = vec![row![what, "1 pattern", "10", "100", "1,000"]];
        for kind in
            ["decision", "SHA-256 and prefixes", "PBKDF2 and regex", "matching, typical", "matching, hostile"]
        {
            let mut cells = row![kind];
            for count in [1, 10, 100, 1000] {
                let cost = cost(&format!("{kind}, {count} patterns"))?;
                cells.push(if unit { shown(cost.time) } else { thousands(cost.instructions) });
            }
            rows.push(cells);
        }
        part.table(&rows);
    }
    let hostile = |length: usize| {
        cost(&format!("matching, hostile, 1 pattern of {length} characters on {length}"))
            .map(|cost| cost.instructions)
    };
    let mut rows = vec![row![
        "one hostile pattern, on an id as long",
        "instructions",
        "for each pattern × id character"
    ]];
    for length in [32, 64, 128] {
        let instructions = hostile(length)?;
        let each = instructions / (length * length) as f64;
        rows.push(row![format!("{length} characters"), format!("{instructions:.0}"), format!("{each:.2}")]);
    }
    part.table(&rows);
    let most = cost("matching, hostile, 32 KiB in the longest patterns")?;
    part.say(&format!(
        "The most that the caps let through, 256 patterns of 128 characters on an id of 128: {} and {} instructions.",
        shown(most.time),
        thousands(most.instructions)
    ));

    let hundred = cost("matching, typical, 100 patterns")?.instructions;
    let thousand = cost("matching, typical, 1000 patterns")?.instructions;
    part.at_most("matching: 1,000 typical patterns, of 100", 10.5, thousand / hundred, " ×");
    let hundred = cost("matching, hostile, 100 patterns")?.instructions;
    let thousand = cost("matching, hostile, 1000 patterns")?.instructions;
    part.at_most("matching: 1,000 hostile patterns, of 100", 10.5, thousand / hundred, " ×");
    part.at_most("matching: pattern and id twice as long", 4.2, hostile(128)? / hostile(64)?, " ×");
    Ok(part)
}
