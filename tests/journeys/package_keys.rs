//! Who can push a package, as its owners see it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use keyring::{LegacyKey, LegacySecret};
use keys::{KeyId, LegacyText};
use serde_json::{Value, json};

use crate::{
    aws::{act, now},
    legacy_keyring::GUID,
    management::{As, Management, id, refused},
};

const ADA: As<'_> = As::Person("ada");
const BOB: As<'_> = As::Person("bob");
const CAROL: As<'_> = As::Person("carol");
const LIST: &str = "GET /packages/Foo.Bar/keys";

/// contoso and carol own Foo.Bar; ada is contoso's admin and bob its member.
async fn start() -> Management {
    let api = Management::start().await;
    api.contoso().await;
    api.tell("PUT /directory/packages/Foo.Bar", &json!({ "owners": ["contoso", "carol"] })).await;
    api
}

async fn listed(api: &Management, who: As<'_>) -> Vec<Value> {
    let list = api.call(who, LIST, &Value::Null).await;
    assert_eq!(list.status, 200, "{}", list.body);
    assert_eq!(list.body["package"], "Foo.Bar");
    list.body["keys"].as_array().unwrap().clone()
}

fn ids(keys: &[Value]) -> BTreeSet<&str> {
    keys.iter().map(|key| key["key_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_live_key_that_reaches_a_package_is_listed_and_no_other() {
    let api = start().await;
    let of_contoso = json!({ "owner": "contoso", "packages": ["Other", "foo.*", "Foo.Bar"] });
    let bobs = api.make("bob", &of_contoso).await;
    let carols = api
        .make("carol", &json!({ "actions": ["update", "unlist"], "packages": ["*"], "expires_in_days": 30 }))
        .await;
    // What does not reach it: another owner's, another package's, and what has ended.
    api.make("bob", &json!({ "packages": ["*"] })).await;
    api.make("carol", &json!({ "packages": ["Foo"] })).await;
    let revoked = api.make("carol", &json!({})).await;
    api.call(CAROL, &format!("POST /keys/{}/revoke", id(&revoked)), &Value::Null).await;
    let deleted = api.make("bob", &of_contoso).await;
    api.call(BOB, &format!("DELETE /keys/{}", id(&deleted)), &Value::Null).await;
    let short = api.make("carol", &json!({ "expires_in_days": 1 })).await;
    assert_eq!(ids(&listed(&api, CAROL).await), BTreeSet::from([id(&bobs), id(&carols), id(&short)]));
    api.advance(TimeDelta::days(1));

    api.aws.overheard.secrets().remember_legacy(GUID);
    let secret = LegacySecret::Text(LegacyText::parse(GUID).unwrap());
    let legacy = LegacyKey { account: "carol".parse().unwrap(), secret, last_push_at: None };
    let legacy = api.aws.keyring().import(&legacy, &act("gallery")).await.unwrap().id;
    let pushed: KeyId = id(&bobs).parse().unwrap();
    api.aws.keyring().note_pushed(&pushed, &"foo.bar".parse().unwrap(), now()).await.unwrap();

    let keys = listed(&api, CAROL).await;
    assert_eq!(keys.len(), 3, "{keys:#?}");
    let of = |id: &str| keys.iter().find(|key| key["key_id"] == *id).unwrap().clone();
    assert_eq!(
        of(id(&bobs)),
        json!({
            "key_id": id(&bobs), "name": "a key", "kind": "scoped", "holder": "bob", "owner": "contoso",
            "actions": ["push"], "pattern": "foo.*", "last_push_at": "2026-11-22T10:15:00Z",
            "expires_at": bobs["expires_at"],
        })
    );
    assert_eq!(
        of(id(&carols)),
        json!({
            "key_id": id(&carols), "name": "a key", "kind": "scoped", "holder": "carol", "owner": "carol",
            "actions": ["update", "unlist"], "pattern": "*", "expires_at": carols["expires_at"],
        })
    );
    assert_eq!(
        of(&legacy.to_string()),
        json!({
            "key_id": legacy.to_string(), "name": "Full access key", "kind": "legacy", "holder": "carol",
            "owner": "carol", "actions": ["push", "update", "unlist"], "expires_at": null,
        })
    );
    assert_eq!(listed(&api, ADA).await, keys, "an admin of one owner sees the keys of all of them");
    let spelt = api.call(CAROL, "GET /packages/FOO.bar/keys", &Value::Null).await;
    assert_eq!(spelt.body["package"], "Foo.Bar");
}

#[tokio::test]
async fn whoever_owns_it_not_hears_what_is_said_of_no_package() {
    let api = start().await;
    let key = api.make("carol", &json!({})).await;
    let bar = format!("barred/{}", id(&key));
    let before = api.aws.items().await;
    for (who, package) in [
        (As::Person("mallory"), "Foo.Bar"),
        // A member makes keys for it, and does not speak for it.
        (BOB, "Foo.Bar"),
        (As::Person("contoso"), "Foo.Bar.Baz"),
        (CAROL, "None"),
        (CAROL, "a%20b"),
        (CAROL, "Foo.Bar%2A"),
    ] {
        for call in [
            format!("GET /packages/{package}/keys"),
            format!("PUT /packages/{package}/{bar}"),
            format!("DELETE /packages/{package}/{bar}"),
            format!("PUT /packages/{package}/barred/nonsense"),
            format!("DELETE /packages/{package}/barred/nonsense"),
        ] {
            let answered = api.call(who, &call, &Value::Null).await;
            refused(&answered, 404, "unknown_package");
            let detail = "You own no package with this id, and are no admin of an organization that does.";
            assert_eq!(answered.body["detail"], detail, "{call}");
        }
    }
    assert_eq!(api.aws.items().await, before);

    api.tell("DELETE /directory/packages/Foo.Bar", &Value::Null).await;
    refused(&api.call(CAROL, LIST, &Value::Null).await, 404, "unknown_package");
    api.tell("PUT /directory/packages/Foo.Bar", &json!({ "owners": ["bob"] })).await;
    refused(&api.call(CAROL, LIST, &Value::Null).await, 404, "unknown_package");
    assert_eq!(listed(&api, BOB).await, Vec::<Value>::new(), "its new owner has no key");
    api.tell("DELETE /directory/organizations/contoso/members/ada", &Value::Null).await;
    refused(&api.call(ADA, LIST, &Value::Null).await, 404, "unknown_package");
}

#[tokio::test]
async fn a_live_key_that_would_be_refused_all_the_same_says_why() {
    let api = start().await;
    let bobs = api.make("bob", &json!({ "owner": "contoso" })).await;
    let carols = api.make("carol", &json!({})).await;
    let refused_for = async || {
        let keys = listed(&api, CAROL).await;
        let of = |key: &Value| keys.iter().find(|one| one["key_id"] == key["id"]).unwrap()["refused"].clone();
        (of(&bobs), of(&carols))
    };
    let none = (Value::Null, Value::Null);
    assert_eq!(refused_for().await, none);
    let account = |kind: &str, locked: bool| json!({ "name": "x", "kind": kind, "locked": locked });
    for (call, body, undo, expected) in [
        (
            "accounts/bob",
            account("user", true),
            account("user", false),
            (json!("account_locked"), Value::Null),
        ),
        (
            "accounts/contoso",
            account("organization", true),
            account("organization", false),
            (json!("account_locked"), Value::Null),
        ),
        (
            "accounts/carol",
            account("user", true),
            account("user", false),
            (Value::Null, json!("account_locked")),
        ),
    ] {
        api.tell(&format!("PUT /directory/{call}"), &body).await;
        assert_eq!(refused_for().await, expected, "{call}");
        api.tell(&format!("PUT /directory/{call}"), &undo).await;
    }
    let member = "organizations/contoso/members/bob";
    api.tell(&format!("DELETE /directory/{member}"), &Value::Null).await;
    assert_eq!(refused_for().await, (json!("not_organization_member"), Value::Null));
    api.tell(&format!("PUT /directory/{member}"), &json!({ "role": "member" })).await;
    assert_eq!(
        refused_for().await,
        none,
        "one who is back may push again, so the key is listed while they are away"
    );
}

#[tokio::test]
async fn pages_follow_each_other_over_all_owners_and_leave_nothing_out() {
    let api = start().await;
    let mut all = BTreeSet::new();
    for number in 0..12 {
        let (holder, owner) = [("bob", "contoso"), ("ada", "contoso"), ("carol", "carol")][number % 3];
        let packages = if number % 4 == 3 { "Other" } else { "Foo.*" };
        let key = api.make(holder, &json!({ "owner": owner, "packages": [packages] })).await;
        if packages == "Foo.*" {
            all.insert(id(&key).to_owned());
        }
    }
    for limit in [1, 2, 5, 9, 100] {
        let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = api.call(CAROL, &format!("{LIST}?limit={limit}{after}"), &Value::Null).await.body;
            let keys = page["keys"].as_array().unwrap();
            assert!(keys.len() <= limit, "{page}");
            seen.extend(keys.iter().map(|key| key["key_id"].as_str().unwrap().to_owned()));
            pages += 1;
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), all.len(), "nothing is told twice");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all, "with {limit} a page");
        assert!(pages <= 1 + all.len() / limit, "{pages} pages of {limit}");
    }
    for junk in ["limit=0", "limit=101", "after=key~6b49d200abcd", "after=%20", "owner=carol"] {
        refused(&api.call(CAROL, &format!("{LIST}?{junk}"), &Value::Null).await, 400, "bad_input");
    }
    // A place of an owner who has sold it meanwhile is a place still.
    let gone = "reach~00000000000000000000~key~6b49d200abcd";
    let all_of_it = api.call(CAROL, &format!("{LIST}?after={gone}"), &Value::Null).await;
    assert_eq!(all_of_it.body["keys"].as_array().unwrap().len(), all.len());
}

#[tokio::test]
async fn a_page_reads_so_much_and_says_that_more_follows() {
    let api = Management::start().await;
    let mut owners = Vec::new();
    let mut entries = Vec::new();
    for number in 0..25 {
        let owner = format!("owner-{number}");
        entries.push(json!({ "put": "account", "account": owner, "name": owner, "kind": "user" }));
        owners.push(owner);
    }
    api.tell("POST /directory", &json!({ "entries": entries })).await;
    api.tell("PUT /directory/packages/Foo.Bar", &json!({ "owners": owners })).await;
    let mut all = BTreeSet::new();
    for owner in ["owner-3", "owner-24"] {
        all.insert(id(&api.make(owner, &json!({})).await).to_owned());
    }
    let (mut seen, mut after, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = api.call(As::Person("owner-7"), &format!("{LIST}{after}"), &Value::Null).await.body;
        seen.extend(
            page["keys"].as_array().unwrap().iter().map(|key| key["key_id"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        after = format!("?after={next}");
    }
    assert_eq!((pages, seen), (3, all), "ten owners a page");
}
