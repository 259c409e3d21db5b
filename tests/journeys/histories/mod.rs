//! What happens at once has an order: publishers, pushes and the gallery against several instances of each function, every
//! history explained by one key after another of a small model, or the run fails and says which.
//!
//! A key's own acts, its holder's lock and the package are judged together. What a decision reads of an organization it
//! reads after the key, so that is judged as a second look within the same call: each thing was so at some moment of it.
//!
//! `tests/histories` runs thousands. What a seed throws is always the same; how the clients meet is not.

mod calls;
mod clients;
mod doors;
mod model;
mod overtaken;
mod rotation;
mod search;

use std::{collections::BTreeMap, sync::Arc};

use self::{
    clients::History,
    doors::Doors,
    model::{Answer, Change, CreateAnswer, Key, Scope, Seen, Shown, Slot, Standing, Step, World},
    search::{NoOrder, Operation, order},
};
use crate::dice::{Dice, told};

/// How many histories an ordinary run sees.
const HISTORIES: u64 = 48;
/// How many are made at a time, each of its own user.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_history_has_an_order_and_no_push_follows_a_revoke() {
    let (seed, histories) = (told("HISTORIES_SEED", 1), told("HISTORIES", HISTORIES));
    let mut doors = Arc::new(Doors::open(seed).await);
    let (mut operations, mut lost, mut accepted, mut endings) = (0, 0, 0, 0);
    for first in (0..histories).step_by(AT_ONCE) {
        // A table that grows would slow down a long run.
        if first % 200 == 196 {
            doors = Arc::new(Doors::open(seed + first).await);
        }
        let numbers = first..histories.min(first + AT_ONCE as u64);
        let lossy = first % 3 == 0;
        for (number, happened) in
            numbers.clone().zip(clients::histories(&doors, numbers, &Dice::new(seed), lossy).await)
        {
            let of = format!("history {number} of HISTORIES_SEED={seed}");
            assert_eq!(refused_pushes_accepted(&happened), Vec::<String>::new(), "{of}");
            if let Err(NoOrder(longest)) = explain(&happened) {
                panic!("{of} has no order:\n{}", told_of(&happened, &longest));
            }
            let count = |counts: fn(&Operation<Step>) -> bool| {
                happened.operations.iter().filter(|operation| counts(operation)).count()
            };
            operations += happened.operations.len();
            lost += count(|operation| operation.end.is_none());
            accepted += count(|operation| accepts(&operation.step).is_some());
            endings += count(|operation| ends(&operation.step).is_some());
        }
    }
    println!(
        "{histories} histories of {operations} operations have an order ({lost} answers lost, {accepted} pushes accepted, {endings} secrets ended)"
    );
    assert!(accepted > 0 && endings > 0 && (lost > 0 || histories < 20), "they saw nothing worth the name");
}

fn explain(history: &History) -> Result<Vec<usize>, NoOrder> {
    order(&history.start, &history.operations, World::after)
}

/// The key and the secret of an accepted push.
fn accepts(step: &Step) -> Option<(Slot, u32)> {
    match *step {
        Step::Look { slot, secret, seen: Seen::Good | Seen::InForce } => Some((slot, secret)),
        _ => None,
    }
}

/// The key whose secrets before this version are good no more.
fn ends(step: &Step) -> Option<(Slot, u32)> {
    match *step {
        Step::Change { slot, change: Change::Refresh, answer: Answer::Made(Some(shown)), .. } => {
            Some((slot, shown.version))
        }
        // Where it was the second one, its first push has ended the one before.
        Step::Pushed { slot, secret } => Some((slot, secret)),
        Step::Change { slot, change: Change::Revoke | Change::Delete, answer: Answer::Made(_), .. }
        | Step::Burn { slot, answer: Answer::Made(_), .. } => Some((slot, u32::MAX)),
        _ => None,
    }
}

/// Pushes that were accepted although they began after a refresh, a revoke, a deletion or a push with a newer secret had
/// been answered. The search finds
/// them too; here nothing but the clock is needed to see them.
fn refused_pushes_accepted(history: &History) -> Vec<String> {
    let mut found = Vec::new();
    for ended in &history.operations {
        let (Some((slot, before)), Some(end)) = (ends(&ended.step), ended.end) else { continue };
        let late = history.operations.iter().filter(|push| push.call > end);
        for push in
            late.filter(|push| accepts(&push.step).is_some_and(|(of, secret)| of == slot && secret < before))
        {
            found.push(format!("{:?} accepted after {:?} was answered", push.step, ended.step));
        }
    }
    found
}

/// The history for whoever has to find out, in the order of the longest beginning that makes sense, then the rest.
fn told_of(history: &History, longest: &[usize]) -> String {
    let rest = (0..history.operations.len()).filter(|number| !longest.contains(number));
    let line = |number: usize| {
        let Operation { call, end, step } = &history.operations[number];
        let end = end.map_or_else(|| "never".to_owned(), |end| end.to_string());
        format!("  {call:>4} to {end:>5}: {step:?}\n")
    };
    let explained: String = longest.iter().copied().map(line).collect();
    format!("explained\n{explained}not any more\n{}", rest.map(line).collect::<String>())
}

