//! What the gallery reads out of an upload, apart from storing it: for whoever tries that on what no client would send. The
//! routes read with the same functions.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;

use crate::{manifest::Manifest, nupkg, upload};

/// What a package says it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Release {
    /// Its id, as its publisher wrote it.
    pub id: String,
    /// Its version, normalised.
    pub version: String,
}

/// Reads a `.nuspec`.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn manifest(xml: &[u8]) -> Result<Release, String> {
    Manifest::read(xml).map(|manifest| Release::of(&manifest)).map_err(|error| error.to_string())
}

/// Reads a `.nupkg`: what it is, and its `.nuspec` as it stands in it.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn package(zip: &[u8]) -> Result<(Release, Vec<u8>), String> {
    let contents = nupkg::read(zip).map_err(|error| error.to_string())?;
    Ok((Release::of(&contents.manifest), contents.nuspec))
}

/// Takes the file out of the body of a push.
///
/// # Errors
/// What is wrong with it, for a person.
pub async fn upload(headers: &HeaderMap, body: Bytes) -> Result<Bytes, String> {
    upload::first_part(headers, Body::from(body)).await.map_err(|error| error.to_string())
}

impl Release {
    fn of(manifest: &Manifest) -> Self {
        Self { id: manifest.id.to_string(), version: manifest.version.to_string() }
    }
}
