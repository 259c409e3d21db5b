use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest answer read: 1 MiB.
const MAXIMUM_ANSWER: usize = 1 << 20;

/// A JSON API over plain HTTP, called without credentials. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Why there is no answer to act on.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The base address is not one.
    #[error("{0} is not an http:// address without path or query")]
    Address(String),
    /// No answer, or a broken one.
    #[error("{target} cannot be reached: {reason}")]
    Unreachable {
        /// Method and path.
        target: String,
        /// What failed.
        reason: String,
    },
    /// No answer in time.
    #[error("{0} did not answer within {seconds} seconds", seconds = PATIENCE.as_secs())]
    TooSlow(String),
    /// An answer that cannot be acted on.
    #[error("{target} answered {status}")]
    Unusable {
        /// Method and path.
        target: String,
        /// The status it came with.
        status: StatusCode,
    },
}

impl Api {
    /// The API at `base`, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`ApiError::Address`] if that is anything but scheme and authority of plain HTTP.
    pub fn new(base: &str) -> Result<Self, ApiError> {
        let uri = base.parse::<Uri>().ok();
        let plain = |uri: &Uri| {
            uri.scheme_str() == Some("http") && uri.authority().is_some() && uri.query().is_none()
        };
        if !uri.is_some_and(|uri| plain(&uri) && uri.path() == "/") {
            return Err(ApiError::Address(base.to_owned()));
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
    }

    /// Sends `body` and gives the status and the JSON that came back, `null` if it is none.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] and [`ApiError::TooSlow`]; every status is an answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(StatusCode, Value), ApiError> {
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        self.send(method, path, HeaderMap::from_iter(json), body.to_string().into()).await
    }

    /// As [`Api::call`], with these headers, and the body as it is.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(StatusCode, Value), ApiError> {
        let target = format!("{method} {path}");
        let unreachable = |reason: &dyn std::fmt::Display| ApiError::Unreachable {
            target: target.clone(),
            reason: reason.to_string(),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.base).parse().map_err(|error| unreachable(&error))?;
        *request.headers_mut() = headers;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| unreachable(&error))?;
            let (head, body) = answer.into_parts();
            let body =
                Limited::new(body, MAXIMUM_ANSWER).collect().await.map_err(|error| unreachable(&error))?;
            Ok((head.status, serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null)))
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| ApiError::TooSlow(target.clone()))?
    }
}
