use std::{collections::HashMap, fmt::Write, sync::Arc};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    Inner,
    feed_v3::{download, listed, matches},
    refusal::Refusal,
    shelf::{Entry, Release},
    writes::{no_such_release, storage_fault},
};

/// The most entries a page holds.
const MAXIMUM_PAGE: usize = 100;
/// The gallery takes no time from anywhere, and this protocol demands one; a year of 1900 means unlisted.
const LISTED: &str = "2000-01-01T00:00:00Z";
const UNLISTED: &str = "1900-01-01T00:00:00Z";

const SERVICE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<service xmlns="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom"><workspace>
<atom:title>Default</atom:title>
<collection href="Packages"><atom:title>Packages</atom:title></collection>
</workspace></service>"#;

const METADATA: &str = include_str!("feed_v2_metadata.xml");

/// The part of NuGet's v2 protocol (OData with Atom) that `nuget list` and older clients read: search, one id's
/// versions, one package. `$filter` is understood as far as clients use it to ask for latest versions.
pub(crate) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/v2", get(async || xml("application/xml", SERVICE.to_owned())))
        .route("/v2/", get(async || xml("application/xml", SERVICE.to_owned())))
        .route("/v2/$metadata", get(async || xml("application/xml", METADATA.to_owned())))
        .route("/v2/Search()", get(search))
        .route("/v2/Search()/$count", get(count))
        .route("/v2/Packages()", get(search))
        .route("/v2/FindPackagesById()", get(by_id))
        .route("/v2/{package}", get(one))
        .route("/v2/package/{id}/{version}", get(content))
}

type Options = Query<HashMap<String, String>>;

async fn search(State(gallery): State<Arc<Inner>>, Query(options): Options) -> Response {
    let found = gallery.v2_search(&options);
    let number = |name: &str| options.get(name).and_then(|value| value.parse::<usize>().ok());
    let take = number("$top").unwrap_or(MAXIMUM_PAGE).min(MAXIMUM_PAGE);
    let page: Vec<Found> = found.into_iter().skip(number("$skip").unwrap_or(0)).take(take).collect();
    gallery.feed(&page)
}

async fn count(State(gallery): State<Arc<Inner>>, Query(options): Options) -> String {
    gallery.v2_search(&options).len().to_string()
}

async fn by_id(State(gallery): State<Arc<Inner>>, Query(options): Options) -> Response {
    let entry = gallery.find(&text_option(&options, "id"));
    gallery.feed(&entry.map(|entry| versions(&entry)).unwrap_or_default())
}

/// `Packages(Id='..',Version='..')`, which is one path segment.
async fn one(State(gallery): State<Arc<Inner>>, Path(package): Path<String>) -> Result<Response, Refusal> {
    let key = package
        .strip_prefix("Packages(")
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(no_such_release)?;
    let part = |name: &str| {
        let part = key.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        part.map(unquote).ok_or_else(no_such_release)
    };
    let (entry, release) = gallery.find_release(&part("Id")?, &part("Version")?)?;
    let latest =
        release.listed && listed(&entry, true).all(|other| other.manifest.version < release.manifest.version);
    let found = Found { release, latest };
    Ok(xml(
        "application/atom+xml;type=entry",
        gallery.entry(&found, " xmlns=\"http://www.w3.org/2005/Atom\""),
    ))
}

async fn content(
    State(gallery): State<Arc<Inner>>,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (_, release) = gallery.find_release(&id, &version)?;
    Ok(download(release.package.read().await.map_err(|error| storage_fault(&error))?))
}

/// A release as a result, and whether it is its package's latest listed one.
struct Found {
    release: Release,
    latest: bool,
}

fn versions(entry: &Entry) -> Vec<Found> {
    let latest = listed(entry, true).last().map(|release| &release.manifest.version);
    let found = entry
        .releases
        .values()
        .map(|release| Found { latest: latest == Some(&release.manifest.version), release: release.clone() });
    found.collect()
}

/// An OData string option without its quotes; empty if absent.
fn text_option(options: &HashMap<String, String>, name: &str) -> String {
    options.get(name).map(|value| unquote(value)).unwrap_or_default()
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(text).replace("''", "'")
}

