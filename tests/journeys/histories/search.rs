//! Whether what happened at once could have happened one after the other: linearizability (Herlihy and Wing, 1990), by the
//! search of Wing and Gong (1993), with Lowe's memory of what was tried before (2017).
//!
//! None of the crates that do this takes operations whose answer was lost, which may have happened at any time since, or
//! never.

use std::{collections::HashSet, hash::Hash};

/// One operation: what was asked and answered, and when, on a clock that counts beginnings and ends.
#[derive(Clone, Debug)]
pub(crate) struct Operation<S> {
    pub(crate) call: u64,
    /// When it was answered; none if the answer was lost.
    pub(crate) end: Option<u64>,
    pub(crate) step: S,
}

/// No order explains the history: the longest beginning of one that was found, by number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoOrder(pub(crate) Vec<usize>);

/// An order of `history` in which each operation comes between its call and its answer, and `after` takes the world from
/// one to the next; where it answers none, the operation is not possible there. At most 128 operations.
pub(crate) fn order<W: Clone + Eq + Hash, S>(
    start: &W,
    history: &[Operation<S>],
    after: impl Fn(&W, &S) -> Option<W>,
) -> Result<Vec<usize>, NoOrder> {
    assert!(history.len() <= 128, "a history has at most 128 operations");
    let mut search = Search { history, after, tried: HashSet::new(), order: Vec::new(), longest: Vec::new() };
    match search.goes_on(start, 0) {
        true => Ok(search.order),
        false => Err(NoOrder(search.longest)),
    }
}

struct Search<'a, W, S, F> {
    history: &'a [Operation<S>],
    after: F,
    tried: HashSet<(u128, W)>,
    order: Vec<usize>,
    longest: Vec<usize>,
}

impl<W: Clone + Eq + Hash, S, F: Fn(&W, &S) -> Option<W>> Search<'_, W, S, F> {
    /// Whether what is not `done` yet can follow in this world.
    fn goes_on(&mut self, world: &W, done: u128) -> bool {
        let left = |number: usize| done & (1 << number) == 0;
        let open = (0..self.history.len()).filter(|number| left(*number));
        // Whatever comes next was called before the first of the others was answered.
        let Some(latest) = open.clone().filter_map(|number| self.history[number].end).min() else {
            return true;
        };
        if !self.tried.insert((done, world.clone())) {
            return false;
        }
        for number in open.filter(|number| self.history[*number].call < latest).collect::<Vec<_>>() {
            let Some(next) = (self.after)(world, &self.history[number].step) else { continue };
            self.order.push(number);
            if self.order.len() > self.longest.len() {
                self.longest.clone_from(&self.order);
            }
            if self.goes_on(&next, done | (1 << number)) {
                return true;
            }
            self.order.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A register.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Write(u8),
        Read(u8),
    }

    fn register(value: &u8, step: &Step) -> Option<u8> {
        match *step {
            Step::Write(new) => Some(new),
            Step::Read(seen) => (seen == *value).then_some(seen),
        }
    }

    fn orders(history: &[(u64, u64, Step)]) -> bool {
        let operation = |(call, end, step): &(u64, u64, Step)| Operation {
            call: *call,
            end: (*end > 0).then_some(*end),
            step: *step,
        };
        order(&0, &history.iter().map(operation).collect::<Vec<_>>(), register).is_ok()
    }

    #[test]
    fn what_came_one_after_the_other_stays_so() {
        assert!(orders(&[]));
        assert!(orders(&[(1, 2, Step::Write(1)), (3, 4, Step::Read(1))]));
        assert!(
            !orders(&[(1, 2, Step::Write(1)), (3, 4, Step::Read(0))]),
            "an old value after a write returned"
        );
        assert!(!orders(&[(1, 2, Step::Read(1)), (3, 4, Step::Write(1))]), "a value before it was written");
    }

    #[test]
    fn what_was_at_once_may_have_come_in_any_order() {
        for seen in [0, 1, 2] {
            let read = (1, 6, Step::Read(seen));
            assert!(orders(&[(2, 5, Step::Write(1)), (3, 4, Step::Write(2)), read]), "{seen}");
        }
        let both = |first, second| {
            orders(&[(1, 10, Step::Write(1)), (2, 3, Step::Read(first)), (4, 5, Step::Read(second))])
        };
        assert!(both(0, 0) && both(0, 1) && both(1, 1));
        assert!(!both(1, 0), "a value that was seen is not unseen");
    }

    #[test]
    fn what_was_never_answered_may_have_happened_any_time_or_never() {
        for seen in [0, 1] {
            assert!(orders(&[(1, 0, Step::Write(1)), (8, 9, Step::Read(seen))]), "{seen}");
        }
        let late = [(1, 0, Step::Write(1)), (2, 3, Step::Read(0)), (4, 5, Step::Read(1))];
        assert!(orders(&late));
        assert!(!orders(&[(3, 0, Step::Write(1)), (1, 2, Step::Read(1))]), "not before it was called");
    }
}
