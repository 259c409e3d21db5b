//! The steps that README has ready for builds, read from there and run as the runners of both services do: a build goes on
//! where the key may push, fails with the reason where it may not, and shows nobody the key.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Stdio};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;
use serde_yaml_ng::Value as Yaml;
use tokio::{process::Command, time::timeout};

use crate::{aws::bound, lambda::free_port, places, program::PATIENCE, publisher::Publisher, stage::Stage};

/// The programs that a step may start. Whatever else it starts is not found.
const PROGRAMS: [&str; 5] = ["curl", "cut", "grep", "tail", "tr"];

/// A step, and the shell that its service runs it with.
struct Step {
    service: &'static str,
    shell: &'static [&'static str],
    script: String,
    /// How it marks what is wrong, and what soon will be.
    marks: [&'static str; 2],
}

/// How a step ended.
struct Ran {
    succeeded: bool,
    output: String,
}

/// What is tried of both steps, and where.
struct Build<'a> {
    stage: &'a Stage,
    steps: [Step; 2],
}

/// The indented part of README that begins with this line, as YAML.
fn block(begins: &str) -> Yaml {
    let readme = fs::read_to_string(places::workspace().join("README.md")).unwrap();
    let lines = readme.lines().skip_while(|line| line.trim_start() != begins);
    let lines = lines.take_while(|line| line.starts_with("    "));
    let text = lines.map(|line| &line[4..]).collect::<Vec<_>>().join("\n");
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{begins}: {error}\n{text}"))
}

impl<'a> Build<'a> {
    fn new(stage: &'a Stage) -> Self {
        let actions = &block("- name: May this key push?")[0];
        let gitlab = &block("may-push:")["may-push"];
        for variables in [&actions["env"], &gitlab["variables"]] {
            assert_eq!(variables["PACKAGE"], "Fabrikam.Core");
            assert!(variables["LATCHKEY"].as_str().is_some_and(|origin| !origin.ends_with('/')));
        }
        assert_eq!(actions["env"]["NUGET_API_KEY"], "${{ secrets.NUGET_API_KEY }}");
        let script = |script: &Yaml| script.as_str().expect("it is a script").to_owned();
        let github = Step {
            service: "github",
            shell: &["bash", "--noprofile", "--norc", "-eo", "pipefail"],
            script: script(&actions["run"]),
            marks: ["::error::", "::warning::"],
        };
        // Its runner takes what shell the image has; here the plainest one.
        let gitlab = Step {
            service: "gitlab",
            shell: &["sh", "-e"],
            script: script(&gitlab["script"][0]),
            marks: ["ERROR: ", "WARNING: "],
        };
        Self { stage, steps: [github, gitlab] }
    }

    /// Runs both, and answers what they have come to. What each program was started with is searched for the key.
    async fn runs(&self, latchkey: &str, package: &str, key: &str) -> Vec<(&Step, Ran)> {
        let mut runs = Vec::new();
        for step in &self.steps {
            let ran = step.run(self.stage, latchkey, package, key).await;
            assert!(!self.stage.secrets().leak_in(ran.output.as_bytes()), "{} shows the key", step.service);
            runs.push((step, ran));
        }
        runs
    }

    /// The same, of which each has to fail and to mark these words.
    async fn fails(&self, latchkey: &str, package: &str, key: &str, because: &str) {
        for (step, Ran { succeeded, output }) in self.runs(latchkey, package, key).await {
            assert!(!succeeded, "{} goes on: {output}", step.service);
            let marked = output.lines().any(|line| line.starts_with(step.marks[0]) && line.contains(because));
            assert!(marked, "{} does not say {because:?}: {output}", step.service);
        }
    }
}

