use http::StatusCode;
use serde_json::json;

use super::{gallery, get, nupkg, push, unlist, versions};

#[tokio::test]
async fn the_service_index_leads_to_everything() {
    let (gallery, _) = gallery().await;
    let index = get(&gallery, "/v3/index.json").await.json();
    let at = |kind: &str| {
        let resources = index["resources"].as_array().unwrap();
        resources.iter().find(|resource| resource["@type"] == kind).map(|resource| resource["@id"].clone())
    };
    assert_eq!(at("PackagePublish/2.0.0").unwrap(), "http://gallery.test/api/v2/package");
    assert_eq!(at("SymbolPackagePublish/4.9.0").unwrap(), "http://gallery.test/api/v2/symbolpackage");
    for kind in [
        "PackageBaseAddress/3.0.0",
        "RegistrationsBaseUrl/3.6.0",
        "SearchQueryService",
        "LegacyGallery/2.0.0",
    ] {
        assert!(at(kind).is_some(), "{kind}");
    }
}

#[tokio::test]
async fn versions_come_oldest_first_and_the_file_as_it_was_pushed() {
    let (gallery, _) = gallery().await;
    for version in ["10.0", "2.0", "2.0-rc.10", "2.0-rc.9"] {
        push(&gallery, "alice", "Sample", version).await;
    }
    assert_eq!(versions(&gallery, "SAMPLE").await, json!(["2.0.0-rc.9", "2.0.0-rc.10", "2.0.0", "10.0.0"]));
    let package = get(&gallery, "/v3/flat-container/sample/2.0.0/sample.2.0.0.nupkg").await;
    assert_eq!(package.body, nupkg("Sample", "2.0"));
    let nuspec = get(&gallery, "/v3/flat-container/sample/2.0.0/sample.nuspec").await;
    assert!(nuspec.text().contains("<version>2.0</version>"));
    for absent in [
        "sample/3.0.0/sample.3.0.0.nupkg",
        "sample/2.0.0/other.2.0.0.nupkg",
        "sample/2.0.0/..%2fowners.json",
        "..%2f/index.json",
    ] {
        assert_eq!(
            get(&gallery, &format!("/v3/flat-container/{absent}")).await.status,
            StatusCode::NOT_FOUND,
            "{absent}"
        );
    }
}

#[tokio::test]
async fn search_shows_listed_releases() {
    let (gallery, _) = gallery().await;
    for (id, version) in
        [("Alpha.Tool", "1.0"), ("Alpha.Tool", "2.0-rc"), ("Beta.Tool", "1.0"), ("Gamma", "1.0-rc")]
    {
        push(&gallery, "alice", id, version).await;
    }
    unlist(&gallery, "alice", "/api/v2/package/Beta.Tool/1.0.0").await;
    let ids = async |query: &str| {
        let found = get(&gallery, &format!("/v3/search?{query}")).await.json();
        let results = found["data"].as_array().unwrap().iter();
        results
            .map(|result| {
                format!("{} {}", result["id"].as_str().unwrap(), result["version"].as_str().unwrap())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, ["Alpha.Tool 1.0.0"]);
    assert_eq!(ids("prerelease=true").await, ["Alpha.Tool 2.0.0-rc", "Gamma 1.0.0-rc"]);
    assert_eq!(ids("prerelease=true&skip=1&take=1&semVerLevel=2.0.0").await, ["Gamma 1.0.0-rc"]);
    assert_eq!(ids("q=TOOL").await, ["Alpha.Tool 1.0.0"]);
    assert!(ids("q=tool+absent").await.is_empty());
}

#[tokio::test]
async fn registrations_tell_what_is_listed() {
    let (gallery, _) = gallery().await;
    push(&gallery, "alice", "Sample", "1.0+build").await;
    push(&gallery, "alice", "Sample", "2.0").await;
    unlist(&gallery, "alice", "/api/v2/package/Sample/2.0.0").await;
    let page = get(&gallery, "/v3/registration/sample/index.json").await.json()["items"][0].take();
    assert_eq!((page["lower"].as_str(), page["upper"].as_str()), (Some("1.0.0"), Some("2.0.0")));
    let shown = |place: usize| {
        (page["items"][place]["catalogEntry"]["version"].clone(), page["items"][place]["listed"].clone())
    };
    assert_eq!([shown(0), shown(1)], [(json!("1.0.0+build"), json!(true)), (json!("2.0.0"), json!(false))]);
    assert_eq!(get(&gallery, "/v3/registration/sample/1.0.0.json").await.json()["listed"], true);
    assert_eq!(get(&gallery, "/v3/registration/absent/index.json").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_older_feed_is_well_formed_and_tells_the_same() {
    let (gallery, _) = gallery().await;
    for version in ["1.0", "1.1", "2.0-rc"] {
        push(&gallery, "alice", "Sample", version).await;
    }
    let found = async |path: &str| {
        let answer = get(&gallery, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let document = roxmltree::Document::parse(answer.text()).unwrap();
        let of = |name: &str| {
            document
                .descendants()
                .filter(|node| {
                    node.has_tag_name(("http://schemas.microsoft.com/ado/2007/08/dataservices", name))
                })
                .map(|node| node.text().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        of("Version")
    };
    assert_eq!(
        found("/v2/Search()?$filter=IsLatestVersion&searchTerm='sample'&includePrerelease=false").await,
        ["1.1.0"]
    );
    assert_eq!(
        found("/v2/Search()?$filter=IsAbsoluteLatestVersion&searchTerm=''&includePrerelease=true").await,
        ["2.0.0-rc"]
    );
    assert_eq!(found("/v2/FindPackagesById()?id='Sample'").await, ["1.0.0", "1.1.0", "2.0.0-rc"]);
    assert_eq!(found("/v2/Packages(Id='Sample',Version='1.0')").await, ["1.0.0"]);
    assert!(found("/v2/$metadata").await.is_empty());
    assert!(found("/v2").await.is_empty());
    assert_eq!(get(&gallery, "/v2/Packages(Id='Sample')").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&gallery, "/v2/package/Sample/1.0.0").await.body, nupkg("Sample", "1.0"));
}
