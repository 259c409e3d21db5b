//! What the local program does before and after it runs: it keeps what it was told to, and says in one line what is
//! in its way.

use std::{fs, net::TcpListener};

use tokio::process::Command;

use crate::{log::Log, package::Package, places, program::Program, publisher::Publisher, stage::Stage};

#[tokio::test]
async fn a_key_works_after_a_restart() {
    let mut stage = Stage::kept("restart").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let (made, gone) =
        (alice.create(&["push"], &["Tailspin.*"]).await, alice.create(&["push"], &["*"]).await);
    alice.delete(&gone.key).await;
    let package = Package::new("Tailspin.Tools", "1.0.0");
    assert_eq!(stage.asks(&made.text, "push", &package.id).await["decision"], "allow");

    stage.restart().await;
    assert_eq!(stage.asks(&made.text, "push", &package.id).await["decision"], "allow");
    assert_eq!(stage.asks(&gone.text, "push", &package.id).await["reason"], "unknown");
    let alice = Publisher::sign_in(&stage, "alice").await;
    assert_eq!(alice.keys().await, [made.key], "the key is as it was");
    stage.finish().await;
}

#[tokio::test]
async fn a_busy_port_is_told_in_one_line() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let said = refused("busy_port", &["--ephemeral", "--port", &port]).await;
    assert!(said.contains(&port), "{said}");
}

#[tokio::test]
async fn a_data_folder_that_is_none_is_told_in_one_line() {
    let file = places::folder("no_data_folder").join("data");
    fs::write(&file, "not a folder").unwrap();
    let path = file.to_str().unwrap();
    let said = refused("no_data_folder_log", &["--port", "0", "--data-dir", path]).await;
    assert!(said.contains(path), "{said}");
}

/// Starts the program, which must end by itself and fail; answers the only line it says.
async fn refused(journey: &str, arguments: &[&str]) -> String {
    let log = Log::create(places::folder(journey).join("log"));
    let mut command = Command::new(places::binary("local"));
    command.env_clear().current_dir(places::workspace()).args(arguments);
    let status = Program::start("local", command, &log).ended().await;
    assert!(!status.success(), "it starts all the same");
    let lines: Vec<String> = log.lines().into_iter().map(|line| line.text).collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines.concat()
}
