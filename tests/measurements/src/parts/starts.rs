//! Cold starts and warm answers of each program, run as Lambda runs it, beside the programs it is compared with.

use std::io::{Cursor, Write};

use serde_json::Value;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    Result, events,
    function::{Environment, Function},
    part::Part,
    places, row,
    runtime::Runtime,
    statistics::median,
    tls::Authority,
    world::{HOLDER, PACKAGE, World},
};

/// How often each program is started.
const STARTS: usize = 9;
/// How many answers warm a program up, and then how many, how often, are measured together.
const WARMING: usize = 100;
const ANSWERS: usize = 100;
const ROUNDS: usize = 9;

const ALL: [Function; 9] = [
    Function::Authorizer,
    Function::Bare,
    Function::BareOneByOne,
    Function::BareOurRoots,
    Function::Null,
    Function::KeyManagement,
    Function::Sweeper,
    Function::Python,
    Function::Node,
];

/// What was seen of one program.
#[derive(Default)]
struct Seen {
    zip: Option<usize>,
    /// CPU seconds, of each start: to the first poll, and to the end of the first answer.
    first_poll: Vec<f64>,
    first_answer: Vec<f64>,
    /// MiB, after the first answer and after all.
    first_peak: Vec<f64>,
    peak: f64,
    /// CPU seconds of one answer, of each round.
    warm: Vec<f64>,
}

pub(crate) async fn measure() -> Result<Part> {
    let (world, authority) = (World::new().await?, Authority::new()?);
    let environment = world.deployed(&authority).await?;
    let mut all = Vec::new();
    for function in ALL {
        let zip = function.binary().map(archive).transpose()?;
        all.push((function, event(function, &world)?, Seen { zip, ..Seen::default() }));
    }
    // In turns, so that what else the machine does falls on all of them alike.
    for _ in 0..STARTS {
        for (function, event, seen) in &mut all {
            start(*function, &environment, event, seen).await?;
        }
    }
    warm(&environment, &mut all).await?;
    world.latchkey.stop().await?;
    told(&all)
}

/// What each is asked: those that decide, whether a release may be unlisted, which takes all that a decision can take: key,
/// holder and package read, the secret verified, the scope matched, a policy answered.
fn event(function: Function, world: &World) -> Result<Value> {
    match function {
        Function::KeyManagement => events::list(HOLDER),
        Function::Sweeper => Ok(events::sweep("2000-01-01T00:00:00Z")),
        _ => events::unlist(&world.key.text, PACKAGE),
    }
}

async fn start(function: Function, environment: &Environment, event: &Value, seen: &mut Seen) -> Result<()> {
    let mut running = Runtime::start(function.command(environment, &[])?).await?;
    seen.first_poll.push(running.process().cpu_at_rest().await?);
    let answer = running.expect(event).await?;
    check(function, &answer)?;
    seen.first_answer.push(running.process().cpu_at_rest().await?);
    seen.first_peak.push(running.process().peak_mib()?);
    running.stop().await
}

/// That it did what it is measured for.
fn check(function: Function, answer: &Value) -> Result<()> {
    let good = match function {
        Function::Authorizer | Function::Python | Function::Node => {
            answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        }
        Function::Bare | Function::BareOneByOne | Function::BareOurRoots => answer["read"] == 3,
        Function::KeyManagement => answer["statusCode"] == 200,
        Function::Sweeper => answer["due"] == 0,
        Function::Null => answer["decision"] == "none",
    };
    if good { Ok(()) } else { Err(format!("{} answers {answer}", function.name()).into()) }
}

async fn warm(environment: &Environment, all: &mut [(Function, Value, Seen)]) -> Result<()> {
    let mut running = Vec::new();
    for (function, event, _) in &*all {
        let mut one = Runtime::start(function.command(environment, &[])?).await?;
        for _ in 0..WARMING {
            one.expect(event).await?;
        }
        running.push(one);
    }
    for _ in 0..ROUNDS {
        for ((function, event, seen), running) in all.iter_mut().zip(&mut running) {
            let before = running.process().cpu_at_rest().await?;
            for _ in 0..ANSWERS {
                check(*function, &running.expect(event).await?)?;
            }
            let after = running.process().cpu_at_rest().await?;
            seen.warm.push((after - before) / ANSWERS as f64);
            seen.peak = running.process().peak_mib()?;
        }
    }
    for running in running {
        running.stop().await?;
    }
    Ok(())
}

