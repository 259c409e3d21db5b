//! Stands before the engine, asks it for the capacity of every call, and adds up what it says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{Result, http::Http};

const READS: [&str; 3] = ["BatchGetItem", "GetItem", "Query"];
const WRITES: [&str; 5] = ["BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"];

/// A meter before one engine. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Inner>);

struct Inner {
    http: Http,
    upstream: String,
    used: Mutex<Used>,
}

/// What has been used since it was last asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Used {
    /// Read and write capacity units.
    pub(crate) reads: f64,
    pub(crate) writes: f64,
    /// How often each operation was called.
    pub(crate) calls: BTreeMap<String, u32>,
    /// What could not be metered, and so makes the sums worthless.
    missed: Vec<String>,
}

impl Used {
    /// The calls, as a table shows them.
    pub(crate) fn told(&self) -> String {
        let told = |(operation, calls): (&String, &u32)| match calls {
            1 => operation.clone(),
            calls => format!("{calls} {operation}"),
        };
        self.calls.iter().map(told).collect::<Vec<_>>().join(", ")
    }
}

impl Meter {
    /// Serves it; answers it and its address.
    pub(crate) async fn before(upstream: &str) -> Result<(Self, String)> {
        let used = Mutex::default();
        let meter = Self(Arc::new(Inner { http: Http::new(), upstream: upstream.to_owned(), used }));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().fallback(Self::pass).with_state(meter.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok((meter, at))
    }

    /// What has been used since this was last asked, if all of it was metered.
    pub(crate) fn take(&self) -> Result<Used> {
        let used = std::mem::take(&mut *self.used());
        match used.missed.first() {
            None => Ok(used),
            Some(first) => Err(format!("{} calls were not metered: {first}", used.missed.len()).into()),
        }
    }

    fn used(&self) -> std::sync::MutexGuard<'_, Used> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(State(meter): State<Self>, request: Request) -> Response {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
        match meter.forward(request).await {
            Ok((status, body)) => {
                meter.count(operation, &body);
                let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
                (status, kind, body.to_string()).into_response()
            }
            Err(error) => {
                meter.used().missed.push(format!("{operation}: {error}"));
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }

    async fn forward(&self, request: Request) -> Result<(StatusCode, Value)> {
        let (parts, body) = request.into_parts();
        let mut asked: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await?)?;
        asked["ReturnConsumedCapacity"] = "TOTAL".into();
        let headers: Vec<_> = passed_on(&parts.headers).collect();
        let body = asked.to_string().into();
        let (status, answer) = self.0.http.send(parts.method, &self.0.upstream, &headers, body).await?;
        Ok((status, serde_json::from_slice(&answer)?))
    }

    fn count(&self, operation: String, answer: &Value) {
        let mut used = self.used();
        match capacity(answer) {
            Some(units) if READS.contains(&operation.as_str()) => used.reads += units,
            Some(units) if WRITES.contains(&operation.as_str()) => used.writes += units,
            // A condition that fails costs, and the answer does not say how much: no case here may meet one.
            _ => used.missed.push(format!("{operation}: {answer}")),
        }
        *used.calls.entry(operation).or_default() += 1;
    }
}

fn passed_on(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let dropped = [header::HOST, header::CONTENT_LENGTH, header::ACCEPT_ENCODING];
    headers
        .iter()
        .filter(move |(name, _)| !dropped.contains(name))
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}

/// What an answer says it cost: one sum, or one for each table.
fn capacity(answer: &Value) -> Option<f64> {
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(|table| table["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64(),
    }
}
