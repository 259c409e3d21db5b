//! KMS: `Encrypt`, `Decrypt`, `GenerateDataKey`, `DescribeKey`, `DisableKey` and `EnableKey` with symmetric keys.
//!
//! Errors carry AWS's own names and statuses (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>).
//! Keys are given at the start and all start enabled; there is no way to make or delete one, no alias, no grant.

mod blob;
mod key;
mod operations;
mod wire;

use std::{io, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use startup::Clock;
use tokio::net::TcpListener;

use self::key::KeyRing;
pub use self::key::{KmsKey, NotAKeyArn};
use crate::{refusal::Refusal, served};

/// The service. Clones share their keys, and which of them are disabled.
#[derive(Clone)]
pub struct Kms(Arc<KeyRing>);

impl Kms {
    /// A service that holds `keys`. They count as created now.
    pub fn new(keys: impl IntoIterator<Item = KmsKey>, clock: &Clock) -> Self {
        Self(Arc::new(KeyRing::new(keys, clock.now())))
    }

    /// The service's one route, to be served on an origin of its own.
    pub fn router(&self) -> Router {
        Router::new().route("/", post(answer)).with_state(Arc::clone(&self.0))
    }

    /// Serves until `shutdown` resolves and every request in progress has been answered.
    ///
    /// # Errors
    /// The listener's.
    pub fn serve<S>(
        &self,
        listener: TcpListener,
        shutdown: S,
    ) -> impl Future<Output = io::Result<()>> + Send + use<S>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        served::until(shutdown, listener, self.router())
    }
}

async fn answer(State(keys): State<Arc<KeyRing>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let Some(operation) = target.and_then(|target| target.strip_prefix("TrentService.")) else {
        return Refusal::bare("UnknownOperationException").into_json_1_1();
    };
    match operations::run(&keys, operation, &body) {
        Ok(reply) => ([(CONTENT_TYPE, "application/x-amz-json-1.1")], reply.to_string()).into_response(),
        Err(refusal) => refusal.into_json_1_1(),
    }
}
