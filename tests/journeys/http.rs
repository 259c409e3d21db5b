//! A small HTTP client that never loses sight of a key.

use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Bytes,
    header::{CACHE_CONTROL, HeaderValue},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::time::timeout;

use crate::{program::PATIENCE, secrets::Secrets};

/// The client of one journey. Clones share connections, and the memory of the keys seen.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    secrets: Secrets,
}

/// What was answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body: null if it was empty, a string if it was not JSON.
    pub(crate) body: Value,
    to: String,
}

impl Http {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), secrets }
    }

    /// Sends a request whose body, unless it is null, is JSON.
    pub(crate) async fn json(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Reply {
        let mut headers = headers.to_vec();
        let body = if body.is_null() {
            Bytes::new()
        } else {
            headers.push(("content-type", "application/json"));
            Bytes::from(body.to_string())
        };
        self.send(method, url, &headers, body).await
    }

    /// Sends a request.
    ///
    /// Two replies show a key text, to make a key and to refresh one, and no cache may keep them. Those are remembered;
    /// in any other reply a key text ends the journey.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Reply {
        let may_reveal = method == Method::POST && (url.ends_with("/keys") || url.ends_with("/refresh"));
        let (reply, body) = self.exchange(method, url, headers, body).await;
        let no_store = reply.headers.get(CACHE_CONTROL).map(HeaderValue::as_bytes) == Some(b"no-store");
        let revealed = self.look_into(&reply, &body, may_reveal);
        assert!(no_store || !revealed, "{} answers with a key that caches may keep", reply.to);
        reply
    }

    /// Invokes a function, whose answer may hold such a reply.
    pub(crate) async fn invoke(&self, url: &str, event: &Value, may_reveal: bool) -> Reply {
        let (reply, body) = self.exchange(Method::POST, url, &[], event.to_string().into()).await;
        self.look_into(&reply, &body, may_reveal);
        reply
    }

    /// Fetches what is still to be searched.
    pub(crate) async fn unsearched(&self, url: &str) -> Reply {
        let (reply, _) = self.exchange(Method::GET, url, &[], Bytes::new()).await;
        reply
    }

    /// Whether the reply shows a key text where it may. Anywhere else a secret ends the journey.
    fn look_into(&self, reply: &Reply, body: &[u8], may_reveal: bool) -> bool {
        let Reply { status, headers, to, .. } = reply;
        for text in ["token", "grant"].into_iter().filter_map(|field| reply.body[field].as_str()) {
            self.secrets.hand_out(text);
        }
        let revealed = may_reveal && status.is_success() && self.secrets.remember_all_in(body) > 0;
        assert!(revealed || !self.secrets.leak_in(body), "{to} answers {status} with a key's secret");
        for (name, value) in headers {
            assert!(!self.secrets.leak_in(value.as_bytes()), "{to} answers with a key's secret in {name}");
        }
        revealed
    }

    /// Sends a request, and looks for nothing in the reply.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> (Reply, Bytes) {
        let to = format!("{method} {url}");
        let mut request = Request::builder().method(&method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).expect("a journey's own request is well formed");
        let reply = timeout(PATIENCE, self.client.request(request)).await;
        let reply = reply.unwrap_or_else(|_| panic!("{to} is not answered"));
        let (head, body) = reply.unwrap_or_else(|error| panic!("{to}: {error:?}")).into_parts();
        let body = timeout(PATIENCE, body.collect())
            .await
            .unwrap_or_else(|_| panic!("{to} is never answered whole"));
        let body = body.unwrap_or_else(|error| panic!("{to}: {error}")).to_bytes();

        let json = match serde_json::from_slice(&body) {
            Ok(json) => json,
            Err(_) if body.is_empty() => Value::Null,
            Err(_) => Value::String(String::from_utf8_lossy(&body).into_owned()),
        };
        (Reply { status: head.status, headers: head.headers, body: json, to }, body)
    }
}

impl Reply {
    /// The body, provided the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        let Self { status: answered, body, to, .. } = self;
        assert!(
            answered == status,
            "{to} answers {answered}, not {status}: {}",
            Secrets::withheld(&body.to_string())
        );
        body
    }
}
