//! `/local/*` and `/healthz`: what tests, scripts and the console do to the program itself.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use stand_ins::{Mail, Mailbox};

use crate::{
    clock::{MovableClock, MoveError},
    problem::{Problem, read_json},
    sweeper::Sweeper,
};

/// Asks whether everything answers; the error says what does not.
pub type HealthCheck =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// What the routes act on.
#[derive(Clone)]
pub struct LocalApi {
    /// The clock that everyone else asks.
    pub clock: MovableClock,
    /// The sweeper.
    pub sweeper: Sweeper,
    /// Where mails end up.
    pub mailbox: Mailbox,
    /// For `/healthz`.
    pub health: HealthCheck,
}

/// The routes.
pub fn router(api: LocalApi) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/local/clock", get(read_clock).post(move_clock))
        .route("/local/sweep", post(sweep))
        .route("/local/mail", get(mails))
        .with_state(api)
}

async fn health(State(api): State<LocalApi>) -> Result<Json<Value>, Problem> {
    let unwell = |reason| Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason);
    (api.health)().await.map_err(unwell).map(|()| Json(json!({ "status": "ok" })))
}

async fn read_clock(State(api): State<LocalApi>) -> Json<Value> {
    Json(json!({ "now": api.clock.now() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance_days: Option<Value>,
    now: Option<Value>,
}

async fn move_clock(
    State(api): State<LocalApi>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let (field, moved) = match read_json(&headers, &body)? {
        Move { advance_days: Some(days), now: None } => {
            let days = days.as_u64().and_then(|days| u32::try_from(days).ok());
            let days = days
                .ok_or_else(|| Problem::fields([("advance_days", "is a whole number of days".to_owned())]))?;
            ("advance_days", api.clock.advance(days))
        }
        Move { advance_days: None, now: Some(now) } => {
            let time = now.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
            let time =
                time.ok_or_else(|| Problem::fields([("now", "is a time as RFC 3339 has it".to_owned())]))?;
            ("now", api.clock.move_to(time.with_timezone(&Utc)))
        }
        Move { .. } => {
            let message = "exactly one of advance_days and now is needed";
            return Err(Problem::fields([("advance_days", message.to_owned()), ("now", message.to_owned())]));
        }
    };
    match moved {
        Ok(now) => {
            tracing::info!(%now, "the clock was moved");
            Ok(Json(json!({ "now": now })))
        }
        Err(error @ MoveError::File(_)) => {
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
        }
        Err(error) => Err(Problem::fields([(field, error.to_string())])),
    }
}

async fn sweep(State(api): State<LocalApi>) -> Result<Json<Value>, Problem> {
    let failed =
        |message| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("The run failed: {message}."));
    api.sweeper.sweep().await.map(Json).map_err(failed)
}

async fn mails(State(api): State<LocalApi>) -> Json<Value> {
    let shown = |mail: Mail| json!({ "to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html, "at": mail.at });
    Json(api.mailbox.mails().into_iter().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use http::{Method, Request};
    use http_body_util::BodyExt;
    use startup::Clock;
    use tower::ServiceExt;

    use super::*;

    fn api(sweep: Result<Value, String>) -> (Router, Arc<AtomicBool>) {
        let well = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&well);
        let clock =
            MovableClock::in_memory(Clock::new(|| DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
        let sweeper = Sweeper::new(clock.clock(), move |at| {
            let sweep = sweep.clone().map(|report| json!({ "at": at, "report": report }));
            async move { sweep }
        });
        let health: HealthCheck = Arc::new(move || {
            let well = asked.load(Ordering::SeqCst);
            Box::pin(async move { if well { Ok(()) } else { Err("the engine does not answer".to_owned()) } })
        });
        (router(LocalApi { clock, sweeper, mailbox: Mailbox::in_memory(), health }), well)
    }

    async fn send(router: &Router, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", "application/json; charset=utf-8");
        let response =
            router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_clock_moves_ahead() {
        let (router, _) = api(Ok(json!({})));
        let (_, now) = send(&router, Method::GET, "/local/clock", "").await;
        assert_eq!(now, json!({ "now": "2027-01-15T08:00:00Z" }));
        let (_, now) = send(&router, Method::POST, "/local/clock", r#"{"advance_days":355}"#).await;
        assert_eq!(now, json!({ "now": "2028-01-05T08:00:00Z" }));
        let body = r#"{"now":"2030-01-01T01:00:00+01:00"}"#;
        assert_eq!(send(&router, Method::POST, "/local/clock", body).await.1["now"], "2030-01-01T00:00:00Z");
        let (_, report) = send(&router, Method::POST, "/local/sweep", "").await;
        assert_eq!(report, json!({ "at": "2030-01-01T00:00:00Z", "report": {} }));
    }

    #[tokio::test]
    async fn bad_moves_name_the_field() {
        let (router, _) = api(Ok(json!({})));
        for (body, field) in [
            ("{}", "advance_days"),
            (r#"{"advance_days":1,"now":"2030-01-01T00:00:00Z"}"#, "advance_days"),
            (r#"{"advance_days":-1}"#, "advance_days"),
            (r#"{"advance_days":1.5}"#, "advance_days"),
            (r#"{"advance_days":"1"}"#, "advance_days"),
            (r#"{"advance_days":4000000000}"#, "advance_days"),
            (r#"{"now":"tomorrow"}"#, "now"),
            (r#"{"now":5}"#, "now"),
            (r#"{"now":"2020-01-01T00:00:00Z"}"#, "now"),
        ] {
            let (status, problem) = send(&router, Method::POST, "/local/clock", body).await;
            assert_eq!(
                (status, problem["errors"][0]["field"].as_str()),
                (StatusCode::BAD_REQUEST, Some(field)),
                "{body}"
            );
        }
        for body in [r#"{"advance":1}"#, "[]", "soon"] {
            assert_eq!(send(&router, Method::POST, "/local/clock", body).await.0, StatusCode::BAD_REQUEST);
        }
        let form = Request::post("/local/clock").body(Body::from(r#"{"advance_days":1}"#)).unwrap();
        assert_eq!(router.clone().oneshot(form).await.unwrap().status(), StatusCode::BAD_REQUEST);
        assert_eq!(send(&router, Method::GET, "/local/clock", "").await.1["now"], "2027-01-15T08:00:00Z");
    }

    #[tokio::test]
    async fn trouble_is_told() {
        let (router, well) = api(Err("no sender".to_owned()));
        assert_eq!(send(&router, Method::GET, "/healthz", "").await.0, StatusCode::OK);
        well.store(false, Ordering::SeqCst);
        let (status, problem) = send(&router, Method::GET, "/healthz", "").await;
        assert_eq!(
            (status, problem["detail"].as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("the engine does not answer"))
        );
        let (status, problem) = send(&router, Method::POST, "/local/sweep", "").await;
        assert_eq!(
            (status, problem["detail"].as_str()),
            (StatusCode::INTERNAL_SERVER_ERROR, Some("The run failed: no sender."))
        );
        assert_eq!(send(&router, Method::GET, "/local/mail", "").await, (StatusCode::OK, json!([])));
    }
}
