//! Keys that act for an organization, as its members and admins see them.

use serde_json::{Value, json};

use crate::management::{As, Management, id, refused};

const ADA: As<'_> = As::Person("ada");
const BOB: As<'_> = As::Person("bob");
const CAROL: As<'_> = As::Person("carol");

#[tokio::test]
async fn members_make_keys_for_their_organization_and_others_do_not() {
    let api = Management::start().await;
    api.contoso().await;
    let key = api.make("bob", &json!({ "owner": "contoso" })).await;
    assert_eq!((&key["holder"], &key["owner"]), (&json!("bob"), &json!("contoso")));
    let asked = |owner: &str| json!({ "name": "x", "actions": ["push"], "packages": ["*"], "owner": owner });
    let before = api.aws.items().await;
    for (who, owner) in [(CAROL, "contoso"), (BOB, "ada"), (BOB, "nobody")] {
        let answered = api.call(who, "POST /keys", &asked(owner)).await;
        refused(&answered, 403, "not_a_member");
        assert_eq!(answered.body["errors"][0]["field"], "owner");
    }
    refused(&api.call(As::Person("contoso"), "POST /keys", &asked("contoso")).await, 403, "not_a_user");
    assert_eq!(api.aws.items().await, before);

    let account = api.call(BOB, "GET /account", &Value::Null).await.body;
    let expected = json!([{ "organization": "contoso", "name": "Contoso", "role": "member" }]);
    assert_eq!(account["organizations"], expected);
}

#[tokio::test]
async fn an_admin_sees_and_revokes_what_members_hold_and_changes_nothing_else() {
    let api = Management::start().await;
    api.contoso().await;
    let key = api.make("bob", &json!({ "owner": "contoso" })).await;
    let own = api.make("bob", &json!({})).await;
    let at = format!("/keys/{}", id(&key));

    let list = api.call(ADA, "GET /keys?owner=contoso", &Value::Null).await;
    assert_eq!(list.body["keys"], json!([key]));
    assert_eq!(api.call(ADA, "GET /keys", &Value::Null).await.body["keys"], json!([]), "she holds none");
    for who in [BOB, CAROL] {
        refused(&api.call(who, "GET /keys?owner=contoso", &Value::Null).await, 403, "not_an_admin");
    }
    refused(&api.call(ADA, "GET /keys?owner=nobody", &Value::Null).await, 403, "not_an_admin");
    assert_eq!(api.call(ADA, &format!("GET {at}"), &Value::Null).await.body, key);
    assert_eq!(api.call(ADA, &format!("GET {at}/events"), &Value::Null).await.status, 200);
    let bobs_own = format!("GET /keys/{}", id(&own));
    refused(&api.call(ADA, &bobs_own, &Value::Null).await, 404, "unknown_key");

    let before = api.aws.items().await;
    for (call, body) in [
        (format!("PATCH {at}"), json!({ "name": "b" })),
        (format!("POST {at}/refresh"), json!({})),
        (format!("DELETE {at}"), Value::Null),
    ] {
        refused(&api.call(ADA, &call, &body).await, 403, "not_the_holder");
    }
    assert_eq!(api.aws.items().await, before);
    let revoked = api.call(ADA, &format!("POST {at}/revoke"), &Value::Null).await;
    assert_eq!((revoked.status, &revoked.body["status"]), (200, &json!("revoked")));
    let notices = api.call(BOB, "GET /keys", &Value::Null).await.body["notices"].take();
    assert_eq!(notices[0]["key_id"], key["id"]);
    assert_eq!(
        notices[0]["text"],
        "“a key” was revoked on 2026-11-22 10:15 UTC (by ada, an admin of contoso)."
    );
}

#[tokio::test]
async fn who_has_left_keeps_sight_of_their_key_and_can_only_end_it() {
    let api = Management::start().await;
    api.contoso().await;
    let key = api.make("bob", &json!({ "owner": "contoso" })).await;
    let at = format!("/keys/{}", id(&key));
    api.tell("DELETE /directory/organizations/contoso/members/bob", &Value::Null).await;
    assert_eq!(api.call(BOB, &format!("GET {at}"), &Value::Null).await.status, 200);
    for (call, body) in
        [(format!("PATCH {at}"), json!({ "name": "b" })), (format!("POST {at}/refresh"), json!({}))]
    {
        refused(&api.call(BOB, &call, &body).await, 403, "not_a_member");
    }
    assert_eq!(api.call(BOB, &format!("DELETE {at}"), &Value::Null).await.status, 204);
    assert_eq!(api.call(ADA, "GET /keys?owner=contoso", &Value::Null).await.body["keys"], json!([]));
}

#[tokio::test]
async fn packages_are_shown_to_their_owner_with_what_a_pattern_covers() {
    let api = Management::start().await;
    api.contoso().await;
    for (id, owners) in
        [("Contoso.Core", json!(["contoso"])), ("Contoso.Web", json!(["contoso"])), ("Bob", json!(["bob"]))]
    {
        api.tell(&format!("PUT /directory/packages/{id}"), &json!({ "owners": owners })).await;
    }
    let own = api.call(BOB, "GET /packages", &Value::Null).await;
    assert_eq!(own.body, json!({ "packages": [{ "id": "Bob" }] }));
    let shared = api.call(BOB, "GET /packages?owner=contoso&matching=contoso.c%2A", &Value::Null).await;
    let expected = json!([
        { "id": "Contoso.Core", "matched": true }, { "id": "Contoso.Web", "matched": false },
    ]);
    assert_eq!(shared.body["packages"], expected);
    let page = api.call(BOB, "GET /packages?owner=contoso&limit=1", &Value::Null).await.body;
    let next = page["next"].as_str().unwrap();
    let rest = api.call(BOB, &format!("GET /packages?owner=contoso&after={next}"), &Value::Null).await;
    assert_eq!(rest.body["packages"], json!([{ "id": "Contoso.Web" }]));
    refused(&api.call(CAROL, "GET /packages?owner=contoso", &Value::Null).await, 403, "not_a_member");
}
