//! The real NuGet client, command line version 5.8, run by Mono.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{process::Command, time::timeout};

use crate::{log::Log, package::Package, places, program::PATIENCE, publisher::KeyText, stage::Stage};

/// The client, pointed at one gallery. Each has a home of its own: the client keeps a source's index for half an hour,
/// by its address, and a port may come back as another gallery's.
pub(crate) struct NuGet<'a> {
    exe: PathBuf,
    home: &'a Path,
    source: String,
    log: &'a Log,
}

/// How a run of the client ended.
pub(crate) struct Ran {
    pub(crate) succeeded: bool,
    /// What it wrote, to both of its outputs.
    pub(crate) output: String,
}

impl<'a> NuGet<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Self::at(stage, stage.origin())
    }

    /// The client, pointed at where a reverse proxy has the gallery.
    pub(crate) fn at(stage: &'a Stage, origin: &str) -> Self {
        let nuget = Self {
            exe: places::tool("npm/node_modules/nuget-exe/nuget-5.8.0.exe"),
            home: stage.folder(),
            source: format!("{origin}/v3/index.json"),
            log: stage.log(),
        };
        let config = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <configuration><packageSources><clear/><add key=\"gallery\" value=\"{}\"/></packageSources></configuration>",
            nuget.source
        );
        fs::write(nuget.config(), config).expect("the journey's folder can be written to");
        nuget
    }

    /// `nuget push`, with a key or without.
    pub(crate) async fn push(&self, package: &Package, key: Option<&KeyText>) -> Ran {
        let file = self.home.join(format!("{}.{}.nupkg", package.id, package.version));
        fs::write(&file, package.bytes()).expect("the journey's folder can be written to");
        let file = file.to_str().expect("the target folder is UTF-8");
        self.run(&["push", file], key).await
    }

    /// `nuget delete`, which asks the gallery to unlist.
    pub(crate) async fn unlist(&self, package: &Package, key: &KeyText) -> Ran {
        self.run(&["delete", &package.id, &package.version], Some(key)).await
    }

    /// `nuget list`: whether the gallery lists this version of the package.
    pub(crate) async fn lists(&self, package: &Package) -> bool {
        let listed = self.run(&["list", &package.id, "-AllVersions", "-Prerelease"], None).await;
        assert!(listed.succeeded, "the client cannot list: {}", listed.output);
        listed.output.lines().any(|line| line.trim() == format!("{} {}", package.id, package.version))
    }

    async fn run(&self, arguments: &[&str], key: Option<&KeyText>) -> Ran {
        let mut command = Command::new("mono");
        command.arg(&self.exe).args(arguments).args([
            "-Source",
            &self.source,
            "-NonInteractive",
            "-ConfigFile",
        ]);
        command.arg(self.config());
        if let Some(key) = key {
            command.args(["-ApiKey", key.reveal()]);
        }
        // The client speaks the language of the machine, and keeps settings, caches and locks at home and in TMPDIR.
        command.env("LC_ALL", "C.UTF-8").env("HOME", self.home).env("TMPDIR", self.home);
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let ran = timeout(PATIENCE, running).await.unwrap_or_else(|_| panic!("nuget {} hangs", arguments[0]));
        let ran = ran.unwrap_or_else(|error| panic!("Mono does not start, `tests/run` installs it: {error}"));
        let output =
            [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        self.log.append("nuget", &arguments.join(" "));
        output.lines().for_each(|line| self.log.append("nuget", line));
        Ran { succeeded: ran.status.success(), output }
    }

    fn config(&self) -> PathBuf {
        self.home.join("NuGet.Config")
    }
}

impl Ran {
    /// Expects that it went well, and that the client had nothing to warn of.
    #[track_caller]
    pub(crate) fn went_well(&self) {
        assert!(self.succeeded, "the client fails: {}", self.output);
    }

    /// Expects that the gallery refused, with this HTTP status, and that the client's own output says why.
    #[track_caller]
    pub(crate) fn was_refused(&self, status: &str, because: &str) {
        assert!(!self.succeeded, "the client succeeds: {}", self.output);
        assert!(self.output.contains(status), "the client says no {status}: {}", self.output);
        // It wraps no lines when its output is not a terminal.
        assert!(self.output.contains(because), "the client does not say {because:?}: {}", self.output);
    }
}
