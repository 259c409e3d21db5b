//! An event that does not say who has been let in is refused by the function itself, whatever route it is for and
//! whatever else it says: a route that were deployed without its authorizer would open nothing.

use serde_json::{Value, json};

use crate::management::{Management, id, refused};

#[tokio::test]
async fn an_event_without_claims_is_refused_on_every_route_of_people_and_of_the_gallery() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({})).await;
    let before = api.aws.items().await;
    let claims = json!({ "sub": "alice", "email": "alice@example.test", "email_verified": "true" });
    let authorizers = [
        Value::Null,
        json!({}),
        json!({ "jwt": null }),
        json!({ "jwt": {} }),
        json!({ "jwt": { "claims": {} } }),
        json!({ "jwt": { "claims": { "Sub": "alice" } } }),
        json!({ "jwt": { "claims": { "sub": "" } } }),
        json!({ "jwt": { "claims": { "sub": ["alice"] } } }),
        json!({ "jwt": { "claims": { "sub": { "account": "alice" } } } }),
        json!({ "jwt": { "claims": { "cognito:username": "alice", "email": "alice@example.test" } } }),
        json!({ "iam": null }),
        json!({ "iam": {} }),
        json!({ "iam": { "userArn": null } }),
        json!({ "iam": { "userArn": "" } }),
        json!({ "iam": { "accountId": "123456789012", "userId": "gallery" } }),
        // What other kinds of API and of authorizer say.
        json!({ "claims": claims }),
        json!({ "lambda": { "sub": "alice", "jwt": { "claims": claims } } }),
        json!({ "principalId": "alice", "sub": "alice" }),
    ];
    let document: Value = serde_json::from_str(&key_management::openapi().to_json().unwrap()).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"].is_null() {
                continue;
            }
            let path =
                path.replace("{id}", id(&key)).replace("{account}", "alice").replace("{user}", "alice");
            let path = path.replace("{organization}", "contoso");
            for authorizer in &authorizers {
                let call = format!("{} {path}", method.to_uppercase());
                let event = json!({
                    "version": "2.0", "rawPath": path, "rawQueryString": "sub=alice&account=alice",
                    "headers": {
                        "content-type": "application/json", "authorization": "Bearer EXAMPLE", "x-latchkey-holder": "alice",
                        "X-Latchkey-Owner": "alice", "X-LATCHKEY-KEY-ID": id(&key), "x-amzn-oidc-identity": "alice",
                    },
                    "cookies": ["sub=alice"],
                    "pathParameters": { "sub": "alice", "account": "alice" },
                    "stageVariables": { "sub": "alice" },
                    "requestContext": {
                        "http": { "method": method.to_uppercase(), "path": path, "sourceIp": "203.0.113.7" },
                        "authorizer": authorizer,
                        "identity": { "userArn": "arn:aws:iam::123456789012:role/gallery", "user": "alice" },
                        "authentication": { "clientCert": { "subjectDN": "CN=alice" } },
                    },
                    "jwt": { "claims": claims }, "claims": claims, "authorizer": { "jwt": { "claims": claims } },
                    "body": json!({ "sub": "alice", "requestContext": { "authorizer": { "jwt": { "claims": claims } } } }).to_string(),
                    "isBase64Encoded": false,
                });
                let answered = api.handle(event, &call).await;
                // Somebody without a name is nobody to people's routes, and not the gallery to its own.
                let named =
                    authorizer["jwt"].is_object() && operation["security"][0].get("gallery").is_some();
                let (status, reason) = if named { (403, "other_caller") } else { (401, "not_signed_in") };
                refused(&answered, status, reason);
                assert_eq!(
                    answered.headers.contains_key("www-authenticate"),
                    status == 401,
                    "{call} {authorizer}"
                );
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 24 * authorizers.len(), "a new route is asked too");
    assert_eq!(api.aws.items().await, before);
}

#[tokio::test]
async fn whoever_the_event_names_is_who_acts_whatever_else_it_says() {
    let api = Management::start().await;
    let key = api.make("alice", &json!({})).await;
    let before = api.aws.items().await;
    let alices = json!({ "sub": "alice", "account": "alice" });
    for (method, path) in
        [("GET", "/account"), ("GET", "/keys"), ("GET", "/packages"), ("DELETE", "/keys/ID")]
    {
        let path = path.replace("ID", id(&key));
        let event = json!({
            "version": "2.0", "rawPath": path,
            "headers": { "X-Latchkey-Holder": "alice", "x-latchkey-owner": "alice", "x-forwarded-user": "alice" },
            "requestContext": {
                "http": { "method": method, "path": path, "sourceIp": "203.0.113.7" },
                "authorizer": {
                    "jwt": { "claims": { "sub": "mallory", "username": "alice", "Sub": "alice", "sub ": "alice" } },
                    "iam": { "userArn": "arn:aws:iam::123456789012:role/gallery" },
                    "lambda": alices, "claims": alices,
                },
            },
            "claims": alices,
        });
        let answered = api.handle(event, &format!("{method} {path}")).await;
        match path.as_str() {
            "/account" => assert_eq!(answered.body["account"], "mallory"),
            "/keys" => assert_eq!(answered.body["keys"], json!([])),
            "/packages" => assert_eq!(answered.body["packages"], json!([])),
            _ => refused(&answered, 404, "unknown_key"),
        }
    }
    assert_eq!(api.aws.items().await, before);
}
