//! The sweeper ends at every call it makes, one after another, on either side of it; the next run makes up for it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use keys::Role;

use crate::{post_office::PostOffice, tripwire::Moment};

/// Who is told of what, and how often.
type Told = BTreeMap<(String, String, String), usize>;

/// What happened at one point.
struct Crash {
    point: usize,
    moment: Moment,
    calls: Vec<String>,
    told: Told,
}

/// Keys of three people, of which five are due: two of ada's for a warning, one of grace's past its end, and an
/// organization's, whose admin is told too.
async fn office() -> PostOffice {
    let office = PostOffice::open().await;
    office.organization("contoso", &[("ada", Role::Admin), ("linus", Role::Member)]).await;
    office.tell("grace", "grace@example.org").await;
    office.key_for("grace", "grace", 10).await;
    for (holder, owner) in [("ada", "ada"), ("ada", "ada"), ("linus", "contoso"), ("linus", "linus")] {
        office.key_for(holder, owner, 20).await;
    }
    office.key_for("linus", "linus", 90).await;
    office.advance(TimeDelta::days(10));
    office
}

fn told(office: &PostOffice) -> Told {
    let mut told = Told::new();
    for (to, kind, keys) in office.told() {
        for key in keys {
            *told.entry((to.clone(), kind.clone(), key)).or_default() += 1;
        }
    }
    told
}

async fn crash_at(point: usize, moment: Moment) -> Crash {
    let office = office().await;
    office.tripwire.set(point, moment);
    let (sweeper, event) = (office.sweeper(), office.scheduled());
    let run = tokio::spawn(async move { sweeper.handle(event, None).await });
    office.tripwire.tripped().await;
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    let calls = office.tripwire.calls();
    office.tripwire.count();
    // What was under a lease when its holder ended comes free by itself.
    office.advance(TimeDelta::minutes(2));
    let report = office.sweep().await;
    assert_eq!((report.failed, report.left), (0, 0), "{point} {moment:?}");
    assert!(office.waiting().await.is_empty(), "{point} {moment:?}");
    Crash { point, moment, calls, told: told(&office) }
}

impl Crash {
    /// Whether it fell between SES's acceptance of a mail and the removal of its notices: that mail is sent again.
    fn is_between_acceptance_and_removal(&self) -> bool {
        let call = |number: usize| self.calls.get(number - 1).map(String::as_str);
        match self.moment {
            Moment::After => call(self.point) == Some("SendEmail"),
            Moment::Before => self.point > 1 && call(self.point - 1) == Some("SendEmail"),
        }
    }
}

#[tokio::test]
async fn a_run_that_ends_anywhere_loses_nothing_and_doubles_only_what_was_accepted_and_not_removed() {
    let whole = office().await;
    whole.tripwire.count();
    let report = whole.sweep().await;
    assert_eq!((report.due, report.warned, report.expired, report.failed), (5, 4, 1, 0), "{report:?}");
    let calls = whole.tripwire.calls();
    let expected = told(&whole);
    assert_eq!(expected.len(), 6, "five keys, and an admin of one of them: {expected:?}");
    assert!(expected.values().all(|times| *times == 1));
    let mails = calls.iter().filter(|call| *call == "SendEmail").count();

    // A call that only reads is the same on either side.
    let sides = |call: &str| match call {
        "BatchGetItem" | "GetItem" | "Query" => vec![Moment::Before],
        _ => vec![Moment::Before, Moment::After],
    };
    let points = calls
        .iter()
        .zip(1..)
        .flat_map(|(call, point)| sides(call).into_iter().map(move |side| (point, side)));
    let crashes: Vec<Crash> = stream::iter(points)
        .map(|(point, moment)| crash_at(point, moment))
        .buffer_unordered(4)
        .collect()
        .await;

    let mut doubling = 0;
    for crash in &crashes {
        let at = format!("{:?} call {} ({:?})", crash.moment, crash.point, crash.calls.last());
        let shape: Vec<_> = crash.told.keys().map(|(to, kind, _)| (to, kind)).collect();
        let whole: Vec<_> = expected.keys().map(|(to, kind, _)| (to, kind)).collect();
        assert_eq!(shape, whole, "nothing is lost, {at}");
        let most = crash.told.values().max();
        if crash.is_between_acceptance_and_removal() {
            assert_eq!(most, Some(&2), "its mail is sent again, {at}");
            doubling += 1;
        } else {
            assert_eq!(most, Some(&1), "nothing is told twice, {at}");
        }
    }
    assert!(crashes.len() > calls.len());
    assert_eq!(doubling, 2 * mails, "for each mail: its answer lost, and its removal not begun");
}
