//! A scope is within its limits and says what was written, no more and no less; and a decision allows what action and
//! pattern say together, and nothing else.

use chrono::{DateTime, TimeDelta};
use keys::{
    Action, Actions, Bar, Decision, Facts, Key, KeyName, Lifetime, Mac, Membership, PackageFacts, Pattern,
    Patterns, PatternsError, Presented, Reason, Request, Scope, Secret, decide,
};

use crate::{
    input::Input,
    key_text::id_from,
    pattern::{by_table, id_of},
};

/// Scopes: an id on the first line, then patterns, one a line.
///
/// # Panics
/// Where they are not as they should be.
pub fn scope(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (control, named, facts) = (input.byte(), input.byte(), input.byte());
    let asked = input.one_of(&Action::ALL);
    let id = id_of(&input.line());
    let mut texts = Vec::new();
    while !input.is_empty() {
        texts.push(input.line().into_owned());
    }
    if control == 7 && named >= 0xf8 {
        // Near the limits: every line many times over, and each time another one.
        texts = (0..texts.len().min(4) * 300)
            .map(|number| format!("{}{number}", texts[number % texts.len()]))
            .collect();
    }
    let patterns = match Patterns::parse(&texts) {
        Ok(patterns) => patterns,
        Err(error) => return refused(&error, &texts),
    };
    said(&patterns, &texts);

    let chosen: Vec<Action> =
        Action::ALL.into_iter().filter(|action| named >> *action as u8 & 1 == 1).collect();
    let Ok(actions) = Actions::new(chosen.iter().copied()) else { return assert!(chosen.is_empty()) };
    assert!(actions.iter().eq(chosen.iter().copied()));
    let scope = Scope { actions, packages: patterns };
    let covering = id.as_ref().and_then(|id| scope.packages.covering(id));
    if let Some(id) = &id {
        if texts.len() <= 64 {
            let covered = texts.iter().any(|text| by_table(text, id.as_str()));
            assert_eq!(covering.is_some(), covered, "{id}");
        }
        assert!(covering.is_none_or(|pattern| pattern.matches(id)));
        assert!(scope.packages.nearest(id).is_none_or(|near| scope.packages.as_slice().contains(near)));
    }

    let Some(key) = key(scope.clone()) else { return };
    let state = match facts & 3 {
        0 => PackageFacts::Unknown,
        3 => PackageFacts::Known {
            owned: true,
            barred: Some(Bar { by: key.owner.clone(), at: key.created_at }),
        },
        owned => PackageFacts::Known { owned: owned == 1, barred: None },
    };
    let open = matches!(state, PackageFacts::Unknown | PackageFacts::Known { owned: true, barred: None });
    let new = state == PackageFacts::Unknown;
    let given = Facts { holder_locked: facts & 4 != 0, membership: Membership::Own, package: state };
    let now = key.created_at + TimeDelta::days(i64::from(facts >> 3));
    let decision =
        decide(Presented::Verified(&key), Request { action: asked, package: id.as_ref() }, &given, now);
    let granted = match (asked, &id) {
        (Action::Unlist, Some(_)) => actions.contains(Action::Unlist) && !new,
        (Action::Unlist, None) => actions.contains(Action::Unlist),
        (_, Some(_)) if new => actions.contains(Action::Push),
        _ => actions.contains(Action::Push) || actions.contains(Action::Update),
    };
    let package = id.is_none() || (covering.is_some() && open);
    let alive = now < key.ends_at() && !given.holder_locked;
    assert_eq!(
        matches!(decision, Decision::Allow(_)),
        granted && package && alive,
        "{decision:?} of {scope:?}"
    );
    if let Decision::Deny(denial) = &decision {
        let reason = denial.reason();
        assert!(!matches!(reason, Reason::Missing | Reason::Unknown), "the key was shown and verified");
    }
}

/// Every text stands for itself: none is lost, none is added, and only spellings of one pattern are folded.
fn said(patterns: &Patterns, texts: &[String]) {
    let kept = patterns.as_slice();
    assert!((1..=Patterns::MOST).contains(&kept.len()));
    assert!(kept.iter().map(|pattern| pattern.as_str().len()).sum::<usize>() <= Patterns::MOST_BYTES);
    let mut place = 0;
    let mut seen = std::collections::HashSet::new();
    for text in texts {
        if seen.insert(text.to_ascii_lowercase()) {
            assert_eq!(kept.get(place).map(Pattern::as_str), Some(text.as_str()));
            place += 1;
        }
    }
    assert_eq!(place, kept.len());
    let again: Vec<&str> = kept.iter().map(Pattern::as_str).collect();
    assert_eq!(Patterns::parse(&again).as_ref(), Ok(patterns));
}

fn refused(error: &PatternsError, texts: &[String]) {
    let different: std::collections::HashSet<_> =
        texts.iter().map(|text| text.to_ascii_lowercase()).collect();
    let bytes: usize = different.iter().map(String::len).sum();
    match error {
        PatternsError::None => assert!(texts.is_empty()),
        PatternsError::TooMany(count) => assert!(*count == different.len() && *count > Patterns::MOST),
        PatternsError::TooLong(count) => assert!(*count == bytes && *count > Patterns::MOST_BYTES),
        PatternsError::Pattern { place, .. } => assert!(texts[*place].parse::<Pattern>().is_err()),
    }
}

/// A key of this scope for 20 days.
fn key(scope: Scope) -> Option<Key> {
    let account: keys::AccountId = "alice".parse().ok()?;
    let name: KeyName = "key".parse().ok()?;
    let lifetime = Lifetime::new(20, 365).ok()?;
    let secret = Secret::new(Mac::from_bytes([0; 32]), 1.into(), 1);
    let now = DateTime::from_timestamp(1_800_000_000, 0)?;
    Some(Key::scoped(id_from([7; 16]), name, (account.clone(), account), scope, lifetime, secret, now))
}
