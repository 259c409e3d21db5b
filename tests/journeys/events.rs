//! What reaches the sweeper from outside of Latchkey: its schedule, SES's word of a bounce, an operator's order.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    account::{As, Call},
    places,
    publisher::{Publisher, id},
    table,
};

/// Where the sweeper's log lines come from.
const SWEEPER: &str = "ExpirySweeperLog";

/// What its log says of a run.
const SWEPT: &str = "\"message\":\"swept\"";

#[tokio::test]
async fn the_schedule_starts_a_run_that_tells_and_delivers() {
    let stage = stage!("events_schedule", Schedule);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    // A schedule like the one that is deployed, but for its time, which has come. The emulator leaves the placeholder of the
    // input as it is, so the time at which the key ends is put in here.
    let (target, _) = stage.account().schedule();
    let expires_at = made.key["expires_at"].as_str().expect("a key has an end");
    let mut target = target.clone();
    target["Input"] = json!(json!({ "scheduled_time": expires_at }).to_string());
    let once = json!({
        "ScheduleExpression": "at(2020-01-01T00:00:00)", "FlexibleTimeWindow": { "Mode": "OFF" }, "Target": target,
    });
    let path = format!("/schedules/{}-once", stage.account().resource("SweepSchedule"));
    let headers = [("content-type", "application/json")];
    let call = Call {
        service: "scheduler",
        method: Method::POST,
        path: &path,
        headers: &headers,
        body: once.to_string(),
    };
    stage.account().call(As::Operator, call).await.expect(200);

    let swept = stage.log().line_with(SWEEPER, SWEPT).await;
    assert!(swept.contains("\"due\":1") && swept.contains("\"failed\":0"), "{swept}");
    let mails = stage.mail().await;
    let ends =
        |mail: &&Value| mail["subject"].as_str().is_some_and(|subject| subject.contains("has expired"));
    let told: Vec<&Value> = mails.iter().filter(ends).collect();
    assert_eq!(told.len(), 1, "{mails:#?}");
    assert_eq!(told[0]["to"], "alice@example.test");
    assert!(told[0]["text"].as_str().is_some_and(|text| text.contains(id(&made.key))), "{}", told[0]);
    let environment = stage.environment().await;
    let values = table::values(&environment["AWS_ENDPOINT_URL_DYNAMODB"], &environment["TABLE_NAME"]).await;
    let waits =
        |value: &&table::Value| value.place.starts_with("outbox#") && value.place.contains("#expired#");
    assert!(values.iter().find(waits).is_none(), "what was mailed waits to be mailed again");
    stage.finish().await;
}

