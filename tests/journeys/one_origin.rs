//! One origin before a deployment, laid out as the local program's is.
//!
//! It adds what lies outside of Latchkey (who signs people in, the gallery and its signature) and what a journey looks
//! at (`/local/...`). Everything else is passed on to the two APIs as it is.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::DateTime;
use gallery::{Api, Config, Directory, Gallery, Storage};
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, StatusCode, Uri,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING,
    },
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use local::{issuer::Issuer, sign_in};
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    account::{Account, As},
    gallery_hop,
};

/// What EventBridge Scheduler puts the time in place of; MiniStack leaves it as it is.
const SCHEDULED_TIME: &str = "<aws.scheduler.scheduled-time>";

/// Headers that are about one connection.
const OF_A_CONNECTION: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING];

/// What stands before the two APIs.
struct Front {
    account: Arc<Account>,
    client: Client<HttpConnector, Body>,
}

/// What is served at `origin`, and what the push API finds where it thinks the gallery is.
pub(crate) fn routers(origin: &str, account: Arc<Account>) -> (Router, Router) {
    let api = Api::new(origin).expect("it is an address");
    let config = Config { origin: origin.to_owned(), api: origin.to_owned(), storage: Storage::Memory };
    let gallery = Gallery::open(config).expect("a gallery that keeps nothing can be opened");
    let issuer =
        Issuer::in_memory(origin, Clock::system()).expect("an issuer that keeps nothing can be made");
    let writes = gallery_hop::before(gallery.writes(), origin, &account);
    let front = Front { account, client: Client::builder(TokioExecutor::new()).build_http() };
    let public = Router::new()
        .route("/healthz", get(async || StatusCode::OK))
        .route("/local/environment", get(environment))
        .route("/local/mail", get(mails))
        .route("/local/sweep", post(sweep))
        .fallback(pass)
        .with_state(Arc::new(front))
        .merge(sign_in::router(issuer, Directory::new(api)))
        .merge(gallery.reads());
    (public, writes)
}

/// Passes a request on to the API it is for. One that nobody signed, on a route of the gallery's, gets the gallery's
/// signature.
async fn pass(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a journey sends what it began to send");
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let of_the_push_api =
        ["/api/", "/authorize", "/keys/self"].iter().any(|beginning| target.starts_with(beginning));
    let (api, stage) = if of_the_push_api {
        (front.account.resource("PushApi"), format!("/{}", front.account.resource("PushStage")))
    } else {
        (front.account.resource("ManagementApi"), String::new())
    };
    let origin = front.account.origin();
    let host = origin.replace("http://127.0.0.1", &format!("{api}.execute-api.localhost"));
    head.headers.insert(HOST, HeaderValue::try_from(&host).expect("it is a host"));
    without_connection(&mut head.headers);
    let of_the_gallery = target.starts_with("/directory") || target.starts_with("/legacy-keys");
    if of_the_gallery && !head.headers.contains_key(AUTHORIZATION) {
        let url = format!("http://{host}{stage}{target}");
        for (name, value) in
            front.account.signature(As::Gallery, "execute-api", &head.method, &url, &[], &body)
        {
            let name = HeaderName::try_from(name).expect("a signature is made of headers");
            head.headers.insert(name, value.try_into().expect("a signature is made of headers"));
        }
    }
    head.uri = format!("{origin}{stage}{target}").parse::<Uri>().expect("it was a target");
    let answer = front.client.request(Request::from_parts(head, body.into())).await;
    match answer {
        Ok(answer) => {
            let mut answer = answer.map(|body| Body::new(body.boxed()));
            without_connection(answer.headers_mut());
            answer.into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// What a journey needs to read the table.
async fn environment(State(front): State<Arc<Front>>) -> String {
    let (origin, table) = (front.account.origin(), front.account.resource("Keyring"));
    format!("AWS_ENDPOINT_URL_DYNAMODB={origin}\nAWS_ENDPOINT_URL_KMS={origin}\nTABLE_NAME={table}\n")
}

/// Every mail sent, oldest first.
async fn mails(State(front): State<Arc<Front>>) -> Json<Value> {
    let url = format!("{}/_ministack/ses/messages", front.account.origin()).parse::<Uri>();
    let answer = front.client.get(url.expect("it is an address")).await.expect("MiniStack answers");
    let body = answer.into_body().collect().await.expect("MiniStack answers").to_bytes();
    let answer: Value = serde_json::from_slice(&body).expect("MiniStack answers with JSON");
    let accounts = answer["messages"].as_object().expect("messages are told by account").values();
    let messages = accounts.flat_map(|messages| messages.as_array().expect("messages are a list"));
    Json(messages.map(shown).collect())
}

fn shown(message: &Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough to read")]
    let at = message["Timestamp"].as_f64().and_then(|at| DateTime::from_timestamp(at as i64, 0));
    json!({
        "to": message["To"][0], "subject": message["Subject"],
        "text": message["BodyText"], "html": message["BodyHtml"], "at": at,
    })
}

/// One run as the schedule starts one: in its role, on its target, with its input, the time put in.
async fn sweep(State(front): State<Arc<Front>>) -> (StatusCode, Json<Value>) {
    let (target, role) = front.account.schedule();
    let now = Clock::system().now().to_rfc3339();
    let input = target["Input"].as_str().expect("the schedule has an input").replace(SCHEDULED_TIME, &now);
    let input = serde_json::from_str(&input).expect("the schedule's input is JSON");
    let function = target["Arn"].as_str().expect("the schedule has a target");
    let reply = front.account.invoke(As::Service(role), function, &input).await;
    let failed = reply.headers.contains_key("x-amz-function-error") || reply.status != StatusCode::OK;
    let status = if failed { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    (status, Json(reply.body))
}

fn without_connection(headers: &mut HeaderMap) {
    for name in &OF_A_CONNECTION {
        headers.remove(name);
    }
}