impl Step {
    async fn run(&self, stage: &Stage, latchkey: &str, package: &str, key: &str) -> Ran {
        let folder = stage.folder().join(self.service);
        let (programs, started) = (self.programs(&folder), folder.join("started"));
        fs::write(&started, "").unwrap();
        fs::write(folder.join("step.sh"), &self.script).unwrap();
        let shell = ["/bin", "/usr/bin"].map(|bin| PathBuf::from(bin).join(self.shell[0]));
        let shell = shell.into_iter().find(|shell| shell.exists()).expect("there is such a shell");
        let mut command = Command::new(shell);
        command.args(&self.shell[1..]).arg(folder.join("step.sh")).current_dir(&folder).env_clear();
        command.env("PATH", programs).env("STARTED", &started);
        command.env("LATCHKEY", latchkey).env("PACKAGE", package).env("NUGET_API_KEY", key);
        let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let ran = timeout(PATIENCE, running).await.expect("a step ends").unwrap();
        let started = fs::read_to_string(started).unwrap();
        assert!(started.contains("/authorize"), "{} has not asked: {started}", self.service);
        assert!(!stage.secrets().leak_in(started.as_bytes()), "{} has a key on a command line", self.service);
        let output =
            [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        output.lines().for_each(|line| stage.log().append(self.service, line));
        assert!(!output.contains("not found"), "{} starts more than it says: {output}", self.service);
        Ran { succeeded: ran.status.success(), output }
    }

    /// A folder of its programs, each of which writes down what it is started with.
    fn programs(&self, folder: &std::path::Path) -> PathBuf {
        let programs = folder.join("bin");
        fs::create_dir_all(&programs).unwrap();
        for name in PROGRAMS {
            let real = ["/usr/bin", "/bin"].map(|bin| PathBuf::from(bin).join(name));
            let real = real.into_iter().find(|real| real.exists()).expect("there is such a program");
            let written = format!(
                "#!/bin/sh\nprintf '%s\\n' {name} \"$@\" >>\"$STARTED\"\nexec {} \"$@\"\n",
                real.display()
            );
            fs::write(programs.join(name), written).unwrap();
            fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        programs
    }
}

/// Something that answers everything so, and is not Latchkey.
async fn stranger(answer: fn() -> Response) -> String {
    let (listener, at) = bound().await;
    let routes = Router::new().fallback(move || std::future::ready(answer()));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    at
}

#[tokio::test]
async fn a_build_goes_on_where_its_key_may_push_and_fails_with_the_reason_where_not() {
    let stage = Stage::ephemeral("build_steps").await;
    let build = Build::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Fabrikam.*"]).await;
    let (at, key) = (stage.origin(), made.text.reveal());
    for (step, Ran { succeeded, output }) in build.runs(at, "Fabrikam.Core", key).await {
        assert!(succeeded, "{} fails: {output}", step.service);
        assert!(output.starts_with("Allowed: Fabrikam.* covers the package. Key: a key ("), "{output}");
        assert!(!output.contains(step.marks[1]), "{output}");
    }
    assert!(alice.key(&made.key).await["last_push_at"].is_null(), "it was only asked");

    let page = format!("at {at}/, or widen Fabrikam.*.");
    build.fails(at, "Fabrikan.Core", key, &format!("Add Fabrikan.Core to this key's packages {page}")).await;
    build.fails(at, "Fabrikan.Core", key, "This API key does not cover Fabrikan.Core; its nearest").await;
    build.fails(at, "Fabrikam.Core", "", "No API key was sent.").await;
    build.fails(at, "Fabrikam.Core", "nonsense", "This API key is not known.").await;
    alice.revoke(&made.key).await;
    build
        .fails(at, "Fabrikam.Core", key, &format!("Make a new key at {at}/, since one that was revoked"))
        .await;
    stage.finish().await;
}

#[tokio::test]
async fn a_build_warns_where_its_key_ends_within_ten_days() {
    let stage = Stage::ephemeral("build_steps_ending").await;
    let build = Build::new(&stage);
    let alice = Publisher::sign_in(&stage, "alice").await;
    for (days, warns) in [(5, true), (12, false)] {
        let asked =
            json!({ "name": "short", "actions": ["push"], "packages": ["*"], "expires_in_days": days });
        let key = alice.create_from(&asked).await.text;
        for (step, Ran { succeeded, output }) in
            build.runs(stage.origin(), "Fabrikam.Core", key.reveal()).await
        {
            assert!(succeeded, "{} fails: {output}", step.service);
            let warned = output.lines().find(|line| line.starts_with(step.marks[1]));
            assert_eq!(warned.is_some(), warns, "{days} days: {output}");
            assert!(
                warned.is_none_or(|line| {
                    line.contains("This API key ends in 4 days, on ") && line.contains("Refresh this key at ")
                }),
                "{output}"
            );
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_build_fails_clearly_where_nothing_is_decided() {
    let stage = Stage::ephemeral("build_steps_undecided").await;
    let build = Build::new(&stage);
    let key = Publisher::sign_in(&stage, "alice").await.create(&["push"], &["*"]).await.text;
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let unavailable = stranger(|| StatusCode::SERVICE_UNAVAILABLE.into_response()).await;
    let portal = stranger(|| "Welcome to our network!".into_response()).await;
    let refuses = stranger(|| StatusCode::FORBIDDEN.into_response()).await;
    let contradicts =
        stranger(|| (StatusCode::BAD_GATEWAY, [("X-Latchkey-Decision", "allow")]).into_response()).await;
    for (at, status) in
        [(nobody, "000"), (unavailable, "503"), (portal, "200"), (refuses, "403"), (contradicts, "502")]
    {
        let because = format!("Latchkey has not decided (HTTP status {status}).");
        build.fails(&at, "Fabrikam.Core", key.reveal(), &because).await;
    }
    // Nor is what was asked badly.
    build.fails(stage.origin(), "Fabrikam Core", key.reveal(), "has not decided (HTTP status 400)").await;
    stage.finish().await;
}
