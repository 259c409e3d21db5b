use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{
    Storage, gallery, get, granted, latchkey::Latchkey, nupkg, open, push, relist, send, unlist, upload,
    versions,
};

#[tokio::test]
async fn a_first_push_makes_the_owner_and_tells_the_directory() {
    let (gallery, latchkey) = gallery().await;
    assert_eq!(push(&gallery, "alice", "Sample.Tool", "1.0").await.status, StatusCode::CREATED);
    assert_eq!(latchkey.package("sample.tool").unwrap(), json!({ "owners": ["alice"], "revision": 1 }));
    assert_eq!(
        latchkey.asked(),
        [json!({ "action": "push", "package": "Sample.Tool", "grant": "for-alice" })]
    );
    assert_eq!(versions(&gallery, "sample.tool").await, json!(["1.0.0"]));

    assert_eq!(push(&gallery, "alice", "SAMPLE.tool", "1.1.0").await.status, StatusCode::CREATED);
    assert_eq!(latchkey.package("sample.tool").unwrap()["revision"], 1);
    assert_eq!(versions(&gallery, "sample.tool").await, json!(["1.0.0", "1.1.0"]));
}

#[tokio::test]
async fn a_denied_push_says_why_and_stores_nothing() {
    let (gallery, _) = gallery().await;
    push(&gallery, "alice", "Sample", "1.0").await;
    let refused = push(&gallery, "bob", "Sample", "2.0").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.warning.as_deref(), Some("bob may not: not_package_owner"));
    assert_eq!(refused.json()["reason"], "not_package_owner");
    assert_eq!(versions(&gallery, "sample").await, json!(["1.0.0"]));
}

#[tokio::test]
async fn a_warning_rides_along_on_success() {
    let (gallery, _) = gallery().await;
    let pushed = push(&gallery, "late", "Sample", "1.0").await;
    assert_eq!(
        (pushed.status, pushed.warning.as_deref()),
        (StatusCode::CREATED, Some("this key expires in 3 days"))
    );
    let unlisted = unlist(&gallery, "late", "/api/v2/package/Sample/1.0.0").await;
    assert_eq!((unlisted.status, unlisted.warning.is_some()), (StatusCode::NO_CONTENT, true));
}

#[tokio::test]
async fn a_version_is_taken_whatever_its_spelling() {
    let (gallery, _) = gallery().await;
    push(&gallery, "alice", "Sample", "1.0-Beta").await;
    let again = push(&gallery, "alice", "sample", "1.0.0.0-beta+build.7").await;
    assert_eq!(
        (again.status, again.json()["reason"].as_str()),
        (StatusCode::CONFLICT, Some("version_exists"))
    );
}

