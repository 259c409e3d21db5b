//! Where things lie, found from where this binary lies: `target/debug/deps`.

use std::path::PathBuf;

/// The workspace.
pub(crate) fn workspace() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are a member of the workspace").to_owned()
}

/// A program of the workspace, from the build that this binary is of.
pub(crate) fn binary(name: &str) -> PathBuf {
    let binary = build().join(name);
    assert!(binary.exists(), "{} is missing: `cargo build` makes it", binary.display());
    binary
}

/// What `tests/run` has installed.
pub(crate) fn tool(path: &str) -> PathBuf {
    let tool = target().join("tools").join(path);
    assert!(tool.exists(), "{} is missing: `tests/run` installs it", tool.display());
    tool
}

/// An empty folder for the journey of this name.
pub(crate) fn folder(journey: &str) -> PathBuf {
    let folder = target().join("journeys").join(journey);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", folder.display()),
        _ => std::fs::create_dir_all(&folder).expect("the target folder can be written to"),
    }
    folder
}

/// Where the programs of this build lie.
pub(crate) fn build() -> PathBuf {
    let this = std::env::current_exe().expect("a running program has a file");
    this.ancestors().nth(2).expect("cargo puts tests into target/<profile>/deps").to_owned()
}

/// The target folder.
pub(crate) fn target() -> PathBuf {
    build().parent().expect("cargo puts builds into target/<profile>").to_owned()
}
