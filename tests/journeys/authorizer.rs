//! The push authorizer at both of its doors, on a real table: what it answers, and that trouble of ours is never an
//! allow.

use std::sync::Arc;

use keyring::{AccountChange, AccountKind, Keyring};
use keys::{KeyText, Role};
use push_authorizer::{Authorizer, Config, Event};
use serde_json::{Value, json};
use startup::{Clock, Environment};

use crate::aws::{Aws, act, make, now, user, wanted};

pub(crate) const PAGE: &str = "https://gallery.example/keys";
const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:aexample01/live/PUT/api/v2/package";

pub(crate) struct Doors {
    authorizer: Authorizer,
    pub(crate) keyring: Arc<Keyring>,
    aws: Aws,
}

impl Doors {
    pub(crate) async fn open() -> Self {
        let aws = Aws::start().await;
        let keyring = aws.keyring();
        Self { authorizer: authorizer(&keyring, Clock::new(now)), keyring, aws }
    }

    /// The policy's effect and its context, or the text the gateway is told.
    async fn at_gateway(
        &self,
        method: &str,
        resource: &str,
        id: Option<&str>,
        key: Option<&str>,
    ) -> Result<(String, Value), String> {
        self.shown(key);
        let event = json!({
            "type": "REQUEST", "methodArn": ARN, "resource": resource, "httpMethod": method, "path": resource,
            "headers": { "X-NuGet-ApiKey": key }, "multiValueHeaders": { "X-NuGet-ApiKey": key.map(|key| [key]) },
            "pathParameters": id.map(|id| json!({ "id": id, "version": "1.0.0" })),
        });
        let event = match key {
            Some(_) => event,
            None => json!({ "methodArn": ARN, "resource": resource, "httpMethod": method, "headers": {} }),
        };
        let policy = self.handle(event).await?;
        let statement = &policy["policyDocument"]["Statement"][0];
        assert_eq!(statement["Resource"], ARN);
        self.handed_out(&policy["context"]);
        Ok((statement["Effect"].as_str().unwrap().to_owned(), policy["context"].clone()))
    }

    async fn push(&self, key: &str) -> Result<(String, Value), String> {
        self.at_gateway("PUT", "/api/v2/package", None, Some(key)).await
    }

    /// Status and body of `POST /authorize`.
    pub(crate) async fn ask(&self, key: Option<&str>, body: &Value) -> (u64, Value) {
        self.shown(key);
        let (status, decision) = ask(&self.authorizer, key, body).await;
        self.handed_out(&decision);
        (status, decision)
    }

    /// What a reverse proxy gets that was asked this: the status, the headers and the body.
    pub(crate) async fn proxied(
        &self,
        key: Option<&str>,
        method: &str,
        address: &str,
    ) -> (u64, Value, Value) {
        self.shown(key);
        let event = json!({
            "resource": "/authorize", "httpMethod": "GET", "body": null, "isBase64Encoded": false,
            "multiValueHeaders": {
                "X-NuGet-ApiKey": key.map(|key| [key]).into_iter().flatten().collect::<Vec<_>>(),
                "X-Forwarded-Method": [method], "X-Forwarded-Uri": [address],
            },
        });
        let reply = self.handle(event).await.unwrap();
        let body: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
        self.handed_out(&body);
        (reply["statusCode"].as_u64().unwrap(), reply["headers"].clone(), body)
    }

    /// Whatever looks like a key and is shown is a secret, right or wrong.
    fn shown(&self, key: Option<&str>) {
        self.aws.overheard.secrets().remember_all_in(key.unwrap_or_default().as_bytes());
    }

    fn handed_out(&self, answer: &Value) {
        if let Some(grant) = answer["grant"].as_str() {
            self.aws.overheard.secrets().hand_out(grant);
        }
    }

    async fn handle(&self, event: Value) -> Result<Value, String> {
        let event: Event = serde_json::from_value(event).unwrap();
        let reply = self.authorizer.handle(event).await.map_err(|refusal| refusal.to_string())?;
        Ok(serde_json::to_value(reply).unwrap())
    }
}

pub(crate) fn authorizer(keyring: &Arc<Keyring>, clock: Clock) -> Authorizer {
    let mut environment = Environment::of([("KEYS_PAGE_URL", PAGE), ("KEY_PREFIXES", "lk")]);
    Authorizer::new(Config::read(&mut environment), Arc::clone(keyring), clock)
}

