//! The events in `events/`, against what the gateway makes of the same requests.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::Request;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::world::{World, allow, ok, signed};
use crate::definitions::Definitions;

/// The events of the folder that API Gateway sends, by name.
fn samples() -> BTreeMap<String, Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    })
    .filter(|(_, event): &(String, Value)| event.get("headers").is_some())
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
        let tail = |arn: &Value| arn.as_str().map(|arn| arn.split_once('/').unwrap().1.to_owned());
        assert_eq!(tail(&event["methodArn"]), tail(&sample["methodArn"]), "{name}");
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
