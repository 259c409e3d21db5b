//! One running Latchkey, and what a journey can do to it from outside. Where it runs is told by [`Place`]; from one
//! origin it is seen in the same way everywhere.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
};

use hyper::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    account::Account,
    deployed::Deployed,
    http::{Http, Reply},
    lambda::{Lambda, free_port},
    log::Log,
    need::{Need, Place},
    places,
    program::Program,
    publisher::KeyText,
    secrets::Secrets,
    table,
};

/// A running Latchkey. A journey that does not end with [`Stage::finish`] fails.
pub(crate) struct Stage {
    folder: PathBuf,
    /// Where its data is kept, if it is.
    data: Option<PathBuf>,
    /// The reverse proxy that its clients reach the gallery at, and where the gallery is by itself, if there is one.
    proxy: Option<(String, String)>,
    log: Log,
    secrets: Secrets,
    http: Http,
    running: Option<Running>,
    /// Its functions, where it is neither itself nor the journey that serves them.
    functions: Option<Lambda>,
    finished: bool,
}

enum Running {
    /// The program, and where it answers.
    Local(Program, String),
    Deployed(Deployed),
}

/// Sets the stage of a journey: a new Latchkey that keeps nothing, at the place of this run. What the journey
/// [needs](Need) beyond what every place has is named behind the journey's own name. Where that is lacking, the journey
/// is told to be not applicable and returns here.
///
/// The name is that of its folder in `target/journeys`, and no other journey's.
macro_rules! stage {
    ($journey:literal $(, $need:ident)*) => {
        match $crate::stage::Stage::at_place_of_run($journey, &[$($crate::need::Need::$need),*]).await {
            Some(stage) => stage,
            None => return,
        }
    };
}

impl Stage {
    /// What [`stage!`] is made of.
    pub(crate) async fn at_place_of_run(journey: &str, needs: &[Need]) -> Option<Self> {
        let place = Place::of_this_run();
        if !place.suits(journey, needs) {
            return None;
        }
        Some(match place {
            Place::Local => Self::ephemeral(journey).await,
            Place::CargoLambda => {
                let port = free_port();
                let mut stage = Self::with_functions_at(&format!("{place}/{journey}"), port).await;
                stage.functions = Some(Lambda::serve(&stage, port).await);
                stage
            }
            Place::Ministack => {
                let mut stage = Self::empty(&format!("{place}/{journey}"));
                let deployed = Deployed::start(&stage.folder, &stage.log, &stage.http).await;
                stage.running = Some(Running::Deployed(deployed));
                stage
            }
        })
    }

    /// A new Latchkey on this machine, whatever the place of the run, that keeps nothing.
    pub(crate) async fn ephemeral(journey: &str) -> Self {
        let mut stage = Self::empty(journey);
        stage.start(None).await;
        stage
    }

    /// A new Latchkey on this machine that keeps its data, so that it can be restarted.
    pub(crate) async fn kept(journey: &str) -> Self {
        let mut stage = Self::empty(journey);
        stage.data = Some(stage.folder.join("data"));
        stage.start(None).await;
        stage
    }

    /// A new Latchkey on this machine that keeps nothing, and asks functions that the journey serves on this port.
    pub(crate) async fn with_functions_at(journey: &str, port: u16) -> Self {
        let mut stage = Self::empty(journey);
        stage.start(Some(port)).await;
        stage
    }

    /// A new Latchkey on this machine that keeps nothing, with a reverse proxy of the journey's own, to be at `proxy`, before its
    /// gallery.
    pub(crate) async fn behind(journey: &str, proxy: &str) -> Self {
        let mut stage = Self::empty(journey);
        stage.proxy = Some((proxy.to_owned(), String::new()));
        stage.start(None).await;
        stage
    }

    fn empty(journey: &str) -> Self {
        let folder = places::folder(journey);
        let secrets = Secrets::default();
        Self {
            data: None,
            proxy: None,
            log: Log::create(folder.join("log")),
            http: Http::new(secrets.clone()),
            folder,
            secrets,
            running: None,
            functions: None,
            finished: false,
        }
    }

    /// Starts it on this machine. Its functions are served at this port, if it is not itself to run them.
    async fn start(&mut self, functions: Option<u16>) {
        let mut command = Command::new(places::binary("local"));
        // What is set on this machine must not decide what a journey sees.
        command.env_clear().current_dir(places::workspace()).args(["--port", "0"]);
        match &self.data {
            None => command.arg("--ephemeral"),
            Some(data) => command.arg("--data-dir").arg(data),
        };
        if let Some(port) = functions {
            command.args(["--functions", &format!("http://127.0.0.1:{port}")]);
        }
        if let Some((proxy, _)) = &self.proxy {
            command.args(["--gallery-port", "0", "--gallery-origin", proxy]);
        }
        let mut program = Program::start("local", command, &self.log);
        let origin = program.line("listening on ").await;
        if let Some((_, gallery)) = &mut self.proxy {
            program.line("gallery on ").await.trim().clone_into(gallery);
        }
        self.running = Some(Running::Local(program, origin.trim().to_owned()));
        self.get("/healthz").await.expect(200);
    }

