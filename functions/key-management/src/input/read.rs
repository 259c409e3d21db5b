//! Readers: what a field says, as the type it is meant to be, or everything that is wrong with it.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use chrono::{DateTime, Utc};
use keyring::AccountKind;
use keys::{AccountId, Action, Actions, HandOverWindow, Lifetime, Patterns, PatternsError, Role};
use zeroize::Zeroizing;

use crate::input::{FieldError, MOST_ERRORS, Node, Reading};

fn wrong<T>(field: &str, message: impl Into<String>) -> Reading<T> {
    Err(vec![FieldError::new(field, message)])
}

fn words(node: Node, field: &str) -> Reading<String> {
    match node {
        Node::Text(text) => Ok(text),
        other => wrong(field, format!("a text is expected, not {}", other.kind())),
    }
}

/// A text that is parsed by its type.
pub(crate) fn text<T: FromStr<Err: Display>>(node: Node, field: &str) -> Reading<T> {
    words(node, field)?.parse().or_else(|error: T::Err| wrong(field, error.to_string()))
}

/// One line of 1 to 256 characters; spaces at either end are dropped.
pub(crate) fn line(node: Node, field: &str) -> Reading<String> {
    let text = words(node, field)?;
    let text = text.trim();
    if (1..=256).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        wrong(field, "1 to 256 characters are expected, and no control characters")
    }
}

/// A mail address as the gallery has it, or nothing to remove it. Whether mail reaches it shows when it is sent: one bad
/// address must not keep a whole account out of the directory.
pub(crate) fn address(node: Node, field: &str) -> Reading<String> {
    let text = words(node, field)?;
    if text.len() <= 320 && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        wrong(field, "a mail address has at most 320 bytes and no control characters")
    }
}

pub(crate) fn flag(node: Node, field: &str) -> Reading<bool> {
    match node {
        Node::Flag(flag) => Ok(flag),
        other => wrong(field, format!("true or false is expected, not {}", other.kind())),
    }
}

fn number(node: &Node, field: &str) -> Reading<i64> {
    match node {
        Node::Whole(number) => Ok(*number),
        other => wrong(field, format!("a whole number is expected, not {}", other.kind())),
    }
}

/// A whole number in this range.
pub(crate) fn whole(range: RangeInclusive<i64>) -> impl FnOnce(Node, &str) -> Reading<i64> {
    move |node, field| {
        let number = number(&node, field)?;
        if range.contains(&number) {
            return Ok(number);
        }
        wrong(field, format!("a whole number from {} to {} is expected", range.start(), range.end()))
    }
}

/// A whole number in this range, as a query parameter is written: digits.
pub(crate) fn digits(range: RangeInclusive<i64>) -> impl FnOnce(Node, &str) -> Reading<i64> {
    move |node, field| {
        let text = words(node, field)?;
        let number = Some(text.as_str())
            .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok());
        whole(range)(number.map_or(Node::Whole(-1), Node::Whole), field)
    }
}

/// Days, under this maximum.
pub(crate) fn lifetime(maximum: u16) -> impl FnOnce(Node, &str) -> Reading<Lifetime> {
    move |node, field| {
        let days = match node {
            Node::Number => return wrong(field, format!("a key lives 1 to {maximum} whole days")),
            node => number(&node, field)?,
        };
        Lifetime::new(days, maximum).or_else(|error| wrong(field, error.to_string()))
    }
}

/// The days that a hand-over may take.
pub(crate) fn hand_over(node: Node, field: &str) -> Reading<HandOverWindow> {
    let days = match node {
        Node::Number => {
            return wrong(field, format!("a hand-over takes 1 to {} whole days", HandOverWindow::MOST_DAYS));
        }
        node => number(&node, field)?,
    };
    HandOverWindow::new(days).or_else(|error| wrong(field, error.to_string()))
}

fn entries(node: Node, field: &str) -> Reading<Vec<Node>> {
    match node {
        Node::List(entries) => Ok(entries),
        other => wrong(field, format!("a list is expected, not {}", other.kind())),
    }
}

/// A list, each entry read by the same reader.
pub(crate) fn list<T>(each: impl Fn(Node, &str) -> Reading<T>) -> impl FnOnce(Node, &str) -> Reading<Vec<T>> {
    move |node, field| {
        let (mut read, mut errors) = (Vec::new(), Vec::new());
        for (place, entry) in entries(node, field)?.into_iter().enumerate() {
            match each(entry, &format!("{field}[{place}]")) {
                Ok(entry) => read.push(entry),
                Err(wrong) => errors.extend(wrong),
            }
        }
        errors.truncate(MOST_ERRORS);
        if errors.is_empty() { Ok(read) } else { Err(errors) }
    }
}

/// Actions, at least one.
pub(crate) fn actions(node: Node, field: &str) -> Reading<Actions> {
    let actions = list(text::<Action>)(node, field)?;
    Actions::new(actions).or_else(|error| wrong(field, error.to_string()))
}

/// A key's patterns. Every text that is none is told.
pub(crate) fn patterns(node: Node, field: &str) -> Reading<Patterns> {
    let texts = list(words)(node, field)?;
    let error = match Patterns::parse(&texts) {
        Ok(patterns) => return Ok(patterns),
        Err(error) => error,
    };
    if !matches!(error, PatternsError::Pattern { .. }) {
        return wrong(field, error.to_string());
    }
    let each = texts.into_iter().map(Node::Text).collect();
    list(text::<keys::Pattern>)(Node::List(each), field).and_then(|_| wrong(field, error.to_string()))
}

