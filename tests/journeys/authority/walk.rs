//! The walk over all operations, as one caller, with the names of one subject and of what does not exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use hyper::{HeaderMap, Method};
use keys::AccountId;
use regex::Regex;
use serde_json::{Value, json};

use super::{
    document::{Operation, Spot, operations},
    shapes::{SHAPES, Shape, decoded, encoded},
    subject::Subject,
};
use crate::{stage::Stage, table};

/// What is different each time, and says nothing: times, and a caller's own new keys.
static PASSING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\blk_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}\b|"id":"[0-9A-Za-z]{22}"|"version":\d+"#)
        .unwrap()
});

/// Who walks.
pub(super) struct Caller {
    account: AccountId,
    authorization: String,
    own: Subject,
}

/// Every operation of the document, on a stage whose secrets are these.
pub(super) struct Walk<'a> {
    stage: &'a Stage,
    operations: Vec<Operation>,
    secrets: Vec<String>,
    /// Where the table is; nothing if it is not looked at.
    table: Option<(String, String)>,
}

/// What came of a walk.
pub(super) struct Walked {
    /// How often what is the subject's was asked for, and beside it what does not exist.
    pub(super) pairs: usize,
    /// The operations, and the value in them, that answer something else than for what does not exist.
    pub(super) told_apart: BTreeSet<String>,
}

/// A request, and what in it was the caller's own saying.
struct Request {
    target: String,
    headers: Vec<(String, String)>,
    body: Value,
    said: Vec<String>,
}

impl Caller {
    /// Signs in, and has a key.
    pub(super) async fn sign_in(stage: &Stage, account: &str) -> Self {
        let person = json!({ "account": account, "email": "somebody@example.test", "name": "Somebody" });
        let token = stage.post("/local/sign-in", &person).await.expect(200);
        let authorization = format!("Bearer {}", token["token"].as_str().unwrap());
        let asked = json!({ "name": "own", "actions": ["push"], "packages": ["Own.Kilo"] });
        let made =
            stage.call(Method::POST, "/keys", &[("authorization", &authorization)], &asked).await.expect(201);
        let own = Subject {
            account: account.to_owned(),
            key: made["key"]["id"].as_str().unwrap().to_owned(),
            package: "Own.Kilo".to_owned(),
            once: "own-once".to_owned(),
        };
        Self { account: account.parse().unwrap(), authorization, own }
    }
}

impl<'a> Walk<'a> {
    pub(super) async fn of(stage: &'a Stage, secrets: Vec<String>) -> Self {
        let document = stage.get("/openapi.json").await.expect(200);
        let environment = stage.environment().await;
        let table = (environment["AWS_ENDPOINT_URL_DYNAMODB"].clone(), environment["TABLE_NAME"].clone());
        Self { stage, operations: operations(&document), secrets, table: Some(table) }
    }

    pub(super) fn without_the_table(self) -> Self {
        Self { table: None, ..self }
    }

    pub(super) fn operations(&self) -> usize {
        self.operations.len()
    }

    /// Asks every operation for what is the subject's, in the first of the shapes, each beside the same of what does not
    /// exist.
    pub(super) async fn as_caller(&self, caller: &Caller, subject: &Subject, shapes: usize) -> Walked {
        let absent = subject.absent();
        let mut walked = Walked { pairs: 0, told_apart: BTreeSet::new() };
        for operation in &self.operations {
            let before = self.others(caller).await;
            let shapes = if operation.of_the_gallery { 1 } else { shapes };
            for place in 0..operation.names.len() {
                for shape in SHAPES.iter().take(shapes) {
                    let exact = shape.name == SHAPES[0].name;
                    for with_fixed in [false, true].into_iter().take(if exact { 2 } else { 1 }) {
                        let asked = |of| Request::of(operation, place, shape, of, &caller.own, with_fixed);
                        let (Some(hers), Some(nobodys)) = (asked(subject), asked(&absent)) else { continue };
                        let hers = self.answer(caller, operation, hers).await;
                        let nobodys = self.answer(caller, operation, nobodys).await;
                        walked.pairs += 1;
                        if hers != nobodys {
                            let spot = operation.names[place].0.to_string();
                            let log = format!(
                                "{}, {spot}, {}: {hers} and not {nobodys}",
                                operation.name, shape.name
                            );
                            self.stage.log().append("journey", &log);
                            walked.told_apart.insert(format!("{}, {spot}", operation.name));
                        }
                    }
                }
            }
            let after = self.others(caller).await;
            let changed: Vec<&String> = before
                .iter()
                .chain(&after)
                .filter(|(place, it)| before.get(*place) != Some(it) || after.get(*place) != Some(it))
                .map(|(place, _)| place)
                .collect();
            assert_eq!(changed, Vec::<&String>::new(), "{} changes what is not the caller's", operation.name);
        }
        walked
    }

