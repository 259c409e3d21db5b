//! All that the programs of a journey say, line by line, in one file and in memory.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

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
        let mut lines = self.0.lines.subscribe();
        let mut next = since;
        loop {
            let said = *lines.borrow_and_update();
            for line in self.lines().get(next..).unwrap_or_default().iter().filter(|line| line.from == from) {
                if let Some(rest) = line.text.strip_prefix(start) {
                    return rest.to_owned();
                }
            }
            next = said.max(since);
            lines.changed().await.expect("the log keeps the sender");
        }
    }
}
