//! NuGet.org's behaviour as facts (`tests/vectors/nuget.json`), where it is about globs and actions alone.

use serde_json::Value;
use wildmatch::WildMatchPattern;

use crate::{Pattern, nuget};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/nuget.json")).unwrap()
}

fn rows(name: &str) -> Vec<Value> {
    vectors()[name].as_array().unwrap().clone()
}

#[test]
fn glob_match() {
    // Latchkey refuses these when a key is made, rather than keep a pattern that takes them literally and covers
    // nothing. The bare matcher takes them literally, as NuGet does.
    let refused_here = ["a?c", "a?c", "[ab]*", "A+B", "^foo$", "foo ", "{a,b}", "!Foo*"];
    let mut refused = Vec::new();
    for row in rows("glob_match") {
        let (pattern, id) = (row["pattern"].as_str().unwrap(), row["id"].as_str().unwrap());
        let covers = match pattern.parse::<Pattern>() {
            Ok(pattern) => id.parse().is_ok_and(|id| pattern.matches(&id)),
            Err(_) => {
                refused.push(pattern.to_owned());
                WildMatchPattern::<'*', '\0'>::new(&pattern.to_lowercase()).matches(&id.to_lowercase())
            }
        };
        assert_eq!(covers, row["expected"], "{row}");
    }
    assert_eq!(refused, refused_here);
}

#[test]
fn glob_input_regex() {
    for row in vectors()["glob_input_regex"]["cases"].as_array().unwrap() {
        let input = row["input"].as_str().unwrap();
        // NuGet's expression takes an empty text and leaves it to another rule to ask for more; here it is no pattern.
        let expected = row["valid"] == true && !input.is_empty();
        assert_eq!(input.parse::<Pattern>().is_ok(), expected, "{row}");
    }
}

#[test]
fn action_match() {
    // `action` is a made-up word of the upstream test, and verification keys are not offered.
    let mut not_offered = Vec::new();
    for row in rows("action_match") {
        let scope = row["scope_action"].as_str().unwrap();
        let Some(granted) = nuget::actions(Some(scope)) else {
            not_offered.push(scope.to_owned());
            continue;
        };
        let asked = row["requested"].as_array().unwrap().iter().map(|asked| nuget::actions(asked.as_str()));
        let covered =
            |asked: Option<Vec<_>>| asked.is_some_and(|asked| asked.iter().all(|one| granted.contains(one)));
        assert_eq!(asked.into_iter().any(covered), row["expected"], "{row}");
    }
    assert_eq!(not_offered, ["action", "action", "action", "package:verify"]);
}

#[test]
fn a_key_without_actions_is_everything_there_and_nothing_here() {
    assert_eq!(
        nuget::actions(None).map(|actions| actions.len()),
        Some(3),
        "NuGet reads a key without scopes as `all`"
    );
    assert_eq!(crate::Actions::new([]), Err(crate::NoAction), "nobody makes such a key here");
}
