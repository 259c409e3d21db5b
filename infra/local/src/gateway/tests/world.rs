//! The gateway between a client, functions that answer as told, and a gallery that remembers what it saw.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use chrono::DateTime;
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Value, json};
use startup::Clock;
use tower::ServiceExt;

use crate::{
    definitions::Definitions,
    function::in_process,
    gateway::{TokenVerifier, router},
};

/// The local time, which is the samples' too.
pub(super) const NOW: i64 = 1_798_761_600;

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
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The gateway with functions that answer as told and a gallery that answers 201, each remembering what it got.
pub(super) struct World {
    pub(super) gateway: Router,
    pub(super) events: Arc<Mutex<Vec<Value>>>,
    pub(super) gallery: Arc<Mutex<Vec<Seen>>>,
}

impl World {
    pub(super) async fn answering(answer: Result<Value, &'static str>) -> Self {
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

    pub(super) fn with(
        answer: Result<Value, &'static str>,
        origin: &Uri,
        gallery: Arc<Mutex<Vec<Seen>>>,
    ) -> Self {
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

    pub(super) async fn ask(
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

    pub(super) fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    pub(super) fn gallery(&self) -> Vec<Seen> {
        self.gallery.lock().unwrap().clone()
    }
}

pub(super) fn verifier() -> TokenVerifier {
    TokenVerifier::new(Algorithm::HS256, "1".to_owned(), DecodingKey::from_secret(b"key"))
}

pub(super) fn clock() -> Clock {
    Clock::new(|| DateTime::from_timestamp(NOW, 0).unwrap())
}

pub(super) fn signed(claims: &Value) -> String {
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::HS256) };
    let token = encode(&header, claims, &EncodingKey::from_secret(b"key")).unwrap();
    format!("Bearer {token}")
}

pub(super) fn token() -> String {
    let claims =
        json!({"iss": "http://127.0.0.1:8080/local", "aud": "latchkey", "sub": "user-1001", "exp": NOW + 60});
    signed(&claims)
}

pub(super) fn ok() -> Result<Value, &'static str> {
    Ok(json!({"statusCode": 200, "body": "done"}))
}

pub(super) fn policy(effect: &str, context: &Value) -> Result<Value, &'static str> {
    let statement = json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    Ok(json!({"principalId": "user-1001", "policyDocument": policy, "context": context}))
}

pub(super) fn allow() -> Result<Value, &'static str> {
    let context = json!({
        "key_id": "K", "holder": "user-1001", "owner": "org-2001", "action": "push", "grant": "G", "reason": "covered",
    });
    policy("Allow", &context)
}

pub(super) fn deny() -> Result<Value, &'static str> {
    policy("Deny", &json!({"reason": "expired", "message": "This key expired on 2026-12-01.", "key_id": "K"}))
}
