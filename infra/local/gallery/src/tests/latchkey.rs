use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A Latchkey that decides by its directory alone: the grant `for-alice` stands for a key of alice's.
#[derive(Clone, Default)]
pub(super) struct Latchkey(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    /// Package id in lower case → its owners and revision, as last told.
    packages: BTreeMap<String, Value>,
    asked: Vec<Value>,
    answer: Option<(StatusCode, Value)>,
    directory_down: bool,
}

impl Latchkey {
    /// Listens on a free port, and gives the address.
    pub(super) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/authorize", post(authorize))
            .route("/directory", post(directory))
            .with_state(self.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        origin
    }

    pub(super) fn always_answer(&self, status: StatusCode, body: Value) {
        self.0.lock().unwrap().answer = Some((status, body));
    }

    pub(super) fn stop_directory(&self) {
        self.0.lock().unwrap().directory_down = true;
    }

    pub(super) fn forget(&self, id: &str) {
        self.0.lock().unwrap().packages.remove(id);
    }

    pub(super) fn asked(&self) -> Vec<Value> {
        self.0.lock().unwrap().asked.clone()
    }

    pub(super) fn package(&self, id: &str) -> Option<Value> {
        self.0.lock().unwrap().packages.get(id).cloned()
    }
}

async fn authorize(State(latchkey): State<Latchkey>, Json(question): Json<Value>) -> Response {
    let mut book = latchkey.0.lock().unwrap();
    book.asked.push(question.clone());
    if let Some((status, body)) = &book.answer {
        return (*status, Json(body.clone())).into_response();
    }
    let id = question["package"].as_str().unwrap().to_ascii_lowercase();
    let owner = question["grant"].as_str().unwrap().strip_prefix("for-").unwrap();
    let deny = |reason: &str| {
        let body =
            json!({ "decision": "deny", "reason": reason, "message": format!("{owner} may not: {reason}") });
        (StatusCode::FORBIDDEN, Json(body)).into_response()
    };
    let state = match book.packages.get(&id) {
        None if question["action"] == "unlist" => return deny("package_unknown"),
        None => "new",
        Some(entry) if entry["owners"].as_array().unwrap().contains(&json!(owner)) => "known",
        Some(_) => return deny("not_package_owner"),
    };
    Json(json!({
        "decision": "allow", "message": "", "owner": owner, "package_state": state,
        "warning": (owner == "late").then_some("this key expires in 3 days"),
    }))
    .into_response()
}

async fn directory(State(latchkey): State<Latchkey>, Json(told): Json<Value>) -> Response {
    let mut book = latchkey.0.lock().unwrap();
    if book.directory_down {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut entry = told["entries"][0].clone();
    let package = entry["put"] == "package" && told["entries"].as_array().unwrap().len() == 1;
    assert!(package, "the gallery tells of its packages, one by one: {told}");
    let id = entry["id"].as_str().unwrap().to_ascii_lowercase();
    entry.as_object_mut().unwrap().retain(|name, _| name == "owners" || name == "revision");
    book.packages.insert(id, entry);
    Json(json!({ "results": [{ "written": true }] })).into_response()
}
