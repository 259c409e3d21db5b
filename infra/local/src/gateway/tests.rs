//! Both APIs from outside: a request in, the event, the proxied request and the answer out.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Value, json};
use startup::Clock;
use tower::ServiceExt;

use super::*;
use crate::{definitions::Definitions, function::in_process};

const NOW: i64 = 1_798_761_600;

/// Serves a router on a port of its own for as long as the test runs.
pub(crate) async fn serve(router: Router) -> Uri {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(router.clone());
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    format!("http://{address}").parse().unwrap()
}

/// What the gallery saw of a request.
#[derive(Clone, Debug)]
struct Seen {
    line: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// The gateway with functions that answer as told and a gallery that answers 201, each remembering what it got.
struct World {
    gateway: Router,
    events: Arc<Mutex<Vec<Value>>>,
    gallery: Arc<Mutex<Vec<Seen>>>,
}

impl World {
    async fn answering(answer: Result<Value, &'static str>) -> Self {
        let gallery = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&gallery);
        let remember = move |request: Request| async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            let line = format!("{} {}", parts.method, parts.uri);
            seen.lock().unwrap().push(Seen { line, headers: parts.headers, body });
            (StatusCode::CREATED, [("x-nuget-warning", "soon"), ("www-authenticate", "Basic")], "stored")
        };
        let origin = serve(Router::new().fallback(remember)).await;
        Self::with(answer, &origin, gallery)
    }

    fn with(answer: Result<Value, &'static str>, origin: &Uri, gallery: Arc<Mutex<Vec<Seen>>>) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&events);
        let function = in_process(move |event: Value| {
            received.lock().unwrap().push(event);
            let answer = answer.clone();
            async move { answer }
        });
        let mut values = crate::definitions::tests::values();
        let origin_text = origin.to_string();
        values.insert("GalleryOrigin".to_owned(), origin_text.trim_end_matches('/').to_owned());
        let names = ["KeyManagementFunction", "PushAuthorizerFunction", "AuthorizeFunction"];
        let functions = names.map(|name| (name.to_owned(), Arc::clone(&function))).into();
        let definitions = Definitions::bundled(&values).unwrap();
        let gateway = router(definitions, functions, origin.clone(), verifier(), clock()).unwrap();
        Self { gateway, events, gallery }
    }

    async fn ask(
        &self,
        request: http::request::Builder,
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, String) {
        let response: Result<Response, Infallible> =
            self.gateway.clone().oneshot(request.body(body.into()).unwrap()).await;
        let (parts, body) = response.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    fn gallery(&self) -> Vec<Seen> {
        self.gallery.lock().unwrap().clone()
    }
}

fn verifier() -> TokenVerifier {
    TokenVerifier::new(Algorithm::HS256, DecodingKey::from_secret(b"key"))
}

fn clock() -> Clock {
    Clock::new(|| DateTime::from_timestamp(NOW, 0).unwrap())
}

fn signed(claims: &Value) -> String {
    let token = encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(b"key")).unwrap();
    format!("Bearer {token}")
}

fn token() -> String {
    let claims =
        json!({"iss": "http://127.0.0.1:8080/local", "aud": "latchkey", "sub": "user-1001", "exp": NOW + 60});
    signed(&claims)
}

fn ok() -> Result<Value, &'static str> {
    Ok(json!({"statusCode": 200, "body": "done"}))
}

fn policy(effect: &str, context: &Value) -> Result<Value, &'static str> {
    let statement = json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    Ok(json!({"principalId": "user-1001", "policyDocument": policy, "context": context}))
}

fn allow() -> Result<Value, &'static str> {
    let context = json!({
        "key_id": "K", "holder": "user-1001", "owner": "org-2001", "action": "push", "grant": "G", "reason": "covered",
    });
    policy("Allow", &context)
}

fn deny() -> Result<Value, &'static str> {
    policy("Deny", &json!({"reason": "expired", "message": "This key expired on 2026-12-01.", "key_id": "K"}))
}

/// The events of the folder, by name.
fn samples() -> BTreeMap<String, Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    })
    .collect()
}

