//! What the fuzzer found worth keeping is tried again, and so are the sample events: every target on every input of its
//! own, as `tests/fuzz` would.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a replay that cannot be read has failed"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use fuzz_targets::{TARGETS, Target};
use regex::bytes::Regex;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn target(name: &str) -> Target {
    TARGETS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// The files in a folder beside this crate's `Cargo.toml`.
fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(HERE).join(folder);
    let paths = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    paths.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn replayed(name: &str) {
    let inputs = files(&format!("corpus/{name}"));
    assert!(inputs.len() >= 10, "{name} has {} inputs", inputs.len());
    for (path, input) in inputs {
        // The runner shows this of a target that panics.
        println!("{}", path.display());
        target(name)(&input);
    }
    target(name)(&[]);
}

macro_rules! replayed {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replayed(stringify!($name)); })*

        #[test]
        fn every_target_is_replayed_and_has_its_program_and_no_other_has() {
            let here = BTreeSet::from([$(stringify!($name)),*]);
            let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(here, targets);
            let manifest = fs::read_to_string(Path::new(HERE).join("libfuzzer/Cargo.toml")).unwrap();
            assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
            for name in targets {
                assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"{name}.rs\"\n")), "{name}");
                let program = fs::read_to_string(Path::new(HERE).join(format!("libfuzzer/{name}.rs"))).unwrap();
                assert!(program.ends_with(&format!("fuzz_targets::{name}(bytes));\n")), "{program}");
            }
        }
    };
}

replayed! {
    authorize_event gateway_event grant key_text leak_report management_body management_event manifest original_request
    package pattern scope stored_value sweeper_event upload
}

#[test]
fn every_sample_event_is_tried_by_every_target_of_events() {
    for (path, event) in files("../../events") {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        println!("{}", path.display());
        for name in ["gateway_event", "management_event", "sweeper_event"] {
            target(name)(&[&[0], &*event].concat());
        }
    }
}

#[test]
fn the_corpus_is_small_and_holds_no_key_text() {
    let key_text = Regex::new(r"(?-u)[a-z]{2,8}_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}").unwrap();
    for (name, _) in TARGETS {
        let inputs = files(&format!("corpus/{name}"));
        assert!(inputs.len() <= 100, "{name} has {} inputs", inputs.len());
        for (path, input) in inputs {
            assert!(input.len() <= 4096, "{}", path.display());
            assert!(!key_text.is_match(&input), "{}", path.display());
        }
    }
}
