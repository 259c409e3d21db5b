//! What the document, the definitions in `infra/template.yaml` and the code say of each route is the same. Nothing here
//! reaches a table: every call is refused for what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::{Value, json};
use startup::Environment;

use super::*;

/// An API whose table cannot be reached.
fn api() -> Api {
    api_of(Policy::read(&mut Environment::of::<&str, &str>([])))
}

fn api_of(policy: Policy) -> Api {
    let db = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .build();
    let kms = aws_sdk_kms::Config::builder()
        .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
        .build();
    let (db, kms) = (aws_sdk_dynamodb::Client::from_conf(db), aws_sdk_kms::Client::from_conf(kms));
    Api::new(Arc::new(Keyring::new(db, kms, "keyring", "key")), None, Clock::system(), policy)
}

const CALLERS: [&str; 3] = ["person", "gallery", "nobody"];

/// Calls `method path?query` as one of [`CALLERS`].
async fn call(api: &Api, route: &str, caller: &str, query: &str, body: Option<&str>) -> Value {
    let (method, path) = route.split_once(' ').unwrap();
    let authorizer = match caller {
        "person" => json!({ "jwt": { "claims": { "sub": "alice" }, "scopes": null } }),
        "gallery" => json!({ "iam": { "userArn": "arn:aws:iam::123456789012:role/gallery" } }),
        _ => Value::Null,
    };
    let event = json!({
        "version": "2.0", "rawPath": path, "rawQueryString": query,
        "headers": { "content-type": "application/json" },
        "requestContext": { "http": { "method": method, "sourceIp": "203.0.113.7" }, "authorizer": authorizer },
        "body": body,
    });
    let answer = api.handle(serde_json::from_value(event).unwrap()).await;
    let mut answer = serde_json::to_value(answer).unwrap();
    answer["body"] = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_default();
    answer
}

fn document() -> Value {
    serde_json::from_str(&openapi().to_json().unwrap()).unwrap()
}

/// Each operation under `METHOD /path`.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.insert(format!("{} {path}", method.to_uppercase()), operation.clone());
        }
    }
    operations
}

/// Who may call an operation, as the document says.
fn documented(operation: &Value) -> &str {
    match operation["security"].as_array().map(Vec::as_slice) {
        None => "nobody",
        Some([one]) => one.as_object().unwrap().keys().next().unwrap(),
        Some(several) => panic!("{several:?}"),
    }
}

/// Whether people look at it in a browser: then it answers no problem, and ignores what a mail program has added to its
/// address.
fn is_a_page(route: &str) -> bool {
    route.ends_with(" /freeze/{link}")
}

/// The schema of an operation's body, if it takes one.
fn body_schema<'a>(document: &'a Value, operation: &Value) -> Option<&'a Value> {
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    // A list is signed, and read only after that was checked.
    if schema["type"] == "array" {
        return None;
    }
    let schema = schema.to_string();
    let name = schema.split("#/components/schemas/").nth(1).and_then(|rest| rest.split('"').next());
    Some(&document["components"]["schemas"][name.unwrap()])
}

/// What is known, as the refusal of `zzz` tells.
fn known(answer: &Value) -> BTreeSet<String> {
    let errors = answer["body"]["errors"].as_array().unwrap();
    let error = errors.iter().find(|error| error["field"] == "zzz").unwrap_or_else(|| panic!("{answer}"));
    let message = error["message"].as_str().unwrap();
    let names = message.split_once("known are ").map_or("", |(_, names)| names);
    names.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_document_is_stable() {
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&document()).unwrap());
}

#[test]
fn the_document_has_the_routes_and_callers_of_the_template() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/template.yaml");
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut defined = BTreeMap::new();
    for resource in template["Resources"].as_mapping().unwrap().values() {
        if resource["Type"].as_str() == Some("AWS::ApiGatewayV2::Route") {
            let text = |name: &str| resource["Properties"][name].as_str().unwrap().to_owned();
            let caller = match text("AuthorizationType").as_str() {
                "JWT" => "person",
                "AWS_IAM" => "gallery",
                "NONE" => "nobody",
                other => panic!("{other}"),
            };
            defined.insert(text("RouteKey"), caller.to_owned());
        }
    }
    let document = document();
    let documented: BTreeMap<String, String> = operations(&document)
        .iter()
        .map(|(route, operation)| (route.clone(), documented(operation).to_owned()))
        .collect();
    assert_eq!(documented, defined);
}

