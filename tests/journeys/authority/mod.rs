//! One account never sees, changes or learns of what is another's, over every operation of the OpenAPI document and with
//! every shape of its ids: the answer is the same, byte for byte, as for what does not exist, and nothing of the other's is
//! changed. An organization's admins are the exception, and what they may is named here.

mod document;
mod shapes;
mod subject;
mod walk;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    directory::Directory,
    publisher::{Publisher, id},
    stage::Stage,
};
use subject::Subject;
use walk::{Caller, Walk};

const VICTIM: &str = "bertha-kilo";
const ORGANIZATION: &str = "contoso-kilo";

/// What is bertha's own, and what she has as a member of an organization.
async fn victims(stage: &Stage) -> (Subject, Subject) {
    let directory = Directory(stage);
    let bertha = Publisher::sign_in(stage, VICTIM).await;
    directory.put_account(ORGANIZATION, "organization").await;
    for (user, role) in [(VICTIM, "member"), ("carol", "member"), ("ada", "admin")] {
        directory.put_account(user, "user").await;
        directory.put_member(ORGANIZATION, user, role).await;
    }
    directory.put_package("Bertha.Kilo", &[VICTIM]).await;
    directory.put_package("Contoso.Kilo", &[ORGANIZATION]).await;
    let mut subjects = Vec::new();
    for (owner, package) in [(VICTIM, "Bertha.Kilo"), (ORGANIZATION, "Contoso.Kilo")] {
        let once = format!("once-of-{owner}");
        let asked = json!({ "name": format!("the secret plan of {owner}"), "owner": owner, "actions": ["push"], "packages": [package] });
        let made = bertha.call_once(&once, &asked).await;
        let key = id(&made.key).to_owned();
        subjects.push(Subject { account: owner.to_owned(), key, package: package.to_owned(), once });
    }
    // Keys of one second have no order among them. What callers make themselves is to be newer than all of hers, so that no page
    // that begins with one of hers has it.
    let now = stage.get("/local/clock").await.expect(200)["now"].as_str().unwrap().parse::<DateTime<Utc>>();
    stage.post("/local/clock", &json!({ "now": now.unwrap() + TimeDelta::minutes(1) })).await.expect(200);
    let of_the_organization = subjects.remove(1);
    (subjects.remove(0), of_the_organization)
}

/// What bertha's things say of themselves: nobody else is told, unless it was they who said it.
fn told_of(subject: &Subject) -> Vec<String> {
    let Subject { account, key, package, .. } = subject;
    vec![account.clone(), key.clone(), package.clone(), format!("the secret plan of {account}")]
}

#[tokio::test]
async fn nobody_learns_of_anothers_keys_over_any_operation_with_any_shape_of_an_id() {
    let stage = Stage::ephemeral("authority_strangers").await;
    let (hers, the_organizations) = victims(&stage).await;
    let walk = Walk::of(&stage, [told_of(&hers), told_of(&the_organizations)].concat()).await;
    let bertha = Publisher::sign_in(&stage, VICTIM).await;
    let before = bertha.call(Method::GET, "/account", &Value::Null).await.expect(200);
    let mut asked = 0;
    // The second and third are called almost as bertha is: an account is who it is to the letter.
    for (account, shapes) in
        [("mallory", usize::MAX), ("Bertha-Kilo", 1), ("bertha-\u{212a}ilo", 1), ("bertha-kilo.", 1)]
    {
        let caller = Caller::sign_in(&stage, account).await;
        for (subject, shapes) in [(&hers, shapes), (&the_organizations, 1)] {
            let walked = walk.as_caller(&caller, subject, shapes).await;
            assert_eq!(walked.told_apart, BTreeSet::new(), "{account} can tell {} from nothing", subject.key);
            asked += walked.pairs;
        }
    }
    // Nor is anything told of bertha when the gallery tells of somebody whose id only begins like hers.
    for account in [
        "bertha-kilo?x",
        "bertha-kilo#x",
        "bertha-kilo/x",
        "bertha-kilo/../bertha-kilo",
        "bertha-kilo%3Fx",
        "BERTHA-KILO",
    ] {
        Caller::sign_in(&stage, account).await;
    }
    assert_eq!(bertha.call(Method::GET, "/account", &Value::Null).await.expect(200), before);
    assert!(asked > 500, "{asked}");
    stage
        .log()
        .append("journey", &format!("{asked} pairs of requests over {} operations", walk.operations()));
    stage.finish().await;
}

#[tokio::test]
async fn a_member_learns_nothing_of_the_other_members_keys() {
    let stage = Stage::ephemeral("authority_members").await;
    let (hers, the_organizations) = victims(&stage).await;
    let mut secrets = [told_of(&hers), told_of(&the_organizations)].concat();
    // That there is the organization, and what it owns, a member knows.
    secrets.retain(|told| told != ORGANIZATION && told != "Contoso.Kilo");
    let walk = Walk::of(&stage, secrets).await;
    let carol = Caller::sign_in(&stage, "carol").await;
    assert_eq!(walk.as_caller(&carol, &hers, 1).await.told_apart, BTreeSet::new());
    let own: BTreeSet<String> =
        ["GET /packages, query owner", "POST /keys, body /owner"].map(str::to_owned).into();
    assert_eq!(walk.as_caller(&carol, &the_organizations, usize::MAX).await.told_apart, own);
    stage.finish().await;
}

#[tokio::test]
async fn an_admin_sees_and_revokes_the_keys_of_the_organization_and_no_others() {
    let stage = Stage::ephemeral("authority_admins").await;
    let (hers, the_organizations) = victims(&stage).await;
    let ada = Caller::sign_in(&stage, "ada").await;
    let walk = Walk::of(&stage, told_of(&hers).into_iter().filter(|told| told != VICTIM).collect()).await;
    assert_eq!(walk.as_caller(&ada, &hers, 1).await.told_apart, BTreeSet::new());

    // The exception. That these four are not hers to change, an admin is told.
    let bertha = Publisher::sign_in(&stage, VICTIM).await;
    let key = bertha.key(&json!({ "id": the_organizations.key })).await;
    let admin = Publisher::sign_in(&stage, "ada").await;
    for (method, act, body) in [
        (Method::PATCH, "", json!({ "name": "x" })),
        (Method::POST, "/refresh", json!({})),
        (Method::POST, "/thaw", Value::Null),
        (Method::DELETE, "", Value::Null),
    ] {
        let refused = admin.call_about(method, &key, act, &body).await.expect(403);
        assert_eq!(refused["reason"], "not_the_holder");
    }
    assert_eq!(bertha.key(&key).await, key);
    // What differs from what does not exist, and no more. The table is not compared: she freezes and revokes.
    let told_apart = walk.without_the_table().as_caller(&ada, &the_organizations, 1).await.told_apart;
    let hers: BTreeSet<String> = [
        "DELETE /keys/{id}, path id",
        "DELETE /packages/{id}/barred/{key_id}, path id",
        "GET /keys, query owner",
        "GET /keys/{id}, path id",
        "GET /keys/{id}/events, path id",
        "GET /packages, query owner",
        "GET /packages/{id}/keys, path id",
        "PATCH /keys/{id}, path id",
        "POST /keys, body /owner",
        "POST /keys/{id}/freeze, path id",
        "POST /keys/{id}/refresh, path id",
        "POST /keys/{id}/revoke, path id",
        "POST /keys/{id}/thaw, path id",
        "PUT /packages/{id}/barred/{key_id}, path id",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(told_apart, hers);
    assert_eq!(bertha.key(&key).await["status"], "revoked");
    stage.finish().await;
}
