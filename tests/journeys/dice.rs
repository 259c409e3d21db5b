//! Chance that can be had again: the same seed throws the same numbers.

use std::env;

/// A generator of numbers (SplitMix64, Steele, Lea and Flood 2014): not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.throw() % end
    }

    /// One of these, each as often as its weight says.
    pub(crate) fn one_of<T: Copy>(&mut self, weighted: &[(u64, T)]) -> T {
        let mut place = self.below(weighted.iter().map(|(weight, _)| weight).sum());
        for (weight, it) in weighted {
            match place.checked_sub(*weight) {
                None => return *it,
                Some(rest) => place = rest,
            }
        }
        unreachable!("the place is below the sum")
    }

    /// A generator of its own for part `number` of what this one decides.
    pub(crate) fn part(&self, number: u64) -> Self {
        let mut part = Self(self.0 ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        part.throw();
        part
    }
}

/// A number that whoever runs the tests may set, as `tests/histories` and `tests/kill` do.
pub(crate) fn told(name: &str, otherwise: u64) -> u64 {
    match env::var_os(name) {
        Some(text) => {
            let number = text.to_str().and_then(|text| text.parse().ok());
            number.unwrap_or_else(|| panic!("{name} is a number, not {}", text.display()))
        }
        None => otherwise,
    }
}
