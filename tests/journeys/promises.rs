//! `SECURITY.md` names a test for each of its promises: every one it names is there.

use std::{collections::BTreeSet, fs, sync::LazyLock};

use regex::Regex;

use crate::places;

/// A file and a test in it, or a file alone, as the document writes them: `path::name`, `path`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"`((?:functions|shared|infra|tests|events|fuzz)/[\w./-]+?)(?:::(\w+))?`").unwrap()
});

#[test]
fn every_test_that_the_security_notes_name_is_there() {
    let root = places::workspace();
    let notes = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let mut named = BTreeSet::new();
    for parts in NAMED.captures_iter(&notes) {
        let path = root.join(&parts[1]);
        let Some(name) = parts.get(2).map(|name| name.as_str()) else {
            assert!(path.exists(), "{} is not there", &parts[1]);
            continue;
        };
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", &parts[1]));
        let test = ["fn ", "def "].iter().any(|word| {
            text.match_indices(&format!("{word}{name}("))
                .any(|(place, _)| word == &"def " || text[..place].trim_end().ends_with([']', 'c', ')']))
        });
        assert!(test, "{} has no test {name}", &parts[1]);
        named.insert((parts[1].to_owned(), name.to_owned()));
    }
    assert!(named.len() >= 40, "{} tests are named", named.len());
}
