//! Instructions, counted by valgrind's `callgrind`: the same on a busy machine as on a quiet one. Valgrind's processor has no
//! instructions for SHA and AVX-512, so hashes and ciphers take more of them here than they really do.

use std::{collections::BTreeMap, fs, path::Path};

use crate::Result;

/// The program and its arguments, before those of the program that is counted.
pub(crate) fn wrapper(out: &Path) -> Vec<String> {
    vec![
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        "--quiet".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ]
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    /// All instructions.
    pub(crate) all: f64,
    /// By the crate or library whose functions they stand in.
    pub(crate) by_crate: BTreeMap<String, f64>,
}

impl Counted {
    /// Reads what callgrind has written (its manual, "Callgrind Format Specification").
    pub(crate) fn read(out: &Path) -> Result<Self> {
        let text = fs::read_to_string(out).map_err(|error| format!("{}: {error}", out.display()))?;
        let mut counted = Self::parse(&text)?;
        counted.all = counted.by_crate.values().sum();
        Ok(counted)
    }

    fn parse(text: &str) -> Result<Self> {
        let (mut names, mut counted) = (BTreeMap::new(), Self::default());
        let (mut current, mut inclusive) = (String::new(), false);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                current = home(&named(&mut names, name));
            } else if let Some(name) = line.strip_prefix("cfn=") {
                // Names are given once, wherever they come first.
                named(&mut names, name);
            } else if line.starts_with("calls=") {
                // The line after it is what the callee has taken, and counted there.
                inclusive = true;
            } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
                let cost = line.split_whitespace().nth(1).ok_or("a line of callgrind without a cost")?;
                if !std::mem::take(&mut inclusive) {
                    *counted.by_crate.entry(current.clone()).or_default() += cost.parse::<f64>()?;
                }
            }
        }
        Ok(counted)
    }

    /// What this has more than `other`, for each of `times`.
    pub(crate) fn beyond(&self, other: &Self, times: f64) -> Self {
        let less = |name: &String| other.by_crate.get(name).copied().unwrap_or_default();
        let by_crate =
            self.by_crate.iter().map(|(name, cost)| (name.clone(), (cost - less(name)) / times)).collect();
        Self { all: (self.all - other.all) / times, by_crate }
    }
}

/// `(7) name` tells a name, `(7)` repeats it.
fn named(names: &mut BTreeMap<String, String>, text: &str) -> String {
    match text.split_once(") ") {
        Some((number, name)) => {
            names.insert(number.trim_start_matches('(').to_owned(), name.to_owned());
            name.to_owned()
        }
        None => names.get(text.trim_matches(['(', ')'])).cloned().unwrap_or_default(),
    }
}

/// The crate a Rust function stands in; other functions are told apart by what they do for us.
fn home(function: &str) -> String {
    let function = function.split('\'').next().unwrap_or_default();
    if function.starts_with("aws_lc_") {
        return "aws-lc (C)".to_owned();
    }
    let Some((path, _)) = function.split_once("::") else {
        return match function {
            name if name.contains("malloc") || name.contains("free") || name.contains("alloc") => {
                "malloc, free"
            }
            name if name.starts_with("mem") || name.starts_with("__mem") || name.starts_with("str") => {
                "memcpy and its kin"
            }
            name if name.starts_with("_dl_")
                || name.starts_with("do_lookup")
                || name.contains("relocate") =>
            {
                "dynamic linking"
            }
            _ => "other C",
        }
        .to_owned();
    };
    // `<a::B as c::D>::e`, `<&mut a::B>::c`, `a::b`.
    let path = path.trim_start_matches(['<', '&', '(', '[', '*', ' ']);
    let path = path.trim_start_matches("mut ").trim_start_matches("const ").trim_start_matches("dyn ");
    path.split(['<', ' ', '[']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_callee_takes_is_counted_once() {
        let text = "events: Ir\nfn=(1) keys::decide\n10 5\ncfn=(2) <keyring::Item as core::fmt::Debug>::fmt\n\
                    calls=1 20\n+1 100\n+2 7\nfn=(2)\n20 100\nfn=(3) malloc'2\n1 3\ntotals: 115\n";
        let counted = Counted::parse(text).unwrap();
        let cost = |name: &str| counted.by_crate.get(name).copied();
        assert_eq!((cost("keys"), cost("keyring")), (Some(12.0), Some(100.0)));
        assert_eq!(cost("malloc, free"), Some(3.0));
    }
}
