use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// Deadlines before 2001 are none: `cargo lambda watch` gives a constant one that reads 1970.
const EARLIEST: u64 = 1_000_000_000_000;

/// The deadline of an invocation, which Lambda gives in milliseconds since 1970, if it gives one. `now` is the time on
/// the same clock.
#[must_use]
pub fn deadline(milliseconds: u64, now: DateTime<Utc>) -> Option<Instant> {
    left(milliseconds, now).map(|left| Instant::now() + left)
}

fn left(milliseconds: u64, now: DateTime<Utc>) -> Option<Duration> {
    let now = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    (milliseconds >= EARLIEST).then(|| Duration::from_millis(milliseconds.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_time_on_our_clock_or_none() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(left(1_800_000_600_500, now), Some(Duration::from_millis(600_500)));
        assert_eq!(left(1_799_999_999_000, now), Some(Duration::ZERO), "it is over");
        for constant in [0, 600_000, 3_600_000] {
            assert_eq!(left(constant, now), None);
        }
    }
}
