use std::time::Duration;

use tokio::time::Instant;

/// How fast mails may leave: SES gives every account a number of mails a second, and refuses what exceeds it.
///
/// Mails leave one after another, so the number is never exceeded in any second, nor caught up with after a pause.
/// The default waits for nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    gap: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// At most this many a second.
    pub(crate) fn per_second(mails: u16) -> Self {
        Self { gap: Duration::from_secs(1) / u32::from(mails.max(1)), next: None }
    }

    /// When the next mail may leave, if it is to leave at `now`. It counts as one that leaves then.
    pub(crate) fn turn(&mut self, now: Instant) -> Instant {
        let turn = self.next.map_or(now, |next| next.max(now));
        self.next = Some(turn + self.gap);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_leave_evenly_and_a_pause_saves_nothing_up() {
        let start = Instant::now();
        let millis = Duration::from_millis;
        let mut pace = Pace::per_second(10);
        let turns: Vec<_> = (0..3).map(|_| pace.turn(start) - start).collect();
        assert_eq!(turns, [millis(0), millis(100), millis(200)]);
        let later = start + Duration::from_secs(9);
        assert_eq!([pace.turn(later), pace.turn(later)], [later, later + millis(100)]);
    }

    #[test]
    fn a_free_pace_waits_for_nothing() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!([pace.turn(start), pace.turn(start)], [start, start]);
    }
}