impl Inner {
    fn v2_search(&self, options: &HashMap<String, String>) -> Vec<Found> {
        let words = text_option(options, "searchTerm");
        let filter = options.get("$filter").map_or("", String::as_str);
        let absolute = filter.contains("IsAbsoluteLatestVersion");
        let prerelease = absolute || options.get("includePrerelease").is_some_and(|value| value == "true");
        let latest_only = absolute || filter.contains("IsLatestVersion");
        let mut found = Vec::new();
        for entry in self.shelf.entries() {
            let shown: Vec<&Release> = listed(&entry, prerelease).collect();
            let Some((last, older)) = shown.split_last() else { continue };
            if !matches(&last.manifest, &words) {
                continue;
            }
            if !latest_only {
                found
                    .extend(older.iter().map(|release| Found { release: (*release).clone(), latest: false }));
            }
            found.push(Found { release: (*last).clone(), latest: true });
        }
        found
    }

    fn feed(&self, found: &[Found]) -> Response {
        let entries: String = found.iter().map(|found| self.entry(found, "")).collect();
        let feed = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <feed xml:base=\"{origin}/v2/\" xmlns=\"http://www.w3.org/2005/Atom\">\
             <title type=\"text\">Packages</title><id>{origin}/v2/Packages</id><updated>{LISTED}</updated>{entries}</feed>",
            origin = escape(&self.origin),
        );
        xml("application/atom+xml;type=feed", feed)
    }

    fn entry(&self, found: &Found, namespace: &str) -> String {
        let Found { release, latest } = found;
        let manifest = &release.manifest;
        let (id, version) = (escape(manifest.id.as_str()), escape(&manifest.version.to_string()));
        let mut dependencies = String::new();
        for group in &manifest.dependency_groups {
            for dependency in &group.dependencies {
                let framework = group.framework.as_deref().unwrap_or_default();
                let separator = if dependencies.is_empty() { "" } else { "|" };
                let _ = write!(dependencies, "{separator}{}:{}:{framework}", dependency.id, dependency.range);
            }
        }
        let stable = !manifest.version.is_prerelease();
        format!(
            "<entry{namespace} xmlns:d=\"http://schemas.microsoft.com/ado/2007/08/dataservices\" \
             xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\">\
             <id>{origin}/v2/Packages(Id='{id}',Version='{version}')</id>\
             <category term=\"NuGetGallery.V2FeedPackage\" scheme=\"http://schemas.microsoft.com/ado/2007/08/dataservices/scheme\"/>\
             <title type=\"text\">{id}</title><summary type=\"text\"></summary><updated>{published}</updated>\
             <author><name>{authors}</name></author><content type=\"application/zip\" src=\"{content}\"/>\
             <m:properties><d:Id>{id}</d:Id><d:Version>{version}</d:Version><d:NormalizedVersion>{version}</d:NormalizedVersion>\
             <d:Title>{title}</d:Title><d:Description>{description}</d:Description><d:Tags>{tags}</d:Tags>\
             <d:Dependencies>{dependencies}</d:Dependencies>\
             <d:Published m:type=\"Edm.DateTime\">{published}</d:Published>\
             <d:IsLatestVersion m:type=\"Edm.Boolean\">{is_latest}</d:IsLatestVersion>\
             <d:IsAbsoluteLatestVersion m:type=\"Edm.Boolean\">{latest}</d:IsAbsoluteLatestVersion>\
             <d:IsPrerelease m:type=\"Edm.Boolean\">{prerelease}</d:IsPrerelease>\
             <d:Listed m:type=\"Edm.Boolean\">{listed}</d:Listed></m:properties></entry>",
            origin = escape(&self.origin),
            published = if release.listed { LISTED } else { UNLISTED },
            authors = escape(&manifest.authors),
            content = escape(&self.content_of(manifest)),
            title = escape(&manifest.title),
            description = escape(&manifest.description),
            tags = escape(&manifest.tags),
            dependencies = escape(&dependencies),
            is_latest = *latest && stable,
            prerelease = !stable,
            listed = release.listed,
        )
    }
}

fn xml(media_type: &'static str, body: String) -> Response {
    ([(header::CONTENT_TYPE, format!("{media_type};charset=utf-8"))], body).into_response()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c => escaped.push(c),
        }
    }
    escaped
}
