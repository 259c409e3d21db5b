use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Inner,
    manifest::{DependencyGroup, Manifest},
    package_id::PackageId,
    package_version::PackageVersion,
    refusal::Refusal,
    shelf::{Entry, Release},
    writes::{no_such_release, storage_fault},
};

/// The most search results a page holds.
const MAXIMUM_PAGE: usize = 100;

/// NuGet's v3 protocol, reading: service index, flat container, registrations, search.
/// Source: <https://learn.microsoft.com/nuget/api/overview>.
pub(crate) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/v3/index.json", get(index))
        .route("/v3/flat-container/{id}/index.json", get(versions))
        .route("/v3/flat-container/{id}/{version}/{file}", get(file))
        .route("/v3/registration/{id}/index.json", get(registration))
        .route("/v3/registration/{id}/{leaf}", get(leaf))
        .route("/v3/search", get(search))
}

async fn index(State(gallery): State<Arc<Inner>>) -> Json<Value> {
    let origin = &gallery.origin;
    let resource = |kind: &str, path: &str| json!({ "@id": format!("{origin}{path}"), "@type": kind });
    Json(json!({
        "version": "3.0.0",
        "resources": [
            resource("PackagePublish/2.0.0", "/api/v2/package"),
            resource("SymbolPackagePublish/4.9.0", "/api/v2/symbolpackage"),
            resource("PackageBaseAddress/3.0.0", "/v3/flat-container/"),
            resource("RegistrationsBaseUrl", "/v3/registration/"),
            resource("RegistrationsBaseUrl/3.4.0", "/v3/registration/"),
            resource("RegistrationsBaseUrl/3.6.0", "/v3/registration/"),
            resource("SearchQueryService", "/v3/search"),
            resource("SearchQueryService/3.0.0-beta", "/v3/search"),
            resource("SearchQueryService/3.0.0-rc", "/v3/search"),
            resource("LegacyGallery/2.0.0", "/v2"),
        ],
    }))
}

async fn versions(State(gallery): State<Arc<Inner>>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let entry = gallery.find(&id)?;
    let versions: Vec<String> = entry.releases.keys().map(PackageVersion::identity).collect();
    Ok(Json(json!({ "versions": versions })))
}