#[tokio::test]
async fn each_route_takes_the_caller_it_documents_and_no_other() {
    let (api, document) = (api(), document());
    let mut open = Vec::new();
    for (route, operation) in operations(&document) {
        let documented = documented(&operation);
        if documented == "nobody" {
            open.push(route.clone());
        }
        for caller in CALLERS {
            if is_a_page(&route) {
                continue;
            }
            let answer = call(&api, &route, caller, "zzz=1", Some(r#"{"zzz":1}"#)).await;
            let (status, reason) = (&answer["statusCode"], &answer["body"]["reason"]);
            let expected = match (documented, caller) {
                ("nobody", _) => (400, "bad_input"),
                (documented, caller) if documented == caller => (400, "bad_input"),
                (_, "nobody") => (401, "not_signed_in"),
                (_, _) => (403, "other_caller"),
            };
            assert_eq!(
                (status, reason),
                (&json!(expected.0), &json!(expected.1)),
                "{route} as {caller}: {answer}"
            );
            assert_eq!(answer["headers"]["cache-control"], "no-store", "{route}");
            assert_eq!(answer["headers"]["content-type"], "application/problem+json", "{route}");
            assert_eq!(answer["headers"].get("www-authenticate").is_some(), expected.0 == 401, "{route}");
            assert!(operation["responses"].get(expected.0.to_string()).is_some(), "{route}: {}", expected.0);
        }
    }
    // A route that anybody may call is added here, and on purpose.
    let anybodys = [
        "GET /.well-known/latchkey-key-format",
        "GET /freeze/{link}",
        "GET /keys-page/{file}",
        "GET /openapi.json",
        "POST /freeze/{link}",
        "POST /leaks",
    ];
    assert_eq!(open, anybodys);
}

#[tokio::test]
async fn a_field_given_twice_is_refused_by_name_in_every_body() {
    let (api, document) = (api(), document());
    let mut bodies = 0;
    for (route, operation) in operations(&document) {
        let Some(schema) = body_schema(&document, &operation) else { continue };
        bodies += 1;
        for field in schema["properties"].as_object().unwrap().keys() {
            let body = format!(r#"{{"{field}":null,"{field}":null}}"#);
            let answer = call(&api, &route, documented(&operation), "", Some(&body)).await;
            assert_eq!(answer["statusCode"], 400, "{route}: {body}");
            let errors = answer["body"]["errors"].as_array().unwrap();
            let twice = json!({ "field": field, "message": "is given more than once" });
            assert!(errors.contains(&twice), "{route}: {body}: {answer}");
        }
    }
    assert_eq!(bodies, 9);
    for (route, body, field) in [
        (
            "POST /directory",
            r#"{"entries":[{"put":"package","delete":"package","put":"account"}]}"#,
            "entries[0].put",
        ),
        ("POST /legacy-keys", r#"{"keys":[{"account":"alice","account":"bob"}]}"#, "keys[0].account"),
    ] {
        let answer = call(&api, route, "gallery", "", Some(body)).await;
        let twice = json!({ "field": field, "message": "is given more than once" });
        assert!(answer["body"]["errors"].as_array().unwrap().contains(&twice), "{answer}");
    }
}

#[tokio::test]
async fn the_keys_page_is_kept_for_a_moment_by_its_name_and_forever_by_its_content() {
    let api = api();
    let get = async |file: &str, tag: Option<&Value>| {
        let headers = tag.map_or(json!({}), |tag| json!({ "if-none-match": tag }));
        let event = json!({
            "version": "2.0", "rawPath": format!("/keys-page/{file}"), "headers": headers,
            "requestContext": { "http": { "method": "GET", "sourceIp": "203.0.113.7" } },
        });
        serde_json::to_value(api.handle(serde_json::from_value(event).unwrap()).await).unwrap()
    };
    let now = get("latchkey-api-keys.js", None).await;
    assert_eq!((&now["statusCode"], &now["isBase64Encoded"]), (&json!(200), &json!(false)));
    assert_eq!(now["body"], include_str!("../page/latchkey-api-keys.js"));
    let headers = &now["headers"];
    assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(headers["vary"], "origin");
    assert_eq!(headers["cache-control"], "public, max-age=300, must-revalidate");
    assert!(headers["repr-digest"].as_str().unwrap().starts_with("sha-256=:"), "{headers}");

    let hashed = headers["content-location"].as_str().unwrap().strip_prefix("/keys-page/").unwrap();
    let forever = get(hashed, None).await;
    assert_eq!((&forever["statusCode"], &forever["body"]), (&json!(200), &now["body"]));
    assert_eq!(forever["headers"]["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(forever["headers"]["etag"], headers["etag"]);

    for file in ["latchkey-api-keys.js", hashed] {
        let had = get(file, Some(&headers["etag"])).await;
        assert_eq!((&had["statusCode"], &had["body"]), (&json!(304), &json!("")), "{file}");
        assert_eq!(had["headers"]["etag"], headers["etag"]);
        assert!(had["headers"]["cache-control"].as_str().unwrap().starts_with("public, "));
        assert_eq!(get(file, Some(&json!("\"other\""))).await["statusCode"], 200, "{file}");
    }
    for file in
        ["latchkey-api-keys.0000000000000000.js", "latchkey-api-keys..js", "latchkey-api-keys", "..", "%2e"]
    {
        let answer = get(file, None).await;
        assert_eq!(
            (&answer["statusCode"], &answer["headers"]["cache-control"]),
            (&json!(404), &json!("no-store")),
            "{file}"
        );
    }
}

#[tokio::test]
async fn bodies_and_queries_are_read_as_documented() {
    let (api, document) = (api(), document());
    for (route, operation) in operations(&document) {
        let caller = documented(&operation);
        if let Some(schema) = body_schema(&document, &operation) {
            let fields: BTreeSet<String> =
                schema["properties"].as_object().unwrap().keys().cloned().collect();
            let answer = call(&api, &route, caller, "", Some(r#"{"zzz":1}"#)).await;
            assert_eq!(known(&answer), fields, "{route}");
            let errors = answer["body"]["errors"].as_array().unwrap().iter();
            let missing: BTreeSet<String> = errors
                .filter(|error| error["message"] == "is missing")
                .map(|error| error["field"].as_str().unwrap().to_owned())
                .collect();
            let required = schema["required"].as_array().into_iter().flatten();
            let required: BTreeSet<String> = required.map(|name| name.as_str().unwrap().to_owned()).collect();
            assert_eq!(missing, required, "{route}");
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_query: BTreeSet<String> = parameters
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        if is_a_page(&route) {
            continue;
        }
        let answer = call(&api, &route, caller, "zzz=1", None).await;
        assert_eq!(known(&answer), in_query, "{route}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let api = api();
    for (route, status, reason) in [
        ("GET /", 404, "unknown_route"),
        ("GET /keys/", 404, "unknown_route"),
        ("GET /keyss", 404, "unknown_route"),
        ("GET /keys/a/b/c", 404, "unknown_route"),
        ("PUT /keys", 405, "method_not_allowed"),
        ("POST /account", 405, "method_not_allowed"),
        ("GET /directory/accounts/a", 405, "method_not_allowed"),
    ] {
        let answer = call(&api, route, "person", "", None).await;
        assert_eq!(answer["statusCode"], status, "{route}");
        assert_eq!(answer["body"]["reason"], reason, "{route}");
        assert_eq!(answer["headers"]["cache-control"], "no-store", "{route}");
        assert_eq!(answer["headers"].get("allow").is_some(), status == 405, "{route}");
    }
}

#[tokio::test]
async fn the_published_expression_finds_keys_of_every_prefix() {
    let mut environment = Environment::of([("KEY_PREFIXES", "fabrikam,lk")]);
    let policy = Policy::read(&mut environment);
    let prefixes = policy.prefixes.clone();
    let answer = call(&api_of(policy), "GET /.well-known/latchkey-key-format", "nobody", "", None).await;
    assert_eq!(answer["headers"]["cache-control"], "public, max-age=86400");
    assert_eq!(answer["body"]["prefixes"], json!(["fabrikam", "lk"]));
    let expression = regex::Regex::new(answer["body"]["regex"].as_str().unwrap()).unwrap();
    for prefix in &prefixes {
        let id = keys::KeyId::new(
            "alice".parse::<keys::AccountId>().unwrap().tag(),
            keys::KeyNumber::new(chrono::DateTime::UNIX_EPOCH, [1, 2]),
        );
        let text = keys::KeyText::new(prefix, id, &zeroize::Zeroizing::new([7; 32])).reveal();
        let found = format!("-ApiKey \"{}\" # a comment", *text);
        assert_eq!(expression.find(&found).map(|found| found.as_str()), Some(text.as_str()));
        for near in [format!("x{}", *text), format!("{}0", *text), text.replacen('_', "-", 1)] {
            assert!(!expression.is_match(&near), "{prefix}");
        }
    }
}

#[tokio::test]
async fn a_report_that_nobody_known_has_signed_is_refused() {
    let answer = call(&api(), "POST /leaks", "nobody", "", Some("[]")).await;
    assert_eq!((&answer["statusCode"], &answer["body"]["reason"]), (&json!(403), &json!("unknown_reporter")));
}

#[tokio::test]
async fn a_body_of_more_than_256_kib_is_too_large() {
    let api = api();
    for (length, status) in [(256 * 1024, 400), (256 * 1024 + 1, 413)] {
        let body = format!("{{\"name\":\"{}\"}}", "n".repeat(length - 11));
        assert_eq!(body.len(), length);
        assert_eq!(call(&api, "POST /keys", "person", "", Some(&body)).await["statusCode"], status);
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_not_looked_up() {
    for id in ["x", "0EXAMPLEexampleEXAMPLE0", "..", "é", "%2e%2e"] {
        let answer = call(&api(), &format!("GET /keys/{id}"), "person", "", None).await;
        assert_eq!(
            (&answer["statusCode"], &answer["body"]["reason"]),
            (&json!(404), &json!("unknown_key")),
            "{id}"
        );
    }
}
