//! `cargo run` is killed (SIGKILL) while people work with their keys, again and again on the same folder: what was answered
//! is there, what was not answered happened whole or not at all, and it starts again by itself.
//!
//! The engine keeps its file as SQLite does with a write-ahead log, so a killed process loses nothing that was committed.
//! Of a machine that loses its power nothing is said. `tests/kill` does it a hundred times. The moment is thrown: after so
//! many answers, and so many turns of the scheduler, while other calls are under way.

mod latchkey;
mod writer;

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use hyper::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::task::yield_now;

use self::{
    latchkey::{Latchkey, command},
    writer::{ORGANIZATION, Writer},
};
use crate::{
    dice::{Dice, told},
    log::Log,
    places,
    program::Program,
};

/// How often an ordinary run kills it.
const KILLS: u64 = 4;
/// After so many kills another folder is begun, so that looking through the whole table stays quick.
const KILLS_OF_A_FOLDER: u64 = 10;
const WRITERS: u64 = 6;
/// It is killed after at most so many answers.
const MOST_ANSWERS: u64 = 60;

/// Kills the program once so many answers have come.
struct Killer {
    process: Pid,
    answers: AtomicUsize,
    after: usize,
    turns: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_a_kill_and_nothing_is_half_done() {
    let (seed, kills) = (told("KILLS_SEED", 1), told("KILLS", KILLS));
    let folder = places::folder("killed");
    let log = Log::create(folder.join("log"));
    let (mut answered, mut unanswered, mut happened) = (0, 0, 0);
    for kill in 0..kills {
        let (at, mut dice) = (format!("kill {kill} of KILLS_SEED={seed}"), Dice::new(seed).part(kill));
        let data = folder.join(format!("data{}", kill / KILLS_OF_A_FOLDER));
        if kill.is_multiple_of(2) {
            kill_while_it_starts(&data, &log, &mut dice).await;
        }
        let running = Latchkey::start(&data, &log).await;
        let killer = Killer {
            process: running.program.id(),
            answers: AtomicUsize::new(0),
            after: 1 + usize::try_from(dice.below(MOST_ANSWERS)).unwrap(),
            turns: dice.below(500),
        };
        let organization = json!({ "name": ORGANIZATION, "kind": "organization" });
        running.tell(&format!("accounts/{ORGANIZATION}"), &organization).await;
        let mut writers = Vec::new();
        for number in 0..WRITERS {
            writers.push(Writer::sign_in(&running, &killer, kill, number, dice.part(number)).await);
        }
        join_all(writers.iter_mut().map(|writer| writer.work(&running))).await;
        running.program.ended().await;

        let again = Latchkey::start(&data, &log).await;
        for writer in &mut writers {
            unanswered += u64::from(writer.asked.is_some());
            answered += writer.keys.iter().map(|key| key.version).sum::<u64>();
            happened += u64::from(writer.looks_after_keys(&again, &at).await);
        }
        let mails = again.json(Method::GET, "/local/mail", None, &Value::Null).await;
        let table = again.table().await;
        let halves = table.halves(mails.as_array().unwrap());
        assert!(halves.is_empty(), "{at}:\n{}", halves.join("\n"));
        assert!(table.keys() > 0, "{at}: nothing was done");
        let status = again.program.stop().await;
        assert!(status.success(), "{at}: {status}");
    }
    println!(
        "{kills} kills: {answered} answered changes are there; of {unanswered} unanswered ones {happened} had happened, all whole"
    );
}

/// Starts it, now and then on a folder that is still empty, and kills it as far on as chance will have it.
async fn kill_while_it_starts(data: &Path, log: &Log, dice: &mut Dice) {
    let program = Program::start("local", command(data), log);
    let process = program.id();
    for _ in 0..dice.below(1_000_000) {
        yield_now().await;
    }
    kill_process(process, Signal::KILL).unwrap();
    program.ended().await;
}

impl Killer {
    /// Counts an answer; whoever gets the last one kills.
    async fn answered(&self) {
        if self.answers.fetch_add(1, Ordering::SeqCst) + 1 == self.after {
            for _ in 0..self.turns {
                yield_now().await;
            }
            kill_process(self.process, Signal::KILL).unwrap();
        }
    }
}
