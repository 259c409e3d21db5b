use std::fs;

use serde::{Deserialize, Serialize};

use crate::{Result, places};

/// What one part has found, as the report shows it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) title: String,
    /// When, how long, and how busy the machine was.
    pub(crate) circumstances: String,
    /// Markdown.
    pub(crate) body: String,
    pub(crate) targets: Vec<Target>,
}

/// Something to be reached, and how far that was.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) reach: String,
    pub(crate) seen: String,
    pub(crate) met: bool,
}

impl Part {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// A paragraph.
    pub(crate) fn say(&mut self, text: &str) {
        self.body.push_str(text);
        self.body.push_str("\n\n");
    }

    /// A table, its first row the heads of its columns. All but the first column are numbers.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) {
        let Some((head, rows)) = rows.split_first() else { return };
        let mut row = |cells: &[String]| self.body.push_str(&format!("| {} |\n", cells.join(" | ")));
        row(head);
        let mut rule = vec!["---:".to_owned(); head.len()];
        rule[0] = "---".to_owned();
        row(&rule);
        rows.iter().for_each(|cells| row(cells));
        self.body.push('\n');
    }

    /// At most this much.
    pub(crate) fn at_most(&mut self, what: &str, limit: f64, seen: f64, unit: &str) {
        self.target(what, format!("≤ {limit}{unit}"), format!("{seen:.2}{unit}"), seen <= limit);
    }

    /// At least this many times.
    pub(crate) fn at_least(&mut self, what: &str, limit: f64, seen: f64) {
        self.target(what, format!("≥ {limit} ×"), format!("{seen:.1} ×"), seen >= limit);
    }

    pub(crate) fn target(&mut self, what: &str, reach: String, seen: String, met: bool) {
        self.targets.push(Target { what: what.to_owned(), reach, seen, met });
    }

    /// Leaves it for the report.
    pub(crate) fn keep(&self, name: &str) -> Result<()> {
        fs::write(places::kept(name)?, serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }

    /// What the last run of this part has left, if it was ever run.
    pub(crate) fn kept(name: &str) -> Result<Option<Self>> {
        match fs::read(places::kept(name)?) {
            Ok(kept) => Ok(Some(serde_json::from_slice(&kept)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// A row of a table.
#[macro_export]
macro_rules! row {
    ($($cell:expr),+ $(,)?) => { vec![$($cell.to_string()),+] };
}
