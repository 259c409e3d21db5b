//! What the keyring promises to callers who come at once, late, or twice.

use futures_util::future::join_all;
use keyring::{AccountChange, AccountKind, Act, ChangeError, CreateError, Created, Keyring, Once, Written};
use keys::{AccountId, Edit, Patterns, Role, Status};

use crate::aws::{Aws, act, make, now, opens, user, wanted};

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

async fn tell(keyring: &Keyring, id: &str, kind: AccountKind) {
    let change =
        AccountChange { id: account(id), kind, name: None, mail: None, locked: None, revision: None };
    assert_eq!(keyring.put_account(&change, now()).await.unwrap(), Written::Yes);
}

/// fabrikam, with alice as a member.
async fn organization(keyring: &Keyring) -> (AccountId, AccountId) {
    tell(keyring, "fabrikam", AccountKind::Organization).await;
    tell(keyring, "alice", AccountKind::User).await;
    let (fabrikam, alice) = (account("fabrikam"), account("alice"));
    keyring.put_member(&fabrikam, &alice, Role::Member, Some(1), now()).await.unwrap();
    (fabrikam, alice)
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_first_calls_at_once_make_one_pepper() {
    let aws = Aws::start().await;
    let environments: Vec<_> = (0..8).map(|_| aws.keyring()).collect();
    let peppers = join_all(environments.iter().map(|keyring| keyring.peppers().newest(now()))).await;
    let macs: Vec<_> = peppers.iter().map(|pepper| pepper.as_ref().unwrap().mac(b"one")).collect();
    assert!(macs.iter().all(|mac| *mac == macs[0]), "they are the same");
    assert_eq!(aws.count("pepper").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refreshes_at_once_have_one_winner_and_one_clear_conflict() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    for _ in 0..20 {
        let (key, old) = make(&keyring, "alice").await;
        let (prefix, act) = ("lk".parse().unwrap(), act("alice"));
        let refresh = || keyring.refresh(&key, &prefix, false, 365, &act);
        let (mut won, mut lost) = (Vec::new(), Vec::new());
        for outcome in join_all([refresh(), refresh()]).await {
            match outcome {
                Ok((_, text)) => won.push(text),
                Err(error) => lost.push(error),
            }
        }
        assert!(matches!(lost.as_slice(), [ChangeError::Conflict]), "{lost:?}");
        assert!(opens(&keyring, &won[0]).await, "the winner's secret works");
        assert!(!opens(&keyring, &old).await, "the old one does not");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_races_a_deletion_never_leaves_a_working_secret() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    for _ in 0..30 {
        let (key, old) = make(&keyring, "alice").await;
        let (prefix, act) = ("lk".parse().unwrap(), act("alice"));
        let (refreshed, deleted) =
            tokio::join!(keyring.refresh(&key, &prefix, false, 365, &act), keyring.delete(&key, &act));
        match (refreshed, deleted) {
            (Err(ChangeError::Gone), Ok(_)) => assert!(keyring.key(&key.id).await.unwrap().is_none()),
            (Ok((_, text)), Err(ChangeError::Conflict)) => {
                assert!(opens(&keyring, &text).await, "the deletion was refused, and said so");
            }
            (refreshed, deleted) => panic!("{:?} and {deleted:?}", refreshed.map(|(changed, _)| changed)),
        }
        assert!(!opens(&keyring, &old).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_at_once_makes_one_key() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (holder, wanted, prefix, act) =
        (user("alice"), wanted("alice", &["Foo"]), "lk".parse().unwrap(), act("alice"));
    let once = Once::new("release-42", b"the request");
    let create = |once| keyring.create(&holder, &wanted, &prefix, Some(once), &act);
    let (mut made, mut before) = (Vec::new(), Vec::new());
    for created in join_all((0..6).map(|_| create(&once))).await {
        match created.unwrap_or_else(|error| panic!("{error}")) {
            Created::Made(key, ..) => made.push(key.id),
            Created::Before(key) => before.push(key.id),
        }
    }
    assert_eq!((made.len(), before.len()), (1, 5));
    assert!(before.iter().all(|id| *id == made[0]));
    assert_eq!(keyring.keys_of(&holder.id, 100, None).await.unwrap().entries.len(), 1);

    let other = Once::new("release-42", b"another request");
    assert!(matches!(create(&other).await, Err(CreateError::OtherRequest)));
    let key = keyring.key(&made[0]).await.unwrap().unwrap();
    keyring.delete(&key, &act).await.unwrap();
    assert!(
        matches!(create(&once).await, Err(CreateError::DeletedSince)),
        "a repeat never makes a second key"
    );
    let tomorrow = Act { at: now() + chrono::TimeDelta::hours(24), ..act.clone() };
    let created = keyring.create(&holder, &wanted, &prefix, Some(&once), &tomorrow).await;
    assert!(matches!(created, Ok(Created::Made(..))), "after a day the mark is over, removed or not");
}

#[tokio::test]
async fn a_push_is_noted_only_on_the_secret_that_was_shown() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (key, _) = make(&keyring, "alice").await;
    keyring.note_push(&key, now()).await.unwrap();
    let edit = Edit { packages: Patterns::parse(&["Bar.*"]).ok(), ..Edit::default() };
    let edited = keyring.edit(&key, edit, &act("alice")).await.unwrap().key;
    let stored = keyring.key(&key.id).await.unwrap().unwrap();
    assert_eq!(stored.last_push_at, Some(now()), "an edit on what was read before the push keeps the push");

    keyring.refresh(&edited, &"lk".parse().unwrap(), false, 365, &act("alice")).await.unwrap();
    keyring.note_push(&key, now() + chrono::TimeDelta::days(1)).await.unwrap();
    let stored = keyring.key(&key.id).await.unwrap().unwrap();
    assert_eq!(stored.last_push_at, Some(now()), "the old secret notes nothing any more");

    keyring.delete(&stored, &act("alice")).await.unwrap();
    keyring.note_push(&stored, now()).await.unwrap();
    assert!(keyring.key(&key.id).await.unwrap().is_none(), "nothing is resurrected");
}

#[tokio::test]
async fn an_old_message_that_comes_late_changes_nothing() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (fabrikam, alice) = organization(&keyring).await;
    assert_eq!(keyring.remove_member(&fabrikam, &alice, Some(3), now()).await.unwrap(), Written::Yes);
    let late = keyring.put_member(&fabrikam, &alice, Role::Admin, Some(2), now()).await.unwrap();
    assert_eq!((late, keyring.role(&fabrikam, &alice).await.unwrap()), (Written::Outdated, None));
    let created = keyring
        .create(&user("alice"), &wanted("fabrikam", &["*"]), &"lk".parse().unwrap(), None, &act("alice"))
        .await;
    assert!(matches!(created, Err(CreateError::NotAMember(_))));

    let id = "Foo.Bar".parse().unwrap();
    keyring.put_package(&id, std::slice::from_ref(&alice), Some(5), now()).await.unwrap();
    assert_eq!(keyring.put_package(&id, &[fabrikam], Some(4), now()).await.unwrap(), Written::Outdated);
    assert_eq!(keyring.package(&id).await.unwrap().unwrap().owners, std::slice::from_ref(&alice));
    keyring.remove_package(&id, Some(6), now()).await.unwrap();
    assert_eq!(
        keyring.put_package(&id, std::slice::from_ref(&alice), Some(5), now()).await.unwrap(),
        Written::Outdated
    );
    assert!(keyring.package(&id).await.unwrap().is_none());
    assert!(keyring.packages_of(&alice, 100, None).await.unwrap().entries.is_empty());
}

fn told(id: &str, locked: Option<bool>, revision: Option<i64>) -> AccountChange {
    let name = Some("A name".to_owned());
    AccountChange { id: account(id), kind: AccountKind::User, name, mail: None, locked, revision }
}

async fn is_locked(keyring: &Keyring, id: &str) -> bool {
    keyring.account(&account(id)).await.unwrap().unwrap().locked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_never_lost_to_a_message_about_something_else() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    for number in 0..20 {
        let id = format!("user{number}");
        keyring.put_account(&told(&id, None, None), now()).await.unwrap();
        let (name, lock) = (told(&id, None, None), told(&id, Some(true), None));
        let (named, locked) =
            tokio::join!(keyring.put_account(&name, now()), keyring.put_account(&lock, now()));
        assert_eq!((named.unwrap(), locked.unwrap()), (Written::Yes, Written::Yes));
        assert!(is_locked(&keyring, &id).await);
    }

    keyring.put_account(&told("alice", None, Some(6)), now()).await.unwrap();
    let late = keyring.put_account(&told("alice", Some(true), Some(5)), now()).await.unwrap();
    assert_eq!(
        (late, is_locked(&keyring, "alice").await),
        (Written::Yes, true),
        "no later message spoke of it"
    );
    keyring.put_account(&told("alice", Some(false), Some(8)), now()).await.unwrap();
    let late = keyring.put_account(&told("alice", Some(true), Some(7)), now()).await.unwrap();
    assert_eq!((late, is_locked(&keyring, "alice").await), (Written::Outdated, false), "a later one did");
}

#[tokio::test]
async fn an_account_that_is_gone_stays_closed_to_what_comes_late() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    keyring.remove_account(&account("alice"), Some(6), now()).await.unwrap();
    let late = keyring.put_account(&told("alice", Some(false), Some(5)), now()).await.unwrap();
    assert_eq!((late, is_locked(&keyring, "alice").await), (Written::Outdated, true));
    let prefix = "lk".parse().unwrap();
    let created =
        keyring.create(&user("alice"), &wanted("alice", &["*"]), &prefix, None, &act("alice")).await;
    assert!(matches!(created, Err(CreateError::Locked(_))), "a token that is still good makes no key");
    keyring.put_account(&told("alice", None, Some(7)), now()).await.unwrap();
    assert!(is_locked(&keyring, "alice").await, "and a new name does not open it");
}

#[tokio::test]
async fn an_organizations_keys_stop_with_membership_and_can_all_be_revoked() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (fabrikam, alice) = organization(&keyring).await;
    let prefix = "lk".parse().unwrap();
    let (own, _) = make(&keyring, "alice").await;
    for _ in 0..120 {
        keyring
            .create(&user("alice"), &wanted("fabrikam", &["*"]), &prefix, None, &act("alice"))
            .await
            .map(drop)
            .unwrap();
    }
    let page = keyring.keys_for(&fabrikam, 100, None).await.unwrap();
    let rest = keyring.keys_for(&fabrikam, 100, page.next.as_ref()).await.unwrap();
    assert_eq!((page.entries.len(), rest.entries.len()), (100, 20));

    keyring.remove_member(&fabrikam, &alice, None, now()).await.unwrap();
    let refused = keyring.refresh(&page.entries[0], &prefix, false, 365, &act("alice")).await;
    assert!(matches!(refused, Err(ChangeError::NotAMember(..))));

    let revoked = keyring.revoke_all(&fabrikam, "by the gallery: test", &act("gallery")).await.unwrap();
    assert_eq!(revoked, 120);
    assert_eq!(keyring.revoke_all(&fabrikam, "again", &act("gallery")).await.unwrap(), 0);
    let statuses = keyring
        .keys_for(&fabrikam, 100, None)
        .await
        .unwrap()
        .entries
        .into_iter()
        .map(|key| key.status(now()));
    assert!(statuses.into_iter().all(|status| status == Status::Revoked));
    assert_eq!(
        keyring.key(&own.id).await.unwrap().unwrap().status(now()),
        Status::Active,
        "her own key is untouched"
    );

    keyring.delete(&keyring.key(&page.entries[0].id).await.unwrap().unwrap(), &act("alice")).await.unwrap();
    let rest = keyring.keys_for(&fabrikam, 200, None).await.unwrap();
    assert_eq!(rest.entries.len(), 119, "the pointer goes with the key");
}

const CONFLICT: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"x",
    "CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"},{"Code":"None"},{"Code":"None"}]}"#;

