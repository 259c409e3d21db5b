//! Every type that can hold a secret is known, and none of them shows it by `Debug`.
//!
//! A secret is kept in `Zeroizing`, which wipes it, and whose own `Debug` shows it. So a type with such a field derives no
//! `Debug`: it has none, or one of its own with a test beside it, `debug_shows_…`. What is made of such types may derive
//! `Debug`, since it can only show what they show. The types are listed here, so that a new one is looked at: who adds one
//! adds its line, and what it does about `Debug`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use regex::Regex;

use crate::places;

/// What a holder does about `Debug`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    /// It has none, and whoever wants to print it is stopped by the compiler.
    NoDebug,
    /// It has its own, which a test beside it looks at.
    Tested,
}

/// The types whose own fields hold a secret, as files and names.
const HOLDERS: [(&str, &str, Shows); 11] = [
    ("functions/key-management/src/event.rs", "HttpEvent", Shows::NoDebug),
    ("functions/key-management/src/event.rs", "Answer", Shows::NoDebug),
    ("functions/key-management/src/input/node.rs", "Node", Shows::Tested),
    ("functions/key-management/src/own_event.rs", "RestEvent", Shows::NoDebug),
    ("functions/key-management/src/wire/revealed.rs", "Revealed", Shows::NoDebug),
    ("functions/push-authorizer/src/forward_auth.rs", "OriginalHeaders", Shows::Tested),
    ("shared/keys/src/credential.rs", "KeyHeaders", Shows::Tested),
    ("shared/keys/src/key_text.rs", "KeyText", Shows::NoDebug),
    ("shared/keys/src/legacy_text.rs", "LegacyText", Shows::NoDebug),
    ("shared/keys/src/nuget_stored.rs", "NugetStored", Shows::Tested),
    ("shared/keys/src/pepper.rs", "Pepper", Shows::Tested),
];
/// Holders that say so by no field of theirs: events and bodies as they came, in which a key may stand.
const UNMARKED: [&str; 3] = ["HttpEvent", "Node", "RestEvent"];
/// Types with a secret's name in a field that holds none: the description of a body.
const NAMED_ALIKE: [(&str, &str); 1] =
    [("functions/key-management/src/routes/legacy_keys.rs", "LegacyKeyBody")];

/// A type: what stands before it, its name, its fields.
static TYPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)((?:^[ \t]*(?:#\[[^\n]*|//[^\n]*)\n)*)^[ \t]*(?:pub(?:\([a-z]+\))? )?(?:struct|enum) (\w+)[^;{(]*(\{[^}]*(?:\{[^}]*\}[^}]*)*\}|\([^;]*;|;)")
        .unwrap()
});
static DERIVED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"derive\([^)]*\bDebug\b").unwrap());
/// A field whose name says that it holds a secret, kept as plain text or bytes.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(secret|key_text|plaintext|password|token|authorization|api_key)\s*:\s*(Option<|Vec<)?(String|Vec<u8>|Bytes|Blob|\[u8)").unwrap()
});

/// The sources of what is deployed, and of what runs it on one machine.
fn sources() -> BTreeMap<String, String> {
    fn gather(folder: &Path, sources: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(places::workspace()).unwrap().to_str().unwrap().to_owned();
                sources.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut sources = BTreeMap::new();
    for folder in ["functions", "shared", "infra/local/src", "infra/local/gallery/src"] {
        gather(&places::workspace().join(folder), &mut sources);
    }
    sources.retain(|name, _| !name.contains("/benches/") && !name.contains("test"));
    sources
}

#[test]
fn every_type_that_holds_a_secret_is_known_and_shows_none() {
    let sources = sources();
    let mut found = Vec::new();
    for (file, text) in &sources {
        let (code, tests) = text.split_once("#[cfg(test)]\nmod tests").unwrap_or((text, ""));
        for parts in TYPE.captures_iter(code) {
            let (before, name, fields) = (&parts[1], &parts[2], &parts[3]);
            let marked = fields.contains("Zeroizing<");
            let listed =
                UNMARKED.contains(&name) && HOLDERS.iter().any(|(at, it, _)| (at, it) == (&&**file, &name));
            if NAMED.is_match(fields) && !marked {
                assert!(
                    NAMED_ALIKE.contains(&(file, name)),
                    "{file}: {name} holds a secret that is not wiped"
                );
            }
            if !marked && !listed {
                continue;
            }
            let own = code.contains(&format!("fmt::Debug for {name} "));
            assert!(!DERIVED.is_match(before), "{file}: the Debug that {name} derives shows a secret");
            assert!(!code.contains(&format!("Display for {name} ")), "{file}: {name} has a Display");
            if own {
                assert!(tests.contains("fn debug_shows_"), "{file}: nothing looks at the Debug of {name}");
            }
            found.push((file.as_str(), name.to_owned(), if own { Shows::Tested } else { Shows::NoDebug }));
        }
    }
    let found: Vec<_> = found.iter().map(|(file, name, shows)| (*file, name.as_str(), *shows)).collect();
    assert_eq!(found, HOLDERS, "a type that holds a secret came or went");
}
