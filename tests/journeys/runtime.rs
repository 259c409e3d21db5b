//! The Lambda runtime API (AWS Lambda's developer guide, "Using the Lambda runtime API for custom runtimes"), as far as one
//! program of a function needs it: events one after another, and what the program makes of each.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    process::Command,
    sync::{Mutex, mpsc},
    time::timeout,
};

use crate::{
    aws::bound,
    log::Log,
    places,
    program::{PATIENCE, Program},
};

/// A function's program, waiting for events.
pub(crate) struct Runtime {
    program: Program,
    name: String,
    log: Log,
    events: mpsc::UnboundedSender<Value>,
    answers: mpsc::UnboundedReceiver<Result<Value, String>>,
}

struct Api {
    events: Mutex<mpsc::UnboundedReceiver<Value>>,
    answers: mpsc::UnboundedSender<Result<Value, String>>,
    log: Log,
}

impl Runtime {
    /// Starts the program of the function `name` with these environment variables and no others but Lambda's own.
    pub(crate) async fn start(name: &str, environment: &BTreeMap<String, String>, log: &Log) -> Self {
        Self::start_by(Command::new(places::binary(name)), name, environment, log).await
    }

    /// The same, started by this command.
    pub(crate) async fn start_by(
        mut command: Command,
        name: &str,
        environment: &BTreeMap<String, String>,
        log: &Log,
    ) -> Self {
        let (events, queue) = mpsc::unbounded_channel();
        let (said, answers) = mpsc::unbounded_channel();
        let api = Arc::new(Api { events: Mutex::new(queue), answers: said, log: log.clone() });
        let invocation = "/2018-06-01/runtime/invocation";
        let routes = Router::new()
            .route(&format!("{invocation}/next"), get(Api::next))
            .route(&format!("{invocation}/{{id}}/{{what}}"), post(Api::answer))
            .with_state(api);
        let (listener, at) = bound().await;
        tokio::spawn(async move { axum::serve(listener, routes).await });

        command.env_clear().envs(environment);
        command.envs([
            ("AWS_LAMBDA_RUNTIME_API", at.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ]);
        let program = Program::start(name, command, log);
        Self { program, name: name.to_owned(), log: log.clone(), events, answers }
    }

    /// Hands it an event: its answer, or the text of its error.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Result<Value, String> {
        self.events.send(event.clone()).unwrap();
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        answer
            .unwrap_or_else(|_| panic!("{} does not answer: see {}", self.name, self.log.path().display()))
            .unwrap()
    }

    /// Stops it; all that it has said is then in the log.
    pub(crate) async fn stop(self) {
        self.program.stop().await;
    }
}

impl Api {
    async fn next(State(api): State<Arc<Self>>) -> Response {
        // Without a further event the program is stopped while it waits here.
        let Some(event) = api.events.lock().await.recv().await else { return std::future::pending().await };
        let headers = [
            ("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000000"),
            ("lambda-runtime-deadline-ms", "0"),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:journey"),
        ];
        (headers, event.to_string()).into_response()
    }

    async fn answer(
        State(api): State<Arc<Self>>,
        Path((_, what)): Path<(String, String)>,
        body: Bytes,
    ) -> StatusCode {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let answer = match what.as_str() {
            "response" => Ok(body),
            // All of it, so that it is searched for secrets with the log.
            _ => {
                api.log.append("error", &body.to_string());
                Err(body["errorMessage"].as_str().unwrap_or_default().to_owned())
            }
        };
        api.answers.send(answer).unwrap();
        StatusCode::ACCEPTED
    }
}