    /// Stops it, and starts it again with what it has kept. Its address may be another one afterwards.
    pub(crate) async fn restart(&mut self) {
        assert!(self.data.is_some(), "a stage that keeps nothing cannot be restarted");
        self.stop().await;
        self.start(None).await;
    }

    async fn stop(&mut self) {
        if let Some(functions) = self.functions.take() {
            functions.stop().await;
        }
        let status = match self.running.take().expect("it runs from the start to the finish") {
            Running::Local(program, _) => program.stop().await,
            Running::Deployed(deployed) => deployed.stop().await,
        };
        assert!(status.success(), "asked to stop, it ends with {status}: see {}", self.log.path().display());
    }

    /// Where everything answers, without a trailing slash.
    pub(crate) fn origin(&self) -> &str {
        match self.running.as_ref().expect("it runs from the start to the finish") {
            Running::Local(_, origin) => origin,
            Running::Deployed(deployed) => deployed.origin(),
        }
    }

    /// Where its gallery answers by itself, without a trailing slash, for a journey with a reverse proxy.
    pub(crate) fn gallery(&self) -> &str {
        &self.proxy.as_ref().expect("a journey with a reverse proxy says so").1
    }

    /// The AWS account it is deployed into, for a journey that needs [one](Need::Account).
    pub(crate) fn account(&self) -> &Account {
        match &self.running {
            Some(Running::Deployed(deployed)) => deployed.account(),
            _ => panic!("a journey that is about an account says that it needs one"),
        }
    }

    /// The folder of this journey, for what its clients need to keep.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &[], &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::POST, path, &[], body).await
    }

    /// Calls `path` of this Latchkey, as nobody unless the headers say otherwise.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Reply {
        self.http.json(method, &format!("{}{path}", self.origin()), headers, body).await
    }

    /// Asks for a decision as a publisher does before a push; answers it, allow or deny.
    pub(crate) async fn asks(&self, key: &KeyText, action: &str, package: &str) -> Value {
        let asked = json!({ "action": action, "package": package, "preflight": true });
        let reply = self.call(Method::POST, "/authorize", &[("x-nuget-apikey", key.reveal())], &asked).await;
        let allowed = reply.status == 200;
        let decision = reply.body;
        assert_eq!(
            decision["decision"],
            if allowed { "allow" } else { "deny" },
            "{}: {decision}",
            reply.status
        );
        decision
    }

    /// The text of a legacy key, whose secret must not get out of here either.
    pub(crate) fn legacy_text(&self, text: &str) -> KeyText {
        self.secrets.remember_legacy(text);
        KeyText::from_before(text)
    }

    /// Moves the one clock.
    pub(crate) async fn advance_days(&self, days: u32) {
        self.post("/local/clock", &json!({ "advance_days": days })).await.expect(200);
    }

    /// Every mail sent, oldest first.
    pub(crate) async fn mail(&self) -> Vec<Value> {
        match self.get("/local/mail").await.expect(200) {
            Value::Array(mails) => mails,
            other => panic!("/local/mail answers no list: {other}"),
        }
    }

    /// The environment variables with which a function served elsewhere works on this Latchkey's table, KMS and SES.
    pub(crate) async fn environment(&self) -> BTreeMap<String, String> {
        let lines = self.get("/local/environment").await.expect(200);
        let lines = lines.as_str().expect("it is plain text").lines();
        lines
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    /// Ends the journey: the program stops cleanly, and no secret has got out: no key's, no pepper, no token, no grant.
    pub(crate) async fn finish(self) {
        let leaks = self.leaks().await;
        assert!(leaks.is_empty(), "a secret got out:\n{}", leaks.join("\n"));
    }

    /// Ends the journey; answers every place that a secret has got to, without the secret.
    pub(crate) async fn leaks(mut self) -> Vec<String> {
        let mut leaks = Vec::new();
        self.secrets.recall();
        let mails = self.http.unsearched(&format!("{}/local/mail", self.origin())).await.expect(200);
        for (number, mail) in mails.as_array().expect("mails are a list").iter().enumerate() {
            if self.secrets.leak_in(mail.to_string().as_bytes()) {
                leaks.push(format!("mail {number}"));
            }
        }
        let environment = self.environment().await;
        let values =
            table::values(&environment["AWS_ENDPOINT_URL_DYNAMODB"], &environment["TABLE_NAME"]).await;
        assert!(!values.is_empty(), "the table that was searched is not the one in use");
        for pepper in table::peppers(&environment).await {
            self.secrets.remember(&pepper);
        }
        for value in values.iter().filter(|value| self.secrets.leak_in(&value.bytes)) {
            leaks.push(format!("table: {}", Secrets::withheld(&value.place)));
        }
        self.stop().await;
        // Only now has the last word been written.
        for (number, line) in self.log.lines().iter().enumerate() {
            if self.secrets.leak_in(line.text.as_bytes()) {
                leaks.push(format!("line {} of {}, by {}", number + 1, self.log.path().display(), line.from));
            }
        }
        for file in self.data.iter().flat_map(|data| files(data)) {
            if self.secrets.leak_in(&fs::read(&file).expect("its own data can be read")) {
                leaks.push(file.display().to_string());
            }
        }
        self.finished = true;
        leaks
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        assert!(self.finished || thread::panicking(), "a journey ended without `Stage::finish`");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the data folder can be read") {
        let path = entry.expect("the data folder can be read").path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}
