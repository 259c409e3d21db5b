//! Files that hold a secret of the local program.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Writes a file that its owner alone can read, whole or not at all.
pub(crate) fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let beside = file.with_extension("new");
    // A leftover of a process that was killed here may have other permissions.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    written.write_all(content)?;
    written.sync_all()?;
    fs::rename(beside, file)
}