/// A sample's request, sent again. Credentials that stand for checked ones are made anew.
fn request_of(sample: &Value, path: &str, query: &str) -> http::request::Builder {
    let method =
        sample.pointer("/requestContext/http/method").unwrap_or(&sample["httpMethod"]).as_str().unwrap();
    let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in sample["headers"].as_object().unwrap() {
        let added = name.to_ascii_lowercase();
        if !["authorization", "x-amz-date"].contains(&added.as_str()) && !added.starts_with("x-forwarded-") {
            request = request.header(name, value.as_str().unwrap());
        }
    }
    if let Some(claims) = sample.pointer("/requestContext/authorizer/jwt/claims") {
        let mut claims = claims.clone();
        claims["iss"] = "http://127.0.0.1:8080/local".into();
        for time in ["exp", "iat"] {
            claims[time] = claims[time].as_str().unwrap().parse::<i64>().unwrap().into();
        }
        request = request.header("authorization", signed(&claims));
    }
    request
}

/// Every path to a leaf of an event, but for what a client chooses or an unsigned local call lacks.
fn shape(event: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) if !object.is_empty() => {
                for (key, value) in object {
                    walk(value, &format!("{path}/{key}"), paths);
                }
            }
            _ => {
                paths.insert(path.to_owned());
            }
        }
    }
    let mut paths = BTreeSet::new();
    walk(event, "", &mut paths);
    let absent = ["/headers/authorization", "/headers/x-amz-date"];
    paths.into_iter().filter(|path| !absent.contains(&path.as_str())).collect()
}

#[tokio::test]
async fn every_sample_of_a_management_call_is_the_event_made_of_its_request() {
    let mut replayed = BTreeSet::new();
    for (name, sample) in samples().into_iter().filter(|(_, sample)| sample["version"] == "2.0") {
        let world = World::answering(ok()).await;
        let request = request_of(
            &sample,
            sample["rawPath"].as_str().unwrap(),
            sample["rawQueryString"].as_str().unwrap(),
        );
        let body = sample["body"].as_str().unwrap_or_default().to_owned();
        assert_eq!(world.ask(request, body).await.0, 200, "{name}");
        let event = world.events().remove(0);
        assert_eq!(shape(&event), shape(&sample), "{name}");
        for key in [
            "routeKey",
            "rawPath",
            "rawQueryString",
            "queryStringParameters",
            "pathParameters",
            "body",
            "isBase64Encoded",
        ] {
            assert_eq!(event[key], sample[key], "{name} {key}");
        }
        for key in [
            "/requestContext/http/method",
            "/requestContext/time",
            "/requestContext/authorizer/jwt/claims/exp",
        ] {
            assert_eq!(event.pointer(key), sample.pointer(key), "{name} {key}");
        }
        replayed.insert(event["routeKey"].as_str().unwrap().to_owned());
    }
    let definitions = Definitions::bundled(&crate::definitions::tests::values()).unwrap();
    let routes: BTreeSet<_> = definitions
        .management
        .routes
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(replayed, routes, "each route has a sample");
}

#[tokio::test]
async fn every_sample_of_a_push_is_the_event_made_of_its_request() {
    let mut replayed = BTreeSet::new();
    for (name, sample) in samples().into_iter().filter(|(_, sample)| sample["version"] != "2.0") {
        let world = World::answering(if sample["type"] == "REQUEST" { allow() } else { ok() }).await;
        let request = request_of(&sample, sample["path"].as_str().unwrap(), "");
        let body = STANDARD.decode(sample["body"].as_str().unwrap_or_default()).unwrap();
        assert!(world.ask(request, body).await.0.is_success(), "{name}");
        let event = world.events().remove(0);
        assert_eq!(respelled(&shape(&event)), respelled(&shape(&sample)), "{name}");
        for key in [
            "type",
            "resource",
            "path",
            "httpMethod",
            "pathParameters",
            "queryStringParameters",
            "body",
            "isBase64Encoded",
        ] {
            assert_eq!(event[key], sample[key], "{name} {key}");
        }
        for (local, sampled) in [(&event["methodArn"], &sample["methodArn"])] {
            let tail = |arn: &Value| arn.as_str().map(|arn| arn.split_once('/').unwrap().1.to_owned());
            assert_eq!(tail(local), tail(sampled), "{name}");
        }
        replayed.insert(format!(
            "{} {}",
            event["httpMethod"].as_str().unwrap(),
            event["resource"].as_str().unwrap()
        ));
    }
    let definitions = Definitions::bundled(&crate::definitions::tests::values()).unwrap();
    let routes: BTreeSet<_> =
        definitions.push.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(replayed, routes, "each route has a sample");
}