/// Account ids, at least one and at most `most`; repeated ones are folded.
pub(crate) fn accounts(most: usize) -> impl FnOnce(Node, &str) -> Reading<Vec<AccountId>> {
    move |node, field| {
        let mut accounts: Vec<AccountId> = Vec::new();
        for account in list(text::<AccountId>)(node, field)? {
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        match accounts.len() {
            0 => wrong(field, "name at least one account"),
            count if count > most => wrong(field, format!("at most {most} accounts, not {count}")),
            _ => Ok(accounts),
        }
    }
}

pub(crate) fn account_kind(node: Node, field: &str) -> Reading<AccountKind> {
    words(node, field)?.parse().or_else(|()| wrong(field, "user or organization is expected"))
}

pub(crate) fn role(node: Node, field: &str) -> Reading<Role> {
    let name = words(node, field)?;
    match [Role::Admin, Role::Member].into_iter().find(|role| role.as_str() == name) {
        Some(role) => Ok(role),
        None => wrong(field, "admin or member is expected"),
    }
}

/// A time that has come by `now` (RFC 3339).
pub(crate) fn past(now: DateTime<Utc>) -> impl Fn(Node, &str) -> Reading<DateTime<Utc>> {
    move |node, field| match DateTime::parse_from_rfc3339(&words(node, field)?) {
        Ok(time) if time <= now => Ok(time.to_utc()),
        Ok(_) => wrong(field, "a time in the past is expected"),
        Err(_) => wrong(field, "a time as in 2027-01-01T00:00:00Z is expected (RFC 3339)"),
    }
}

/// A secret, wiped once it has been read. No error repeats it.
pub(crate) fn secret<T>(parse: impl Fn(&str) -> Result<T, String>) -> impl Fn(Node, &str) -> Reading<T> {
    move |node, field| {
        let text = Zeroizing::new(words(node, field)?);
        parse(&text).or_else(|message| wrong(field, message))
    }
}

/// An `Idempotency-Key`: 1 to 255 visible ASCII characters.
pub(crate) fn idempotency_key(node: Node, field: &str) -> Reading<String> {
    let text = words(node, field)?;
    let good = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(text) } else { wrong(field, "1 to 255 visible ASCII characters are expected") }
}

/// The version in an `If-Match`: one ETag, as replies carry it, with or without its quotes. Of `*` nothing is asked, and
/// so nothing comes of it (RFC 9110, section 13.1.1).
pub(crate) fn version(node: Node, field: &str) -> Reading<Option<u32>> {
    let text = words(node, field)?;
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let good = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    match bare.parse().ok().filter(|_| good) {
        Some(version) => Ok(Some(version)),
        None => wrong(field, "one version of a key is expected, as its ETag says: \"1\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(json: &str) -> Node {
        serde_json::from_str(json).unwrap()
    }

    fn told<T>(reading: Reading<T>) -> Vec<String> {
        let errors = reading.err().unwrap_or_default();
        errors.into_iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
    }

    #[test]
    fn every_bad_pattern_is_named_by_its_place() {
        let errors = told(patterns(node(r#"["Foo.*","a?b","ok",""," x"]"#), "packages"));
        insta::assert_snapshot!(errors.join("\n"), @r"
        packages[1]: a pattern holds letters, digits, dots, hyphens, underscores and *, not '?'
        packages[3]: a pattern is empty: name a package id, or a glob such as Fabrikam.*
        packages[4]: a pattern holds letters, digits, dots, hyphens, underscores and *, not ' '
        ");
        assert_eq!(told(patterns(node(r#"["Foo",7]"#), "packages")).len(), 1);
        let thousand: Vec<Node> = (0..1000).map(|_| Node::Text("?".into())).collect();
        assert_eq!(told(patterns(Node::List(thousand), "packages")).len(), MOST_ERRORS);
    }

    #[test]
    fn a_lifetime_is_whole_days_within_the_policy() {
        for bad in ["0", "-1", "366", "1.5", "30.5", "\"30\"", "true", "99999999999999999999"] {
            let errors = told(lifetime(365)(node(bad), "expires_in_days"));
            assert_eq!(errors.len(), 1, "{bad}");
        }
        for good in ["30", "30.0", "3e1"] {
            assert_eq!(lifetime(365)(node(good), "expires_in_days").map(Lifetime::days), Ok(30), "{good}");
        }
    }

    #[test]
    fn an_if_match_names_one_version() {
        let read = |text: &str| version(Node::Text(text.into()), "if-match");
        for (text, expected) in [("\"3\"", Some(3)), ("3", Some(3)), (" \"3\" ", Some(3)), ("*", None)] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for bad in ["", "\"\"", "W/\"3\"", "\"3\", \"4\"", "+3", "\"3", "-1", "4294967296", "x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_idempotency_key_is_short_and_visible() {
        let read = |text: &str| idempotency_key(Node::Text(text.into()), "idempotency-key");
        let longest = "x".repeat(255);
        assert!(read(&longest).is_ok() && read("0190a000-0000-7000-8000-000000000000").is_ok());
        for bad in ["", " ", "a b", "é", "x\u{7f}", &"x".repeat(256)] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_past_time_is_no_later_than_now() {
        let now = "2027-01-01T00:00:00Z".parse().unwrap();
        let read = |text: &str| past(now)(Node::Text(text.into()), "last_push_at");
        assert_eq!(read("2027-01-01T01:00:00+01:00"), Ok(now));
        assert!(read("2026-12-31T23:59:59.999Z").is_ok());
        for bad in ["2027-01-01T00:00:01Z", "2027-01-01", "", "1798761600", "0000-00-00T00:00:00Z"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_query_number_is_digits_only() {
        let read = |text: &str| digits(1..=100)(Node::Text(text.into()), "limit");
        assert_eq!((read("1"), read("100")), (Ok(1), Ok(100)));
        for bad in ["0", "101", "", "+5", "-5", "5.0", "x", " 5", "99999999999999999999"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