    /// What the table holds that is not the caller's own.
    async fn others(&self, caller: &Caller) -> BTreeMap<String, Vec<Vec<u8>>> {
        let mut others: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let Some((endpoint, table)) = &self.table else { return others };
        let tag = caller.account.tag();
        let (own, held, waiting) = (format!("account#{tag} / "), format!("#{tag},"), format!(" / {tag}#"));
        for value in table::values(endpoint, table).await {
            let place = value.place;
            let is_own = place.starts_with(&own)
                || (place.contains(" / held#") && place.contains(&held))
                || (place.starts_with("outbox#") && place.contains(&waiting));
            if !is_own {
                others.entry(place).or_default().push(value.bytes);
            }
        }
        others
    }

    /// What was answered, without what the caller had said and what passes.
    async fn answer(&self, caller: &Caller, operation: &Operation, request: Request) -> String {
        let mut headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.push(("authorization", &caller.authorization));
        let method = operation.method.parse().unwrap();
        let reply = self.stage.call(method, &request.target, &headers, &request.body).await;
        let told =
            format!("{} {} {}", reply.status, shown(&reply.headers), without(&reply.body, &request.said));
        let told = told.replace(caller.account.as_str(), "<caller>");
        let steady = PASSING.replace_all(&told, "…").into_owned();
        for secret in &self.secrets {
            assert!(!told.contains(secret), "{} tells {secret}: {steady}", operation.name);
        }
        assert!(reply.status.as_u16() < 500, "{}: {steady}", operation.name);
        steady
    }
}

impl Request {
    /// The operation with everything of the caller's own but for one value, which names what is the subject's. None where
    /// the shape cannot be sent there.
    fn of(
        operation: &Operation,
        place: usize,
        shape: &Shape,
        subject: &Subject,
        own: &Subject,
        with_fixed: bool,
    ) -> Option<Self> {
        let (spot, meaning) = &operation.names[place];
        let (name, own_name) = (subject.name(*meaning), own.name(*meaning));
        let (text, address) = (shape.text(&name, &own_name), shape.address(&name, &own_name));
        let mut request = Self {
            target: operation.path.clone(),
            headers: Vec::new(),
            body: operation.body.clone(),
            said: vec![text.clone(), text.trim().to_owned(), decoded(&address), name],
        };
        let mut query = Vec::new();
        for (at, other) in &operation.names {
            let chosen = at == spot;
            match at {
                Spot::Path(parameter) => {
                    let value = if chosen { address.clone() } else { encoded(&own.name(*other)) };
                    request.target = request.target.replace(&format!("{{{parameter}}}"), &value);
                }
                Spot::Query(parameter) if chosen => {
                    query.push(format!("{parameter}={address}"));
                }
                Spot::Header(parameter) if chosen => {
                    if !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
                        return None;
                    }
                    request.headers.push((parameter.clone(), text.clone()));
                }
                // A request is made once under its key, so the caller's own stands in none.
                Spot::Query(_) | Spot::Header(_) => {}
                Spot::Body(pointer) => {
                    let value = if chosen { text.clone() } else { own.name(*other) };
                    *request.body.pointer_mut(pointer).expect("it is a place in this body") = value.into();
                }
            }
        }
        for (at, value) in &operation.fixed {
            match at {
                Spot::Path(parameter) => {
                    request.target = request.target.replace(&format!("{{{parameter}}}"), value);
                }
                // A version is that of the subject's key, and would not fit the caller's own.
                Spot::Header(parameter) if with_fixed && matches!(spot, Spot::Path(_)) => {
                    request.headers.push((parameter.clone(), value.clone()));
                }
                Spot::Query(parameter) if with_fixed => query.push(format!("{parameter}={}", encoded(value))),
                _ => {}
            }
        }
        if with_fixed && operation.fixed.is_empty() {
            return None;
        }
        if !query.is_empty() {
            request.target = format!("{}?{}", request.target, query.join("&"));
        }
        Some(request)
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(name) => write!(f, "path {name}"),
            Self::Query(name) => write!(f, "query {name}"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Body(pointer) => write!(f, "body {pointer}"),
        }
    }
}

/// The headers that say something.
fn shown(headers: &HeaderMap) -> String {
    let passing = ["apigw-requestid", "x-amzn-requestid", "date", "content-length", "etag"];
    let mut shown: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !passing.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    shown.sort();
    shown.join(", ")
}

/// A body in which nothing stands that was said to it.
fn without(body: &Value, said: &[String]) -> String {
    let mut text = body.to_string();
    for said in said {
        let quoted = Value::from(said.as_str()).to_string();
        text = text.replace(&quoted[1..quoted.len() - 1], "<said>");
    }
    text
}
