//! Envoy and Caddy, whose ways of asking are not nginx's: Envoy asks with the method of the request itself, Caddy in the pair of
//! headers that Traefik sends too.

use hyper::{Method, body::Bytes};

use super::{front::Front, setting::Proxy};
use crate::{nuget::NuGet, package::Package, publisher::Publisher, wire};

const MEGABYTES: usize = 1_000_000;

#[tokio::test]
async fn a_gallery_behind_envoy_takes_what_latchkey_allows() {
    takes_what_latchkey_allows(Front::start("proxies_envoy", Proxy::Envoy).await, "PUT /authorize").await;
}

#[tokio::test]
async fn a_gallery_behind_caddy_takes_what_latchkey_allows() {
    takes_what_latchkey_allows(Front::start("proxies_caddy", Proxy::Caddy).await, "GET /authorize").await;
}

async fn takes_what_latchkey_allows(front: Front, question: &str) {
    let nuget = NuGet::at(&front.stage, &front.origin);
    let alice = Publisher::sign_in(&front.stage, "alice").await;
    let key = alice.create(&["push", "unlist"], &["Fabrikam.*"]).await.text;
    let unlists = alice.create(&["unlist"], &["*"]).await.text;
    // More than the gateway carries.
    let package = Package::filled("Fabrikam.Large", "1.0.0", 20 * MEGABYTES);
    nuget.push(&package, Some(&key)).await.went_well();
    let file = format!("{}/v3/flat-container/fabrikam.large/1.0.0/fabrikam.large.1.0.0.nupkg", front.origin);
    let (_, arrived) = front.stage.http().exchange(Method::GET, &file, &[], Bytes::new()).await;
    assert!(arrived == package.bytes(), "of {} bytes not the same arrived", arrived.len());
    let asked = front.asked.seen();
    assert_eq!(asked.len(), 1, "what only reads is asked about");
    assert_eq!((asked[0].line.as_str(), asked[0].received()), (question, 0));
    assert!(nuget.lists(&package).await);
    nuget.unlist(&package, &key).await.went_well();
    assert!(!nuget.lists(&package).await);

    front.handed.seen();
    // Caddy answers nothing under another host than its site's.
    let host = front.origin.trim_start_matches("http://").to_owned();
    let why = "This API key allows unlist, not push. A key that allows push would do.";
    nuget.push(&Package::new("Fabrikam.Core", "1.0.0"), Some(&unlists)).await.was_refused("403", why);
    nuget
        .push(&Package::new("Fabrikam.Core", "1.0.0"), None)
        .await
        .was_refused("401", "No API key was sent.");
    let handed = front.handed.seen();
    assert!(handed.iter().all(|seen| seen.line.starts_with("GET ")), "a refused request was handed on");
    for (lines, status) in [("X-NuGet-ApiKey: nonsense\r\n", 403), ("", 401)] {
        for waits in ["", "Expect: 100-continue\r\n"] {
            let head = format!(
                "PUT /api/v2/package/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000000\r\n{lines}{waits}\r\n"
            );
            let answer = wire::first_head(&front.origin, &head).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{waits:?}: {answer}");
        }
    }

    // Neither what it claims nor how it spells its address.
    let url = format!("{}/api/v2/package", front.origin);
    let claims = [
        ("x-nuget-apikey", key.reveal()),
        ("authorization", "Bearer bob"),
        ("x-latchkey-grant", "bob"),
        ("x-latchkey-holder", "bob"),
        ("x-latchkey-warning", "bob"),
        ("x-original-uri", "/bob"),
        ("x-original-method", "DELETE"),
        ("x-original-url", "/bob"),
        ("x-rewrite-url", "/bob"),
        ("x-forwarded-uri", "/bob"),
        ("x-forwarded-method", "DELETE"),
        ("x-http-method-override", "DELETE"),
    ];
    front.stage.http().send(Method::PUT, &url, &claims, Bytes::new()).await.expect(400);
    let [seen] = front.handed.seen().try_into().ok().expect("it is handed on once");
    assert_eq!(seen.all("x-nuget-apikey"), ["withheld"]);
    assert_eq!(seen.all("authorization"), ["withheld"]);
    assert_eq!(seen.all("x-latchkey-holder"), ["alice"]);
    assert_eq!(seen.all("x-latchkey-grant").len(), 1);
    let told = |part: &str| seen.headers.values().any(|value| value.to_str().unwrap().contains(part));
    assert!(!told("bob") && !told("DELETE"), "a claim was handed on: {:?}", seen.headers.keys());
    assert!(!told(key.reveal()), "the key was handed on");
    for line in [
        "PUT //api/v2/package",
        "PUT /v3/../api/v2/package",
        "PUT /API/v2/package",
        "PUT /api%2fv2/package",
        "DELETE /api/v2/package/Fabrikam.Core%2f..%2fContoso.Core/1.0.0",
        "DELETE /api/v2/package/Fabrikam.Core/../Contoso.Core/1.0.0",
        "PATCH /api/v2/package",
        "PUT /v3/index.json",
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\
             X-NuGet-ApiKey: {}\r\n\r\n",
            key.reveal()
        );
        let answer = wire::send_to(&front.origin, request.as_bytes()).await;
        assert!(matches!(answer.status, Some(400..500)), "{line}: {:.500}", answer.text);
        assert!(front.handed.seen().is_empty(), "{line} was handed on");
    }

    // Trouble is no allow.
    for status in [500, 502, 503] {
        front.asked.answer(Some(status));
        let reply = front.stage.http().send(Method::PUT, &url, &claims[..1], Bytes::new()).await;
        assert!(
            reply.status.is_client_error() || reply.status.is_server_error(),
            "{status}: {}",
            reply.status
        );
        assert!(front.handed.seen().is_empty(), "{status} lets a push through");
    }
    front.finish().await;
}
