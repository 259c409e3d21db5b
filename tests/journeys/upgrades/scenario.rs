//! One of every kind of item, written as people, galleries and time have them written.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use keyring::{
    AccountChange, AccountKind, Act, Created, DUE_SHARDS, Holder, Keyring, LegacyKey, LegacySecret,
    MailState, NewKey, Once,
};
use keys::{
    Edit, HandOverWindow, Key, KeyText, Leak, LegacyText, Lifetime, NugetStored, Patterns, Pushed, Role,
};

use super::set::{Known, Set, items_of};
use crate::aws::{Aws, act, now, wanted};

/// The text of alice's legacy key, of which the table has a MAC.
pub(super) const WITH_MAC: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
/// The text of bob's, of which the table has what NuGet stored.
pub(super) const WITH_HASH: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
const STORED: &str =
    "36aafd8744AQAAAAEAACcQAAAAEKbL2BEqIg8KUMje6q69fW1f2jsVm+gOLf4nD5G392Til5KnGEyFHuwKEj3HEpZKug==";

/// Writes them into a new table.
pub(super) async fn written(release: &str) -> Set {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    accounts(&keyring).await;
    let keys = keys(&keyring).await;
    let known = Known { written_at: now(), keys };
    Set { release: release.to_owned(), items: items_of(&aws).await, known }
}

/// What the gallery tells of an account.
pub(super) fn account(id: &str, kind: AccountKind, revision: Option<i64>) -> AccountChange {
    AccountChange { id: id.parse().unwrap(), kind, name: None, mail: None, locked: None, revision }
}

async fn accounts(keyring: &Keyring) {
    let (user, organization) = (AccountKind::User, AccountKind::Organization);
    let alice = AccountChange {
        name: Some("Alice".to_owned()),
        mail: Some("alice@example.org".to_owned()),
        locked: Some(false),
        ..account("alice", user, Some(7))
    };
    for change in [
        alice,
        account("bob", user, None),
        account("fabrikam", organization, Some(1)),
        account("carol", user, Some(2)),
    ] {
        keyring.put_account(&change, now()).await.unwrap();
    }
    let id = |id: &str| id.parse().unwrap();
    let fabrikam = id("fabrikam");
    for (member, role, revision) in
        [("alice", Role::Admin, Some(1)), ("bob", Role::Member, None), ("carol", Role::Member, Some(1))]
    {
        keyring.put_member(&fabrikam, &id(member), role, revision, now()).await.unwrap();
    }
    keyring.remove_member(&fabrikam, &id("carol"), Some(2), now()).await.unwrap();
    keyring.remove_account(&id("carol"), Some(3), now()).await.unwrap();
    let (tools, old) = ("Tailspin.Tools".parse().unwrap(), "Tailspin.Old".parse().unwrap());
    keyring.put_package(&tools, &[id("alice"), fabrikam.clone()], Some(3), now()).await.unwrap();
    keyring.put_package(&old, &[fabrikam], None, now()).await.unwrap();
    keyring.remove_package(&old, Some(4), now()).await.unwrap();
}

/// A request to make a key, under an `Idempotency-Key`.
pub(super) fn once() -> Once {
    Once::new("a request", b"its body")
}

/// The key that `holder` asks for, for `owner`.
pub(super) fn asked(owner: &str, days: i64) -> NewKey {
    NewKey { lifetime: Lifetime::new(days, 365).unwrap(), ..wanted(owner, &["Tailspin.*"]) }
}

/// A user, as a token tells of them.
pub(super) fn holder(id: &str) -> Holder {
    Holder { id: id.parse().unwrap(), name: Some(id.to_owned()), mail: Some(format!("{id}@example.org")) }
}