/// Histories that must not pass: what would have to be found if it happened.
mod what_must_be_found {
    use super::*;

    fn start() -> World {
        let keys = [(0, Key::new(false)), (1, Key::new(true))].into();
        World { keys, holder_locked: false, organization_locked: false, member: true, owned: true }
    }

    fn shown(version: u32, scope: Scope, revoked: bool) -> Option<Shown> {
        Some(Shown { version, scope, revoked, frozen: false })
    }

    fn of(steps: impl IntoIterator<Item = (u64, u64, Step)>) -> History {
        let operation = |(call, end, step)| Operation { call, end: (end > 0).then_some(end), step };
        History { start: start(), operations: steps.into_iter().map(operation).collect() }
    }

    fn passes(steps: impl IntoIterator<Item = (u64, u64, Step)>) -> bool {
        explain(&of(steps)).is_ok()
    }

    fn change(change: Change, named: Option<u32>, answer: Answer) -> Step {
        Step::Change { slot: 0, change, named, answer }
    }

    fn push(secret: u32, seen: Seen) -> Step {
        Step::Look { slot: 0, secret, seen }
    }

    const ALL: Scope = Scope::ThePackage;

    #[test]
    fn a_push_accepted_after_a_revoke_that_returned() {
        let revoke = || change(Change::Revoke, None, Answer::Made(shown(2, ALL, true)));
        let late = || [(1, 2, revoke()), (3, 4, push(1, Seen::Good))];
        assert!(!passes(late()));
        assert_eq!(refused_pushes_accepted(&of(late())).len(), 1);
        let at_once = || [(1, 3, revoke()), (2, 4, push(1, Seen::Good))];
        assert!(passes(at_once()), "while it was under way the push may have come first");
        assert!(refused_pushes_accepted(&of(at_once())).is_empty());
        assert!(passes([(1, 2, revoke()), (3, 4, push(1, Seen::Revoked))]));
        assert!(!passes([(1, 2, revoke()), (3, 4, push(1, Seen::Unknown))]), "nor is the record lost");
        let deleted = change(Change::Delete, None, Answer::Made(None));
        assert!(!passes([(1, 2, deleted), (3, 4, push(1, Seen::InForce))]), "a grant neither");
    }

    #[test]
    fn a_push_accepted_after_a_freeze_or_a_burn_that_returned() {
        let made =
            |version, revoked, frozen| Answer::Made(Some(Shown { version, scope: ALL, revoked, frozen }));
        let freeze = || change(Change::Freeze, None, made(2, false, true));
        assert!(!passes([(1, 2, freeze()), (3, 4, push(1, Seen::Good))]));
        assert!(passes([(1, 3, freeze()), (2, 4, push(1, Seen::Good))]), "while it was under way");
        let thaw = || change(Change::Thaw, None, made(3, false, false));
        assert!(passes([(1, 2, freeze()), (3, 4, push(1, Seen::Frozen)), (5, 6, thaw())]));
        assert!(passes([(1, 2, freeze()), (3, 4, thaw()), (5, 6, push(1, Seen::Good))]));
        assert!(!passes([(1, 2, freeze()), (3, 4, thaw()), (5, 6, push(1, Seen::Frozen))]));
        let locked = [(1, 2, freeze()), (3, 4, Step::LockHolder(true)), (5, 6, thaw())];
        assert!(!passes(locked), "a lock keeps the holder from it");
        let refresh = change(Change::Refresh, None, made(3, false, true));
        assert!(!passes([(1, 2, freeze()), (3, 4, refresh), (5, 6, push(3, Seen::Good))]), "a new secret");

        let burn = |answer| Step::Burn { slot: 0, secret: 1, answer };
        let late = || [(1, 2, burn(made(2, true, false))), (3, 4, push(1, Seen::Good))];
        assert!(!passes(late()));
        assert_eq!(refused_pushes_accepted(&of(late())).len(), 1);
        let again = [(1, 2, burn(made(2, true, false))), (3, 4, burn(made(2, true, false)))];
        assert!(passes(again), "it has ended once");
        let refresh = || change(Change::Refresh, None, made(2, false, false));
        assert!(!passes([(1, 2, refresh()), (3, 4, burn(made(3, true, false)))]), "with an old text");
        assert!(passes([(1, 2, refresh()), (3, 4, burn(Answer::Unknown))]));
    }

    #[test]
    fn an_update_that_was_lost() {
        let edit =
            |scope, version| change(Change::Edit(scope), Some(1), Answer::Made(shown(version, scope, false)));
        assert!(
            !passes([(1, 4, edit(Scope::Others, 2)), (2, 3, edit(ALL, 2))]),
            "both on top of one version"
        );
        let unnamed =
            |scope, version| change(Change::Edit(scope), None, Answer::Made(shown(version, scope, false)));
        assert!(!passes([(1, 4, unnamed(Scope::Others, 2)), (2, 3, unnamed(ALL, 2))]));
        assert!(passes([(1, 4, unnamed(Scope::Others, 2)), (2, 3, unnamed(ALL, 3))]));
        let get = |shown| Step::Get { slot: 0, shown };
        assert!(!passes([(1, 2, edit(Scope::Others, 2)), (3, 4, get(shown(1, ALL, false)))]));
        assert!(!passes([(1, 2, edit(Scope::Others, 2)), (3, 4, push(1, Seen::Good))]), "a narrowed scope");
    }

