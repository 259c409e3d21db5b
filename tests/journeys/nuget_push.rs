//! A publisher makes a key and pushes with a real NuGet client, which is let in or told why not.

use serde_json::json;

use crate::{
    directory::Directory,
    nuget::NuGet,
    package::Package,
    publisher::{KeyText, Publisher},
    stage::Stage,
};

#[tokio::test]
async fn a_key_opens_what_its_patterns_cover_and_nothing_else() {
    let stage = stage!("nuget_patterns", Reason);
    let nuget = NuGet::new(&stage);
    let key = Publisher::sign_in(&stage, "alice").await.create(&["push"], &["Tailspin.*"]).await.text;

    let inside = Package::new("Tailspin.Tools", "1.0.0");
    nuget.push(&inside, Some(&key)).await.went_well();
    assert!(nuget.lists(&inside).await);

    let outside = Package::new("Fabrikam.Tools", "1.0.0");
    let why = refusal(&stage, &key, "push", &outside, "package_not_covered").await;
    nuget.push(&outside, Some(&key)).await.was_refused("403", &why);
    assert!(!nuget.lists(&outside).await);

    nuget.push(&inside, Some(&key)).await.was_refused("409", "1.0.0");
    nuget.push(&Package::new("Tailspin.Other", "1.0.0"), None).await.was_refused("401", "Unauthorized");
    stage.finish().await;
}

