use chrono::{DateTime, TimeDelta, Utc};

/// From how many days before its end on every decision for a key carries a warning.
pub const WARNING_DAYS: i64 = 10;

/// How long it is from `now` until `end`, in words: whole days, under one day whole hours, under one hour so.
///
/// Rounded down, so that nobody is promised a day they do not have; never `0 days`.
#[must_use]
pub fn time_left(now: DateTime<Utc>, end: DateTime<Utc>) -> String {
    let left = (end - now).max(TimeDelta::zero());
    match (left.num_days(), left.num_hours()) {
        (0, 0) => "less than an hour".to_owned(),
        (0, 1) => "1 hour".to_owned(),
        (0, hours) => format!("{hours} hours"),
        (1, _) => "1 day".to_owned(),
        (days, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_then_whole_hours_and_never_zero() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (minutes, words) in [
            (10 * 24 * 60, "10 days"),
            (50 * 60, "2 days"),
            (47 * 60, "1 day"),
            (24 * 60, "1 day"),
            (24 * 60 - 1, "23 hours"),
            (119, "1 hour"),
            (59, "less than an hour"),
            (-5, "less than an hour"),
        ] {
            assert_eq!(time_left(now, now + TimeDelta::minutes(minutes)), words);
        }
    }
}
