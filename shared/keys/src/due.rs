use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::{
    key::{Key, Kind},
    notice::NoticeKind,
    time_left::WARNING_DAYS,
};

/// What a key is owed once its due moment has come.
///
/// | at | scoped | legacy |
/// | --- | --- | --- |
/// | ten days before its end; where it lives no longer than that, when a fifth of its life is left | [`NoticeKind::Expiring`] | [`NoticeKind::LegacyRetiring`] |
/// | its end | [`NoticeKind::Expired`] | [`NoticeKind::LegacyRetired`] |
///
/// Where nobody looked until the end had passed, the warning is past telling, and only the end is told.
///
/// How a [hand-over](crate::HandOver) has ended is owed as well, before anything that happened later: a first push of the new
/// secret ([`NoticeKind::HandedOver`]) from that push on, a window without one ([`NoticeKind::HandOverLapsed`]) from when it
/// has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// What its people are to be told. Nothing where its end has moved away since its due moment was set.
    pub notice: Option<NoticeKind>,
    /// The next due moment of its end; none once that has been told.
    pub next: Option<DateTime<Utc>>,
}

impl Key {
    /// When the key is owed something next: its due moment. Only of its hand-over and its end anything is owed.
    #[must_use]
    pub fn due(&self) -> Option<DateTime<Utc>> {
        [self.handed_over_at, self.hand_over.as_ref().map(|hand_over| hand_over.until), self.due_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// What the key is owed at `now`; none before its due moment, and none for a key without one. It may be owed more than
    /// one thing: the next shows once this one is [told](Key::told).
    #[must_use]
    pub fn owed(&self, now: DateTime<Utc>) -> Option<Owed> {
        self.owed_of_hand_over(now).or_else(|| self.owed_of_end(now))
    }

    /// How its hand-over has ended, where its people have not been told.
    #[must_use]
    pub fn owed_of_hand_over(&self, now: DateTime<Utc>) -> Option<Owed> {
        let closed = self.hand_over.as_ref().is_some_and(|hand_over| now >= hand_over.until);
        let notice = match self.handed_over_at {
            Some(_) => NoticeKind::HandedOver,
            None if closed => NoticeKind::HandOverLapsed,
            None => return None,
        };
        Some(Owed { notice: Some(notice), next: self.due_at })
    }

    fn owed_of_end(&self, now: DateTime<Utc>) -> Option<Owed> {
        self.due_at.filter(|due| *due <= now)?;
        if self.revocation.is_some() {
            return Some(Owed { notice: None, next: None });
        }
        let (warning, end) = match self.kind {
            Kind::Scoped { .. } => (NoticeKind::Expiring, NoticeKind::Expired),
            Kind::Legacy { .. } => (NoticeKind::LegacyRetiring, NoticeKind::LegacyRetired),
        };
        let (warned_at, ends_at) = (self.warned_at(), self.ends_at());
        Some(if now >= ends_at {
            Owed { notice: Some(end), next: None }
        } else if now >= warned_at {
            Owed { notice: Some(warning), next: Some(ends_at) }
        } else {
            Owed { notice: None, next: Some(warned_at) }
        })
    }

    /// The key once it has been told what it was owed. Its version stays: nobody has changed what it is.
    #[must_use]
    pub fn told(&self, owed: Owed) -> Self {
        let mut key = Self { due_at: owed.next, ..self.clone() };
        match owed.notice {
            Some(NoticeKind::HandedOver) => key.handed_over_at = None,
            Some(NoticeKind::HandOverLapsed) => key.hand_over = None,
            _ => {}
        }
        key
    }

    /// When its people are warned of its end: its first due moment.
    #[must_use]
    pub fn warned_at(&self) -> DateTime<Utc> {
        let before = match self.kind {
            Kind::Scoped { lifetime, .. } => lifetime.warning(),
            Kind::Legacy { .. } => TimeDelta::days(WARNING_DAYS),
        };
        (self.ends_at() - before).trunc_subsecs(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::Action,
        key::{
            Edit,
            tests::{at, key, legacy, scope},
        },
        pepper::Mac,
    };

    fn scoped(days: i64) -> Key {
        key(days, scope(&[Action::Push], &["Foo.*"]))
    }

    fn owed(notice: NoticeKind, next: impl Into<Option<i64>>) -> Option<Owed> {
        Some(Owed { notice: Some(notice), next: next.into().map(at) })
    }

    /// What a key is told when the sweeper comes every day until day `last`.
    fn told(mut key: Key, last: i64) -> Vec<(i64, NoticeKind)> {
        let mut told = Vec::new();
        for day in 0..=last {
            while let Some(owed) = key.owed(at(day)) {
                told.extend(owed.notice.map(|kind| (day, kind)));
                key = key.told(owed);
            }
        }
        told
    }

    #[test]
    fn a_key_is_warned_once_and_told_of_its_end_once() {
        assert_eq!(told(scoped(365), 800), [(355, NoticeKind::Expiring), (365, NoticeKind::Expired)]);
        assert_eq!(told(scoped(11), 100), [(1, NoticeKind::Expiring), (11, NoticeKind::Expired)]);
        let imported = Key { due_at: Some(at(355)), ..legacy(365) };
        assert_eq!(
            told(imported, 800),
            [(355, NoticeKind::LegacyRetiring), (365, NoticeKind::LegacyRetired)]
        );
    }

    #[test]
    fn a_short_life_is_warned_when_a_fifth_of_it_is_left() {
        assert_eq!(told(scoped(10), 100), [(8, NoticeKind::Expiring), (10, NoticeKind::Expired)]);
        assert_eq!(told(scoped(5), 100), [(4, NoticeKind::Expiring), (5, NoticeKind::Expired)]);
    }

    #[test]
    fn nothing_is_owed_before_the_due_moment() {
        assert_eq!(scoped(365).owed(at(355) - TimeDelta::seconds(1)), None);
        assert_eq!(Key { due_at: None, ..scoped(365) }.owed(at(400)), None);
    }

    #[test]
    fn after_the_end_the_warning_is_past_telling() {
        assert_eq!(scoped(365).owed(at(364)), owed(NoticeKind::Expiring, 365));
        assert_eq!(scoped(365).owed(at(365)), owed(NoticeKind::Expired, None));
        assert_eq!(scoped(365).owed(at(900)), owed(NoticeKind::Expired, None));
    }

    #[test]
    fn an_end_that_has_moved_away_is_waited_for_without_a_word() {
        let pushed = Key { due_at: Some(at(10)), ..legacy(100) };
        assert_eq!(pushed.owed(at(20)), Some(Owed { notice: None, next: Some(at(90)) }));
    }

    #[test]
    fn an_edit_keeps_the_due_moment_a_refresh_may_move_it_and_a_revocation_clears_it() {
        let key = scoped(365);
        let warned = key.told(key.owed(at(355)).unwrap());
        let edited =
            warned.edited(Edit { name: Some("other".parse().unwrap()), ..Edit::default() }, at(356)).unwrap();
        assert_eq!(edited.due_at, Some(at(365)));
        let mac = || (Mac::from_bytes([2; 32]), 1.into());
        assert_eq!(warned.refreshed(mac(), false, 365, at(356)).unwrap().due_at, Some(at(365)));
        let restarted = warned.refreshed(mac(), true, 365, at(356)).unwrap();
        assert_eq!(restarted.due_at, Some(at(356 + 355)));
        assert_eq!(warned.revoked("test".into(), at(356)).unwrap().due_at, None);
    }
}
