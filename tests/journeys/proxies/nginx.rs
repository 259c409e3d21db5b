//! nginx: 100 MB go through, and what is refused is refused with its reason and before it is read.

use hyper::{Method, body::Bytes};

use super::{front::Front, setting::Proxy};
use crate::{
    nuget::NuGet,
    package::Package,
    publisher::{KeyText, Publisher},
    wire,
};

const MEGABYTE: usize = 1_000_000;

/// The head of an upload of 100 MB, to which these lines are added.
fn head(lines: &str) -> String {
    format!(
        "PUT /api/v2/package/ HTTP/1.1\r\nHost: gallery.example\r\nContent-Length: 100000000\r\n\
         Content-Type: multipart/form-data; boundary=journeys\r\n{lines}\r\n"
    )
}

#[tokio::test]
async fn a_package_of_100_mb_arrives_byte_for_byte_and_is_unlisted() {
    let front = Front::start("nginx_push", Proxy::Nginx).await;
    let nuget = NuGet::at(&front.stage, &front.origin);
    let alice = Publisher::sign_in(&front.stage, "alice").await;
    let key = alice.create(&["push", "unlist"], &["Fabrikam.*"]).await.text;
    let package = Package::filled("Fabrikam.Large", "1.0.0", 100 * MEGABYTE);
    nuget.push(&package, Some(&key)).await.went_well();

    let file = format!("{}/v3/flat-container/fabrikam.large/1.0.0/fabrikam.large.1.0.0.nupkg", front.origin);
    let (_, arrived) = front.stage.http().exchange(Method::GET, &file, &[], Bytes::new()).await;
    // Not by `assert_eq`, which would show both.
    assert!(arrived == package.bytes(), "of {} bytes not the same arrived", arrived.len());

    // The client asks for the index first, without a key.
    let handed = front.handed.seen();
    let push = handed.iter().find(|seen| seen.line == "PUT /api/v2/package/").expect("it was handed on");
    assert!(push.received() > 100_000_000, "{} bytes", push.received());
    assert_eq!(push.all("x-nuget-apikey"), ["withheld"]);
    assert_eq!(push.all("x-latchkey-holder"), ["alice"]);
    assert_eq!(push.all("x-latchkey-action"), ["push"]);
    let asked = front.asked.seen();
    assert_eq!(asked.len(), 1, "what only reads is asked about");
    assert_eq!((asked[0].line.as_str(), asked[0].received()), ("GET /authorize", 0));

    assert!(nuget.lists(&package).await);
    nuget.unlist(&package, &key).await.went_well();
    assert!(!nuget.lists(&package).await);
    let unlisting = front.handed.seen().into_iter().find(|seen| seen.line.starts_with("DELETE "));
    assert_eq!(unlisting.expect("it was handed on").all("x-latchkey-action"), ["unlist"]);
    front.finish().await;
}

#[tokio::test]
async fn a_refusal_says_why_in_the_clients_own_output_and_hands_nothing_on() {
    let front = Front::start("nginx_refused", Proxy::Nginx).await;
    let nuget = NuGet::at(&front.stage, &front.origin);
    let alice = Publisher::sign_in(&front.stage, "alice").await;
    let unlists = alice.create(&["unlist"], &["Fabrikam.*"]).await.text;
    let pushes = alice.create(&["push"], &["Fabrikam.*"]).await.text;
    let refreshed = alice.create(&["push"], &["*"]).await;
    alice.refresh(&refreshed.key).await;
    // So large that the client is still sending when the answer comes.
    let large = Package::filled("Fabrikam.Large", "1.0.0", 20 * MEGABYTE);
    let why = "This API key allows unlist, not push. A key that allows push would do.";
    nuget.push(&large, Some(&unlists)).await.was_refused("403", why);
    nuget.push(&large, Some(&refreshed.text)).await.was_refused("403", "This API key is not known.");
    nuget.push(&large, None).await.was_refused("401", "No API key was sent.");
    nuget.unlist(&large, &pushes).await.was_refused("403", "This API key allows push, not unlist.");
    let handed = front.handed.seen();
    assert!(handed.iter().all(|seen| seen.line.starts_with("GET ")), "a refused request was handed on");

    // Which package it is stands in the body: this reason is the gallery's.
    let other = Package::new("Contoso.Core", "1.0.0");
    let why = "This API key does not cover Contoso.Core, and none of its patterns begins alike.";
    nuget.push(&other, Some(&pushes)).await.was_refused("403", why);
    front.finish().await;
}

#[tokio::test]
async fn a_wrong_key_is_refused_before_one_byte_of_the_upload_was_read() {
    let front = Front::start("nginx_unread", Proxy::Nginx).await;
    let alice = Publisher::sign_in(&front.stage, "alice").await;
    let gone = alice.create(&["push"], &["*"]).await;
    let right = alice.refresh(&gone.key).await.text;
    let shows = |key: &KeyText| format!("X-NuGet-ApiKey: {}\r\n", key.reveal());
    for (lines, status) in [(shows(&gone.text), 403), (String::new(), 401)] {
        for waits in ["", "Expect: 100-continue\r\n"] {
            let answer = wire::first_head(&front.origin, &head(&format!("{lines}{waits}"))).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{waits:?}: {answer}");
            assert!(answer.contains("X-NuGet-Warning: "), "{answer}");
        }
    }
    assert!(front.handed.seen().is_empty(), "something was handed on");
    let waits = format!("{}Expect: 100-continue\r\n", shows(&right));
    let answer = wire::first_head(&front.origin, &head(&waits)).await;
    assert!(answer.starts_with("HTTP/1.1 100 "), "{answer}");
    front.finish().await;
}

#[tokio::test]
async fn what_latchkey_does_not_answer_is_no_allow() {
    let front = Front::start("nginx_trouble", Proxy::Nginx).await;
    let key = Publisher::sign_in(&front.stage, "alice").await.create(&["push"], &["*"]).await.text;
    let url = format!("{}/api/v2/package", front.origin);
    let headers = [("x-nuget-apikey", key.reveal())];
    for status in [302, 400, 404, 413, 429, 500, 502, 503, 504] {
        front.asked.answer(Some(status));
        let reply = front.stage.http().send(Method::PUT, &url, &headers, Bytes::from("x")).await;
        assert_eq!(reply.status, 503, "{status}");
        let warning = reply.headers["x-nuget-warning"].to_str().unwrap();
        assert!(warning.contains("Nothing was changed; try again."), "{status}: {warning}");
        assert!(front.handed.seen().is_empty(), "{status} lets a push through");
    }
    // An allow without a grant is none: so says the gallery.
    front.asked.answer(Some(204));
    let reply = front.stage.http().send(Method::PUT, &url, &headers, Bytes::from("x")).await;
    assert_eq!(reply.expect(403)["reason"], "no_grant");
    front.asked.answer(None);
    let reply = front.stage.http().send(Method::PUT, &url, &headers, Bytes::from("x")).await;
    assert_eq!(reply.expect(400)["reason"], "bad_upload");
    front.finish().await;
}
