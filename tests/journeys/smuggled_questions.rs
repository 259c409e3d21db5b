//! A reverse proxy's question, told in more ways than one: it is refused, by whatever method it is asked.

use crate::{smuggling::Cast, stage::Stage};

#[tokio::test]
async fn what_a_proxy_was_asked_is_told_once_or_it_is_refused() {
    let stage = Stage::ephemeral("smuggling_proxies").await;
    let cast = Cast::of(&stage).await;
    let original = "X-Original-Method: PUT\r\nX-Original-URI: /api/v2/package";
    let forwarded = "X-Forwarded-Method: PUT\r\nX-Forwarded-Uri: /api/v2/package";
    let key = "X-NuGet-ApiKey: KEY";
    let body = r#"{"action":"push"}"#;
    let length = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    for method in ["GET", "POST", "PUT", "DELETE"] {
        for (lines, status) in [
            (format!("{key}\r\n{original}"), 200),
            (format!("{key}\r\n{forwarded}"), 200),
            (format!("{key}\r\nX-ORIGINAL-METHOD: PUT\r\nx-original-uri: /api/v2/package/?x=1"), 200),
            (original.to_owned(), 401),
            (format!("{key}\r\n{original}\r\n{forwarded}"), 400),
            (format!("{key}\r\n{original}\r\nX-Forwarded-Uri: /api/v2/package"), 400),
            (format!("{key}\r\n{forwarded}\r\nx-original-method: PUT"), 400),
            (format!("{key}\r\n{original}\r\nX-Original-URI: /api/v2/package"), 400),
            (format!("{key}\r\n{original}\r\nx-original-method: DELETE"), 400),
            (format!("{key}\r\nX-Original-Method: PUT"), 400),
            (format!("{key}\r\nX-Forwarded-Uri: /api/v2/package"), 400),
            (format!("{key}\r\nX-Original-Method: PUT\r\nX-Forwarded-Uri: /api/v2/package"), 400),
            (
                format!(
                    "{key}\r\nX-Original-Method: PUT\r\nX-Original-URI: /api/v2/package, /api/v2/package"
                ),
                403,
            ),
            (format!("{key}\r\nX-Original-Method: PUT, PUT\r\nX-Original-URI: /api/v2/package"), 403),
            (format!("{key}\r\nX-Original-Method: PUT\r\nX-Original-URI:"), 403),
            (format!("{key}\r\nX-Original-Method: DELETE\r\nX-Original-URI: /api/v2/package/A/../B/1"), 403),
            (format!("{key}\r\n{original}\r\nX-NuGet-ApiKey: KEY"), 403),
        ] {
            let answer = cast.writes(&format!("{method} /authorize HTTP/1.1\r\n{lines}"), "").await;
            assert_eq!(answer.status, Some(status), "{method} {lines}: {}", answer.text);
            if status == 200 {
                assert_eq!(answer.body()["holder"], "mallory");
            }
        }
        // What is asked in a body beside it is not weighed against it.
        let answer = cast
            .writes(&format!("{method} /authorize HTTP/1.1\r\n{key}\r\n{original}\r\n{length}"), body)
            .await;
        assert_eq!(answer.status, Some(400), "{method}: {}", answer.text);
        let answer = cast.writes(&format!("{method} /authorize HTTP/1.1\r\n{key}\r\n{length}"), body).await;
        assert_eq!(
            answer.status,
            Some(if method == "POST" { 200 } else { 400 }),
            "{method}: {}",
            answer.text
        );
    }
    stage.finish().await;
}
