//! How much one instance decides, and how many pushes the whole of it takes on this machine.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::{
    Result, events,
    function::{Environment, Function},
    latchkey::Key,
    part::Part,
    places, row,
    runtime::Runtime,
    statistics::percentile,
    tls::Authority,
    world::{HOLDER, PACKAGE, World, typical_key},
};

/// How many events each instance answers, one after another.
const DECISIONS: usize = 10_000;
const WARMING: usize = 200;

/// What the load tool does: connections, threads, seconds.
const CONNECTIONS: &str = "8";
const THREADS: &str = "2";
const SECONDS: &str = "15";

/// What an instance did.
struct Instance {
    name: &'static str,
    per_cpu_second: f64,
    p50: f64,
    p99: f64,
}

/// What the load tool saw.
struct Load {
    name: &'static str,
    per_second: f64,
    /// Answers of the expected status, others, and calls without an answer.
    expected: u64,
    others: u64,
    failed: u64,
    p50: String,
    p99: String,
}

pub(crate) async fn measure() -> Result<Part> {
    let (world, authority) = (World::new().await?, Authority::new()?);
    let environment = world.deployed(&authority).await?;
    let event = events::unlist(&world.key.text, PACKAGE)?;
    let mut instances = Vec::new();
    for function in [Function::Authorizer, Function::Bare] {
        instances.push(instance(function, &environment, &event).await?);
    }
    let loads = loads(&world).await?;
    world.latchkey.stop().await?;
    Ok(told(&instances, &loads))
}

async fn instance(function: Function, environment: &Environment, event: &Value) -> Result<Instance> {
    let mut running = Runtime::start(function.command(environment, &[])?).await?;
    for _ in 0..WARMING {
        running.expect(event).await?;
    }
    let before = running.process().cpu_at_rest().await?;
    let mut took = Vec::with_capacity(DECISIONS);
    for _ in 0..DECISIONS {
        let answer = running.invoke(event).await?;
        answer.said?;
        took.push(answer.took);
    }
    let cpu = running.process().cpu_at_rest().await? - before;
    running.stop().await?;
    Ok(Instance {
        name: function.name(),
        per_cpu_second: DECISIONS as f64 / cpu,
        p50: percentile(&took, 50.0),
        p99: percentile(&took, 99.0),
    })
}

async fn loads(world: &World) -> Result<Vec<Load>> {
    let mut elsewhere = typical_key();
    elsewhere["packages"] = serde_json::json!(["Contoso.*"]);
    let uncovered = world.latchkey.make_key(&world.holder, &elsewhere).await?;
    let gone = world.latchkey.make_key(&world.holder, &typical_key()).await?;
    world.latchkey.delete(&world.holder, &gone).await?;
    Ok(vec![
        load(world, "allowed: a new version each", &world.key, 201).await?,
        load(world, "denied: the package is not covered", &uncovered, 403).await?,
        load(world, "denied: there is no such key", &gone, 403).await?,
    ])
}

/// Pushes as fast as it goes, with `wrk`.
async fn load(world: &World, name: &'static str, key: &Key, expected: u16) -> Result<Load> {
    let script = script(world, key, expected)?;
    let mut wrk = Command::new("wrk");
    wrk.args(["--connections", CONNECTIONS, "--threads", THREADS, "--duration", SECONDS, "--latency"]);
    let ran = wrk.arg("--script").arg(&script).arg(&world.latchkey.origin).output().await?;
    fs::remove_file(script)?;
    let said = String::from_utf8(ran.stdout)?;
    let after = |start: &str| said.lines().find_map(|line| line.trim().strip_prefix(start)).map(str::trim);
    let figure = |name: &str| -> Result<f64> {
        let text = after(name).ok_or_else(|| format!("wrk does not say {name}: {said}"))?;
        Ok(text.parse()?)
    };
    Ok(Load {
        name,
        per_second: figure("Requests/sec:")?,
        expected: figure("expected:")? as u64,
        others: figure("others:")? as u64,
        failed: figure("failed:")? as u64,
        p50: after("50%").unwrap_or("?").to_owned(),
        p99: after("99%").unwrap_or("?").to_owned(),
    })
}

/// The load tool's script, with the key in it: it is deleted right after.
fn script(world: &World, key: &Key, expected: u16) -> Result<PathBuf> {
    let template = places::workspace().join("tests/measurements/push.lua");
    let script = fs::read_to_string(template)?
        .replace("@KEY@", &key.text)
        .replace("@PACKAGE@", PACKAGE)
        .replace("@AUTHOR@", HOLDER)
        .replace("@HOST@", world.latchkey.origin.trim_start_matches("http://"))
        .replace("@EXPECTED@", &expected.to_string());
    let path = places::folder()?.join("push.lua");
    fs::write(&path, script)?;
    Ok(path)
}

fn told(instances: &[Instance], loads: &[Load]) -> Part {
    let mut part = Part::new("Throughput");
    part.say(&format!(
        "One instance answers {DECISIONS} events back to back, as in the cold starts: DynamoDB over TLS on loopback. The times \
         are wall-clock time from handing over an event to having its answer, and hold for a quiet machine only."
    ));
    let mut rows = vec![row!["", "decisions per CPU second", "p50, ms", "p99, ms"]];
    for one in instances {
        let ms = |seconds: f64| format!("{:.2}", seconds * 1e3);
        rows.push(row![one.name, format!("{:.0}", one.per_cpu_second), ms(one.p50), ms(one.p99)]);
    }
    part.table(&rows);
    part.say(&format!(
        "`cargo run --release -- --ephemeral` under `wrk`, {CONNECTIONS} connections for {SECONDS} s: whole pushes with a \
         package in them, through gateway, authorizer, sample gallery and its question, all on this one machine together with \
         the load itself."
    ));
    let mut rows =
        vec![row!["pushes", "per second", "answered as expected", "otherwise", "failed", "p50", "p99"]];
    for one in loads {
        let per_second = format!("{:.0}", one.per_second);
        rows.push(row![one.name, per_second, one.expected, one.others, one.failed, one.p50, one.p99]);
        let errors = one.others + one.failed;
        let what = format!("throughput: errors of pushes, {}", one.name);
        part.target(&what, "0".to_owned(), errors.to_string(), errors == 0);
    }
    part.table(&rows);
    part
}