/// The bytes of the archive that is deployed, made as `cargo lambda build --output-format zip` makes it.
fn archive(binary: &str) -> Result<usize> {
    let program = std::fs::read(places::binary(binary)?)?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755))?;
    archive.write_all(&program)?;
    Ok(archive.finish()?.into_inner().len())
}

fn told(all: &[(Function, Value, Seen)]) -> Result<Part> {
    let mut part = Part::new("Cold starts and warm answers");
    part.say(&format!(
        "Each program runs as on Lambda, against a Runtime API stand-in on loopback; DynamoDB (the embedded engine) and KMS \
         (a stand-in) answer over TLS 1.3, with an RSA chain and the machine's whole list of roots. Medians of {STARTS} starts \
         and of {ROUNDS} rounds of {ANSWERS} answers after {WARMING} to warm up, the programs taking turns. Those that decide \
         are asked whether a release may be unlisted: key, holder and package are read, the secret is verified, the scope is \
         matched, a policy is answered. *Bare* makes the same calls to DynamoDB and nothing of the answers, and calls no KMS; \
         *bare, one GetItem an item* reads one item after another; *bare, our roots* trusts the five roots that our functions \
         ship in place of the machine's list. `key-management` lists keys, `expiry-sweeper` finds \
         nothing due. The rivals in Python and Node are run by less than AWS's own runtimes do, which is in their favour."
    ));
    let ms = |values: &[f64]| format!("{:.2}", median(values) * 1e3);
    let mut rows = vec![row![
        "",
        "zip, MB",
        "CPU to first poll, ms",
        "CPU to end of first answer, ms",
        "CPU of a warm answer, µs",
        "peak after first answer, MiB",
        "peak after all, MiB"
    ]];
    for (function, _, seen) in all {
        rows.push(row![
            function.name(),
            seen.zip.map_or_else(|| "–".to_owned(), |bytes| format!("{:.2}", bytes as f64 / 1e6)),
            ms(&seen.first_poll),
            ms(&seen.first_answer),
            format!("{:.0}", median(&seen.warm) * 1e6),
            format!("{:.1}", median(&seen.first_peak)),
            format!("{:.1}", seen.peak)
        ]);
    }
    part.table(&rows);
    let of = |wanted: Function| {
        all.iter()
            .find_map(|(function, _, seen)| (*function == wanted).then_some(seen))
            .ok_or_else(|| format!("{} was not measured", wanted.name()))
    };
    let (ours, bare) = (of(Function::Authorizer)?, of(Function::Bare)?);
    let ratio = |a: &[f64], b: &[f64]| median(a) / median(b);
    part.at_most("authorizer: warm CPU, of bare", 1.15, ratio(&ours.warm, &bare.warm), " ×");
    part.at_most(
        "authorizer: CPU to the end of the first answer, of bare",
        1.3,
        ratio(&ours.first_answer, &bare.first_answer),
        " ×",
    );
    part.at_most("authorizer: zip", 4.0, ours.zip.unwrap_or_default() as f64 / 1e6, " MB");
    part.at_most("authorizer: peak memory", 16.0, ours.peak, " MiB");
    for rival in [Function::Python, Function::Node] {
        let (theirs, name) = (of(rival)?, rival.name());
        let poll = ratio(&theirs.first_poll, &ours.first_poll);
        part.at_least(&format!("{name}: CPU to first poll, of the authorizer's"), 60.0, poll);
        part.at_least(
            &format!("{name}: warm CPU, of the authorizer's"),
            5.0,
            ratio(&theirs.warm, &ours.warm),
        );
        part.at_least(&format!("{name}: peak memory, of the authorizer's"), 4.0, theirs.peak / ours.peak);
    }
    Ok(part)
}
