//! The one clock of the local program: the machine's, plus what it was moved ahead. It can only be moved ahead, since
//! what was stored would otherwise lie in the future.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use startup::Clock;

/// 2100-01-01: key ids carry their second of creation in 32 bits, which end in 2106.
const END: DateTime<Utc> = match DateTime::from_timestamp(4_102_444_800, 0) {
    Some(end) => end,
    None => DateTime::<Utc>::MAX_UTC,
};

/// A clock that can be moved ahead. Clones are the same clock, and a file keeps it over a restart.
#[derive(Clone, Debug)]
pub struct MovableClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    machine: Clock,
    /// Milliseconds.
    ahead: AtomicI64,
    file: Option<PathBuf>,
    /// Held while moving, so that of two moves the second starts where the first ended.
    moving: Mutex<()>,
}

/// Why the clock was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// It would have gone back.
    #[error("the clock only goes forward: it is {0} already")]
    Back(DateTime<Utc>),
    /// It would have gone too far.
    #[error("the clock goes to {END} at most")]
    TooFar,
    /// How far it was moved could not be written down.
    #[error("the clock's file cannot be written: {0}")]
    File(#[from] io::Error),
}

impl MovableClock {
    /// A clock that starts at the machine's time and is forgotten with the process.
    #[must_use]
    pub fn in_memory(machine: Clock) -> Self {
        Self::new(machine, 0, None)
    }

    /// The clock whose lead over the machine's is kept in `file` (whole milliseconds, as a number).
    ///
    /// # Errors
    /// A file that is there and cannot be read, or holds anything but a number.
    pub fn open(machine: Clock, file: &Path) -> io::Result<Self> {
        let ahead = match fs::read_to_string(file) {
            Ok(text) => text.trim().parse().map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", file.display()))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
        };
        Ok(Self::new(machine, ahead, Some(file.to_owned())))
    }

    fn new(machine: Clock, ahead: i64, file: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { machine, ahead: AtomicI64::new(ahead), file, moving: Mutex::new(()) }))
    }

    /// The local time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::milliseconds(self.0.ahead.load(Ordering::Acquire));
        self.0.machine.now().checked_add_signed(ahead).unwrap_or(END)
    }

    /// This clock for those who only ask it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::new(move || clock.now())
    }

    /// Moves the clock ahead by `days` of 24 hours, and gives the new time.
    ///
    /// # Errors
    /// As [`MoveError`] says; the clock is then where it was.
    pub fn advance(&self, days: u32) -> Result<DateTime<Utc>, MoveError> {
        self.shift(|now| now.checked_add_signed(TimeDelta::days(days.into())))
    }

    /// Moves the clock to `time`, and gives the new time.
    ///
    /// # Errors
    /// As [`MoveError`] says; the clock is then where it was.
    pub fn move_to(&self, time: DateTime<Utc>) -> Result<DateTime<Utc>, MoveError> {
        self.shift(|_| Some(time))
    }

    fn shift(
        &self,
        to: impl FnOnce(DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Result<DateTime<Utc>, MoveError> {
        let _moving = self.0.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let to = to(now).filter(|to| *to <= END).ok_or(MoveError::TooFar)?;
        if to < now {
            return Err(MoveError::Back(now));
        }
        let ahead = self.0.ahead.load(Ordering::Acquire) + (to - now).num_milliseconds();
        if let Some(file) = &self.0.file {
            let beside = file.with_extension("new");
            fs::write(&beside, ahead.to_string())?;
            fs::rename(&beside, file)?;
        }
        self.0.ahead.store(ahead, Ordering::Release);
        Ok(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Clock {
        Clock::new(|| DateTime::from_timestamp(1_800_000_000, 0).unwrap())
    }

    #[test]
    fn everyone_sees_it_move() {
        let movable = MovableClock::in_memory(machine());
        let clock = movable.clock();
        assert_eq!(clock.now().timestamp(), 1_800_000_000);
        assert_eq!(movable.advance(2).unwrap().timestamp(), 1_800_172_800);
        assert_eq!(clock.now().timestamp(), 1_800_172_800);
        let later: DateTime<Utc> = "2030-05-06T07:08:09.250Z".parse().unwrap();
        movable.move_to(later).unwrap();
        assert_eq!(clock.now(), later);
    }

    #[test]
    fn it_goes_neither_back_nor_beyond_the_end() {
        let movable = MovableClock::in_memory(machine());
        let before = movable.now();
        assert!(matches!(movable.move_to(before - TimeDelta::seconds(1)), Err(MoveError::Back(_))));
        assert!(matches!(movable.advance(u32::MAX), Err(MoveError::TooFar)));
        assert!(matches!(movable.move_to(END + TimeDelta::seconds(1)), Err(MoveError::TooFar)));
        assert_eq!(movable.move_to(before).unwrap(), before);
        assert_eq!(movable.now(), before);
    }

    #[test]
    fn a_restart_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let moved = MovableClock::open(machine(), &file).unwrap().advance(300).unwrap();
        assert_eq!(MovableClock::open(machine(), &file).unwrap().now(), moved);
        fs::write(&file, "soon").unwrap();
        assert!(MovableClock::open(machine(), &file).unwrap_err().to_string().contains("clock"));
    }
}