#[tokio::test]
async fn a_fault_is_never_an_allow() {
    let allow = json!({ "decision": "allow", "owner": "alice", "package_state": "new" });
    for (status, body) in [
        (500, json!({ "message": "broken" })),
        (500, allow.clone()),
        (429, json!({})),
        (401, json!({ "decision": "deny", "reason": "missing", "message": "no key" })),
        (400, json!({ "title": "bad" })),
        (204, Value::Null),
        (200, Value::Null),
        (200, json!({ "decision": "maybe", "owner": "alice", "package_state": "new" })),
        (200, json!({ "decision": "deny", "reason": "expired", "message": "expired" })),
        (200, json!({ "decision": "allow", "owner": "alice" })),
        (200, json!({ "decision": "allow", "package_state": "new" })),
        (200, json!({ "decision": "allow", "owner": "alice", "package_state": "odd" })),
        (403, allow),
    ] {
        let (gallery, latchkey) = gallery().await;
        latchkey.always_answer(StatusCode::from_u16(status).unwrap(), body.clone());
        let answer = push(&gallery, "alice", "Sample", "1.0").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{status} {body}");
        assert!(latchkey.package("sample").is_none());
        assert_eq!(get(&gallery, "/v3/flat-container/sample/index.json").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_unreachable_authorizer_is_a_503() {
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = crate::Config {
        origin: "http://gallery.test".to_owned(),
        api: format!("http://{port}"),
        storage: Storage::Memory,
    };
    let gallery = crate::Gallery::open(config).unwrap().router();
    assert_eq!(push(&gallery, "alice", "Sample", "1.0").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn nothing_is_stored_that_the_directory_was_not_told() {
    let (gallery, latchkey) = gallery().await;
    latchkey.stop_directory();
    assert_eq!(push(&gallery, "alice", "Sample", "1.0").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&gallery, "/v3/flat-container/sample/index.json").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_new_of_an_id_it_holds_is_refused_and_the_directory_told_again() {
    let (gallery, latchkey) = gallery().await;
    push(&gallery, "alice", "Sample", "1.0").await;
    latchkey.forget("sample");
    let refused = push(&gallery, "mallory", "Sample", "2.0").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(latchkey.package("sample").unwrap(), json!({ "owners": ["alice"], "revision": 2 }));
    assert_eq!(push(&gallery, "mallory", "Sample", "2.0").await.status, StatusCode::FORBIDDEN);
    assert_eq!(push(&gallery, "alice", "Sample", "2.0").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn of_two_first_pushes_one_wins() {
    for _ in 0..20 {
        let (gallery, latchkey) = gallery().await;
        let (alice, bob) =
            tokio::join!(push(&gallery, "alice", "Sample", "1.0"), push(&gallery, "bob", "sample", "2.0"));
        let (winner, loser) = if alice.status.is_success() { ("alice", bob) } else { ("bob", alice) };
        assert_eq!(loser.status, StatusCode::FORBIDDEN);
        assert_eq!(latchkey.package("sample").unwrap()["owners"], json!([winner]));
        assert_eq!(versions(&gallery, "sample").await.as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn listing_is_asked_for_and_only_then_looked_up() {
    let (gallery, latchkey) = gallery().await;
    push(&gallery, "alice", "Sample", "1.0").await;
    let found = async || get(&gallery, "/v3/search?q=sample").await.json()["totalHits"].take();
    assert_eq!(found().await, 1);

    assert_eq!(unlist(&gallery, "bob", "/api/v2/package/Sample/1.0.0").await.status, StatusCode::FORBIDDEN);
    assert_eq!(unlist(&gallery, "bob", "/api/v2/package/Sample/9.9.9").await.status, StatusCode::FORBIDDEN);
    assert_eq!(unlist(&gallery, "alice", "/api/v2/package/Sample/9.9.9").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        unlist(&gallery, "alice", "/api/v2/package/Sample/nonsense").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(unlist(&gallery, "alice", "/api/v2/package/Absent/1.0.0").await.status, StatusCode::FORBIDDEN);
    assert_eq!(found().await, 1);

    assert_eq!(unlist(&gallery, "alice", "/api/v2/package/sample/1.0/").await.status, StatusCode::NO_CONTENT);
    assert_eq!(found().await, 0);
    assert_eq!(
        versions(&gallery, "sample").await,
        json!(["1.0.0"]),
        "an unlisted version can still be installed"
    );
    assert_eq!(relist(&gallery, "bob", "/api/v2/package/Sample/1.0.0").await.status, StatusCode::FORBIDDEN);
    assert_eq!(relist(&gallery, "alice", "/api/v2/package/Sample/1.0.0").await.status, StatusCode::OK);
    assert_eq!(found().await, 1);
    let asked = latchkey.asked().pop().unwrap();
    assert_eq!(asked, json!({ "action": "unlist", "package": "Sample", "grant": "for-alice" }));

    latchkey.always_answer(StatusCode::BAD_GATEWAY, json!({}));
    assert_eq!(
        unlist(&gallery, "alice", "/api/v2/package/Sample/1.0.0").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(found().await, 1);
}

#[tokio::test]
async fn symbols_belong_to_a_version_that_is_here() {
    let (gallery, _) = gallery().await;
    push(&gallery, "alice", "Sample", "1.0").await;
    let symbols =
        |account: &str, version: &str| upload("/api/v2/symbolpackage", account, &nupkg("Sample", version));
    assert_eq!(send(&gallery, symbols("bob", "1.0")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(&gallery, symbols("alice", "2.0")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&gallery, symbols("alice", "1.0")).await.status, StatusCode::CREATED);
    let stored = get(&gallery, "/v3/flat-container/sample/1.0.0/sample.1.0.0.snupkg").await;
    assert_eq!(stored.body, nupkg("Sample", "1.0"));
}

#[tokio::test]
async fn what_did_not_pass_the_gateway_is_refused_unasked() {
    let (gallery, latchkey) = gallery().await;
    let path = "/api/v2/package/Sample/1.0.0";
    let bare = Request::delete(path);
    let no_grant = Request::delete(path).header("X-NuGet-ApiKey", "withheld");
    let empty_grant =
        Request::delete(path).header("X-NuGet-ApiKey", "withheld").header("X-Latchkey-Grant", "");
    let with_key =
        Request::delete(path).header("X-NuGet-ApiKey", "lk_whatever").header("X-Latchkey-Grant", "for-alice");
    let no_key = Request::delete(path).header("X-Latchkey-Grant", "for-alice");
    let two_grants = granted(Method::DELETE, path, "alice").header("X-Latchkey-Grant", "for-bob");
    let bearer = granted(Method::DELETE, path, "alice").header("Authorization", "Bearer lk_whatever");
    for request in [bearer, bare, no_grant, empty_grant, with_key, no_key, two_grants] {
        let refused = send(&gallery, request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (refused.status, refused.json()["reason"].as_str()),
            (StatusCode::FORBIDDEN, Some("no_grant"))
        );
        assert!(!refused.text().contains("lk_whatever"));
    }
    assert!(latchkey.asked().is_empty());
}

#[tokio::test]
async fn what_is_no_package_is_refused_unasked() {
    let (gallery, latchkey) = gallery().await;
    for file in [b"not a zip".to_vec(), nupkg("Bad..Id", "1.0"), nupkg("Sample", "one")] {
        let refused = send(&gallery, upload("/api/v2/package", "alice", &file)).await;
        assert_eq!(
            (refused.status, refused.json()["reason"].as_str()),
            (StatusCode::BAD_REQUEST, Some("bad_package"))
        );
        assert!(refused.warning.is_some());
    }
    let raw =
        granted(Method::PUT, "/api/v2/package", "alice").body(Body::from(nupkg("Sample", "1.0"))).unwrap();
    assert_eq!(send(&gallery, raw).await.json()["reason"], "bad_upload");
    assert!(latchkey.asked().is_empty());
}

#[tokio::test]
async fn a_folder_keeps_everything_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let storage = || Storage::Folder(folder.path().join("gallery"));
    let latchkey = Latchkey::default();
    let gallery = open(&latchkey, storage()).await;
    for (id, version) in [("Sample", "1.0"), ("Sample", "1.1-rc"), ("Other", "3.0")] {
        assert_eq!(push(&gallery, "alice", id, version).await.status, StatusCode::CREATED);
    }
    send(&gallery, upload("/api/v2/symbolpackage", "alice", &nupkg("Sample", "1.0"))).await;
    unlist(&gallery, "alice", "/api/v2/package/Other/3.0.0").await;
    drop(gallery);

    std::fs::write(folder.path().join("gallery/.staged/7"), b"half a pack").unwrap();
    std::fs::create_dir_all(folder.path().join("gallery/sample/9.0.0")).unwrap();
    let gallery = open(&latchkey, storage()).await;
    assert!(std::fs::read_dir(folder.path().join("gallery/.staged")).unwrap().next().is_none());
    assert_eq!(versions(&gallery, "sample").await, json!(["1.0.0", "1.1.0-rc"]));
    let symbols = get(&gallery, "/v3/flat-container/sample/1.0.0/sample.1.0.0.snupkg").await;
    assert_eq!(symbols.status, StatusCode::OK);
    assert_eq!(get(&gallery, "/v3/search?q=other").await.json()["totalHits"], 0);
    assert_eq!(push(&gallery, "alice", "Sample", "1.0").await.status, StatusCode::CONFLICT);
    latchkey.forget("sample");
    push(&gallery, "bob", "Sample", "2.0").await;
    assert_eq!(latchkey.package("sample").unwrap(), json!({ "owners": ["alice"], "revision": 2 }));

    std::fs::write(folder.path().join("gallery/sample/1.0.0/package.nupkg"), b"damaged").unwrap();
    let config =
        crate::Config { origin: String::new(), api: "http://127.0.0.1:1".to_owned(), storage: storage() };
    let error = crate::Gallery::open(config).unwrap_err().to_string();
    assert!(error.contains("sample/1.0.0/package.nupkg"), "{error}");
}
