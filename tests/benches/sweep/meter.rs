//! Stands before the engine, asks it for the capacity of every call, and adds up what it says.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// The operations that only read.
const READS: [&str; 3] = ["BatchGetItem", "GetItem", "Query"];
/// The operations that only write.
const WRITES: [&str; 5] = ["BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"];

/// A meter before one engine.
pub(crate) struct Meter {
    upstream: String,
    client: Client<HttpConnector, Body>,
    metered: Mutex<Metered>,
}

#[derive(Default)]
struct Metered {
    units: Units,
    /// What could not be metered, and so makes the sums worthless.
    missed: Vec<String>,
}

/// What an operation has cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) calls: u32,
    pub(crate) capacity: f64,
}

/// What has been used, by operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Units(BTreeMap<String, Cost>);

impl Units {
    pub(crate) fn by_operation(&self) -> impl Iterator<Item = (&String, &Cost)> {
        self.0.iter()
    }

    pub(crate) fn reads(&self) -> f64 {
        self.sum(&READS)
    }

    pub(crate) fn writes(&self) -> f64 {
        self.sum(&WRITES)
    }

    fn sum(&self, operations: &[&str]) -> f64 {
        operations.iter().filter_map(|operation| self.0.get(*operation)).map(|cost| cost.capacity).sum()
    }
}

impl Meter {
    pub(crate) fn before(upstream: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { upstream: upstream.to_owned(), client, metered: Mutex::default() }
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(Self::pass).with_state(self)
    }

    /// What has been used, if all of it was metered.
    pub(crate) fn units(&self) -> Result<Units, Box<dyn Error>> {
        let metered = self.metered.lock().unwrap_or_else(PoisonError::into_inner);
        match metered.missed.first() {
            None => Ok(metered.units.clone()),
            Some(first) => Err(format!("{} calls were not metered: {first}", metered.missed.len()).into()),
        }
    }

    async fn pass(State(meter): State<Arc<Self>>, request: Request) -> Response {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
        match meter.forward(request).await {
            Ok((answer, capacity)) => {
                meter.count(operation, capacity);
                answer
            }
            Err(error) => {
                meter.count(operation, Err(error.to_string()));
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }

    /// The engine's answer, and the capacity it names.
    async fn forward(
        &self,
        request: Request,
    ) -> Result<(Response, Result<f64, String>), Box<dyn Error + Send + Sync>> {
        let (mut parts, body) = request.into_parts();
        let mut asked: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await?)?;
        asked["ReturnConsumedCapacity"] = "TOTAL".into();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.uri = format!("{}{}", self.upstream, parts.uri.path()).parse()?;
        let answer = self.client.request(Request::from_parts(parts, asked.to_string().into())).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        let capacity = serde_json::from_slice(&body).ok().and_then(|answer| capacity(&answer));
        let capacity =
            capacity.ok_or_else(|| format!("{}: {}", parts.status, String::from_utf8_lossy(&body)));
        Ok((Response::from_parts(parts, body.into()), capacity))
    }

    fn count(&self, operation: String, capacity: Result<f64, String>) {
        let mut metered = self.metered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = READS.contains(&operation.as_str()) || WRITES.contains(&operation.as_str());
        match capacity {
            Ok(capacity) if known => {
                let cost = metered.units.0.entry(operation).or_default();
                cost.calls += 1;
                cost.capacity += capacity;
            }
            Ok(_) => metered.missed.push(format!("{operation} is no operation the sweeper is known to use")),
            Err(why) => metered.missed.push(format!("{operation}: {why}")),
        }
    }
}

/// What an answer says it cost: one sum, or one for each table.
fn capacity(answer: &Value) -> Option<f64> {
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(|table| table["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64(),
    }
}
