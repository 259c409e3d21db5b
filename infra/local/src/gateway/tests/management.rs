//! The management API from outside.

use axum::extract::Request;
use serde_json::{Value, json};

use super::world::{NOW, World, ok, signed, token};
use crate::gateway::Peer;

#[tokio::test]
async fn a_person_needs_a_token() {
    let world = World::answering(ok()).await;
    let (status, headers, body) = world.ask(Request::get("/keys"), "").await;
    assert_eq!((status.as_u16(), body.as_str()), (401, r#"{"message":"Unauthorized"}"#));
    assert_eq!(headers["www-authenticate"], "Bearer");
    let expired = json!({"iss": "http://127.0.0.1:8080/local", "aud": "latchkey", "exp": NOW});
    let (status, headers, _) =
        world.ask(Request::get("/keys").header("authorization", signed(&expired)), "").await;
    assert_eq!(status, 401);
    assert!(headers["www-authenticate"].to_str().unwrap().contains("the token has expired"));
    assert_eq!(world.events(), Vec::<Value>::new());
}

#[tokio::test]
async fn the_gallery_is_whoever_calls_unsigned_from_this_machine() {
    let world = World::answering(ok()).await;
    let put = || Request::put("/directory/accounts/user-1001");
    assert_eq!(world.ask(put(), "{}").await.0, 200);
    let user = &world.events()[0]["requestContext"]["authorizer"]["iam"]["userArn"];
    assert_eq!(user, "arn:aws:iam::000000000000:role/gallery");

    let elsewhere = put().extension(Peer("203.0.113.7".parse().unwrap()));
    for refused in [
        put().header("authorization", token()),
        put().header("authorization", "AWS4-HMAC-SHA256 Credential=x"),
        Request::put("/directory/accounts/user-1001?X-Amz-Signature=x"),
        elsewhere,
    ] {
        let (status, _, body) = world.ask(refused, "{}").await;
        assert_eq!((status.as_u16(), body.as_str()), (403, r#"{"message":"Forbidden"}"#));
    }
    assert_eq!(world.events().len(), 1);
    let mapped = put().extension(Peer("::ffff:127.0.0.1".parse().unwrap()));
    assert_eq!(world.ask(mapped, "{}").await.0, 200);
}

#[tokio::test]
async fn an_http_api_knows_its_paths_exactly() {
    let world = World::answering(ok()).await;
    for (method, path) in [
        ("GET", "/keys/"),
        ("PUT", "/keys"),
        ("GET", "/keys/a/b"),
        ("GET", "/keys/a%2Fb"),
        ("OPTIONS", "/keys"),
        ("GET", "/keys//events"),
    ] {
        let request = Request::builder().method(method).uri(path).header("authorization", token());
        let (status, _, body) = world.ask(request, "").await;
        assert_eq!((status.as_u16(), body.as_str()), (404, r#"{"message":"Not Found"}"#), "{method} {path}");
    }
    let request = Request::get("/keys/a%7Cb%20%C3%A9?x=1&x=%26+%C3%A9").header("authorization", token());
    assert_eq!(world.ask(request.header("x-two", "1").header("x-two", "2"), "").await.0, 200);
    let event = world.events().remove(0);
    assert_eq!(event["rawPath"], "/keys/a|b é");
    assert_eq!(event["pathParameters"], json!({"id": "a|b é"}));
    assert_eq!(event["rawQueryString"], "x=1&x=%26+%C3%A9");
    assert_eq!(event["queryStringParameters"], json!({"x": "1,& é"}));
    assert_eq!(event["headers"]["x-two"], "1,2");
    let unreadable = Request::get("/keys").header("authorization", token()).header("if-match", &b"\xd7"[..]);
    assert_eq!(world.ask(unreadable, "").await.0, 200);
    let sent = &world.events()[1]["headers"]["if-match"];
    assert_eq!(sent, "\u{fffd}", "what the function could refuse is not dropped before it");
    let two = Request::get("/keys").header("authorization", token()).header("authorization", token());
    assert_eq!(world.ask(two, "").await.0, 401, "two tokens are none");
}

#[tokio::test]
async fn an_http_api_hands_bodies_and_cookies_over() {
    let world = World::answering(ok()).await;
    let post = || Request::post("/keys").header("authorization", token());
    world
        .ask(post().header("cookie", "a=1; b=2").header("content-type", "application/json"), "{\"é\":1}")
        .await;
    world.ask(post().header("content-type", "application/octet-stream"), "bytes").await;
    let events = world.events();
    assert_eq!((&events[0]["body"], &events[0]["isBase64Encoded"]), (&json!("{\"é\":1}"), &json!(false)));
    assert_eq!(events[0]["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(events[0]["headers"].get("cookie"), None);
    assert_eq!((&events[1]["body"], &events[1]["isBase64Encoded"]), (&json!("Ynl0ZXM="), &json!(true)));
    assert_eq!(events[1].get("cookies"), None);
}

#[tokio::test]
async fn a_browser_on_the_keys_pages_origin_may_call() {
    let world =
        World::answering(Ok(json!({"statusCode": 200, "headers": {"access-control-allow-origin": "*"}})))
            .await;
    let preflight = |origin: &str, method: &str, headers: &str| {
        Request::options("/keys/x")
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", headers)
    };
    let (status, headers, _) =
        world.ask(preflight("http://127.0.0.1:8080", "PATCH", "authorization, If-Match"), "").await;
    assert_eq!(status, 204);
    assert_eq!(headers["access-control-allow-origin"], "http://127.0.0.1:8080");
    assert_eq!(headers["access-control-allow-methods"], "GET,POST,PUT,PATCH,DELETE");
    assert_eq!(headers["access-control-max-age"], "600");
    for refused in [
        preflight("http://evil.example", "PATCH", "authorization"),
        preflight("http://127.0.0.1:8080", "TRACE", "authorization"),
        preflight("http://127.0.0.1:8080", "PATCH", "x-other"),
    ] {
        let (status, headers, _) = world.ask(refused, "").await;
        assert_eq!((status.as_u16(), headers.get("access-control-allow-origin")), (204, None));
    }
    let get = |origin| Request::get("/openapi.json").header("origin", origin);
    let (_, headers, _) = world.ask(get("http://127.0.0.1:8080"), "").await;
    assert_eq!(headers["access-control-allow-origin"], "http://127.0.0.1:8080");
    assert_eq!(headers["access-control-expose-headers"], "retry-after");
    let (_, headers, _) = world.ask(get("http://evil.example"), "").await;
    assert_eq!(headers.get("access-control-allow-origin"), None);
}
