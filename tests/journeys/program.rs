//! A program that runs beside a journey, until it is asked to stop.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::log::Log;

/// How long a program may take to start, answer or stop before the journey gives it up for hung. Nothing is measured
/// by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A running program. What it writes goes to the journey's log under its name. It is killed if it is dropped.
pub(crate) struct Program {
    name: String,
    child: Child,
    log: Log,
    since: usize,
    readers: [JoinHandle<()>; 2],
}

impl Program {
    /// Starts `command`, with nothing to read on its standard input.
    pub(crate) fn start(name: &str, mut command: Command, log: &Log) -> Self {
        let since = log.lines().len();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let readers = [
            tokio::spawn(read(child.stdout.take().expect("it is piped"), name.to_owned(), log.clone())),
            tokio::spawn(read(child.stderr.take().expect("it is piped"), name.to_owned(), log.clone())),
        ];
        Self { name: name.to_owned(), child, log: log.clone(), since, readers }
    }

    /// Waits until it writes a line that begins with `start`; answers the rest of that line.
    pub(crate) async fn line(&mut self, start: &str) -> String {
        let line = self.line_unless_it_ends(start).await;
        line.unwrap_or_else(|| {
            let (status, log) = (self.child.try_wait().unwrap().unwrap(), self.log.path().display());
            panic!("{} ended ({status}) before it said {start:?}: see {log}", self.name)
        })
    }

    /// Waits until it writes a line with `part` in it.
    pub(crate) async fn says(&mut self, part: &str) {
        let log = self.log.clone();
        tokio::select! {
            _ = log.line_with(&self.name, part) => {}
            status = self.child.wait() => {
                panic!("{} ended ({status:?}) before it said {part:?}: see {}", self.name, log.path().display())
            }
        }
    }

    /// As [`Program::line`]; none if it ends before.
    pub(crate) async fn line_unless_it_ends(&mut self, start: &str) -> Option<String> {
        let (name, log) = (&self.name, self.log.path().display());
        tokio::select! {
            rest = timeout(PATIENCE, self.log.wait_for(self.since, name, start)) => {
                Some(rest.unwrap_or_else(|_| panic!("{name} never said {start:?}: see {log}")))
            }
            _ = self.child.wait() => None,
        }
    }

    /// Its process id, and that of its process group if it was started with one of its own.
    pub(crate) fn id(&self) -> Pid {
        self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it is running")
    }

    /// Asks it to stop, as a supervisor would (SIGTERM), and waits until it has, and all it wrote has been read.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "{} had ended by itself: see {}", self.name, self.log.path().display());
        kill_process(self.id(), Signal::TERM).expect("it is ours to stop");
        self.ended().await
    }

    /// Waits until it ends by itself, and all it wrote has been read.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status
            .unwrap_or_else(|_| panic!("{} does not end: see {}", self.name, self.log.path().display()));
        for reader in self.readers {
            reader.await.unwrap();
        }
        status.unwrap()
    }
}

async fn read(from: impl AsyncRead + Unpin, name: String, log: Log) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        log.append(&name, String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}
