//! The program as `cargo run` starts it, and a client that bears its end.

use std::path::Path;

use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::{process::Command, time::timeout};

use crate::{
    account::operator,
    log::Log,
    places,
    program::{PATIENCE, Program},
    whole::WholeTable,
};

/// The running program, and a client that bears its end.
pub(super) struct Latchkey {
    pub(super) program: Program,
    origin: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

pub(super) fn command(data: &Path) -> Command {
    let mut command = Command::new(places::binary("local"));
    command.env_clear().current_dir(places::workspace()).args(["--port", "0", "--data-dir"]).arg(data);
    command
}

impl Latchkey {
    pub(super) async fn start(data: &Path, log: &Log) -> Self {
        let mut program = Program::start("local", command(data), log);
        let origin = program.line("listening on ").await.trim().to_owned();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { program, origin, client }
    }

    /// Status and body; none if the program ended before it had answered whole.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Option<(u16, Value)> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = request.header("content-type", "application/json").body(Full::new(body)).unwrap();
        let exchange = async {
            let (head, body) = self.client.request(request).await.ok()?.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some((head.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
        };
        timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("{path} is not answered"))
    }

    /// The body of what must be answered, and well.
    pub(super) async fn json(&self, method: Method, path: &str, token: Option<&str>, body: &Value) -> Value {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let (status, body) = self.call(method, path, &headers, body).await.expect("it is running");
        assert!((200..300).contains(&status), "{path} is answered {status}: {}", body["detail"]);
        body
    }

    /// Signs somebody in. A token is for one address of the program, which is another after each start.
    pub(super) async fn sign_in(&self, account: &str) -> String {
        let who = json!({ "account": account, "email": format!("{account}@example.test"), "name": account });
        let signed_in = self.json(Method::POST, "/local/sign-in", None, &who).await;
        signed_in["token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn tell(&self, path: &str, body: &Value) {
        self.json(Method::PUT, &format!("/directory/{path}"), None, body).await;
    }

    pub(super) async fn decision(&self, text: &str) -> String {
        let asked = json!({ "action": "push", "package": "Foo.Bar", "preflight": true });
        let (_, decision) =
            self.call(Method::POST, "/authorize", &[("x-nuget-apikey", text)], &asked).await.unwrap();
        decision["reason"].as_str().or(decision["decision"].as_str()).unwrap().to_owned()
    }

    pub(super) async fn table(&self) -> WholeTable {
        let reply =
            self.client.get(format!("{}/local/environment", self.origin).parse().unwrap()).await.unwrap();
        let lines =
            String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let value = |name: &str| lines.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(value("AWS_ENDPOINT_URL_DYNAMODB="))
            .credentials_provider(operator())
            .build();
        WholeTable::read(&aws_sdk_dynamodb::Client::from_conf(config), &value("TABLE_NAME=")).await
    }
}
