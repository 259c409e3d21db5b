//! A release reads what the releases before it have written, and leaves alone what a later one has.
//!
//! `tests/items` has the items of each release, as that release wrote them; its README says when a set is added, and how.

mod attempt;
mod scenario;
mod set;
mod shape;

use std::{collections::BTreeSet, future::pending, sync::Arc};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use expiry_sweeper::{Answer, Event, Report, ScheduledTime, Sweeper};
use keyring::{AccountKind, Act, Created, EventKind, Keyring, MailState, Written};
use keys::{Bar, Edit, Kind, Pattern, Patterns, Role, Status};
use mail::{Letterhead, Postman, Ses};
use serde_json::{Value, json};
use stand_ins::Mailbox;
use startup::Clock;

use self::{
    attempt::Attempts,
    scenario::{WITH_HASH, WITH_MAC, account, asked, holder, once, written},
    set::{Set, items_of, place},
    shape::{kind, shapes},
};
use crate::{
    authorizer::{ask, authorizer},
    aws::{Aws, act, bound},
    once_at,
};

/// The kinds of items that there are.
const KINDS: [&str; 13] = [
    "account",
    "event",
    "held",
    "key",
    "legacy",
    "member",
    "once",
    "org",
    "outbox",
    "owned package",
    "package",
    "pepper",
    "pushed",
];

/// A set in a table of its own, two days after it was written.
struct Found {
    aws: Aws,
    keyring: Arc<Keyring>,
    set: Set,
    now: DateTime<Utc>,
}

impl Found {
    async fn of(set: Set) -> Self {
        let aws = Aws::start().await;
        set.put_into(&aws).await;
        let now = set.known.written_at + TimeDelta::days(2);
        Self { keyring: aws.keyring(), aws, set, now }
    }

    async fn each() -> Vec<Self> {
        let mut found = Vec::new();
        for set in set::all() {
            found.push(Self::of(set).await);
        }
        assert!(!found.is_empty(), "tests/items has a set of each release");
        found
    }

    /// What `POST /authorize` decides about a push of Tailspin.Tools with this key.
    async fn push(&self, key: &str) -> Value {
        self.push_of("Tailspin.Tools", key).await
    }

    /// What it decides about a push of this package.
    async fn push_of(&self, package: &str, key: &str) -> Value {
        let now = self.now;
        let door = authorizer(&self.keyring, Clock::new(move || now));
        let (_, decision) = ask(&door, Some(key), &json!({ "action": "push", "package": package })).await;
        match &decision["reason"] {
            Value::Null => decision["decision"].clone(),
            reason => reason.clone(),
        }
    }

    /// One run of the sweeper, this many days after the items were written, and to whom mails of what kind then went.
    async fn sweep(&self, days: i64) -> (Report, Vec<(String, String)>) {
        let at = self.set.known.written_at + TimeDelta::days(days);
        let clock = Clock::new(move || at);
        let ses = stand_ins::Ses::new(Mailbox::in_memory(), clock.clone());
        ses.verify("keys@gallery.example");
        let (listener, ses_at) = bound().await;
        tokio::spawn(ses.clone().serve(listener, pending()));
        let client = aws_sdk_sesv2::Client::from_conf(once_at!(aws_sdk_sesv2, ses_at));
        let sender = Ses::new(client, "keys@gallery.example".parse().unwrap(), None);
        let letterhead = Letterhead::new(
            "Sample Gallery",
            "https://gallery.example/account/keys",
            "https://keys.gallery.example",
        );
        let postman = Postman::new(Arc::clone(&self.keyring), sender, letterhead, clock.clone());
        let sweeper = Sweeper::new(Arc::clone(&self.keyring), postman, clock);
        let event = Event::Scheduled(ScheduledTime::At(at));
        let Answer::Swept(report) = sweeper.handle(event, None).await.unwrap() else { panic!("no run") };
        let mails =
            ses.mailbox().mails().into_iter().map(|mail| (mail.to.clone(), mail.tags["kind"].clone()));
        (report, mails.collect())
    }
}

