//! NuGet packages to push: a manifest in a zip, in a form.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::Result;

pub(crate) const BOUNDARY: &str = "measured";

/// The body of a push.
pub(crate) fn upload(id: &str, version: &str) -> Result<Vec<u8>> {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=package; filename=package\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend(nupkg(id, version)?);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    Ok(body)
}

fn nupkg(id: &str, version: &str) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file(format!("{id}.nuspec"), stored)?;
    write!(
        archive,
        "<package><metadata><id>{id}</id><version>{version}</version><authors>a</authors>\
         <description>measured</description></metadata></package>"
    )?;
    Ok(archive.finish()?.into_inner())
}
