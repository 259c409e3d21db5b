//! nginx: what a client claims beside its key, or how it spells an address, moves neither Latchkey nor the gallery.

use hyper::{Method, header::HeaderName};
use serde_json::json;

use super::{front::Front, setting::Proxy};
use crate::{
    package::Package,
    publisher::{Publisher, id},
    wire,
};

/// All that a gallery may hear of who it deals with, and nothing that the client wrote.
const TOLD: [(&str, &[&str]); 13] = [
    ("x-nuget-apikey", &["withheld"]),
    ("authorization", &["withheld"]),
    ("x-latchkey-holder", &["mallory"]),
    ("x-latchkey-owner", &["mallory"]),
    ("x-latchkey-action", &["push"]),
    ("x-latchkey-warning", &[]),
    ("x-latchkey-decision", &[]),
    ("x-latchkey-reason", &[]),
    ("x-latchkey-message", &[]),
    ("x-forwarded-for", &["127.0.0.1"]),
    ("x-forwarded-proto", &["http"]),
    ("x-original-uri", &[]),
    ("x-http-method-override", &[]),
];

#[tokio::test]
async fn what_a_client_claims_beside_its_key_reaches_nobody() {
    let front = Front::start("nginx_claims", Proxy::Nginx).await;
    let stage = &front.stage;
    let (mallory, alice) =
        (Publisher::sign_in(stage, "mallory").await, Publisher::sign_in(stage, "alice").await);
    let hers = mallory.create(&["push", "unlist"], &["*"]).await;
    let alices = alice.create(&["push", "unlist"], &["*"]).await;
    let shown = [("x-nuget-apikey", alices.text.reveal())];
    let asked = stage.call(Method::POST, "/authorize", &shown, &json!({ "action": "push" })).await;
    let grant = asked.expect(200)["grant"].as_str().unwrap().to_owned();
    let alices_id = id(&alices.key);
    let claims = [
        ("X-Latchkey-Grant", grant.as_str()),
        ("x-latchkey-grant", &grant),
        ("X_Latchkey_Grant", &grant),
        ("X-LATCHKEY-HOLDER", "alice"),
        ("x-latchkey-owner", "alice"),
        ("X-Latchkey-Key-Id", alices_id),
        ("X-Latchkey-Action", "unlist alice"),
        ("X-Latchkey-Warning", "alice"),
        ("X-Latchkey-Decision", "allow alice"),
        ("X-Latchkey-Reason", "alice"),
        ("X-Latchkey-Message", "alice"),
        ("X-Original-Method", "DELETE alice"),
        ("X-Original-URI", "/api/v2/package/Alice.Core/1.0.0"),
        ("X-Original-URL", "/api/v2/package/Alice.Core/1.0.0"),
        ("X-Rewrite-URL", "/api/v2/package/Alice.Core/1.0.0"),
        ("X-Forwarded-Method", "DELETE alice"),
        ("X-Forwarded-Uri", "/api/v2/package/Alice.Core/1.0.0"),
        ("X-Forwarded-For", "alice"),
        ("X-Forwarded-Host", "alice.example"),
        ("X-Forwarded-Proto", "alice"),
        ("Forwarded", "for=alice"),
        ("X-HTTP-Method", "DELETE alice"),
        ("X-HTTP-Method-Override", "DELETE alice"),
        ("X-Method-Override", "DELETE alice"),
        ("Authorization", "Bearer alice"),
    ];
    let mut headers = vec![("content-type", "multipart/form-data; boundary=journeys")];
    headers.extend(claims);
    headers.push(("x-nuget-apikey", hers.text.reveal()));
    let form = |package: &Package| {
        let head = b"--journeys\r\nContent-Disposition: form-data; name=package; filename=p\r\n\r\n";
        [head, package.bytes().as_slice(), b"\r\n--journeys--\r\n"].concat().into()
    };
    let url = format!("{}/api/v2/package", front.origin);
    let alices_package = Package::new("Alice.Core", "1.0.0");
    alices_package.put(stage, "/api/v2/package", &alices.text).await.expect(201);
    front.handed.seen();

    stage
        .http()
        .send(Method::PUT, &url, &headers, form(&Package::new("Mallory.Core", "1.0.0")))
        .await
        .expect(201);
    let [asked] = front.asked.seen().try_into().ok().expect("it is asked once");
    let mut names: Vec<&str> = asked.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["authorization", "connection", "host", "x-nuget-apikey", "x-original-method", "x-original-uri"]
    );
    assert_eq!(asked.all("x-original-method"), ["PUT"]);
    assert_eq!(asked.all("x-original-uri"), ["/api/v2/package"]);
    let [handed] = front.handed.seen().try_into().ok().expect("it is handed on once");
    for (name, values) in TOLD {
        assert_eq!(handed.all(name), values, "{name}");
    }
    assert_eq!(handed.all("x-latchkey-key-id"), [id(&hers.key)]);
    assert_eq!(handed.all("x-latchkey-grant").len(), 1);
    let all: Vec<&str> = handed.headers.values().map(|value| value.to_str().unwrap()).collect();
    let told = |part: &str| all.iter().any(|value| value.contains(part));
    assert!(!told("alice") && !told("Alice") && !told(&grant), "a claim was handed on");
    assert!(!told(hers.text.reveal()), "the key was handed on");

    let stolen =
        stage.http().send(Method::PUT, &url, &headers, form(&Package::new("Alice.Core", "2.0.0"))).await;
    assert_eq!(stolen.expect(403)["reason"], "not_package_owner");

    // Reading is not asked about, and claims nothing either.
    front.handed.seen();
    let read = format!("{}/v3/index.json", front.origin);
    stage.http().send(Method::GET, &read, &headers, Vec::new().into()).await.expect(200);
    let [handed] = front.handed.seen().try_into().ok().expect("it is handed on once");
    assert_eq!(handed.all("x-nuget-apikey"), ["withheld"]);
    assert!(handed.all("x-latchkey-grant").is_empty() && handed.all("x-http-method-override").is_empty());
    front.finish().await;
}