async fn keys(keyring: &Keyring) -> BTreeMap<String, (keys::KeyId, String)> {
    let prefix = "lk".parse().unwrap();
    let make = async |by: &str, owner: &str, days: i64, once: Option<&Once>| -> (Key, KeyText) {
        match keyring.create(&holder(by), &asked(owner, days), &prefix, once, &act(by)).await.unwrap() {
            Created::Made(key, text, _) => (*key, text),
            Created::Before(_) => panic!("no request was repeated"),
        }
    };
    let mut known = BTreeMap::new();
    let mut keep = |name: &str, text: KeyText| {
        let id = text.id();
        let text = text.reveal();
        let (_, end) = text.rsplit_once('_').unwrap();
        known.insert(name.to_owned(), (id, end.to_owned()));
    };

    let (pushed, text) = make("alice", "alice", 90, Some(&once())).await;
    assert!(keyring.note_push(&pushed, now()).await.unwrap());
    assert!(keyring.note_pushed(&pushed.id, &"Tailspin.Tools".parse().unwrap(), now()).await.unwrap());
    let (alice, barred) = (pushed.holder.clone(), "Tailspin.Barred".parse().unwrap());
    keyring.put_package(&barred, std::slice::from_ref(&alice), None, now()).await.unwrap();
    keyring.bar(&barred, &pushed.id, &alice, &act("alice")).await.unwrap();
    keep("pushed", text);
    let (_, text) = make("bob", "fabrikam", 90, None).await;
    keep("of fabrikam", text);
    // Somebody of whom the gallery has not told yet.
    let (deleted, text) = make("dora", "dora", 90, None).await;
    keep("deleted", text);
    keyring.delete(&deleted, &act("dora")).await.unwrap();
    assert!(keyring.mark_mail(&deleted.holder, "dora@example.org", MailState::Bounced).await.unwrap());
    let (revoked, text) = make("alice", "alice", 90, None).await;
    keep("revoked", text);
    keyring.revoke(&revoked, "by alice".to_owned(), &act("alice")).await.unwrap();
    let (expired, text) = make("alice", "alice", 1, None).await;
    keep("expired", text);
    let (warned, text) = make("alice", "alice", 11, None).await;
    keep("warned", text);
    let hand_over = async |key: &Key, days: i64| {
        let window = HandOverWindow::new(days).unwrap();
        keyring.hand_over(key, &prefix, window, 365, &act("erin")).await.unwrap()
    };
    let (lapsed, text) = make("erin", "erin", 90, None).await;
    keep("hand-over lapsed", text);
    hand_over(&lapsed, 1).await;
    let (handed_over, _) = make("erin", "erin", 90, None).await;
    let (handing, text) = hand_over(&handed_over, 30).await;
    keep("handed over", text);
    assert!(keyring.hand_over_by_push(&handing.key, now()).await.unwrap());
    sweep(keyring).await;
    let as_it_is = async |key: &Key| keyring.key(&key.id).await.unwrap().unwrap();
    assert_eq!(
        (as_it_is(&expired).await.due_at, as_it_is(&warned).await.due_at),
        (None, Some(warned.ends_at()))
    );

    let after = |hours: i64| Act { at: now() + TimeDelta::hours(hours), ..act("alice") };
    keyring.peppers().rotate(1.into(), now()).await.unwrap();
    let (edited, _) = make("alice", "alice", 90, None).await;
    let packages = Patterns::parse(&["Tailspin.*", "Fabrikam.*"]).unwrap();
    let edit = Edit { name: "Release".parse().ok(), packages: Some(packages), ..Edit::default() };
    let edited = keyring.edit(&edited, edit, &after(1)).await.unwrap().key;
    let (refreshed, text) = keyring.refresh(&edited, &prefix, true, 365, &after(24)).await.unwrap();
    keep("edited and refreshed", text);
    let leased = keyring.lease(&refreshed.notices, TimeDelta::minutes(1), now()).await.unwrap();
    assert_eq!(leased.len(), 1);

    let (key, text) = make("erin", "erin", 90, None).await;
    keep("handing over", text);
    keep("handing over, second", hand_over(&key, 30).await.1);
    let by_itself = NewKey { self_refresh: true, ..asked("erin", 90) };
    match keyring.create(&holder("erin"), &by_itself, &prefix, None, &act("erin")).await.unwrap() {
        Created::Made(_, text, _) => keep("by itself", text),
        Created::Before(_) => panic!("no request was repeated"),
    }
    let (frozen, text) = make("erin", "erin", 90, None).await;
    keep("frozen", text);
    keyring.freeze(&frozen.id, &act("erin")).await.unwrap();
    let (leaked, text) = make("erin", "erin", 90, None).await;
    keep("leaked", text);
    let pushed = vec![Pushed { package: "Tailspin.Tools".parse().unwrap(), at: now() }];
    let places = vec!["https://code.example/a".parse().unwrap()];
    let leak = Leak { places, pushed, pushed_more: false };
    keyring.revoke_leaked(&leaked, leak, &act("a scanner")).await.unwrap();

    let import = async |account: &str, secret: LegacySecret, last_push_at| {
        let key = LegacyKey { account: account.parse().unwrap(), secret, last_push_at };
        keyring.import(&key, &act("gallery")).await.unwrap();
    };
    let text = LegacyText::parse(WITH_MAC).unwrap();
    import("alice", LegacySecret::Text(text), Some(now() - TimeDelta::days(300))).await;
    import("bob", LegacySecret::Stored(NugetStored::parse(STORED).unwrap()), None).await;
    known
}

/// What is due in two days is told.
async fn sweep(keyring: &Keyring) {
    let at = now() + TimeDelta::days(2);
    for shard in 0..DUE_SHARDS {
        for due in keyring.due(shard, at, None, 100).await.unwrap().0 {
            keyring.tell(&due, at).await.unwrap();
        }
    }
}