#[tokio::test]
async fn an_update_key_brings_new_versions_but_no_new_packages() {
    let stage = stage!("nuget_update", Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let push = alice.create(&["push"], &["*"]).await.text;
    let update = alice.create(&["update"], &["*"]).await.text;

    let first = Package::new("Tailspin.Tools", "1.0.0");
    let why = refusal(&stage, &update, "push", &first, "action_not_granted").await;
    nuget.push(&first, Some(&update)).await.was_refused("403", &why);

    nuget.push(&first, Some(&push)).await.went_well();
    let second = Package::new("Tailspin.Tools", "1.1.0");
    nuget.push(&second, Some(&update)).await.went_well();
    assert!(nuget.lists(&second).await);
    stage.finish().await;
}

#[tokio::test]
async fn unlisting_takes_a_key_that_may_unlist() {
    let stage = stage!("nuget_unlist", Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let push = alice.create(&["push"], &["Tailspin.*"]).await.text;
    let unlist = alice.create(&["unlist"], &["Tailspin.*"]).await.text;
    let package = Package::new("Tailspin.Tools", "1.0.0");
    nuget.push(&package, Some(&push)).await.went_well();

    let why = refusal(&stage, &push, "unlist", &package, "action_not_granted").await;
    nuget.unlist(&package, &push).await.was_refused("403", &why);
    assert!(nuget.lists(&package).await);

    nuget.unlist(&package, &unlist).await.went_well();
    assert!(!nuget.lists(&package).await);

    let why = refusal(&stage, &unlist, "push", &package, "action_not_granted").await;
    nuget.push(&Package::new("Tailspin.Tools", "1.1.0"), Some(&unlist)).await.was_refused("403", &why);
    stage.finish().await;
}

#[tokio::test]
async fn a_package_of_another_account_stays_theirs() {
    let stage = stage!("nuget_owner", Reason);
    let nuget = NuGet::new(&stage);
    let (alice, bob) = (Publisher::sign_in(&stage, "alice").await, Publisher::sign_in(&stage, "bob").await);
    let everything = alice.create(&["push", "update", "unlist"], &["*"]).await.text;
    let package = Package::new("Fabrikam.Tools", "1.0.0");
    nuget.push(&package, Some(&bob.create(&["push"], &["*"]).await.text)).await.went_well();

    let why = refusal(&stage, &everything, "push", &package, "not_package_owner").await;
    nuget.push(&Package::new("Fabrikam.Tools", "2.0.0"), Some(&everything)).await.was_refused("403", &why);
    nuget.unlist(&package, &everything).await.was_refused("403", &why);
    assert!(nuget.lists(&package).await);
    stage.finish().await;
}

#[tokio::test]
async fn a_key_refreshed_revoked_or_deleted_is_dead_on_the_next_request() {
    let stage = stage!("nuget_refresh", Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let old = alice.create(&["push"], &["Tailspin.*"]).await;
    nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&old.text)).await.went_well();

    let new = alice.refresh(&old.key).await;
    let next = Package::new("Tailspin.Tools", "1.1.0");
    let pushed = nuget.push(&next, Some(&old.text)).await;
    pushed.was_refused("403", &refusal(&stage, &old.text, "push", &next, "unknown").await);
    nuget.push(&next, Some(&new.text)).await.went_well();

    let revoked = alice.create(&["push"], &["Tailspin.*"]).await;
    alice.revoke(&revoked.key).await;
    let why = refusal(&stage, &revoked.text, "push", &next, "revoked").await;
    nuget.push(&next, Some(&revoked.text)).await.was_refused("403", &why);

    alice.delete(&new.key).await;
    let last = Package::new("Tailspin.Tools", "1.2.0");
    let pushed = nuget.push(&last, Some(&new.text)).await;
    pushed.was_refused("403", &refusal(&stage, &new.text, "push", &last, "unknown").await);
    assert!(!nuget.lists(&last).await);
    stage.finish().await;
}

#[tokio::test]
async fn a_key_warns_before_its_last_day_and_ends_with_it() {
    let stage = stage!("nuget_expiry", Clock, Reason);
    let nuget = NuGet::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let body = json!({ "name": "short", "actions": ["push"], "packages": ["*"], "expires_in_days": 30 });
    let key = alice.create_from(&body).await.text;

    let early = nuget.push(&Package::new("Tailspin.Tools", "1.0.0"), Some(&key)).await;
    early.went_well();
    assert!(!early.output.contains("WARNING"), "a month is time enough: {}", early.output);

    stage.advance_days(25).await;
    let late = nuget.push(&Package::new("Tailspin.Tools", "1.1.0"), Some(&key)).await;
    late.went_well();
    assert!(late.output.contains("WARNING"), "five days are not: {}", late.output);

    stage.advance_days(5).await;
    let after = Package::new("Tailspin.Tools", "1.2.0");
    let why = refusal(&stage, &key, "push", &after, "expired").await;
    nuget.push(&after, Some(&key)).await.was_refused("403", &why);
    stage.finish().await;
}

#[tokio::test]
async fn a_key_of_an_organization_ends_with_its_holders_membership() {
    let stage = stage!("nuget_organization", Reason);
    let (nuget, directory) = (NuGet::new(&stage), Directory(&stage));
    let alice = Publisher::sign_in(&stage, "alice").await;
    directory.put_account("contoso", "organization").await;
    directory.put_member("contoso", "alice", "member").await;
    let body = json!({ "name": "team", "owner": "contoso", "actions": ["push"], "packages": ["Contoso.*"] });
    let key = alice.create_from(&body).await.text;
    nuget.push(&Package::new("Contoso.Tools", "1.0.0"), Some(&key)).await.went_well();

    directory.remove_member("contoso", "alice").await;
    let next = Package::new("Contoso.Tools", "1.1.0");
    let why = refusal(&stage, &key, "push", &next, "not_organization_member").await;
    nuget.push(&next, Some(&key)).await.was_refused("403", &why);
    stage.finish().await;
}

/// Asks, as a publisher can before a push, and expects a refusal for this reason; answers the message to people.
async fn refusal(stage: &Stage, key: &KeyText, action: &str, package: &Package, reason: &str) -> String {
    let decision = stage.asks(key, action, &package.id).await;
    assert_eq!(decision["reason"], reason, "{decision}");
    decision["message"].as_str().expect("a refusal says why").to_owned()
}
