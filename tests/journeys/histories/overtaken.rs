//! A change that is under way when its holder is locked out: once the lock is answered, the change is not made any more.

use std::sync::Arc;

use serde_json::{Value, json};

use super::doors::Doors;
use crate::api_event::Caller;

const USER: &str = "overtaken";
const ORGANIZATION: &str = "overtakers";

/// Starts what `call` asks, and when all it has to do is write, has the gallery say `told`; answers what the call is then
/// answered.
async fn overtaken(doors: &Arc<Doors>, call: &str, body: &Value, told: (&str, Value)) -> (u64, Value) {
    let (comes, goes_on) = doors.hold_next_transaction();
    let under_way = {
        let (doors, call, body) = (Arc::clone(doors), call.to_owned(), body.clone());
        tokio::spawn(async move { doors.manage(0, Caller::Person(USER), &call, &[], &body).await })
    };
    comes.await.unwrap();
    tell(doors, told).await;
    goes_on.send(()).unwrap();
    under_way.await.unwrap()
}

async fn tell(doors: &Doors, (call, body): (&str, Value)) {
    let (status, said) = doors.manage(1, Caller::Gallery, call, &[], &body).await;
    assert_eq!(status, 200, "{call}: {said}");
}

fn account(kind: &str, locked: bool) -> Value {
    json!({ "name": "an account", "kind": kind, "locked": locked })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_or_a_departure_that_was_answered_stops_what_was_under_way() {
    let doors = Arc::new(Doors::open(0).await);
    let user = format!("PUT /directory/accounts/{USER}");
    let organization = format!("PUT /directory/accounts/{ORGANIZATION}");
    let member = format!("/directory/organizations/{ORGANIZATION}/members/{USER}");
    let (joins, leaves) = (format!("PUT {member}"), format!("DELETE {member}"));
    let good = [
        (user.as_str(), account("user", false)),
        (&organization, account("organization", false)),
        (&joins, json!({ "role": "member" })),
    ];
    for told in good.clone() {
        tell(&doors, told).await;
    }
    let wanted = json!({ "name": "a key", "owner": ORGANIZATION, "actions": ["push"], "packages": ["*"] });
    let (status, made) = doors.manage(0, Caller::Person(USER), "POST /keys", &[], &wanted).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/keys/{}", made["key"]["id"].as_str().unwrap());
    let key = made["key"].clone();

    let bad = [
        (user.as_str(), account("user", true), "account_locked"),
        (&organization, account("organization", true), "account_locked"),
        (&leaves, Value::Null, "not_a_member"),
    ];
    let calls = [
        ("POST /keys".to_owned(), wanted),
        (format!("PATCH {path}"), json!({ "packages": ["Other.*"] })),
        (format!("POST {path}/refresh"), json!({})),
    ];
    for (told, body, reason) in bad {
        for (call, asked) in &calls {
            let (status, said) = overtaken(&doors, call, asked, (told, body.clone())).await;
            assert_eq!((status, &said["reason"]), (403, &json!(reason)), "{call} after {told}");
            for told in good.clone() {
                tell(&doors, told).await;
            }
        }
    }
    let person = Caller::Person(USER);
    let (_, list) = doors.manage(0, person, "GET /keys", &[], &Value::Null).await;
    assert_eq!(list["keys"], json!([key]), "no key was made, and the one there is was not changed");
    // To end a key is never refused.
    let lock = (user.as_str(), account("user", true));
    let (status, said) = overtaken(&doors, &format!("POST {path}/revoke"), &Value::Null, lock).await;
    assert_eq!((status, &said["status"]), (200, &json!("revoked")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bar_under_way_is_set_only_by_who_still_speaks_for_the_package() {
    let doors = Arc::new(Doors::open(0).await);
    let user = format!("PUT /directory/accounts/{USER}");
    let organization = format!("PUT /directory/accounts/{ORGANIZATION}");
    let member = format!("/directory/organizations/{ORGANIZATION}/members/{USER}");
    let (joins, leaves, package) =
        (format!("PUT {member}"), format!("DELETE {member}"), "PUT /directory/packages/Overtaken");
    let good = [
        (user.as_str(), account("user", false)),
        ("PUT /directory/accounts/others", account("user", false)),
        (&organization, account("organization", false)),
        (&joins, json!({ "role": "admin" })),
        (package, json!({ "owners": [ORGANIZATION] })),
    ];
    for told in good.clone() {
        tell(&doors, told).await;
    }
    let person = Caller::Person(USER);
    let wanted = json!({ "name": "a key", "owner": ORGANIZATION, "actions": ["push"], "packages": ["*"] });
    let (_, made) = doors.manage(0, person, "POST /keys", &[], &wanted).await;
    let key = made["key"]["id"].as_str().unwrap();
    let bar = format!("PUT /packages/Overtaken/barred/{key}");
    for (told, body, status, reason) in [
        (user.as_str(), account("user", true), 403, "account_locked"),
        (&organization, account("organization", true), 403, "account_locked"),
        (&leaves, Value::Null, 404, "unknown_package"),
        (&joins, json!({ "role": "member" }), 404, "unknown_package"),
        (package, json!({ "owners": ["others"] }), 404, "unknown_package"),
        (package, json!({ "owners": [ORGANIZATION, "others"] }), 200, ""),
    ] {
        let (answered, said) = overtaken(&doors, &bar, &Value::Null, (told, body)).await;
        assert_eq!(
            (answered, said["reason"].as_str().unwrap_or_default()),
            (status, reason),
            "after {told}: {said}"
        );
        for told in good.clone() {
            tell(&doors, told).await;
        }
        let (_, list) = doors.manage(0, person, "GET /packages/Overtaken/keys", &[], &Value::Null).await;
        assert_eq!(list["keys"][0].get("barred").is_some(), status == 200, "after {told}: {list}");
    }
}
