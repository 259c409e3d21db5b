//! What is known of NuGet.org's scoped keys, as input and what is expected of it, asked of Latchkey over the wire. Where
//! Latchkey departs on purpose, the departure is named beside the row.
//!
//! NuGet.org says 401 for what the key does not allow on a package and 403 for what it never allows; here both are 403,
//! with a reason.

use chrono::DateTime;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    directory::Directory,
    package::Package,
    publisher::{KeyText, Publisher},
    stage::Stage,
};

/// The rows of this name.
pub(crate) fn vectors(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../vectors/nuget.json")).unwrap();
    let rows = all[name].clone();
    assert!(!rows.is_null(), "there are no vectors {name}");
    rows
}

pub(crate) fn rows(name: &str) -> Vec<Value> {
    vectors(name).as_array().unwrap().clone()
}

/// Our actions for one of NuGet's; none if it is not offered here.
fn actions(nuget: &str) -> Option<Vec<&'static str>> {
    Some(keys::nuget::actions(Some(nuget))?.into_iter().map(keys::Action::as_str).collect())
}

/// A key's scope as NuGet writes it: each package with each action.
fn scopes(key: &Value) -> Vec<(String, String)> {
    let nuget = |action: &Value| match action.as_str().unwrap() {
        "update" => "package:pushversion".to_owned(),
        action => format!("package:{action}"),
    };
    let list = |name: &str| key[name].as_array().unwrap().clone();
    let each = list("packages").into_iter().flat_map(|package| {
        let package = package.as_str().unwrap().to_owned();
        list("actions").iter().map(|action| (package.clone(), nuget(action))).collect::<Vec<_>>()
    });
    sorted(each.collect())
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

#[tokio::test]
async fn scopes_are_built_from_what_is_named() {
    let stage = stage!("vectors_build_scopes");
    let alice = Publisher::sign_in(&stage, "alice").await;
    for row in rows("build_scopes") {
        let mut body = json!({ "name": "a key", "packages": row["subjects"] });
        body["actions"] = match row["actions"].as_array() {
            Some(nuget) => {
                nuget.iter().flat_map(|action| actions(action.as_str().unwrap()).unwrap()).collect()
            }
            None => Value::Null,
        };
        // Departure: blank or missing subjects never become `*`, and missing actions never `all`. Nor is a blank subject
        // among others dropped. All of it is refused, and every row has some of it.
        alice.call(Method::POST, "/keys", &body).await.expect(400);

        if body["actions"].is_null() {
            continue;
        }
        let named = |subject: &&Value| subject.as_str().is_some_and(|subject| !subject.trim().is_empty());
        let mut packages: Vec<Value> =
            row["subjects"].as_array().into_iter().flatten().filter(named).cloned().collect();
        if packages.is_empty() {
            packages.push("*".into());
        }
        body["packages"] = packages.into();
        let expected: Vec<(String, String)> = serde_json::from_value(row["expected"].clone()).unwrap();
        assert_eq!(scopes(&alice.create_from(&body).await.key), sorted(expected), "{row}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn an_edit_changes_the_packages_only() {
    let stage = stage!("vectors_edit_scopes");
    let alice = Publisher::sign_in(&stage, "alice").await;
    for row in rows("edit_scopes") {
        let Some(existing) = row["existing"].as_array() else { continue };
        let mut packages: Vec<&Value> = existing.iter().map(|scope| &scope[0]).collect();
        packages.dedup();
        let mut granted: Vec<&str> =
            existing.iter().flat_map(|scope| actions(scope[1].as_str().unwrap()).unwrap()).collect();
        granted.sort_unstable();
        granted.dedup();
        let made =
            alice.create_from(&json!({ "name": "a key", "actions": granted, "packages": packages })).await;

        let mut edited = alice.edit(&made.key, &json!({ "packages": row["new_subjects"] })).await;

        let expected: Vec<(String, String)> = serde_json::from_value(row["expected"].clone()).unwrap();
        assert_eq!(scopes(&edited), sorted(expected), "{row}");
        let mut before = made.key;
        for key in [&mut before, &mut edited] {
            key["packages"].take();
            key["version"].take();
        }
        assert_eq!(edited, before, "name, expiry, actions and owner are as before");
        assert_eq!(
            stage.asks(&made.text, "unlist", "def").await["reason"],
            "package_unknown",
            "the secret too"
        );
    }
    stage.finish().await;
}

#[tokio::test]
async fn lifetimes_outside_the_policy_are_refused() {
    let stage = stage!("vectors_lifetimes");
    let alice = Publisher::sign_in(&stage, "alice").await;
    for row in rows("expiration_days_input") {
        assert_eq!(row["config_max_days"], 365, "the policy's default");
        let body = json!({ "name": "a key", "actions": ["push"], "packages": ["*"], "expires_in_days": row["input"] });
        let reply = alice.call(Method::POST, "/keys", &body).await;
        if row["input"] == row["expected_days"] {
            let key = &reply.expect(201)["key"];
            let time = |name: &str| DateTime::parse_from_rfc3339(key[name].as_str().unwrap()).unwrap();
            let days = (time("expires_at") - time("created_at")).num_days();
            assert_eq!(row["expected_days"], days);
        } else {
            // Departure: refused, where NuGet.org shortens in silence.
            reply.expect(400);
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_key_is_made_for_oneself_or_an_organization_one_is_in() {
    let stage = stage!("vectors_owners");
    let directory = Directory(&stage);
    for organization in ["contoso", "fabrikam"] {
        directory.put_account(organization, "organization").await;
    }
    let people = [("plain user", "alice"), ("org admin", "ada"), ("org collaborator", "carol")];
    directory.put_account("bob", "user").await;
    for (user, role) in [("ada", "admin"), ("carol", "member")] {
        directory.put_account(user, "user").await;
        directory.put_member("contoso", user, role).await;
    }
    for row in rows("verify_scopes_at_create") {
        let (_, account) = people.iter().find(|(name, _)| row["user"] == *name).unwrap();
        let owner = match row["owner"].as_str().unwrap() {
            "self" => account,
            "that organization" => "contoso",
            "another user" => "bob",
            "an org the user is not in" => "fabrikam",
            other => panic!("an owner these journeys do not know: {other}"),
        };
        let nuget = row["actions"][0].as_str().unwrap();
        // Departures: there is no `all` and no blank for people, and verification keys are not offered; their rows run
        // with the words as they are, and are refused.
        let (named, offered) = match actions(nuget) {
            Some(actions) if !["all", ""].contains(&nuget) => (json!(actions), true),
            _ => (json!([nuget]), false),
        };
        let body = json!({ "name": "a key", "owner": owner, "actions": named, "packages": ["*"] });
        let reply = Publisher::sign_in(&stage, account).await.call(Method::POST, "/keys", &body).await;
        let expected = match row["expected"].as_str().unwrap() {
            "ok" if offered => 201,
            // Departure: an owner one may not act for is 403, where NuGet.org says 400 for all of these.
            _ if offered => 403,
            _ => 400,
        };
        assert_eq!(reply.status, expected, "{row}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_key_acts_for_the_owner_it_names() {
    let stage = stage!("vectors_owner_scope");
    let (alice, directory) = (Publisher::sign_in(&stage, "alice").await, Directory(&stage));
    directory.put_account("contoso", "organization").await;
    directory.put_member("contoso", "alice", "member").await;
    directory.put_package("Contoso.Tools", &["contoso"]).await;
    directory.put_package("Tailspin.Tools", &["alice"]).await;
    for row in rows("owner_scope_matches_user") {
        let owner = match &row["scope_owners"][0] {
            Value::Null => None,
            owner if *owner == row["user"] => Some("alice"),
            _ => Some("contoso"),
        };
        let mut body = json!({ "name": "a key", "actions": ["update"], "packages": ["*"] });
        if let Some(owner) = owner {
            body["owner"] = owner.into();
        }
        let made = alice.create_from(&body).await;
        assert_eq!(
            (&made.key["holder"], &made.key["owner"]),
            (&json!("alice"), &json!(owner.unwrap_or("alice")))
        );
        let (own, other) = match owner {
            Some("contoso") => ("Contoso.Tools", "Tailspin.Tools"),
            _ => ("Tailspin.Tools", "Contoso.Tools"),
        };
        assert_eq!(stage.asks(&made.text, "update", own).await["decision"], "allow", "{row}");
        assert_eq!(stage.asks(&made.text, "update", other).await["reason"], "not_package_owner", "{row}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn what_is_asked_for_badly_is_not_made() {
    let stage = stage!("vectors_create_errors");
    let alice = Publisher::sign_in(&stage, "alice").await;
    for row in rows("create_input_errors") {
        let mut body = json!({ "name": "a key", "actions": ["push"], "packages": ["*"] });
        let mut expected = 400;
        if let Some(name) = row.get("description") {
            body["name"] = name.clone();
        } else if let Some(owner) = row.get("owner") {
            body["owner"] = owner.clone();
        } else if let Some(length) = row.get("description_length") {
            // Departure: told, where NuGet.org's database fails.
            body["name"] = "n".repeat(usize::try_from(length.as_u64().unwrap()).unwrap()).into();
        } else {
            assert_eq!(row["user_state"], "locked");
            Directory(&stage).lock_account("alice").await;
            // Departure: who it is, not what was sent, is why, so it is 403 rather than 400.
            expected = 403;
        }
        assert_eq!(alice.call(Method::POST, "/keys", &body).await.status, expected, "{row}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn each_door_takes_the_actions_it_should() {
    let stage = stage!("vectors_matrix");
    let alice = Publisher::sign_in(&stage, "alice").await;
    let mut number = 0;
    for row in rows("endpoint_action_matrix") {
        let endpoint = row["endpoint"].as_str().unwrap();
        if ["deprecations", "create-verification-key", "verifykey"].iter().any(|part| endpoint.contains(part))
        {
            // Not offered: Latchkey guards pushing, unlisting and relisting.
            continue;
        }
        for (nuget, expected) in row["result_by_key_action"].as_object().unwrap() {
            let Some(actions) = actions(nuget) else {
                // Not offered: verification keys.
                continue;
            };
            number += 1;
            let id = format!("Tailspin.Tools{number}");
            let everything = alice.create(&["push", "unlist"], &[&id]).await.text;
            let key = alice.create(&actions, &[&id]).await.text;
            let (first, second) = (Package::new(&id, "1.0.0"), Package::new(&id, "1.1.0"));
            if !endpoint.contains("new package id") {
                first.put(&stage, "/api/v2/package", &everything).await.expect(201);
            }
            let status = if endpoint.contains("new package id") {
                first.put(&stage, "/api/v2/package", &key).await.status
            } else if endpoint.contains("symbolpackage") {
                first.put(&stage, "/api/v2/symbolpackage", &key).await.status
            } else if endpoint.contains("DELETE") {
                unlist(&stage, &first, &key).await
            } else {
                second.put(&stage, "/api/v2/package", &key).await.status
            };
            let ok = expected == "ok";
            assert!(
                if ok { status.is_success() } else { status == 403 },
                "{endpoint} with {nuget}: {status}"
            );
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_packages_life_takes_one_key_after_the_other() {
    let stage = stage!("vectors_sequence");
    let (alice, directory) = (Publisher::sign_in(&stage, "alice").await, Directory(&stage));
    let sequence = vectors("end_to_end_scope_sequence");
    let mut version = 0;
    for step in sequence["steps"].as_array().unwrap() {
        let actions = actions(&format!("package:{}", step["key"].as_str().unwrap())).unwrap();
        let key = alice.create(&actions, &["Tailspin.*"]).await.text;
        let package = Package::new("Tailspin.Tools", &format!("1.{version}.0"));
        let status = run(&stage, step["operation"].as_str().unwrap(), &package, &key).await;
        let ok = step["expected"] == "ok";
        assert!(if ok { status.is_success() } else { status == 403 }, "{step}: {status}");
        // The next new version is another one; what is unlisted is the last one pushed.
        let pushes = step["operation"] != "unlist";
        version += u32::from(ok && pushes && step["key"] == "push");
    }

    directory.put_account("contoso", "organization").await;
    for (number, row) in sequence["also"].as_array().unwrap().iter().enumerate() {
        let who = row["key"].as_str().unwrap();
        let owner = if who.contains("self") { "alice" } else { "contoso" };
        directory
            .put_member("contoso", "alice", if who.contains("admin") { "admin" } else { "member" })
            .await;
        // `all` is not for people: the actions are named.
        let body = json!({
            "name": "a key", "owner": owner, "actions": ["push", "update", "unlist"], "packages": ["*"]
        });
        let key = alice.create_from(&body).await.text;
        for (step, operation) in row["operations"].as_array().unwrap().iter().enumerate() {
            let version = if operation == "push new version" { "1.1.0" } else { "1.0.0" };
            let package = Package::new(&format!("Contoso.Tools{number}"), version);
            let status = run(&stage, operation.as_str().unwrap(), &package, &key).await;
            assert!(status.is_success(), "{who}, step {step}: {status}");
        }
    }
    stage.finish().await;
}

async fn run(stage: &Stage, operation: &str, package: &Package, key: &KeyText) -> StatusCode {
    match operation {
        "unlist" => unlist(stage, package, key).await,
        _ => package.put(stage, "/api/v2/package", key).await.status,
    }
}

async fn unlist(stage: &Stage, package: &Package, key: &KeyText) -> StatusCode {
    let path = format!("/api/v2/package/{}/{}", package.id, package.version);
    stage.call(Method::DELETE, &path, &[("x-nuget-apikey", key.reveal())], &Value::Null).await.status
}
