//! Where the authorizer's instructions go, cold and warm, beside the bare function's.

use std::collections::BTreeSet;

use tokio::process::Command;

use crate::{
    Result, events,
    function::{Environment, Function},
    part::Part,
    places, row,
    runtime::Runtime,
    tls::Authority,
    valgrind::{self, Counted},
    world::{PACKAGE, World},
};

/// How many further answers are counted.
const ANSWERS: usize = 50;
/// Crates with less than this part of all instructions are told together.
const SHOWN: f64 = 0.01;

/// What a program takes.
struct Profile {
    name: &'static str,
    first_poll: Counted,
    first_answer: Counted,
    warm: Counted,
}

pub(crate) async fn measure() -> Result<Part> {
    let (world, authority) = (World::new().await?, Authority::new()?);
    let environment = world.deployed(&authority).await?;
    let event = events::unlist(&world.key.text, PACKAGE)?;
    let mut all = Vec::new();
    for function in [Function::Authorizer, Function::Bare, Function::Null] {
        let mut counted = Vec::new();
        for answers in [0, 1, 1 + ANSWERS] {
            counted.push(count(function, &environment, &event, answers).await?);
        }
        let [first_poll, first_answer, more] = counted.as_slice() else { return Err("three runs".into()) };
        all.push(Profile {
            name: function.name(),
            first_poll: first_poll.clone(),
            first_answer: first_answer.clone(),
            warm: more.beyond(first_answer, ANSWERS as f64),
        });
    }
    world.latchkey.stop().await?;
    Ok(told(&all))
}

/// Counts a start and so many answers.
async fn count(
    function: Function,
    environment: &Environment,
    event: &serde_json::Value,
    answers: usize,
) -> Result<Counted> {
    let out =
        places::folder()?.join(format!("{}-{answers}.callgrind", function.binary().unwrap_or_default()));
    let mut running = Runtime::start(profiled(function, environment, &valgrind::wrapper(&out))?).await?;
    for _ in 0..answers {
        running.expect(event).await?;
    }
    running.process().cpu_at_rest().await?;
    running.stop().await?;
    Counted::read(&out)
}

/// The program as it is released, but with its symbols.
fn profiled(function: Function, environment: &Environment, wrapper: &[String]) -> Result<Command> {
    let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let released = function.command(environment, &wrapper)?;
    let program = places::folder()?.join("symbols").join(function.binary().unwrap_or_default());
    let mut command = Command::new(released.as_std().get_program());
    command.args(wrapper.iter().skip(1)).arg(program).env_clear();
    for (name, value) in released.as_std().get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Ok(command)
}

fn told(all: &[Profile]) -> Part {
    let mut part = Part::new("Where the instructions go");
    part.say(&format!(
        "Counted by callgrind, for the released programs with their symbols left in. A warm answer is the mean of {ANSWERS}. \
         Valgrind's processor has no SHA, AES-GCM and AVX-512 instructions to speak of, so TLS weighs more here than it does."
    ));
    let millions = |count: f64| format!("{:.2}", count / 1e6);
    let mut rows =
        vec![row!["million instructions", "to first poll", "to end of first answer", "a warm answer"]];
    for one in all {
        rows.push(row![
            one.name,
            millions(one.first_poll.all),
            millions(one.first_answer.all),
            format!("{:.3}", one.warm.all / 1e6)
        ]);
    }
    part.table(&rows);
    if let [ours, bare, ..] = all {
        part.at_most(
            "authorizer: instructions of a warm answer, of bare",
            1.15,
            ours.warm.all / bare.warm.all,
            " ×",
        );
        let first = ours.first_answer.all / bare.first_answer.all;
        part.at_most("authorizer: instructions to the end of the first answer, of bare", 1.3, first, " ×");
        part.say("By crate, functions that were inlined counting to where they were inlined; thousand instructions:");
        let columns = [&ours.first_answer, &bare.first_answer, &ours.warm, &bare.warm];
        crates(&mut part, columns);
    }
    part
}

fn crates(part: &mut Part, columns: [&Counted; 4]) {
    let names: BTreeSet<&String> = columns.iter().flat_map(|counted| counted.by_crate.keys()).collect();
    let of = |counted: &Counted, name: &str| counted.by_crate.get(name).copied().unwrap_or_default();
    let large = |name: &str| columns.iter().any(|counted| of(counted, name) >= SHOWN * counted.all);
    let mut shown: Vec<_> = names.into_iter().filter(|name| large(name)).collect();
    shown.sort_by(|a, b| of(columns[0], b).total_cmp(&of(columns[0], a)));
    let mut rows =
        vec![row!["", "authorizer, to end of first answer", "bare", "authorizer, a warm answer", "bare"]];
    let thousands = |count: f64| format!("{:.1}", count / 1e3);
    for name in &shown {
        let mut cells = row![name];
        cells.extend(columns.iter().map(|counted| thousands(of(counted, name))));
        rows.push(cells);
    }
    let mut rest = row!["all others"];
    rest.extend(
        columns
            .iter()
            .map(|counted| thousands(counted.all - shown.iter().map(|name| of(counted, name)).sum::<f64>())),
    );
    rows.push(rest);
    part.table(&rows);
}
