//! The matrix: rows are the calls that acts make, columns the faults, cells what became of the act.
//!
//! Nobody lists the calls. Each act is first walked with nothing going wrong, and the calls it makes then are its rows;
//! for each of them it is walked again with each fault, in a copy of the same world.

use std::{collections::BTreeMap, fmt::Write as _, fs, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::BoxFuture, stream};
use serde_json::Value;

use super::{
    fault::{Extent, Fault, Plan, writes},
    ledger::Call,
    world::World,
};
use crate::places;

/// How often the SDK tries a call (`startup::bounded`).
const ATTEMPTS: usize = 3;

/// The cell of an act that ended as it must not.
const WRONG: &str = "WRONG";

/// The longest that a function itself pauses between calls of one act.
const OWN_PAUSES: Duration = Duration::from_secs(2);

/// Something a function does, and how what becomes of it is told.
pub(crate) trait Act: Send + Sync {
    fn name(&self) -> &'static str;

    /// Fills the world, and answers what `walk` is to know of it.
    fn prepare<'a>(&'a self, world: &'a World) -> BoxFuture<'a, Value>;

    /// Does it in `World::act`, looks at what became of it, and says so in a few words.
    ///
    /// # Panics
    /// Where it is something that must never become of it.
    fn walk<'a>(&'a self, world: &'a World, known: &'a Value) -> BoxFuture<'a, String>;

    /// How long the function may take (`infra/template.yaml`).
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Whether it is also looked at how the SDK repeats a call that only reads, which it does the same way everywhere.
    fn repeats_reads(&self) -> bool {
        false
    }

    /// Whether calls of one label are alike: the first is walked with every fault, each further one with one of them.
    fn alike(&self) -> bool {
        false
    }
}

/// Where in the matrix a cell is.
type Place = (usize, usize, Extent, Fault, bool);

/// Walks every cell, and compares what is observed with what is written down in `faults/<function>.md`. What is observed
/// lies in `target/journeys/faults`. So many cells are walked at the same time; most of them wait for a fault to be over.
pub(crate) async fn walk(function: &'static str, at_once: usize, acts: Vec<Arc<dyn Act>>) {
    let mut trials = Vec::new();
    let mut rows = Vec::new();
    let mut told = format!("# {function}\n\nWith nothing going wrong:\n\n");
    for (number, act) in acts.iter().enumerate() {
        let world = World::new(&[], None).await;
        let known = Arc::new(act.prepare(&world).await);
        let items = Arc::new(world.items());
        let clean = World::new(&items, None).await;
        let word = act.walk(&clean, &known).await;
        let calls = clean.calls();
        assert!(calls.iter().all(|call| call.attempts == 1), "{}: {calls:?}", act.name());
        writeln!(told, "- {}: {word}, in {} calls", act.name(), calls.len()).unwrap();
        for plan in plans(act.as_ref(), &calls) {
            let place = (number, plan.call, plan.extent, plan.fault, plan.acted);
            trials.push((place, Arc::clone(act), Arc::clone(&known), Arc::clone(&items), plan));
        }
        rows.push(calls);
    }
    let cells = stream::iter(trials).map(|(place, act, known, items, plan)| async move {
        let cell = tokio::spawn(async move { trial(act.as_ref(), &items, &known, plan).await });
        // What was wrong with it has been said.
        (place, cell.await.unwrap_or_else(|_| WRONG.to_owned()))
    });
    let cells: BTreeMap<Place, String> = cells.buffer_unordered(at_once).collect().await;
    for (extent, title) in [
        (
            Extent::Lasting,
            "Every attempt of a call fails. Where there are two: the service had heard nothing / had acted",
        ),
        (Extent::Once, "The first attempt of a call fails, after the service has acted where it can"),
    ] {
        table(&mut told, title, extent, &acts, &rows, &cells);
    }
    compare(function, &told);
}

/// What goes wrong with each of the calls.
fn plans(act: &dyn Act, calls: &[Call]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let plan =
            |fault, acted, extent| Plan { call: number, label: call.label.clone(), fault, acted, extent };
        let faults = Fault::ALL.into_iter().filter(|fault| fault.befalls(&call.label));
        let again = act.alike() && calls[..number].iter().any(|before| before.label == call.label);
        if again {
            let fault = faults.cycle().nth(number).unwrap();
            plans.push(plan(fault, fault.sides(&call.label)[0], Extent::Lasting));
            continue;
        }
        for fault in faults {
            let sides = fault.sides(&call.label);
            plans.extend(sides.iter().map(|acted| plan(fault, *acted, Extent::Lasting)));
            if act.repeats_reads() || writes(&call.label) {
                plans.push(plan(fault, sides[sides.len() - 1], Extent::Once));
            }
        }
        plans.push(plan(Fault::TimeOut, false, Extent::Outage));
    }
    plans
}

