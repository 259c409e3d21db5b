//! A browser, Debian's Chromium without a window, driven by WebDriver (<https://www.w3.org/TR/webdriver2/>) and where
//! that ends by Chromium's own DevTools protocol.
//!
//! Things on a page are found as a screen reader finds them, by role and name in the accessibility tree, within shadow
//! roots too, and are clicked and typed into as a person does it: what is covered or hidden cannot be. Whatever a
//! journey waits for it waits for in the page, frame by frame. All that the driver answers is searched for secrets, so
//! a key text that a page shows to a journey in any way ends it.

mod answers;
mod axe;
mod clock;
mod find;
mod keyboard;
mod look;
mod seen;
mod wire;

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::process::Command;

pub(crate) use answers::Fate;

use crate::{log::Log, program::Program, publisher::KeyText, stage::Stage};
use wire::Wire;

/// How long something may take to come about in a page before the journey gives it up. Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What Chromium is started with: no window, no sandbox (which root cannot have), and no calls home.
const ARGUMENTS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-US",
];

/// A browser with one window, at a stage. A journey ends with [`Browser::finish`]; dropped, it is killed.
pub(crate) struct Browser {
    driver: Option<Program>,
    group: Pid,
    wire: Wire,
    folder: PathBuf,
    origin: String,
    log: Log,
    finished: bool,
}

impl Browser {
    /// A new browser that remembers nothing, before an empty page.
    pub(crate) async fn start(stage: &Stage) -> Self {
        let folder = stage.folder().to_owned();
        let (driver, at) = driver(&folder, stage.log()).await;
        let arguments = ARGUMENTS.iter().map(|argument| (*argument).to_owned());
        let profile = format!("--user-data-dir={}", folder.join("browser").display());
        let arguments: Vec<String> = arguments.chain([profile]).collect();
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": arguments },
            "timeouts": { "script": PATIENCE.as_millis() },
        });
        let wire = Wire::open(stage.http().clone(), &at, &capabilities).await;
        let (origin, log) = (stage.origin().to_owned(), stage.log().clone());
        Self { group: driver.id(), driver: Some(driver), wire, folder, origin, log, finished: false }
    }

    /// Opens an address of the stage, and waits until it has loaded.
    pub(crate) async fn open(&self, path: &str) {
        self.wire.post("/url", &json!({ "url": format!("{}{path}", self.origin) })).await;
    }

    /// Loads the page anew.
    pub(crate) async fn reload(&self) {
        self.wire.post("/refresh", &json!({})).await;
    }

    /// Goes back to the page before.
    pub(crate) async fn back(&self) {
        self.wire.post("/back", &json!({})).await;
    }

    /// Has every page run this script before its own, from the next that is loaded on.
    pub(crate) async fn before_each_page(&self, script: &str) {
        self.wire.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script })).await;
    }

    /// Runs the body of a function in the page; answers what it returns, or what that promises.
    pub(crate) async fn run(&self, body: &str, arguments: &[Value]) -> Value {
        self.wire.run(body, arguments).await.unwrap_or_else(|error| panic!("a script fails: {error}"))
    }

    /// Waits until the body of a function returns something that is true; answers that.
    pub(crate) async fn until(&self, what: &str, body: &str, arguments: &[Value]) -> Value {
        let waiting = format!(
            "const look = (...parts) => {{ {body} }};
             return new Promise((done, fail) => {{
               const frame = () => {{
                 try {{ const seen = look(...arguments); seen ? done(seen) : requestAnimationFrame(frame); }}
                 catch (error) {{ fail(error); }}
               }};
               frame();
             }});",
            body = body.replace("arguments", "parts"),
        );
        match self.wire.run(&waiting, arguments).await {
            Ok(seen) => seen,
            Err(error) => self.gave_up(what, &error).await,
        }
    }

    /// What the page has put onto the clipboard; empty if nothing.
    pub(crate) async fn clipboard(&self) -> KeyText {
        let permissions = json!({ "origin": self.origin, "permissions": ["clipboardReadWrite"] });
        self.wire.devtools("Browser.grantPermissions", &permissions).await;
        let text = self.wire.reveal("return navigator.clipboard.readText()").await;
        self.wire.devtools("Browser.resetPermissions", &json!({})).await;
        KeyText::copied(text.as_str().expect("a clipboard's text is text"))
    }

    /// Cuts the page off from every server, or lets it reach them again.
    pub(crate) async fn offline(&self, offline: bool) {
        self.wire.devtools("Network.enable", &json!({})).await;
        let conditions =
            json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.wire.devtools("Network.emulateNetworkConditions", &conditions).await;
    }

    /// What the browser has to complain of since it was last asked: errors, warnings, violations of a page's policy.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let entries = self.wire.post("/se/log", &json!({ "type": "browser" })).await;
        let mut complaints = Vec::new();
        for entry in entries.as_array().expect("a log has entries") {
            let said = format!("{} {}", entry["level"].as_str().unwrap(), entry["message"].as_str().unwrap());
            self.log.append("browser", &said);
            if matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")) {
                complaints.push(said);
            }
        }
        complaints
    }

    /// Expects that the browser complains of one thing only, in which each of these is said: an answer's status, say.
    pub(crate) async fn complains_of(&self, parts: &[&str]) {
        let complaints = self.complaints().await;
        let told = matches!(complaints.as_slice(), [one] if parts.iter().all(|part| one.contains(part)));
        assert!(told, "the browser does not complain of {parts:?} alone: {complaints:#?}");
    }

    /// Ends it. It has nothing to complain of.
    pub(crate) async fn finish(mut self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        self.wire.close().await;
        self.finished = true;
        let driver = self.driver.take().expect("it runs from the start to the finish");
        driver.stop().await;
    }

    async fn gave_up(&self, what: &str, error: &str) -> ! {
        self.picture("gave-up").await;
        let (text, picture) = (self.text().await, self.folder.join("gave-up.png"));
        panic!("in vain for {what} ({error}): see {}, which says:\n{text}", picture.display())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver's own end is not the end of the browser that it has started.
        let _ = kill_process_group(self.group, Signal::KILL);
        assert!(self.finished || thread::panicking(), "a journey ended without `Browser::finish`");
    }
}

/// A driver in a process group of its own, and where it answers.
async fn driver(folder: &Path, log: &Log) -> (Program, String) {
    loop {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").process_group(0).current_dir(folder);
        // It speaks and reckons alike on every machine, and reaches no farther than this one.
        command.env("HOME", folder).env("LC_ALL", "C.UTF-8").env("LANGUAGE", "en").env("TZ", "UTC");
        for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        let before = log.lines().len();
        let mut driver = Program::start("chromedriver", command, log);
        let started = driver.line_unless_it_ends("ChromeDriver was started successfully on port ").await;
        if let Some(port) = started {
            return (driver, format!("http://127.0.0.1:{}", port.trim_end_matches('.')));
        }
        // It takes a port that is free on ::1, and gives up where that one is not free on 127.0.0.1 too.
        driver.ended().await;
        let unlucky = log.lines()[before..].iter().any(|line| line.text.contains("port not available"));
        assert!(unlucky, "the driver does not start: see {}", log.path().display());
    }
}
