//! All that the programs of a journey say, line by line, in one file and in memory.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tokio::{sync::watch, time::timeout};

use crate::program::PATIENCE;

/// The log of one journey. Clones write to the same one.
#[derive(Clone)]
pub(crate) struct Log(Arc<Inner>);

struct Inner {
    path: PathBuf,
    said: Mutex<(File, Vec<Line>)>,
    lines: watch::Sender<usize>,
}

/// One line, and the name of the program that said it.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) from: String,
    pub(crate) text: String,
}

impl Log {
    /// A new log, in the file `path`.
    pub(crate) fn create(path: PathBuf) -> Self {
        let file = File::create(&path).expect("the journey's folder can be written to");
        Self(Arc::new(Inner { path, said: Mutex::new((file, Vec::new())), lines: watch::Sender::new(0) }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn append(&self, from: &str, text: &str) {
        let mut said = self.0.said.lock().unwrap();
        writeln!(said.0, "{from} | {text}").expect("the log can be written to");
        said.1.push(Line { from: from.to_owned(), text: text.to_owned() });
        self.0.lines.send_replace(said.1.len());
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.0.said.lock().unwrap().1.clone()
    }

    /// Waits until `from` says a line that begins with `start`; answers the rest of it. Lines before number `since` do
    /// not count.
    pub(crate) async fn wait_for(&self, since: usize, from: &str, start: &str) -> String {
        let rest = |text: &str| text.strip_prefix(start).map(str::to_owned);
        self.first(since, from, rest).await
    }

    /// Waits until `from` has said a line with `part` in it; answers that line. Nothing is measured by how long it waits.
    pub(crate) async fn line_with(&self, from: &str, part: &str) -> String {
        let line = self.first(0, from, |text| text.contains(part).then(|| text.to_owned()));
        let line = timeout(PATIENCE, line).await;
        line.unwrap_or_else(|_| panic!("{from} never said {part:?}: see {}", self.path().display()))
    }

    async fn first(&self, since: usize, from: &str, wanted: impl Fn(&str) -> Option<String>) -> String {
        let mut lines = self.0.lines.subscribe();
        let mut next = since;
        loop {
            let said = *lines.borrow_and_update();
            for line in self.lines().get(next..).unwrap_or_default().iter().filter(|line| line.from == from) {
                if let Some(found) = wanted(&line.text) {
                    return found;
                }
            }
            next = said.max(since);
            lines.changed().await.expect("the log keeps the sender");
        }
    }
}
