mod latchkey;
mod reading;
mod writing;

use axum::{Router, body::Body, response::Response};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{Config, Gallery, Storage, nupkg::tests::nupkg};
use latchkey::Latchkey;

/// A gallery in memory before a Latchkey that decides by its directory.
async fn gallery() -> (Router, Latchkey) {
    let latchkey = Latchkey::default();
    (open(&latchkey, Storage::Memory).await, latchkey)
}

async fn open(latchkey: &Latchkey, storage: Storage) -> Router {
    let api = latchkey.serve().await;
    Gallery::open(Config { origin: "http://gallery.test".to_owned(), api, storage }).unwrap().router()
}

struct Answer {
    status: StatusCode,
    warning: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

async fn send(gallery: &Router, request: Request<Body>) -> Answer {
    let response: Response = gallery.clone().oneshot(request).await.unwrap();
    let warning = response.headers().get("x-nuget-warning").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    Answer { status, warning, body: response.into_body().collect().await.unwrap().to_bytes().to_vec() }
}

/// A request as the gateway sends it on.
fn granted(method: Method, path: &str, account: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("X-NuGet-ApiKey", "withheld")
        .header("Authorization", "withheld")
        .header("X-Latchkey-Owner", "not to be believed")
        .header("X-Latchkey-Grant", format!("for-{account}"))
}

fn upload(path: &str, account: &str, file: &[u8]) -> Request<Body> {
    let mut body =
        b"--b\r\nContent-Disposition: form-data; name=package; filename=package.nupkg\r\n\r\n".to_vec();
    body.extend(file);
    body.extend(b"\r\n--b--\r\n");
    granted(Method::PUT, path, account)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=\"b\"")
        .body(Body::from(body))
        .unwrap()
}

async fn push(gallery: &Router, account: &str, id: &str, version: &str) -> Answer {
    send(gallery, upload("/api/v2/package/", account, &nupkg(id, version))).await
}

async fn unlist(gallery: &Router, account: &str, path: &str) -> Answer {
    send(gallery, granted(Method::DELETE, path, account).body(Body::empty()).unwrap()).await
}

async fn relist(gallery: &Router, account: &str, path: &str) -> Answer {
    send(gallery, granted(Method::POST, path, account).body(Body::empty()).unwrap()).await
}

async fn get(gallery: &Router, path: &str) -> Answer {
    send(gallery, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn versions(gallery: &Router, id: &str) -> Value {
    get(gallery, &format!("/v3/flat-container/{id}/index.json")).await.json()["versions"].take()
}