async fn trial(act: &dyn Act, items: &[Value], known: &Value, plan: Plan) -> String {
    let at = format!("{}, {plan:?}", act.name());
    let world = World::new(items, Some(plan.clone())).await;
    let word = act.walk(&world, known).await;
    let calls = world.calls();
    assert!(calls.iter().any(|call| call.failed > 0), "nothing went wrong: {at}");
    assert!(calls.iter().all(|call| call.attempts <= ATTEMPTS), "{at}: {calls:?}");
    let of = &calls[plan.call];
    match plan.extent {
        Extent::Once => assert_eq!(of.failed, 1, "{at}"),
        // What the function gives up before the SDK does, it does not wait for.
        Extent::Lasting | Extent::Outage => assert_eq!(of.failed, of.attempts, "{at}"),
    }
    let waited = world.waited() + OWN_PAUSES;
    assert!(waited < act.timeout(), "{at}: after {waited:?} nobody listens: {calls:?}");
    word
}

fn table(
    told: &mut String,
    title: &str,
    extent: Extent,
    acts: &[Arc<dyn Act>],
    rows: &[Vec<Call>],
    cells: &BTreeMap<Place, String>,
) {
    let outage = (extent == Extent::Lasting).then_some("silent from here on");
    let heads: Vec<&str> = Fault::ALL.into_iter().map(Fault::name).chain(outage).collect();
    writeln!(told, "\n## {title}\n\n| act | call | {} |", heads.join(" | ")).unwrap();
    writeln!(told, "| --- | --- |{}", " --- |".repeat(heads.len())).unwrap();
    for (number, act) in acts.iter().enumerate() {
        let calls = &rows[number];
        let mut name = act.name();
        for (call, made) in calls.iter().enumerate() {
            let cell = |extent, fault| {
                let found = [false, true].map(|acted| cells.get(&(number, call, extent, fault, acted)));
                match found {
                    [Some(before), Some(after)] if before != after => format!("{before} / {after}"),
                    [Some(word), _] | [None, Some(word)] => word.clone(),
                    [None, None] => String::new(),
                }
            };
            let mut row: Vec<String> = Fault::ALL.into_iter().map(|fault| cell(extent, fault)).collect();
            let alike = calls.iter().position(|first| act.alike() && first.label == made.label);
            if let Some(first) = alike.filter(|first| *first < call) {
                for (fault, word) in Fault::ALL.into_iter().zip(&row).filter(|(_, word)| !word.is_empty()) {
                    let acted = fault.sides(&made.label)[0];
                    let firsts = &cells[&(number, first, extent, fault, acted)];
                    assert_eq!(
                        word,
                        firsts,
                        "{}: {} number {call} is like the first",
                        act.name(),
                        made.label
                    );
                }
                continue;
            }
            if row.iter().all(String::is_empty) {
                continue;
            }
            row.extend(outage.map(|_| cell(Extent::Outage, Fault::TimeOut)));
            let times = calls.iter().filter(|other| other.label == made.label).count();
            let times = if act.alike() && times > 1 { format!(" ({times})") } else { String::new() };
            writeln!(told, "| {name} | {}{times} | {} |", made.label, row.join(" | ")).unwrap();
            name = "";
        }
    }
}

fn compare(function: &str, told: &str) {
    let observed = places::target().join("journeys/faults");
    fs::create_dir_all(&observed).unwrap();
    let observed = observed.join(format!("{function}.md"));
    fs::write(&observed, told).unwrap();
    let written = places::workspace().join(format!("tests/journeys/faults/{function}.md"));
    let expected = fs::read_to_string(&written).unwrap_or_default();
    let differs = told.lines().zip(expected.lines()).find(|(told, expected)| told != expected);
    assert!(!told.contains(WRONG), "{} has what must not be", observed.display());
    assert!(told == expected, "{} is not {}: {differs:?}", observed.display(), written.display());
}
