//! The push API from outside, and the gallery's reading routes beside it.

use std::collections::BTreeMap;

use axum::extract::Request;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::world::{World, allow, deny, ok, policy};

#[tokio::test]
async fn an_allowed_push_reaches_the_gallery_without_the_key() {
    let world = World::answering(allow()).await;
    let request = Request::put("/api/v2/package/?a=b%20c")
        .header("X-NuGet-ApiKey", "lk_secret")
        .header("Authorization", "Bearer lk_secret")
        .header("x-latchkey-holder", "forged")
        .header("X-LATCHKEY-WARNING", "forged")
        .header("x-latchkey-future", "forged")
        .header("Content-Type", "multipart/form-data; boundary=x");
    let (status, headers, body) = world.ask(request, vec![0, 159, 146, 150]).await;
    assert_eq!((status.as_u16(), body.as_str()), (201, "stored"));
    assert_eq!(headers["x-nuget-warning"], "soon");
    assert_eq!(headers.get("www-authenticate"), None);
    assert_eq!(headers["x-amzn-remapped-www-authenticate"], "Basic");

    let event = &world.events()[0];
    assert_eq!(event["path"], "/api/v2/package/");
    assert_eq!(event["headers"]["X-NuGet-ApiKey"], "lk_secret");
    assert_eq!(event["queryStringParameters"], json!({"a": "b c"}));

    let seen = world.gallery().remove(0);
    assert_eq!(seen.line, "PUT /api/v2/package?a=b%20c");
    assert_eq!(seen.body, [0, 159, 146, 150]);
    let latchkey: BTreeMap<_, _> = seen
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-latchkey-"))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let expected = [
        ("x-latchkey-action", "push"),
        ("x-latchkey-grant", "G"),
        ("x-latchkey-holder", "user-1001"),
        ("x-latchkey-key-id", "K"),
        ("x-latchkey-owner", "org-2001"),
    ];
    assert_eq!(latchkey, expected.into());
    assert_eq!(seen.headers["x-nuget-apikey"], "withheld");
    assert_eq!(seen.headers["authorization"], "withheld");
    assert_eq!(seen.headers["content-type"], "multipart/form-data; boundary=x");
    assert!(!format!("{seen:?}").contains("lk_secret"));
}

#[tokio::test]
async fn a_refused_push_tells_the_reason_and_goes_no_further() {
    let world = World::answering(deny()).await;
    let (status, headers, body) =
        world.ask(Request::delete("/api/v2/package/Example.Widgets/1.0.0"), "").await;
    let expected = r#"{"decision":"deny","reason":"expired","message":"This key expired on 2026-12-01."}"#;
    assert_eq!((status.as_u16(), body.as_str()), (403, expected));
    assert_eq!(headers["x-nuget-warning"], "This key expired on 2026-12-01.");
    assert_eq!(headers["content-type"], "application/json");
    assert!(world.gallery().is_empty());
}

#[tokio::test]
async fn only_the_word_unauthorized_makes_a_401() {
    let world = World::answering(Err("Unauthorized")).await;
    let (status, headers, body) = world.ask(Request::put("/api/v2/package"), "").await;
    assert_eq!(status, 401);
    assert_eq!(headers["www-authenticate"], r#"ApiKey realm="packages""#);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["reason"], "missing");

    for answer in [
        Err("unauthorized"),
        Err("Unauthorized: no key"),
        Ok(json!({"principalId": "p"})),
        policy("Allow", &json!({"grant": null})),
        policy("Allow", &json!({"claims": "x"})),
    ] {
        let world = World::answering(answer.clone()).await;
        let (status, _, body) = world.ask(Request::put("/api/v2/package"), "").await;
        assert_eq!((status.as_u16(), body.as_str()), (500, r#"{"message":null}"#), "{answer:?}");
        assert!(world.gallery().is_empty());
    }
}

#[tokio::test]
async fn a_policy_for_another_route_denies() {
    let statement = json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*:*:*/live/PUT/*"});
    let policy = json!({"Version": "2012-10-17", "Statement": statement});
    let world = World::answering(Ok(json!({"principalId": "p", "policyDocument": policy}))).await;
    assert_eq!(world.ask(Request::put("/api/v2/package"), "").await.0, 201);
    assert_eq!(world.ask(Request::delete("/api/v2/package/A/1"), "").await.0, 403);
}

#[tokio::test]
async fn a_rest_api_takes_one_slash_too_many_and_decodes_parameters_only() {
    let world = World::answering(allow()).await;
    for (method, path, status) in [
        ("PUT", "/api/v2/package/", 201),
        ("PUT", "/api/v2/package//", 403),
        ("GET", "/api/v2/package", 403),
        ("PUT", "/api/v2/pack%61ge", 403),
        ("DELETE", "/api/v2/package/A", 403),
        ("DELETE", "/api/v2/package//1", 403),
        ("DELETE", "/api/v2/package/A/1/", 201),
        ("DELETE", "/api/v2/package/A%2FB%3Fx/1%20", 201),
    ] {
        let (found, _, body) = world.ask(Request::builder().method(method).uri(path), "").await;
        assert_eq!(found, status, "{method} {path}");
        assert_eq!(status == 403, body.contains("Missing Authentication Token"), "{method} {path}");
    }
    let event = world.events().pop().unwrap();
    assert_eq!(event["path"], "/api/v2/package/A%2FB%3Fx/1%20");
    assert_eq!(event["pathParameters"], json!({"id": "A/B?x", "version": "1 "}));
    let lines: Vec<_> = world.gallery().into_iter().map(|seen| seen.line).collect();
    let expected =
        ["PUT /api/v2/package", "DELETE /api/v2/package/A/1", "DELETE /api/v2/package/A%2FB%3Fx/1%20"];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn authorize_is_a_function_everybody_may_call() {
    let answer = json!({"statusCode": 403, "headers": {"content-type": "application/json"}, "body": "{\"decision\":\"deny\"}"});
    let world = World::answering(Ok(answer)).await;
    let (status, headers, body) = world.ask(Request::post("/authorize/"), r#"{"action":"push"}"#).await;
    assert_eq!((status.as_u16(), body.as_str()), (403, r#"{"decision":"deny"}"#));
    assert_eq!(headers["content-type"], "application/json");
    let event = world.events().remove(0);
    assert_eq!((&event["resource"], &event["isBase64Encoded"]), (&json!("/authorize"), &json!(true)));
    assert_eq!(STANDARD.decode(event["body"].as_str().unwrap()).unwrap(), br#"{"action":"push"}"#);
}

#[tokio::test]
async fn reading_routes_are_the_gallerys_own() {
    let world = World::answering(ok()).await;
    let request =
        Request::get("/v3/index.json?q=1").header("host", "here:8080").header("x-latchkey-grant", "forged");
    assert_eq!(world.ask(request, "").await.0, 201);
    let seen = world.gallery().remove(0);
    assert_eq!(
        (seen.line.as_str(), seen.headers["host"].as_bytes()),
        ("GET /v3/index.json?q=1", &b"here:8080"[..])
    );
    assert_eq!(seen.headers.get("x-latchkey-grant"), None);
    assert!(world.events().is_empty());
}