/// Names that the samples spell as NuGet does (`X-NuGet-Protocol-Version`) and the local server cannot.
fn respelled(paths: &BTreeSet<String>) -> BTreeSet<String> {
    let header = |path: &str| path.starts_with("/headers/") || path.starts_with("/multiValueHeaders/");
    paths.iter().map(|path| if header(path) { path.to_ascii_lowercase() } else { path.clone() }).collect()
}

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
async fn a_failing_function_is_told_apart_from_its_caller() {
    for answer in [Err("out of order"), Ok(json!({"statusCode": "x"}))] {
        let world = World::answering(answer).await;
        let (status, _, body) = world.ask(Request::get("/openapi.json"), "").await;
        assert_eq!((status.as_u16(), body.as_str()), (500, r#"{"message":"Internal Server Error"}"#));
        let (status, _, body) = world.ask(Request::post("/authorize"), "{}").await;
        assert_eq!((status.as_u16(), body.as_str()), (502, r#"{"message":"Internal server error"}"#));
    }
}

#[tokio::test]
async fn a_function_has_so_long_to_answer() {
    let never = in_process(|_: Value| std::future::pending::<Result<Value, String>>());
    let names = ["KeyManagementFunction", "PushAuthorizerFunction", "AuthorizeFunction"];
    let functions = names.map(|name| (name.to_owned(), Arc::clone(&never))).into();
    let mut definitions = Definitions::bundled(&crate::definitions::tests::values()).unwrap();
    definitions.management.routes.iter_mut().for_each(|route| route.timeout = Duration::ZERO);
    definitions.push.routes.iter_mut().for_each(|route| route.timeout = Duration::ZERO);
    let gateway =
        router(definitions, functions, Uri::from_static("http://127.0.0.1:9"), verifier(), clock()).unwrap();
    let world = World { gateway, events: Arc::default(), gallery: Arc::default() };
    assert_eq!(world.ask(Request::get("/openapi.json"), "").await.0, 503);
    assert_eq!(world.ask(Request::post("/authorize"), "{}").await.0, 504);
    assert_eq!(world.ask(Request::put("/api/v2/package"), "").await.0, 500);
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
    assert_eq!(headers["access-control-allow-methods"], "GET,POST,PATCH,DELETE");
    assert_eq!(headers["access-control-max-age"], "600");
    for refused in [
        preflight("http://evil.example", "PATCH", "authorization"),
        preflight("http://127.0.0.1:8080", "PUT", "authorization"),
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
async fn ten_megabytes_pass_and_one_byte_more_does_not() {
    let world = World::answering(allow()).await;
    let push = || Request::put("/api/v2/package");
    assert_eq!(world.ask(push(), vec![0; 10 * 1024 * 1024]).await.0, 201);
    let (status, _, body) = world.ask(push(), vec![0; 10 * 1024 * 1024 + 1]).await;
    assert_eq!((status.as_u16(), body.as_str()), (413, r#"{"message":"Request Too Long"}"#));
    let post = Request::post("/keys").header("authorization", token());
    let (status, _, body) = world.ask(post, vec![0; 10 * 1024 * 1024 + 1]).await;
    assert_eq!((status.as_u16(), body.as_str()), (413, r#"{"message":"Request Entity Too Large"}"#));
}

#[tokio::test]
async fn a_gallery_that_is_not_there_is_a_504() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let world = World::with(allow(), &origin, Arc::default());
    assert_eq!(world.ask(Request::put("/api/v2/package"), "").await.0, 504);
    assert_eq!(world.ask(Request::get("/v3/index.json"), "").await.0, 502);
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

#[tokio::test]
async fn a_function_nobody_brought_is_named() {
    let definitions = Definitions::bundled(&crate::definitions::tests::values()).unwrap();
    let gallery = Uri::from_static("http://127.0.0.1:9");
    let missing = router(definitions, BTreeMap::new(), gallery, verifier(), clock()).unwrap_err();
    assert_eq!(missing, MissingFunction("KeyManagementFunction".to_owned()));
}
