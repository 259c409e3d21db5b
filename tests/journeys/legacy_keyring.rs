//! Legacy keys on a real table: what is stored of them, requests that come at once, and pushes that cannot be noted.

use chrono::TimeDelta;
use futures_util::future::join_all;
use keyring::{AccountKind, Imported, Keyring, LegacyKey, LegacySecret};
use keys::{LegacyText, NugetStored, Status, Stored};
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    authorizer::{account, ask, authorizer},
    aws::{Aws, act, now},
};

pub(crate) const GUID: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
pub(crate) const STORED: &str =
    "36aafd8744AQAAAAEAACcQAAAAEKbL2BEqIg8KUMje6q69fW1f2jsVm+gOLf4nD5G392Til5KnGEyFHuwKEj3HEpZKug==";
/// An answer of DynamoDB's when something is wrong with it.
const OUT_OF_ORDER: &str =
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"test"}"#;

async fn start() -> Aws {
    let aws = Aws::start().await;
    aws.overheard.secrets().remember_legacy(GUID);
    aws
}

fn text() -> LegacySecret {
    LegacySecret::Text(LegacyText::parse(GUID).unwrap())
}

fn stored() -> LegacySecret {
    LegacySecret::Stored(NugetStored::parse(STORED).unwrap())
}

/// alice's key, with her last push so many days ago.
async fn import(keyring: &Keyring, secret: LegacySecret, idle_days: Option<i64>) -> Imported {
    let last_push_at = idle_days.map(|days| now() - TimeDelta::days(days));
    let key = LegacyKey { account: "alice".parse().unwrap(), secret, last_push_at };
    keyring.import(&key, &act("gallery")).await.unwrap()
}

fn a_push() -> Value {
    json!({ "action": "push", "package": "Tailspin.Tools" })
}

#[tokio::test]
async fn nugets_hash_gives_way_to_a_mac_on_the_first_good_use() {
    let aws = start().await;
    let keyring = aws.keyring();
    account(&keyring, "alice", AccountKind::User, false).await;
    let id = import(&keyring, stored(), None).await.id;
    let kept = async || keyring.key(&id).await.unwrap().unwrap();
    let door = authorizer(&keyring, Clock::new(now));

    let (status, _) = ask(&door, Some("36aafd87-44d7-423b-adb9-ed01493aeb76"), &a_push()).await;
    assert_eq!(status, 403);
    assert!(matches!(kept().await.secret.stored, Stored::Nuget(_)), "a wrong text replaces nothing");

    // First uses at once, one of which may be slower than another's replacement.
    let asked = a_push();
    let uses = join_all((0..5).map(|_| ask(&door, Some(GUID), &asked))).await;
    assert!(uses.iter().all(|(status, _)| *status == 200), "{uses:?}");
    let key = kept().await;
    assert!(matches!(key.secret.stored, Stored::Mac { .. }));
    assert_eq!((key.secret.version, key.version, key.last_push_at), (1, 1, Some(now())));
    assert!(
        !aws.items().await.iter().any(|item| item.contains("nuget_stored")),
        "no trace is left of the hash"
    );

    // The grants of the first uses go on, and so does the key.
    let grant = uses[0].1["grant"].clone();
    let second = json!({ "action": "push", "package": "Tailspin.Tools", "grant": grant });
    assert_eq!(ask(&door, None, &second).await.0, 200);
    assert_eq!(ask(&door, Some(GUID), &a_push()).await.0, 200);
}

#[tokio::test]
async fn a_hash_that_cannot_be_replaced_now_opens_all_the_same() {
    let aws = start().await;
    let keyring = aws.keyring();
    account(&keyring, "alice", AccountKind::User, false).await;
    let id = import(&keyring, stored(), None).await.id;
    let door = authorizer(&keyring, Clock::new(now));
    // Nor is the push noted then: it would wait for the same table a second time.
    aws.front.answer("UpdateItem", 1, 500, OUT_OF_ORDER);
    let (status, decision) = ask(&door, Some(GUID), &a_push()).await;
    assert_eq!((status, aws.front.left()), (200, 0), "{decision}");
    assert_eq!(keyring.key(&id).await.unwrap().unwrap().last_push_at, None);
    assert!(matches!(keyring.key(&id).await.unwrap().unwrap().secret.stored, Stored::Nuget(_)));
    let grant = json!({ "action": "push", "package": "Tailspin.Tools", "grant": decision["grant"] });
    assert_eq!(ask(&door, None, &grant).await.0, 200);
}

#[tokio::test]
async fn imports_at_once_make_one_key() {
    let aws = start().await;
    let keyring = aws.keyring();
    account(&keyring, "alice", AccountKind::User, false).await;
    let imports = (0..12).map(|number| {
        let keyring = aws.keyring();
        async move { import(&keyring, if number % 2 == 0 { text() } else { stored() }, None).await }
    });
    let imported = join_all(imports).await;
    assert!(imported.iter().all(|one| *one == imported[0]), "{imported:?}");
    assert_eq!(imported[0].status, Some(Status::Active));
    let keys = keyring.keys_of(&"alice".parse().unwrap(), 100, None).await.unwrap().entries;
    assert_eq!(keys.len(), 1);
    assert_eq!(aws.count("legacy#").await, 1);
    assert_eq!(aws.count("outbox#").await, 0, "nobody is mailed");
}

#[tokio::test]
async fn a_key_near_its_end_pushes_only_where_that_is_noted() {
    for (idle, expected) in [(Some(340), 503), (Some(2000), 503), (Some(300), 200), (None, 200)] {
        let aws = start().await;
        let keyring = aws.keyring();
        account(&keyring, "alice", AccountKind::User, false).await;
        let id = import(&keyring, text(), idle).await.id;
        let door = authorizer(&keyring, Clock::new(now));
        aws.front.answer("UpdateItem", 1, 500, OUT_OF_ORDER);
        let (status, decision) = ask(&door, Some(GUID), &a_push()).await;
        assert_eq!((status, aws.front.left()), (expected, 0), "{idle:?}: {decision}");
        let preflight = json!({ "action": "push", "package": "Tailspin.Tools", "preflight": true });
        assert_eq!(ask(&door, Some(GUID), &preflight).await.0, 200);
        let unnoted = keyring.key(&id).await.unwrap().unwrap();
        assert_eq!(unnoted.last_push_at, idle.map(|days| now() - TimeDelta::days(days)));

        assert_eq!(ask(&door, Some(GUID), &a_push()).await.0, 200);
        let key = keyring.key(&id).await.unwrap().unwrap();
        assert_eq!(key, unnoted.pushed(now()));
        assert_eq!(key.ends_at(), now() + TimeDelta::days(365));
    }
}

#[tokio::test]
async fn a_push_noted_late_brings_no_ended_key_back() {
    let aws = start().await;
    let keyring = aws.keyring();
    account(&keyring, "alice", AccountKind::User, false).await;
    let id = import(&keyring, text(), Some(350)).await.id;
    let read = keyring.key(&id).await.unwrap().unwrap();
    keyring.revoke(&read, "by alice".into(), &act("alice")).await.unwrap();
    let revoked = keyring.key(&id).await.unwrap().unwrap();
    assert!(!keyring.note_push(&read, now()).await.unwrap());
    assert_eq!(keyring.key(&id).await.unwrap().unwrap(), revoked);

    keyring.delete(&revoked, &act("alice")).await.unwrap();
    assert!(!keyring.note_push(&read, now()).await.unwrap());
    assert_eq!(keyring.key(&id).await.unwrap(), None);
    assert_eq!(import(&keyring, text(), None).await, Imported { id, status: None });
}