async fn file(
    State(gallery): State<Arc<Inner>>,
    Path((id, version, file)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let (entry, release) = gallery.find_release(&id, &version)?;
    let id = entry.id.identity();
    let file = file.to_ascii_lowercase();
    if file == format!("{id}.nuspec") {
        return Ok(([(header::CONTENT_TYPE, "application/xml")], release.nuspec).into_response());
    }
    let stem = format!("{id}.{}", release.manifest.version.identity());
    let stored = match file.strip_prefix(&stem) {
        Some(".nupkg") => Some(&release.package),
        Some(".snupkg") => release.symbols.as_ref(),
        _ => None,
    };
    let content = stored.ok_or_else(no_such_release)?.read().await.map_err(|error| storage_fault(&error))?;
    Ok(download(content))
}

/// A package file as a reply.
pub(crate) fn download(content: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/octet-stream")], Body::from(content)).into_response()
}

async fn registration(
    State(gallery): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let entry = gallery.find(&id)?;
    let at = gallery.registration_of(&entry.id);
    let items: Vec<Value> =
        entry.releases.values().map(|release| gallery.registration_leaf(release)).collect();
    let edge = |version: Option<&PackageVersion>| version.map(ToString::to_string);
    let page = json!({
        "@id": format!("{at}#page"),
        "count": items.len(),
        "lower": edge(entry.releases.keys().next()),
        "upper": edge(entry.releases.keys().next_back()),
        "items": items,
    });
    Ok(Json(json!({ "@id": at, "count": 1, "items": [page] })))
}

async fn leaf(
    State(gallery): State<Arc<Inner>>,
    Path((id, leaf)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let version = leaf.strip_suffix(".json").ok_or_else(no_such_release)?;
    let (_, release) = gallery.find_release(&id, version)?;
    Ok(Json(gallery.registration_leaf(&release)))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    skip: usize,
    take: Option<usize>,
    #[serde(default)]
    prerelease: bool,
}

async fn search(State(gallery): State<Arc<Inner>>, Query(search): Query<Search>) -> Json<Value> {
    let found: Vec<(Entry, Vec<Release>)> = gallery
        .shelf
        .entries()
        .into_iter()
        .filter_map(|entry| {
            let shown: Vec<Release> = listed(&entry, search.prerelease).cloned().collect();
            let latest = shown.last()?;
            matches(&latest.manifest, &search.q).then_some((entry, shown))
        })
        .collect();
    let take = search.take.unwrap_or(20).min(MAXIMUM_PAGE);
    let page = found.iter().skip(search.skip).take(take);
    let results: Vec<Value> = page.filter_map(|(entry, shown)| gallery.search_result(entry, shown)).collect();
    Json(json!({ "totalHits": found.len(), "data": results }))
}

/// The releases of a package that a list shows, oldest first.
pub(crate) fn listed(entry: &Entry, prerelease: bool) -> impl Iterator<Item = &Release> {
    entry
        .releases
        .values()
        .filter(move |release| release.listed && (prerelease || !release.manifest.version.is_prerelease()))
}

/// Whether every word of a search occurs in what a package says of itself.
pub(crate) fn matches(manifest: &Manifest, words: &str) -> bool {
    let text = format!("{} {} {} {}", manifest.id, manifest.title, manifest.description, manifest.tags)
        .to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

impl Inner {
    pub(crate) fn find(&self, id: &str) -> Result<Entry, Refusal> {
        let id: PackageId = id.parse().map_err(|_| no_such_package())?;
        self.shelf.entry(&id).ok_or_else(no_such_package)
    }

    pub(crate) fn find_release(&self, id: &str, version: &str) -> Result<(Entry, Release), Refusal> {
        let mut entry = self.find(id)?;
        let version: PackageVersion = version.parse().map_err(|_| no_such_release())?;
        let release = entry.releases.remove(&version).ok_or_else(no_such_release)?;
        Ok((entry, release))
    }

    /// Where a release's package can be downloaded.
    pub(crate) fn content_of(&self, manifest: &Manifest) -> String {
        let (id, version) = (manifest.id.identity(), manifest.version.identity());
        format!("{}/v3/flat-container/{id}/{version}/{id}.{version}.nupkg", self.origin)
    }

    fn registration_of(&self, id: &PackageId) -> String {
        format!("{}/v3/registration/{}/index.json", self.origin, id.identity())
    }

    fn registration_leaf_of(&self, manifest: &Manifest) -> String {
        let (id, version) = (manifest.id.identity(), manifest.version.identity());
        format!("{}/v3/registration/{id}/{version}.json", self.origin)
    }

    fn registration_leaf(&self, release: &Release) -> Value {
        let manifest = &release.manifest;
        let at = self.registration_leaf_of(manifest);
        let groups: Vec<Value> = manifest.dependency_groups.iter().map(dependency_group).collect();
        json!({
            "@id": at,
            "packageContent": self.content_of(manifest),
            "registration": self.registration_of(&manifest.id),
            "listed": release.listed,
            "catalogEntry": {
                "@id": format!("{at}#entry"),
                "id": manifest.id.as_str(),
                "version": manifest.version.full(),
                "title": manifest.title,
                "authors": manifest.authors,
                "description": manifest.description,
                "tags": manifest.tags.split_whitespace().collect::<Vec<_>>(),
                "listed": release.listed,
                "packageContent": self.content_of(manifest),
                "dependencyGroups": groups,
            },
        })
    }

    fn search_result(&self, entry: &Entry, shown: &[Release]) -> Option<Value> {
        let latest = &shown.last()?.manifest;
        let version = |release: &Release| {
            let manifest = &release.manifest;
            json!({ "@id": self.registration_leaf_of(manifest), "version": manifest.version.full(), "downloads": 0 })
        };
        Some(json!({
            "@id": self.registration_of(&entry.id),
            "registration": self.registration_of(&entry.id),
            "id": entry.id.as_str(),
            "version": latest.version.full(),
            "title": latest.title,
            "authors": [latest.authors],
            "description": latest.description,
            "tags": latest.tags.split_whitespace().collect::<Vec<_>>(),
            "owners": entry.owners.owners,
            "totalDownloads": 0,
            "versions": shown.iter().map(version).collect::<Vec<_>>(),
        }))
    }
}

fn dependency_group(group: &DependencyGroup) -> Value {
    let dependencies: Vec<Value> = group
        .dependencies
        .iter()
        .map(|dependency| {
            let range = if dependency.range.is_empty() { "(, )" } else { &dependency.range };
            json!({ "id": dependency.id, "range": range })
        })
        .collect();
    let mut object = json!({ "dependencies": dependencies });
    if let Some(framework) = &group.framework {
        object["targetFramework"] = json!(framework);
    }
    object
}

fn no_such_package() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no_such_package", "The gallery has no such package.")
}