    #[test]
    fn two_refreshes_of_one_version_both_accepted() {
        let refresh = |version| change(Change::Refresh, Some(1), Answer::Made(shown(version, ALL, false)));
        assert!(!passes([(1, 4, refresh(2)), (2, 3, refresh(2))]));
        assert!(!passes([(1, 4, refresh(2)), (2, 3, refresh(3))]));
        let other = change(Change::Refresh, Some(1), Answer::OtherVersion);
        assert!(passes([(1, 4, refresh(2)), (2, 3, other)]));
        assert!(!passes([(1, 2, refresh(2)), (3, 4, push(1, Seen::Good))]), "the old secret");
        assert!(!passes([(1, 2, refresh(2)), (3, 4, push(2, Seen::Unknown))]), "the new one");
    }

    #[test]
    fn an_old_secret_accepted_after_the_new_one_has_pushed() {
        let begun = || change(Change::HandOver, None, Answer::Made(shown(2, ALL, false)));
        let pushed = || Step::Pushed { slot: 0, secret: 2 };
        assert!(passes([(1, 2, begun()), (3, 4, push(1, Seen::Good)), (5, 6, push(2, Seen::InForce))]));
        let late =
            || [(1, 2, begun()), (3, 4, push(2, Seen::Good)), (3, 4, pushed()), (5, 6, push(1, Seen::Good))];
        assert!(!passes(late()));
        assert_eq!(refused_pushes_accepted(&of(late())).len(), 1);
        let at_once =
            [(1, 2, begun()), (3, 6, push(2, Seen::Good)), (3, 6, pushed()), (4, 7, push(1, Seen::Good))];
        assert!(passes(at_once));
        let lost = [(1, 2, begun()), (3, 0, pushed()), (4, 5, push(1, Seen::Unknown))];
        assert!(passes(lost), "its answer may be all that was lost");
        assert!(!passes([(1, 2, begun()), (3, 4, push(1, Seen::Unknown))]), "nothing has ended it");
        let third = || change(Change::HandOver, None, Answer::Made(shown(3, ALL, false)));
        assert!(!passes([(1, 2, begun()), (3, 4, third())]), "three secrets");
        assert!(passes([(1, 2, begun()), (3, 4, push(2, Seen::Good)), (3, 4, pushed()), (5, 6, third())]));
        let revoked = change(Change::Revoke, None, Answer::Made(shown(3, ALL, true)));
        assert!(!passes([(1, 2, begun()), (3, 4, revoked), (5, 6, push(2, Seen::Revoked))]), "it ends both");
    }

    #[test]
    fn a_lock_or_a_departure_that_is_overtaken() {
        let edited =
            || change(Change::Edit(Scope::Others), None, Answer::Made(shown(2, Scope::Others, false)));
        assert!(!passes([(1, 2, Step::LockHolder(true)), (3, 4, edited())]));
        let before = Step::Get { slot: 0, shown: shown(1, ALL, false) };
        let overtaken = [(1, 8, edited()), (2, 3, Step::LockHolder(true)), (4, 5, before)];
        assert!(!passes(overtaken), "the edit came after the key was seen as it was, and so after the lock");
        assert!(!passes([(1, 2, Step::LockHolder(true)), (3, 4, push(1, Seen::Good))]));
        let look = |standing| Step::LookAtOrganization(standing);
        assert!(!passes([(1, 2, Step::Member(false)), (3, 4, look(Standing::Good))]));
        assert!(passes([(1, 3, Step::Member(false)), (2, 4, look(Standing::Good))]));
        let create = |answer| Step::Create { slot: 2, answer };
        assert!(!passes([(1, 2, Step::LockHolder(true)), (3, 4, create(CreateAnswer::Made))]));
        assert!(!passes([(1, 2, create(CreateAnswer::Made)), (3, 4, create(CreateAnswer::Made))]), "twice");
        let missed = Step::List(BTreeMap::new());
        assert!(!passes([(1, 2, create(CreateAnswer::Made)), (3, 4, missed)]), "a key that no list shows");
    }

    #[test]
    fn an_answer_that_was_lost_excuses_one_outcome_and_not_both() {
        let lost = || change(Change::Revoke, None, Answer::Lost);
        for seen in [Seen::Good, Seen::Revoked] {
            assert!(passes([(1, 0, lost()), (2, 3, push(1, seen))]));
        }
        assert!(passes([(1, 0, lost()), (2, 3, push(1, Seen::Good)), (4, 5, push(1, Seen::Revoked))]));
        assert!(!passes([(1, 0, lost()), (2, 3, push(1, Seen::Revoked)), (4, 5, push(1, Seen::Good))]));
    }
}
