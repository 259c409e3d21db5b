//! Where things lie.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::Result;

/// The workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program of the release build.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    there(workspace().join("target/release").join(name))
}

/// What `tests/measure` has installed.
pub(crate) fn tool(path: &str) -> Result<PathBuf> {
    there(workspace().join("target/tools").join(path))
}

fn there(path: PathBuf) -> Result<PathBuf> {
    match path.exists() {
        true => Ok(path),
        false => Err(format!("{} is missing: `tests/measure` makes it", path.display()).into()),
    }
}

/// The folder for what is made on the way.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = workspace().join("target/measurements");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Where a part's findings are kept.
pub(crate) fn kept(part: &str) -> Result<PathBuf> {
    Ok(folder()?.join(format!("{part}.json")))
}