#[tokio::test]
async fn what_writes_is_one_of_five_requests_plainly_spelled_or_is_refused() {
    let front = Front::start("nginx_addresses", Proxy::Nginx).await;
    let stage = &front.stage;
    let (mallory, alice) =
        (Publisher::sign_in(stage, "mallory").await, Publisher::sign_in(stage, "alice").await);
    let key = mallory.create(&["push", "unlist"], &["*"]).await.text;
    let alices = alice.create(&["push"], &["*"]).await.text;
    for (owner, package) in [(&alices, "Alice.Core"), (&key, "Mallory.Core")] {
        Package::new(package, "1.0.0").put(stage, "/api/v2/package", owner).await.expect(201);
    }
    front.handed.seen();
    for (line, reason) in [
        ("DELETE /api/v2/package/Alice.Core/1.0.0", "not_package_owner"),
        ("POST /api/v2/package/alice.core/1.0.0/", "not_package_owner"),
        ("PUT //api/v2/package", "not_a_push"),
        ("PUT /api//v2/package", "not_a_push"),
        ("PUT /v3/../api/v2/package", "not_a_push"),
        ("PUT /./api/v2/package", "not_a_push"),
        ("PUT /API/v2/package", "not_a_push"),
        ("PUT /api%2fv2/package", "not_a_push"),
        ("PUT /api/v2/pack%61ge", "not_a_push"),
        ("PUT /api\\v2\\package", "not_a_push"),
        ("PUT /api/v2/package//", "not_a_push"),
        ("PUT /api/v2/package;x", "not_a_push"),
        ("DELETE /api/v2/package/Mallory.Core%2f..%2fAlice.Core/1.0.0", "not_a_push"),
        ("DELETE /api/v2/package/Mallory.Core/../Alice.Core/1.0.0", "not_a_push"),
        ("DELETE /api/v2/package/Mallory.Core/%2e%2e/Alice.Core/1.0.0", "not_a_push"),
        ("DELETE /api/v2/package/Mallory.Core;/Alice.Core/1.0.0", "not_a_push"),
        ("DELETE /api/v2/package/Alice%2eCore/1.0.0", "not_a_push"),
        ("DELETE /api/v2/package/Alice.Core/1.0.0/../../Mallory.Core/1.0.0", "not_a_push"),
        ("DELETE /api/v2/package/Mallory+Core/1.0.0", "package_unknown"),
        ("DELETE /api/v2/package", "not_a_push"),
        ("PATCH /api/v2/package", "not_a_push"),
        ("put /api/v2/package", ""),
        ("PUT /v3/index.json", "not_a_push"),
        ("POST /", "not_a_push"),
        ("DELETE /v3/registration/alice.core/1.0.0.json", "not_a_push"),
        ("GET /.latchkey/authorize", ""),
        ("PUT /.latchkey/authorize", ""),
        ("TRACE /api/v2/package", ""),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: gallery.example\r\nConnection: close\r\nContent-Length: 0\r\n\
             X-NuGet-ApiKey: {}\r\n\r\n",
            key.reveal()
        );
        let answer = wire::send_to(&front.origin, request.as_bytes()).await;
        assert!(matches!(answer.status, Some(400..500)), "{line}: {:.500}", answer.text);
        assert_eq!(
            answer.text.contains("X-Latchkey-Reason: "),
            !reason.is_empty(),
            "{line}: {}",
            answer.text
        );
        assert!(answer.text.contains(reason), "{line}: {}", answer.text);
        assert!(front.handed.seen().is_empty(), "{line} was handed on");
    }
    front.finish().await;
}
