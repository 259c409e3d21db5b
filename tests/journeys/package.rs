//! Packages to push, small and real.

use std::io::{Cursor, Write as _};

use hyper::Method;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{http::Reply, publisher::KeyText, stage::Stage};

/// A package: an id, a version, and the least that a `.nupkg` must hold.
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) version: String,
    /// How many bytes it holds besides.
    filling: usize,
}

impl Package {
    pub(crate) fn new(id: &str, version: &str) -> Self {
        Self { id: id.to_owned(), version: version.to_owned(), filling: 0 }
    }

    /// One that holds `filling` bytes more, which nothing makes smaller.
    pub(crate) fn filled(id: &str, version: &str, filling: usize) -> Self {
        Self { filling, ..Self::new(id, version) }
    }

    /// Uploads it as NuGet's protocol says, without the client: a form with one file, put to `path`.
    pub(crate) async fn put(&self, stage: &Stage, path: &str, key: &KeyText) -> Reply {
        self.put_with(stage, path, &[("x-nuget-apikey", key.reveal())]).await
    }

    /// The same, with these headers and no key but what is among them.
    pub(crate) async fn put_with(&self, stage: &Stage, path: &str, sent: &[(&str, &str)]) -> Reply {
        const HEAD: &[u8] =
            b"--journeys\r\nContent-Disposition: form-data; name=\"package\"; filename=\"package.nupkg\"\r\n\r\n";
        let form = [HEAD, &self.bytes(), b"\r\n--journeys--\r\n"].concat();
        let mut headers = vec![("content-type", "multipart/form-data; boundary=journeys")];
        headers.extend(sent);
        stage.http().send(Method::PUT, &format!("{}{path}", stage.origin()), &headers, form.into()).await
    }

    /// The bytes of its `.nupkg`: a zip in the shape of the Open Packaging Conventions, with a manifest at its root.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { id, version, filling } = self;
        let files = [
            (
                "[Content_Types].xml".to_owned(),
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
                 <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
                 <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Default Extension=\"nuspec\" ContentType=\"application/octet\"/>\
                 <Default Extension=\"bin\" ContentType=\"application/octet\"/>\
                 <Default Extension=\"txt\" ContentType=\"application/octet\"/></Types>"
                    .to_owned(),
            ),
            (
                "_rels/.rels".to_owned(),
                format!(
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
                     <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                     <Relationship Type=\"http://schemas.microsoft.com/packaging/2010/07/manifest\" \
                     Target=\"/{id}.nuspec\" Id=\"R1\"/></Relationships>"
                ),
            ),
            (
                format!("{id}.nuspec"),
                format!(
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
                     <package xmlns=\"http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd\"><metadata>\
                     <id>{id}</id><version>{version}</version><authors>Journeys</authors>\
                     <description>A package to push.</description></metadata></package>"
                ),
            ),
            ("content/readme.txt".to_owned(), format!("{id} {version}\n")),
        ];
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        if *filling > 0 {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            zip.start_file("content/filling.bin", options).unwrap();
            zip.write_all(&noise(*filling)).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

/// The same bytes each time, without a pattern (xorshift, Marsaglia 2003).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let mut bytes: Vec<u8> = words.take(length.div_ceil(8)).flatten().collect();
    bytes.truncate(length);
    bytes
}
