//! The functions' own programs, served by `cargo lambda watch` as AWS Lambda serves them.

use std::net::TcpListener;

use serde_json::Value;
use tokio::process::Command;

use crate::{
    http::{Http, Reply},
    places,
    program::Program,
    stage::Stage,
};

const FUNCTIONS: [&str; 3] = ["expiry-sweeper", "key-management", "push-authorizer"];

/// The Lambda service and its functions.
pub(crate) struct Lambda {
    service: Program,
    functions: Vec<Program>,
    http: Http,
    origin: String,
}

impl Lambda {
    /// Serves every function on this port, with the stage's table, KMS and SES.
    pub(crate) async fn serve(stage: &Stage, port: u16) -> Self {
        let mut command = Command::new(places::tool("python/bin/cargo-lambda"));
        command.current_dir(places::workspace()).args([
            "lambda",
            "watch",
            "--only-lambda-apis",
            "--color",
            "never",
        ]);
        command.args(["--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()]);
        let mut service = Program::start("cargo-lambda", command, stage.log());
        service.line(" INFO starting Runtime server").await;

        let environment = stage.environment().await;
        let function = |name: &str| {
            let mut command = Command::new(places::binary(name));
            command.env_clear().envs(&environment);
            command.envs([
                ("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/.rt/{name}").as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", name),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ]);
            Program::start(name, command, stage.log())
        };
        let functions = FUNCTIONS.into_iter().map(function).collect();
        Self { service, functions, http: stage.http().clone(), origin: format!("http://127.0.0.1:{port}") }
    }

    /// Invokes a function with an event. A status of 200 goes with its answer, any other with its error.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Reply {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.origin);
        let reveals =
            ["POST /keys", "POST /keys/{id}/refresh"].iter().any(|route| event["routeKey"] == *route);
        self.http.invoke(&url, event, reveals).await
    }

    /// Stops the functions, then the service.
    pub(crate) async fn stop(self) {
        for function in self.functions {
            function.stop().await;
        }
        self.service.stop().await;
    }
}

/// A port that was free a moment ago: `cargo lambda watch` can neither choose one itself nor be handed one.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}