#[tokio::test]
async fn a_busy_table_is_tried_again_a_few_times_and_then_given_up() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    make(&keyring, "alice").await;
    aws.front.answer("TransactWriteItems", 3, 400, CONFLICT);
    make(&keyring, "alice").await;
    assert_eq!(aws.front.left(), 0);

    aws.front.answer("TransactWriteItems", 100, 400, CONFLICT);
    let prefix = "lk".parse().unwrap();
    let created =
        keyring.create(&user("alice"), &wanted("alice", &["*"]), &prefix, None, &act("alice")).await;
    let Err(error) = created else { panic!("nothing can have been written") };
    assert_eq!(error.to_string(), "TransactWriteItems: still busy after 6 tries");
    assert_eq!(keyring.keys_of(&account("alice"), 100, None).await.unwrap().entries.len(), 2);
}

#[tokio::test]
async fn what_dynamodb_leaves_over_is_asked_for_again() {
    let aws = Aws::start().await;
    let keyring = aws.keyring();
    let (key, _) = make(&keyring, "alice").await;
    let (tag, number) = (key.id.tag(), key.id.number());
    let left_over = format!(
        r#"{{"Responses":{{}},"UnprocessedKeys":{{"keyring":{{"ConsistentRead":true,"Keys":[{{"pk":{{"S":"account#{tag}"}},"sk":{{"S":"key#{number}"}}}}]}}}}}}"#
    );
    aws.front.answer("BatchGetItem", 2, 200, &left_over);
    assert_eq!(keyring.key(&key.id).await.unwrap(), Some(key.clone()));
    aws.front.answer("BatchGetItem", 100, 200, &left_over);
    let fault = keyring.key(&key.id).await.unwrap_err();
    assert_eq!(fault.to_string(), "BatchGetItem: still busy after 5 tries", "never \"no such key\"");
}
