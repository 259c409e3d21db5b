use chrono::{DateTime, TimeDelta, Utc};

/// How long a key lives, in whole days: 1 to the policy's maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(u16);

/// A lifetime the policy does not allow. It is refused, never shortened in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key lives 1 to {maximum} days, not {asked}")]
pub struct LifetimeError {
    /// The days asked for.
    pub asked: i64,
    /// The most days the policy allows.
    pub maximum: u16,
}

impl Lifetime {
    /// A lifetime of `days`, where the policy allows at most `maximum`.
    ///
    /// # Errors
    /// [`LifetimeError`] for zero, negative and too many days.
    pub fn new(days: i64, maximum: u16) -> Result<Self, LifetimeError> {
        match u16::try_from(days) {
            Ok(days) if (1..=maximum).contains(&days) => Ok(Self(days)),
            _ => Err(LifetimeError { asked: days, maximum }),
        }
    }

    /// The days.
    #[must_use]
    pub const fn days(self) -> u16 {
        self.0
    }

    /// When a life that starts at `start` ends.
    #[must_use]
    pub fn end(self, start: DateTime<Utc>) -> DateTime<Utc> {
        start + self.span()
    }

    /// How long before its end a key's holder is warned: ten days, and for a key that lives no longer than ten days a
    /// fifth of its life.
    #[must_use]
    pub fn warning(self) -> TimeDelta {
        let ten_days = TimeDelta::days(10);
        if self.span() > ten_days { ten_days } else { self.span() / 5 }
    }

    fn span(self) -> TimeDelta {
        TimeDelta::days(i64::from(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_within_the_policy() {
        assert_eq!(Lifetime::new(1, 365).map(Lifetime::days), Ok(1));
        assert_eq!(Lifetime::new(365, 365).map(Lifetime::days), Ok(365));
        for asked in [0, -1, 366, 65_537, i64::MAX, i64::MIN] {
            assert_eq!(Lifetime::new(asked, 365), Err(LifetimeError { asked, maximum: 365 }));
        }
    }

    #[test]
    fn the_warning_is_ten_days_or_a_fifth_of_a_short_life() {
        for (days, hours) in [(365, 240), (11, 240), (10, 48), (5, 24), (1, 4)] {
            let warning = Lifetime::new(days, 365).unwrap().warning();
            assert!(
                warning >= TimeDelta::hours(hours) && warning < TimeDelta::hours(hours + 1),
                "{days} days: {warning}"
            );
        }
    }
}