pub(crate) async fn ask(authorizer: &Authorizer, key: Option<&str>, body: &Value) -> (u64, Value) {
    let body = if let Value::String(text) = body { text.clone() } else { body.to_string() };
    let mut event = json!({ "resource": "/authorize", "httpMethod": "POST", "headers": {}, "body": body });
    if let Some(key) = key {
        event["headers"]["Authorization"] = format!("Bearer {key}").into();
    }
    let reply = authorizer.handle(serde_json::from_value(event).unwrap()).await.unwrap();
    let reply = serde_json::to_value(reply).unwrap();
    (reply["statusCode"].as_u64().unwrap(), serde_json::from_str(reply["body"].as_str().unwrap()).unwrap())
}

pub(crate) async fn account(keyring: &Keyring, id: &str, kind: AccountKind, locked: bool) {
    let id = id.parse().unwrap();
    let change = AccountChange { id, kind, name: None, mail: None, locked: Some(locked), revision: None };
    keyring.put_account(&change, now()).await.unwrap();
}

pub(crate) fn revealed(text: KeyText) -> String {
    text.reveal().to_string()
}

#[tokio::test]
async fn a_push_takes_two_questions() {
    let doors = Doors::open().await;
    let (key, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    let (effect, context) = doors.push(&text).await.unwrap();
    assert_eq!(effect, "Allow");
    let id = key.id.to_string();
    for (name, value) in
        [("key_id", id.as_str()), ("holder", "alice"), ("owner", "alice"), ("action", "push")]
    {
        assert_eq!(context[name], value, "{context}");
    }
    let asked = json!({ "action": "push", "package": "Foo.Bar", "grant": context["grant"] });
    let (status, decision) = doors.ask(None, &asked).await;
    assert_eq!(
        (status, &decision["decision"], &decision["package_state"]),
        (200, &json!("allow"), &json!("new"))
    );
    assert_eq!(doors.keyring.key(&key.id).await.unwrap().unwrap().last_push_at, Some(now()));

    let asked = json!({ "action": "push", "package": "Other", "grant": context["grant"] });
    let (status, decision) = doors.ask(None, &asked).await;
    assert_eq!((status, decision["reason"].as_str()), (403, Some("package_not_covered")));
    let message = format!(
        "This API key does not cover Other, and none of its patterns begins alike. Edit its packages. Key: CI deploy ({id}) at {PAGE}"
    );
    assert_eq!(decision["message"], message);
}

#[tokio::test]
async fn a_preflight_and_a_question_about_the_action_alone_are_no_push() {
    let doors = Doors::open().await;
    let (key, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    doors.push(&text).await.unwrap();
    let (status, _) =
        doors.ask(Some(&text), &json!({ "action": "push", "package": "Foo.A", "preflight": true })).await;
    assert_eq!(status, 200);
    let (status, _) = doors.ask(Some(&text), &json!({ "action": "push" })).await;
    assert_eq!((status, doors.keyring.key(&key.id).await.unwrap().unwrap().last_push_at), (200, None));
}

#[tokio::test]
async fn what_was_sent_decides_between_401_and_deny() {
    let doors = Doors::open().await;
    assert_eq!(doors.at_gateway("PUT", "/api/v2/package", None, None).await.unwrap_err(), "Unauthorized");
    assert_eq!(doors.push("").await.unwrap_err(), "Unauthorized");
    let (key, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    let wrong_secret = {
        let other = KeyText::new(&"lk".parse().unwrap(), key.id, &zeroize::Zeroizing::new([9; 32]));
        revealed(other)
    };
    for unknown in ["nonsense", "lk_EXAMPLE", &text[..text.len() - 1], &text.to_uppercase(), &wrong_secret] {
        let (effect, context) = doors.push(unknown).await.unwrap();
        assert_eq!((effect.as_str(), &context["reason"]), ("Deny", &json!("unknown")));
        assert_eq!(context.get("key_id"), None, "nothing is told of a key whose secret was not shown");
    }
    let (status, decision) = doors.ask(None, &json!({ "action": "push" })).await;
    assert_eq!((status, decision["reason"].as_str()), (401, Some("missing")));
}

#[tokio::test]
async fn an_unlist_names_its_package_at_the_gateway() {
    let doors = Doors::open().await;
    let (_, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    let unlist =
        |id| doors.at_gateway("DELETE", "/api/v2/package/{id}/{version}", Some(id), Some(text.as_str()));
    let (effect, context) = unlist("Foo.Bar").await.unwrap();
    assert_eq!((effect.as_str(), &context["reason"]), ("Deny", &json!("action_not_granted")));
    for impossible in ["pac\u{212a}age", "a b", "../x", "a%2fb", ""] {
        let (effect, context) = unlist(impossible).await.unwrap();
        assert_eq!(
            (effect.as_str(), &context["reason"]),
            ("Deny", &json!("package_unknown")),
            "{impossible}"
        );
    }
    let no_route = doors.at_gateway("PATCH", "/api/v2/package", None, Some(text.as_str())).await;
    assert_eq!(no_route.unwrap_err(), "the authorizer could not decide");
}

#[tokio::test]
async fn a_grant_ends_with_what_it_stood_for() {
    let doors = Doors::open().await;
    let grant = async |text: &str| doors.push(text).await.unwrap().1["grant"].clone();
    let with = async |grant: &Value| {
        let (status, decision) =
            doors.ask(None, &json!({ "action": "push", "package": "Foo.Bar", "grant": grant })).await;
        (status, decision["reason"].as_str().map(str::to_owned))
    };
    let refused = |reason: &str| (403, Some(reason.to_owned()));
    let (key, text) = make(&doors.keyring, "alice").await;
    let granted = grant(&revealed(text)).await;
    assert_eq!(with(&granted).await, (200, None));

    for (number, tampered) in [("action", "unlist"), ("junk", "push")].into_iter().enumerate() {
        let body = match number {
            0 => json!({ "action": tampered.1, "package": "Foo.Bar", "grant": granted }),
            _ => {
                json!({ "action": tampered.1, "package": "Foo.Bar", "grant": format!("{}A", granted.as_str().unwrap()) })
            }
        };
        assert_eq!(doors.ask(None, &body).await.1["reason"], "unknown", "{}", tampered.0);
    }
    let later = authorizer(&doors.keyring, Clock::new(|| now() + keys::GRANT_LIFETIME));
    let body = json!({ "action": "push", "package": "Foo.Bar", "grant": granted });
    assert_eq!(ask(&later, None, &body).await.1["reason"], "unknown", "five minutes later");

    let packages = keys::Patterns::parse(&["Bar.*"]).ok();
    let edit = keys::Edit { packages, ..keys::Edit::default() };
    let key = doors.keyring.edit(&key, edit, &act("alice")).await.unwrap().key;
    assert_eq!(with(&granted).await, refused("package_not_covered"));
    let prefix = "lk".parse().unwrap();
    let (changed, text) = doors.keyring.refresh(&key, &prefix, false, 365, &act("alice")).await.unwrap();
    assert_eq!(with(&granted).await, refused("unknown"), "of the secret before the refresh");
    let granted = grant(&revealed(text)).await;
    let revoked = doors.keyring.revoke(&changed.key, "by alice".into(), &act("alice")).await.unwrap().key;
    assert_eq!(with(&granted).await, refused("revoked"));
    doors.keyring.delete(&revoked, &act("alice")).await.unwrap();
    assert_eq!(with(&granted).await, refused("unknown"));
}

#[tokio::test]
async fn a_grant_asked_for_with_a_grant_lives_no_longer() {
    let doors = Doors::open().await;
    let (_, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    let mut grant = doors.push(&text).await.unwrap().1["grant"].clone();
    for minutes in 1..=5 {
        let then = now() + chrono::TimeDelta::minutes(minutes);
        let later = authorizer(&doors.keyring, Clock::new(move || then));
        let (status, decision) = ask(&later, None, &json!({ "action": "push", "grant": grant })).await;
        assert_eq!(status, if minutes < 5 { 200 } else { 403 }, "after {minutes} minutes");
        grant = decision["grant"].clone();
    }
    let (status, decision) = doors.ask(Some(&text), &json!({ "action": "push", "preflight": true })).await;
    assert_eq!((status, decision.get("grant")), (200, None), "a preflight proves nothing");
}

#[tokio::test]
async fn rights_are_checked_when_they_are_used() {
    let doors = Doors::open().await;
    account(&doors.keyring, "fabrikam", AccountKind::Organization, false).await;
    account(&doors.keyring, "alice", AccountKind::User, false).await;
    let (fabrikam, alice) = ("fabrikam".parse().unwrap(), "alice".parse().unwrap());
    doors.keyring.put_member(&fabrikam, &alice, Role::Member, None, now()).await.unwrap();
    doors
        .keyring
        .put_package(&"Theirs".parse().unwrap(), std::slice::from_ref(&fabrikam), None, now())
        .await
        .unwrap();
    doors
        .keyring
        .put_package(&"Hers".parse().unwrap(), std::slice::from_ref(&alice), None, now())
        .await
        .unwrap();
    let prefix = "lk".parse().unwrap();
    let made =
        doors.keyring.create(&user("alice"), &wanted("fabrikam", &["*"]), &prefix, None, &act("alice")).await;
    let Ok(keyring::Created::Made(_, text, _)) = made else { panic!("a member makes a key") };
    let text = revealed(text);
    let reason = async |package: &str| {
        let (_, decision) = doors.ask(Some(&text), &json!({ "action": "update", "package": package })).await;
        decision.get("reason").cloned().unwrap_or(decision["decision"].clone())
    };
    assert_eq!(reason("Theirs").await, "allow");
    assert_eq!(reason("theirs").await, "allow");
    assert_eq!(
        reason("Hers").await,
        "not_package_owner",
        "the key acts for the organization, not for its holder"
    );
    account(&doors.keyring, "fabrikam", AccountKind::Organization, true).await;
    assert_eq!(reason("Theirs").await, "account_locked");
    account(&doors.keyring, "fabrikam", AccountKind::Organization, false).await;
    doors.keyring.remove_member(&fabrikam, &alice, None, now()).await.unwrap();
    assert_eq!(reason("Theirs").await, "not_organization_member");
    doors.keyring.put_member(&fabrikam, &alice, Role::Admin, None, now()).await.unwrap();
    assert_eq!(reason("Theirs").await, "allow");
    account(&doors.keyring, "alice", AccountKind::User, true).await;
    assert_eq!(reason("Theirs").await, "account_locked");
}

#[tokio::test]
async fn a_fault_of_ours_is_a_5xx_and_the_next_call_is_good_again() {
    const BROKEN: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"x"}"#;
    let doors = Doors::open().await;
    let (key, text) = make(&doors.keyring, "alice").await;
    let text = revealed(text);
    let asked = json!({ "action": "push", "package": "Foo.Bar" });
    for answer in [BROKEN, "", "{", r#"{"Responses":{"keyring":[{"pk":{"N":"1"}}]}}"#] {
        let status = if answer == BROKEN || answer.is_empty() { 500 } else { 200 };
        doors.aws.front.answer("BatchGetItem", 1, status, answer);
        assert_eq!(doors.push(&text).await.unwrap_err(), "the authorizer could not decide", "{answer}");
        doors.aws.front.answer("BatchGetItem", 1, status, answer);
        assert_eq!(doors.ask(Some(&text), &asked).await.0, 503, "{answer}");
        assert_eq!(doors.ask(Some(&text), &asked).await.0, 200, "after {answer}");
    }
    // An answer without the account is not an account in good standing.
    let item = |sk: &str| format!(r#"{{"pk":{{"S":"account#{}"}},"sk":{{"S":"{sk}"}}}}"#, key.id.tag());
    let nothing_else = format!(r#"{{"Responses":{{"keyring":[{}]}}}}"#, item("account"));
    doors.aws.front.answer("BatchGetItem", 1, 200, &nothing_else);
    assert_eq!(doors.ask(Some(&text), &asked).await.0, 503);

    // That a push cannot be noted stops nobody.
    let (_, fresh) = make(&doors.keyring, "alice").await;
    doors.aws.front.answer("UpdateItem", 1, 500, BROKEN);
    assert_eq!(doors.ask(Some(&revealed(fresh)), &asked).await.0, 200);
    assert_eq!(doors.aws.front.left(), 0);

    // A new execution environment that cannot open the pepper knows nothing of any key.
    let cold = authorizer(&doors.aws.keyring(), Clock::new(now));
    doors.aws.front.answer("GetItem", 1, 500, BROKEN);
    assert_eq!(ask(&cold, Some(&text), &asked).await.0, 503);
    doors.aws.front.answer("GetItem", 1, 200, "{}");
    assert_eq!(ask(&cold, Some(&text), &asked).await.0, 503, "a pepper that a key names and nobody finds");
    assert_eq!(ask(&cold, Some(&text), &asked).await.0, 200);
}

#[tokio::test]
async fn a_question_that_is_none_is_told_field_by_field() {
    let doors = Doors::open().await;
    for (body, status, fields) in [
        (json!({ "action": "push", "package": "a/b" }), 400, vec!["package"]),
        (json!({ "action": "all", "package": "" }), 400, vec!["action", "package"]),
        (json!({ "package": "Foo" }), 400, vec!["action"]),
        (json!({ "action": "push", "pakage": "Foo", "preflight": 1 }), 400, vec!["preflight", "pakage"]),
        (json!({ "action": ["push"], "grant": 7 }), 400, vec!["action", "grant"]),
        (json!(["push"]), 400, vec![]),
        (json!("{\"action\": \"push\""), 400, vec![]),
        (json!(format!("{{\"action\": \"push\"}}{}", " ".repeat(17_000))), 413, vec![]),
    ] {
        let (answered, problem) = doors.ask(None, &body).await;
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let named: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        assert_eq!((answered, named), (status, fields), "{problem}");
    }
}
