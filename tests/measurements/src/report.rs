//! `tests/MEASUREMENTS.md`, of what the last run of each part has left.

use std::fs;

use crate::{Result, machine, part::Part, parts, places, row};

const HEAD: &str = "\
# Measurements

Written by `tests/measure`, which runs all of it; `tests/measure <part>` runs one part again and writes this file anew. The
parts are `starts`, `decision`, `capacity`, `growth`, `throughput`, `revocation` and `profile`. What is compared was measured
within one part, in CPU time, instructions, bytes or capacity units; where wall-clock time is told, it is for the reader and
decides nothing.
";

pub(crate) fn write() -> Result<()> {
    let mut all = Vec::new();
    let mut missing = Vec::new();
    for name in parts::NAMES {
        match Part::kept(name)? {
            Some(part) => all.push((name, part)),
            None => missing.push(name),
        }
    }
    let mut file = Part::new("");
    file.say(HEAD.trim_end());
    if !missing.is_empty() {
        file.say(&format!("Not measured yet: {}.", missing.join(", ")));
    }
    file.say("## The machine");
    file.table(&machine::facts()?);
    file.say("## What was to be reached");
    let mut targets = vec![row!["", "to reach", "seen", ""]];
    for target in all.iter().flat_map(|(_, part)| &part.targets) {
        let met = if target.met { "met" } else { "**not met**" };
        targets.push(row![target.what, target.reach, target.seen, met]);
    }
    file.table(&targets);
    for (name, part) in &all {
        file.say(&format!("## {}", part.title));
        file.say(&format!("`tests/measure {name}`: {}", part.circumstances));
        file.say(part.body.trim_end());
    }
    let notes = fs::read_to_string(places::workspace().join("tests/measurements/notes.md"))?;
    file.say(notes.trim_end());
    fs::write(places::workspace().join("tests/MEASUREMENTS.md"), file.body.trim_end().to_owned() + "\n")?;
    Ok(())
}
