//! Latchkey deployed: `infra/template.yaml` in MiniStack, and the sample gallery behind its push API, all seen from one
//! origin, as the program that `cargo run` starts shows it.

use std::{path::Path, process::ExitStatus, sync::Arc};

use axum::Router;
use tokio::{net::TcpListener, process::Command, task::JoinHandle};

use crate::{
    account::Account, aws::bound, function_logs::FunctionLogs, http::Http, log::Log, one_origin, places,
    program::Program,
};

/// Who mails people.
pub(crate) const SENDER: &str = "keys@gallery.example";

/// A running deployment. All of it ends when this is dropped.
pub(crate) struct Deployed {
    ministack: Program,
    account: Arc<Account>,
    origin: String,
    serving: [JoinHandle<()>; 2],
    logs: FunctionLogs,
}

impl Deployed {
    /// Deploys the template as it is, but for the statement that the environment variable `WITHOUT` names, if it does.
    pub(crate) async fn start(folder: &Path, log: &Log, http: &Http) -> Self {
        let (front, origin) = bound().await;
        let (behind, gallery) = bound().await;
        let mut ministack = Program::start("ministack", command(folder, &origin, &gallery), log);
        let told = ministack.line("deployed ").await;
        let told = serde_json::from_str(&told).expect("what is told of a deployment is JSON");
        let account = Arc::new(Account::new(told, http.clone()));
        let (public, writes) = one_origin::routers(&origin, Arc::clone(&account));
        let serving = [serve(front, public), serve(behind, writes)];
        let logs = FunctionLogs::of(Arc::clone(&account), log.clone());
        Self { ministack, account, origin, serving, logs }
    }

    /// Where everything answers, without a trailing slash.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Asks MiniStack to stop, and waits until it has.
    pub(crate) async fn stop(self) -> ExitStatus {
        self.logs.finish().await;
        let status = self.ministack.stop().await;
        self.serving.iter().for_each(JoinHandle::abort);
        status
    }
}

fn command(folder: &Path, origin: &str, gallery: &str) -> Command {
    let mut command = Command::new(places::tool("ministack/bin/python"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    // What is set on this machine must not decide what a journey sees. What MiniStack unpacks stays in the folder.
    command.env_clear().env("PATH", path).env("TMPDIR", folder).env("HOME", folder);
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
    command.arg(places::workspace().join("tests/ministack/serve.py"));
    command.arg("--build").arg(places::build());
    command.arg("--archives").arg(places::target().join("ministack"));
    if let Some(statement) = std::env::var_os("WITHOUT") {
        command.arg("--without").arg(statement);
    }
    for (name, value) in [
        ("GalleryName", "Sample Gallery"),
        ("GalleryOrigin", gallery),
        ("KeysPageUrl", &format!("{origin}/")),
        ("KeysPageOrigin", origin),
        ("TokenIssuer", &format!("{origin}/local")),
        ("TokenAudience", local::issuer::AUDIENCE),
        ("MailFrom", SENDER),
        ("MailIdentity", SENDER),
        ("Purpose", "trial"),
    ] {
        command.arg(format!("{name}={value}"));
    }
    command
}

fn serve(listener: TcpListener, router: Router) -> JoinHandle<()> {
    tokio::spawn(async move { axum::serve(listener, router).await.expect("a listener that is bound serves") })
}
