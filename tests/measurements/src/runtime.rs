//! AWS Lambda's Runtime API (developer guide, "Using the Lambda runtime API for custom runtimes") as one function's program
//! uses it: events one after another. It does nothing but hand over and take, so that what is measured is the program.

use std::{sync::Arc, time::Instant};

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
    net::TcpListener,
    process::Command,
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
};

use crate::{Result, process::Process};

/// A function's program that has come so far as to ask for its first event.
pub(crate) struct Runtime {
    process: Process,
    served: JoinHandle<std::io::Result<()>>,
    events: mpsc::UnboundedSender<Bytes>,
    answers: mpsc::UnboundedReceiver<Answer>,
    polls: watch::Receiver<u64>,
    polled: u64,
}

/// What became of an event.
pub(crate) struct Answer {
    /// What the program answered, or the text of its error.
    pub(crate) said: std::result::Result<Value, String>,
    /// From handing the event over to having the answer, in seconds.
    pub(crate) took: f64,
}

struct Api {
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    handed: Mutex<Instant>,
    answers: mpsc::UnboundedSender<Answer>,
    polls: watch::Sender<u64>,
}

impl Runtime {
    /// Starts the program and waits until it asks for an event.
    pub(crate) async fn start(command: Command) -> Result<Self> {
        let mut started = Self::begin(command).await?;
        started.polled().await?;
        Ok(started)
    }

    async fn begin(mut command: Command) -> Result<Self> {
        let (events, queue) = mpsc::unbounded_channel();
        let (said, answers) = mpsc::unbounded_channel();
        let (polls, polled) = watch::channel(0);
        let api = Arc::new(Api {
            events: Mutex::new(queue),
            handed: Mutex::new(Instant::now()),
            answers: said,
            polls,
        });
        let invocation = "/2018-06-01/runtime/invocation";
        let routes = Router::new()
            .route(&format!("{invocation}/next"), get(Api::next))
            .route(&format!("{invocation}/{{id}}/{{what}}"), post(Api::answer))
            .with_state(api);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        command.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string());
        let served = tokio::spawn(async move { axum::serve(listener, routes).await });
        let process = Process::start(command)?;
        Ok(Self { process, served, events, answers, polls: polled, polled: 0 })
    }

    /// Hands it an event, and waits for the answer and for it to ask for the next.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Result<Answer> {
        let answer = self.invoke_text(Bytes::from(event.to_string())).await?;
        Ok(answer)
    }

    pub(crate) async fn invoke_text(&mut self, event: Bytes) -> Result<Answer> {
        self.events.send(event)?;
        let answer = tokio::select! {
            answer = self.answers.recv() => answer.ok_or("nobody answers")?,
            ended = self.process.child().wait() => return Err(format!("a function ended: {}", ended?).into()),
        };
        self.polled().await?;
        Ok(answer)
    }

    /// Hands it an event that it must answer without an error.
    pub(crate) async fn expect(&mut self, event: &Value) -> Result<Value> {
        self.invoke(event).await?.said.map_err(|error| format!("a function fails: {error}").into())
    }

    pub(crate) const fn process(&self) -> &Process {
        &self.process
    }

    /// Stops it. It sleeps in its poll, and so has nothing to lose.
    pub(crate) async fn stop(self) -> Result<()> {
        let stopped = self.process.stop().await;
        self.served.abort();
        stopped
    }

    async fn polled(&mut self) -> Result<()> {
        self.polled += 1;
        let goal = self.polled;
        tokio::select! {
            polled = self.polls.wait_for(|polls| *polls >= goal) => { polled?; Ok(()) }
            ended = self.process.child().wait() => Err(format!("a function ended: {}", ended?).into()),
        }
    }
}

impl Api {
    async fn next(State(api): State<Arc<Self>>) -> Response {
        api.polls.send_modify(|polls| *polls += 1);
        let Some(event) = api.events.lock().await.recv().await else { return std::future::pending().await };
        let headers = [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000000"),
            ("lambda-runtime-deadline-ms", "0"),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:000000000000:function:measured",
            ),
        ];
        *api.handed.lock().await = Instant::now();
        (headers, event).into_response()
    }

    async fn answer(
        State(api): State<Arc<Self>>,
        Path((_, what)): Path<(String, String)>,
        body: Bytes,
    ) -> StatusCode {
        let took = api.handed.lock().await.elapsed().as_secs_f64();
        let text = String::from_utf8_lossy(&body).into_owned();
        let said = match (what.as_str(), serde_json::from_slice::<Value>(&body)) {
            ("response", Ok(body)) => Ok(body),
            (_, Ok(body)) => Err(body["errorMessage"].as_str().unwrap_or_default().to_owned()),
            (_, Err(_)) => Err(text),
        };
        match api.answers.send(Answer { said, took }) {
            Ok(()) => StatusCode::ACCEPTED,
            Err(_) => StatusCode::GONE,
        }
    }
}
