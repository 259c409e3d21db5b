use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

fn id(text: &str) -> PackageId {
    text.parse().unwrap()
}

macro_rules! covers {
    ($($name:ident: $pattern:literal, $id:literal;)*) => {
        $(#[test] fn $name() { assert!(pattern($pattern).matches(&id($id))); })*
    };
}

macro_rules! leaves_out {
    ($($name:ident: $pattern:literal, $id:literal;)*) => {
        $(#[test] fn $name() { assert!(!pattern($pattern).matches(&id($id))); })*
    };
}

covers! {
    an_exact_id: "Foo.Bar", "Foo.Bar";
    another_letter_case: "foo.BAR", "FOO.bar";
    a_star_for_nothing: "Foo*", "Foo";
    a_star_over_dots: "Foo*", "Foo.Bar.Baz";
    a_star_in_front: "*.Core", "My.Core";
    a_star_in_the_middle: "Foo.*.Tests", "Foo.Bar.Baz.Tests";
    two_stars: "*alpha*", "thai.alpha.App";
    adjacent_stars: "a**b", "ab";
    everything: "*", "anything-at_all.1";
    going_back_to_an_earlier_star: "*ab*ab", "abxabab";
    both_ends_at_once: "a*a", "aa";
}

leaves_out! {
    a_longer_id: "Foo.Bar", "Foo.Bar.Baz";
    a_shorter_id: "Foo.Bar", "Foo";
    the_bare_name_before_a_dot: "Foo.*", "Foo";
    a_name_that_only_begins_alike: "Foo.*", "FooBar";
    an_id_that_goes_on: "*.Core", "My.Core.X";
    one_letter_for_two: "a*a", "a";
    a_dot_for_any_letter: "a.b", "aXb";
}

#[test]
fn what_is_no_pattern_is_refused_with_the_reason() {
    assert_eq!("".parse::<Pattern>(), Err(PatternError::Empty));
    assert_eq!("a".repeat(129).parse::<Pattern>(), Err(PatternError::TooLong(129)));
    for (text, character) in [
        ("a?c", '?'),
        ("[ab]*", '['),
        ("A+B", '+'),
        ("^foo$", '^'),
        ("foo ", ' '),
        ("!Foo*", '!'),
        ("pac\u{212a}age", '\u{212a}'),
    ] {
        assert_eq!(text.parse::<Pattern>(), Err(PatternError::Character(character)), "{text:?}");
    }
}

/// The textbook matcher: does `pattern[..p]` match `text[..t]`, for every p and t.
fn matches_by_table(pattern: &[u8], text: &[u8]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for symbol in pattern {
        let mut next = vec![false; text.len() + 1];
        next[0] = *symbol == b'*' && row[0];
        for (t, letter) in text.iter().enumerate() {
            next[t + 1] = if *symbol == b'*' {
                row[t + 1] || next[t]
            } else {
                row[t] && symbol.eq_ignore_ascii_case(letter)
            };
        }
        row = next;
    }
    row[text.len()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn matching_agrees_with_the_textbook(text in "[aAbB.*]{1,12}", name in "[aAbB.]{1,14}") {
        prop_assert_eq!(pattern(&text).matches(&id(&name)), matches_by_table(text.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn matching_agrees_with_the_textbook_on_long_input(text in "[aA*]{100,128}", name in "[aA]{100,128}b?") {
        prop_assume!(name.len() <= 128);
        prop_assert_eq!(pattern(&text).matches(&id(&name)), matches_by_table(text.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn parsing_takes_exactly_the_documented_texts(text in "\\PC{0,140}|[A-Za-z0-9_.*-]{0,140}") {
        let documented = (1..=128).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.*-".contains(c));
        prop_assert_eq!(text.parse::<Pattern>().is_ok(), documented);
    }

    #[test]
    fn an_id_as_pattern_covers_itself(name in "[A-Za-z0-9_.-]{1,128}") {
        prop_assert!(pattern(&name).matches(&id(&name)));
    }
}

/// Every text of 1 to `longest` of these letters.
fn texts(letters: &[u8], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|text| letters.iter().map(move |letter| format!("{text}{}", *letter as char)))
            .collect();
        all.extend_from_slice(&last);
    }
    all.split_off(1)
}

#[test]
fn containment_is_exact() {
    // The third letter occurs in no pattern: it is what an inner star can stand for and an outer letter cannot. An id
    // one longer than the inner pattern is long enough to give each of its stars a letter of its own, and one more.
    let patterns = texts(b"ab*", 4);
    let ids: Vec<PackageId> = texts(b"abc", 5).iter().map(|text| id(text)).collect();
    let covered: Vec<Vec<bool>> =
        patterns.iter().map(|text| ids.iter().map(|id| pattern(text).matches(id)).collect()).collect();
    for (outer, of_outer) in patterns.iter().zip(&covered) {
        for (inner, of_inner) in patterns.iter().zip(&covered) {
            let contained = of_inner.iter().zip(of_outer).all(|(inner, outer)| !inner || *outer);
            assert_eq!(pattern(outer).covers(&pattern(inner)), contained, "{outer} over {inner}");
        }
    }
}

#[test]
fn agreement_counts_the_letters_spelled_out() {
    let name = id("Fabrikam.Core");
    for (text, letters) in
        [("fabrikam.service.*", 9), ("Fabrikam*", 8), ("*Core", 0), ("Contoso", 0), ("Fabrikam.Core.X", 13)]
    {
        assert_eq!(pattern(text).agreement(&name), letters, "{text}");
    }
}