#[tokio::test]
async fn what_earlier_releases_wrote_is_listed_and_read() {
    for found in Found::each().await {
        let (keyring, known) = (&found.keyring, &found.set.known);
        let [alice, bob, carol, dora, fabrikam] =
            ["alice", "bob", "carol", "dora", "fabrikam"].map(|id| id.parse().unwrap());
        let statuses = async |account| {
            let page = keyring.keys_of(account, 100, None).await.unwrap();
            let mut statuses: Vec<_> =
                page.entries.iter().map(|key| key.status(found.now).as_str()).collect();
            statuses.sort_unstable();
            statuses
        };
        assert_eq!(statuses(&alice).await, ["active", "active", "active", "active", "expired", "revoked"]);
        assert_eq!(statuses(&bob).await, ["active", "active"]);
        let held = keyring.keys_for(&fabrikam, 100, None).await.unwrap().entries;
        assert_eq!(held.iter().map(|key| key.id).collect::<Vec<_>>(), [known.id("of fabrikam")]);

        let key = async |name: &str| keyring.key(&known.id(name)).await.unwrap();
        let pushed = key("pushed").await.unwrap();
        assert_eq!((pushed.last_push_at, pushed.version), (Some(known.written_at), 1));
        let revoked = key("revoked").await.unwrap();
        assert_eq!(revoked.status(found.now), Status::Revoked);
        assert_eq!(revoked.revocation.unwrap().cause, "by alice");
        assert_eq!(key("deleted").await, None);
        let edited = key("edited and refreshed").await.unwrap();
        let Kind::Scoped { scope, expires_at, .. } = &edited.kind else { panic!("it is no legacy key") };
        assert_eq!(
            scope.packages.as_slice().iter().map(Pattern::as_str).collect::<Vec<_>>(),
            ["Tailspin.*", "Fabrikam.*"]
        );
        assert_eq!(*expires_at, known.written_at + TimeDelta::days(91));
        let events = keyring.events(&edited.id, 10, None).await.unwrap().entries;
        let told: Vec<_> =
            events.iter().map(|event| (event.kind.as_str(), event.detail.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("refreshed", Some("its lifetime starts again")),
                ("edited", Some("renamed from CI deploy")),
                ("created", None)
            ]
        );
        assert_eq!(events[1].added.first[0].as_str(), "Fabrikam.*");

        let account = async |id| keyring.account(id).await.unwrap().unwrap();
        assert_eq!(account(&alice).await.mail.as_deref(), Some("alice@example.org"));
        assert_eq!(account(&dora).await.mail_state, MailState::Bounced);
        assert!(account(&carol).await.locked);
        assert_eq!(account(&fabrikam).await.kind, AccountKind::Organization);
        assert_eq!(keyring.role(&fabrikam, &alice).await.unwrap(), Some(Role::Admin));
        assert_eq!(keyring.role(&fabrikam, &carol).await.unwrap(), None);
        assert_eq!(keyring.memberships(&bob).await.unwrap()[0].role, Role::Member);
        let packages = keyring.packages_of(&fabrikam, 10, None).await.unwrap().entries;
        assert_eq!(packages.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Tailspin.Tools"]);
        assert!(keyring.package(&"Tailspin.Old".parse().unwrap()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_the_newest_set_has_beyond_the_first_is_read_too() {
    let found = Found::of(set::all().pop().unwrap()).await;
    let (keyring, key) = (&found.keyring, found.set.known.id("pushed"));
    let noted = keyring.pushed_by(&key, 10).await.unwrap();
    let noted: Vec<_> = noted.iter().map(|pushed| (pushed.package.as_str(), pushed.at)).collect();
    assert_eq!(noted, [("Tailspin.Tools", found.set.known.written_at)]);
    let barred = keyring.package(&"Tailspin.Barred".parse().unwrap()).await.unwrap().unwrap();
    let bar = Bar { by: "alice".parse().unwrap(), at: found.set.known.written_at };
    assert_eq!(barred.bar_on(&key), Some(&bar));
    let events = keyring.events(&key, 10, None).await.unwrap().entries;
    assert!(events.iter().any(|event| event.kind == EventKind::Barred), "{events:?}");

    for (name, decision) in [
        ("hand-over lapsed", "allow"),
        ("handing over", "allow"),
        ("handing over, second", "allow"),
        ("handing over", "unknown"),
        ("handed over", "allow"),
        ("by itself", "allow"),
        ("frozen", "frozen"),
        ("leaked", "revoked"),
    ] {
        // Of erin's own, who owns no package: a new one.
        assert_eq!(found.push_of("Tailspin.New", &found.set.known.text(name)).await, decision, "{name}");
    }
    let key = async |name: &str| keyring.key(&found.set.known.id(name)).await.unwrap().unwrap();
    assert_eq!((key("hand-over lapsed").await.secrets, key("hand-over lapsed").await.secret.version), (2, 1));
    assert!(key("by itself").await.self_refresh && key("handed over").await.secret.version == 2);
    let (_, mails) = found.sweep(2).await;
    for kind in ["hand_over_begun", "handed_over", "hand_over_lapsed", "frozen", "leaked", "barred"] {
        assert!(mails.iter().any(|(_, told)| told == kind), "{kind}: {mails:?}");
    }
}

#[tokio::test]
async fn keys_of_earlier_releases_open_what_they_did() {
    for found in Found::each().await {
        for (name, decision) in [
            ("pushed", "allow"),
            ("of fabrikam", "allow"),
            ("warned", "allow"),
            ("edited and refreshed", "allow"),
            ("revoked", "revoked"),
            ("expired", "expired"),
            ("deleted", "unknown"),
        ] {
            assert_eq!(found.push(&found.set.known.text(name)).await, decision, "{name}");
        }
        // The second time, a MAC stands in the place of NuGet's hash.
        for (text, decision) in
            [(WITH_MAC, "allow"), (WITH_HASH, "not_package_owner"), (WITH_HASH, "not_package_owner")]
        {
            assert_eq!(found.push(text).await, decision);
        }
        assert!(items_of(&found.aws).await.iter().all(|item| !item.contains_key("nuget_stored")));
    }
}

#[tokio::test]
async fn what_earlier_releases_wrote_is_gone_on_with() {
    for found in Found::each().await {
        let (keyring, known) = (&found.keyring, &found.set.known);
        let (prefix, by_alice) = ("lk".parse().unwrap(), Act { at: found.now, ..act("alice") });
        let repeated = Act { at: known.written_at, ..act("alice") };
        let again =
            keyring.create(&holder("alice"), &asked("alice", 90), &prefix, Some(&once()), &repeated).await;
        assert!(matches!(again.unwrap(), Created::Before(key) if key.id == known.id("pushed")));

        let key = async |name: &str| keyring.key(&known.id(name)).await.unwrap().unwrap();
        let packages = Some(Patterns::parse(&["Other.*"]).unwrap());
        keyring.edit(&key("pushed").await, Edit { packages, ..Edit::default() }, &by_alice).await.unwrap();
        assert_eq!(found.push(&known.text("pushed")).await, "package_not_covered");
        let (_, text) = keyring.refresh(&key("expired").await, &prefix, true, 365, &by_alice).await.unwrap();
        assert_eq!(found.push(&known.text("expired")).await, "unknown");
        assert_eq!(found.push(&text.reveal()).await, "allow");
        keyring.revoke(&key("of fabrikam").await, "by alice".to_owned(), &by_alice).await.unwrap();
        assert_eq!(found.push(&known.text("of fabrikam")).await, "revoked");
        keyring.delete(&key("of fabrikam").await, &by_alice).await.unwrap();
        assert!(keyring.keys_for(&"fabrikam".parse().unwrap(), 10, None).await.unwrap().entries.is_empty());

        let told = async |revision: i64| {
            let change = account("alice", AccountKind::User, Some(revision));
            keyring.put_account(&change, found.now).await.unwrap()
        };
        assert_eq!((told(6).await, told(8).await), (Written::Outdated, Written::Yes));
        let fabrikam = "fabrikam".parse().unwrap();
        let carol = "carol".parse().unwrap();
        let late = keyring.put_member(&fabrikam, &carol, Role::Admin, Some(1), found.now).await;
        assert_eq!(late.unwrap(), Written::Outdated, "who was taken out stays out");
        let old = "Tailspin.Old".parse().unwrap();
        let late = keyring.put_package(&old, std::slice::from_ref(&fabrikam), Some(3), found.now).await;
        assert_eq!(late.unwrap(), Written::Outdated);
        assert_eq!(keyring.peppers().rotate(2.into(), found.now).await.unwrap(), 3.into());
    }
}

#[tokio::test]
async fn what_earlier_releases_owe_is_told_and_mailed() {
    for found in Found::each().await {
        let (report, mails) = found.sweep(2).await;
        assert_eq!((report.due, report.failed), (0, 0), "{report:?}");
        let of = |kind: &str| mails.iter().filter(|(_, told)| told == kind).count();
        assert_eq!(of("edited"), 1, "{mails:?}");
        assert!(
            of("created") > 0 && of("revoked") == 1 && of("refreshed") == 1 && of("expired") == 1,
            "{mails:?}"
        );

        let (report, mails) = found.sweep(85).await;
        assert_eq!(report.failed, 0, "{report:?}");
        assert!(report.warned > 0 && report.expired == 1 && report.retired == 1, "{report:?}");
        assert!(mails.iter().any(|(to, kind)| to == "alice@example.org" && kind == "expiring"), "{mails:?}");
    }
}

/// The first format that this release does not know.
const LATER_FORMAT: u32 = 3;

#[tokio::test]
async fn an_item_of_a_later_format_is_a_fault_and_stays_as_it_is() {
    let set = set::all().pop().unwrap();
    for of_kind in KINDS {
        let mut set = set.clone();
        let later = set.items.iter_mut().filter(|item| kind(item) == of_kind);
        let later: Vec<_> = later
            .map(|item| {
                item.insert("v".to_owned(), AttributeValue::N(LATER_FORMAT.to_string()));
                item.clone()
            })
            .collect();
        let found = Found::of(set).await;

        let told = Attempts::of(|| found.aws.keyring(), &found.set.known, found.now).await.told;

        let after = items_of(&found.aws).await;
        for item in &later {
            assert!(after.contains(item), "{:?} was written over", place(item));
        }
        // A list ends at the first item that cannot be read, so not every one of them is named.
        let is_named = |told: &String| {
            later.iter().any(|item| {
                let ((pk, sk), format) = (place(item), item["v"].as_n().unwrap());
                *told == format!("item {pk} {sk}: format {format} is not known here")
            })
        };
        assert!(told.iter().any(is_named), "no {of_kind} is among {told:#?}");
    }
}

#[tokio::test]
async fn the_newest_set_is_of_every_kind_and_as_this_release_writes() {
    let set = set::all().pop().unwrap();
    let (checked_in, current) = (shapes(&set.items), shapes(&written("").await.items));
    assert_eq!(checked_in.keys().map(String::as_str).collect::<Vec<_>>(), KINDS);
    let kinds: BTreeSet<_> = checked_in.keys().chain(current.keys()).collect();
    for kind in kinds {
        assert_eq!(
            checked_in.get(kind),
            current.get(kind),
            "{kind}: this release writes it otherwise than the newest set has it; tests/items/README.md says what to do"
        );
    }
}

#[tokio::test]
#[ignore = "writes the set of this release, as tests/items/README.md says"]
async fn write_the_set() {
    written(env!("CARGO_PKG_VERSION")).await.write();
}