#[tokio::test]
async fn a_bounce_marks_the_account_and_no_more_mail_goes_there() {
    let stage = stage!("events_bounce", Account);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    // What could not be mailed at once is mailed now.
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    let before = stage.mail().await;
    assert_eq!(before.len(), 1, "{before:#?}");

    let file = std::fs::read(places::workspace().join("events/bounce.json")).expect("the event is there");
    let mut bounce: Value = serde_json::from_slice(&file).expect("the event is JSON");
    let key_id: keys::KeyId = id(&made.key).parse().expect("a key's id is one");
    bounce["detail"]["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!("alice@example.test");
    bounce["detail"]["mail"]["tags"]["account"] = json!([key_id.tag().to_string()]);
    let ours = stage.account().resource("MailEvents");
    bounce["detail"]["mail"]["tags"]["ses:configuration-set"] = json!([ours]);
    let mut of_others = bounce.clone();
    of_others["detail"]["mail"]["tags"]["ses:configuration-set"] = json!(["of-others"]);
    let mut delivery = bounce.clone();
    delivery["detail-type"] = json!("Email Delivered");

    // Nobody but AWS itself may put an event of SES on the bus. So the bus is asked what it would do with one.
    let account = stage.account();
    let rule = account.resource("BounceRule");
    let rule = rule.rsplit(['|', '/']).next().expect("a rule has a name");
    let described = account.operate("events", "AWSEvents.DescribeRule", &json!({ "Name": rule })).await;
    for (event, matches) in [(&bounce, true), (&delivery, false), (&of_others, false)] {
        let asked = json!({ "EventPattern": described["EventPattern"], "Event": event.to_string() });
        let answer = account.operate("events", "AWSEvents.TestEventPattern", &asked).await;
        assert_eq!(answer["Result"], matches, "{event}");
    }
    let targets = account.operate("events", "AWSEvents.ListTargetsByRule", &json!({ "Rule": rule })).await;
    let target = targets["Targets"][0]["Arn"].as_str().expect("the rule has a target");
    let reply = account.invoke(As::Operator, target, &bounce).await;
    assert_eq!((reply.status, &reply.body), (StatusCode::OK, &json!({ "marked": true })));

    let account = alice.call(Method::GET, "/account", &Value::Null).await.expect(200);
    assert_eq!(account["mail_state"], "bounced", "{account}");
    alice.refresh(&made.key).await;
    stage.post("/local/sweep", &Value::Null).await.expect(200);
    assert_eq!(stage.mail().await, before, "the refresh is not mailed");
    stage.finish().await;
}

#[tokio::test]
async fn a_new_pepper_takes_over_and_the_old_one_still_verifies() {
    let stage = stage!("events_rotation", Account);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let old = alice.create(&["push"], &["Tailspin.*"]).await;
    let sweeper = stage.account().resource("ExpirySweeperFunction");
    let rotation = json!({ "rotate-pepper": { "after": 1 } });
    for _ in 0..2 {
        let reply = stage.account().invoke(As::Operator, sweeper, &rotation).await;
        assert_eq!((reply.status, &reply.body), (StatusCode::OK, &json!({ "pepper": 2 })));
    }
    let new = alice.create(&["push"], &["Tailspin.*"]).await;
    let refreshed = alice.refresh(&new.key).await;
    for (text, outcome) in [(&old.text, "allow"), (&new.text, "deny"), (&refreshed.text, "allow")] {
        assert_eq!(stage.asks(text, "push", "Tailspin.Tools").await["decision"], outcome);
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_key_from_before_a_rotation_is_known_where_its_pepper_was_never_open() {
    const GUID: &str = "36aafd87-44d7-423b-adb9-ed01493aeb75";
    let stage = stage!("events_rotation_import", Account);
    Publisher::sign_in(&stage, "alice").await;
    stage.legacy_text(GUID);
    let keys = json!({ "keys": [{ "account": "alice", "key_text": GUID }] });
    let imported = stage.post("/legacy-keys", &keys).await.expect(200);
    assert_eq!(imported["results"][0]["status"], "active", "{imported}");

    let account = stage.account();
    let rotation = json!({ "rotate-pepper": { "after": 1 } });
    let reply = account.invoke(As::Operator, account.resource("ExpirySweeperFunction"), &rotation).await;
    assert_eq!(reply.expect(200), json!({ "pepper": 2 }));
    // A function that is configured anew starts in new environments, which remember nothing.
    let path = format!("/2015-03-31/functions/{}/configuration", account.resource("KeyManagementFunction"));
    let call = Call {
        service: "lambda",
        method: Method::PUT,
        path: &path,
        headers: &[("content-type", "application/json")],
        body: json!({ "MemorySize": 512 }).to_string(),
    };
    account.call(As::Operator, call).await.expect(200);
    assert_eq!(stage.post("/legacy-keys", &keys).await.expect(200), imported, "it is the same key");
    stage.finish().await;
}

#[tokio::test]
async fn what_a_restore_brought_back_is_ended_again_under_the_sweepers_own_role() {
    let stage = stage!("events_restore", Account);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    // The log tells of a revocation, of which the table knows nothing.
    let change = json!({ "key": id(&made.key), "what": "revoked", "version": 2, "secret_version": 1 });
    let restore = json!({ "after-restore": { "changes": [change] } });
    let sweeper = stage.account().resource("ExpirySweeperFunction");
    for (revoked, known) in [(1, 0), (0, 1)] {
        let reply = stage.account().invoke(As::Operator, sweeper, &restore).await;
        let restored = json!({ "revoked": revoked, "handed_over": 0, "frozen": 0, "ended": 0, "known": known, "gone": 0, "failed": [] });
        assert_eq!((reply.status, &reply.body), (StatusCode::OK, &restored));
    }
    let key = alice.key(&made.key).await;
    assert_eq!((&key["status"], &key["version"]), (&json!("revoked"), &json!(2)));
    stage.finish().await;
}
