//! The bytes a target is given, taken from the front. What is not there is zero, or nothing: every input is a good one.

use std::borrow::Cow;

/// What is left of an input.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    /// Whether there is anything left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// At most the next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Everything up to the next line feed, which is dropped.
    pub(crate) fn line(&mut self) -> Cow<'a, str> {
        let end = self.0.iter().position(|byte| *byte == b'\n').unwrap_or(self.0.len());
        let line = self.take(end);
        self.take(1);
        String::from_utf8_lossy(line)
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.take(usize::MAX)
    }

    /// Everything that is left, as text.
    pub(crate) fn text(&mut self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.rest())
    }

    /// One of these, by the next byte.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }
}

/// `text` after some small changes, as the rest of the input says: a letter replaced, put in, taken out, or turned into the
/// other case.
pub(crate) fn edited(mut text: Vec<u8>, most: usize, input: &mut Input<'_>) -> Vec<u8> {
    for _ in 0..most {
        if input.is_empty() || text.is_empty() {
            break;
        }
        let (how, letter) = (input.byte(), input.byte());
        let place = usize::from(input.byte()) % text.len();
        match how % 4 {
            0 => text[place] = letter,
            1 => text.insert(place, letter),
            2 => drop(text.remove(place)),
            _ => text[place] ^= 0x20,
        }
    }
    text
}
