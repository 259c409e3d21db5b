//! Requests that say who they are in more ways than one, or say it askew: each is refused with a 4xx, or does what whoever
//! was proven may do. Nobody ever acts as somebody else.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    package::Package,
    publisher::{Made, Publisher, id},
    stage::Stage,
    wire,
};

/// mallory, who sends these requests, and alice, who she would like to be. Both have a key for everything of their own.
pub(crate) struct Cast<'a> {
    stage: &'a Stage,
    mallory: Publisher<'a>,
    mallorys: Made,
    alice: Publisher<'a>,
    alices: Made,
}

impl<'a> Cast<'a> {
    pub(crate) async fn of(stage: &'a Stage) -> Self {
        let (mallory, alice) =
            (Publisher::sign_in(stage, "mallory").await, Publisher::sign_in(stage, "alice").await);
        let mallorys = mallory.create(&["push", "update", "unlist"], &["*"]).await;
        let alices = alice.create(&["push", "update", "unlist"], &["*"]).await;
        Self { stage, mallory, mallorys, alice, alices }
    }

    /// Writes a request by hand: a line and headers, in which `TOKEN` is mallory's, `KEY` is hers, and `ALICES` is the id
    /// of alice's key.
    pub(crate) async fn writes(&self, head: &str, body: &str) -> wire::Answer {
        let head = head
            .replace("TOKEN", self.mallory.token())
            .replace("KEY", self.mallorys.text.reveal())
            .replace("ALICES", id(&self.alices.key));
        let host = self.stage.origin().trim_start_matches("http://");
        let request = format!("{head}\r\nHost: {host}\r\nConnection: close\r\n\r\n{body}");
        let answer = wire::send(self.stage, request.as_bytes()).await;
        assert_eq!(answer.count(), 1, "{} answers to {head:.60}", answer.count());
        answer
    }
}

#[tokio::test]
async fn a_request_is_its_tokens_whatever_else_it_says() {
    let stage = Stage::ephemeral("smuggling_people").await;
    let cast = Cast::of(&stage).await;
    let before = cast.alice.keys().await;
    let token = "Authorization: Bearer TOKEN";
    let long = "x".repeat(10_240);
    let mut heads = Vec::new();
    for beside in [
        "X-Latchkey-Holder: alice",
        "x-latchkey-holder: alice\r\nX-LATCHKEY-OWNER: alice\r\nx-LaTcHkEy-Key-Id: ALICES",
        "X-Latchkey-Holder : alice",
        "X-Amzn-Oidc-Identity: alice\r\nX-Forwarded-User: alice\r\nRemote-User: alice\r\nFrom: alice@example.test",
        "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1;by=alice",
        "X-Original-Url: /keys/ALICES\r\nX-Rewrite-Url: /keys/ALICES\r\nX-Original-Method: DELETE",
        "X-Http-Method-Override: DELETE\r\nX-Method-Override: DELETE\r\n_method: DELETE",
        "Cookie: sub=alice; account=alice; token=alice",
        "requestContext: {\"authorizer\":{\"jwt\":{\"claims\":{\"sub\":\"alice\"}}}}",
        "X-Amz-Security-Token: alice\r\nX-Amz-Date: 20261122T101500Z",
        "Authorization: Bearer TOKEN",
        "authorization: Basic YWxpY2U6",
        "Authorization: ",
        "X-A: b\r\n Authorization: Bearer alice",
        "X-A: b\0c",
        "X-A: b\nX-Latchkey-Holder: alice",
        "X-A: b\rX-Latchkey-Holder: alice",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: -1",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: \x0bchunked",
        &format!("X-Long: {long}"),
        &format!("X-Long: {}", long.repeat(100)),
        &format!("Authorization: Bearer {}", long.repeat(10)),
    ] {
        heads.push(format!("GET /account HTTP/1.1\r\n{token}\r\n{beside}"));
        heads.push(format!("GET /account HTTP/1.1\r\n{beside}\r\n{token}"));
    }
    for askew in [
        "Authorization : Bearer TOKEN",
        "Authorization\0: Bearer TOKEN",
        " Authorization: Bearer TOKEN",
        "Authorization: Bearer\tTOKEN",
        "Authorization:Bearer TOKEN\0",
        "Authorization: Bearer TOKEN,alice",
        "Authorization: TOKEN",
        "AUTHORIZATION: bEaReR   TOKEN",
        "Author\u{131}zation: Bearer TOKEN",
    ] {
        heads.push(format!("GET /account HTTP/1.1\r\n{askew}"));
    }
    for target in [
        "/Account",
        "/ACCOUNT",
        "//account",
        "/account/",
        "/account/.",
        "/./account",
        "/keys/../account",
        "/%61ccount",
        "/%2561ccount",
        "/account%00",
        "/account%2f",
        "/account%2F..",
        "/account.",
        "/account;sub=alice",
        "/account%20",
        "/account%0d%0aX-Latchkey-Holder:%20alice",
        "/\u{430}ccount",
        "/account?account=alice",
        "/account?sub=alice&sub=mallory",
        "/account?account=mallory&account=alice",
        "/account#alice",
        "/account%3fsub=alice",
        "/account%23",
        "http://127.0.0.1/account",
        "http://alice.example/account",
        "http://alice@127.0.0.1/account",
        "HTTP://127.0.0.1//account",
        "account",
        "*",
        "127.0.0.1:80",
        "/account HTTP/1.1\r\nX-Latchkey-Holder: alice\r\nX-Rest:",
        "/\\account",
        "/..\\account",
        &format!("/account?{long}"),
        &format!("/{long}"),
        &format!("/{}", long.repeat(10)),
    ] {
        heads.push(format!("GET {target} HTTP/1.1\r\n{token}"));
    }
    for method in ["get", "Get", "GET\t", "TRACE", "CONNECT", "PROPFIND", "ALICE", "G\u{0395}T"] {
        heads.push(format!("{method} /account HTTP/1.1\r\n{token}"));
    }
    let (mut refused, mut answered) = (0, 0);
    for head in &heads {
        // What ends a body of no length, where the head has promised one.
        let answer = cast.writes(head, "0\r\n\r\n").await;
        match answer.status {
            Some(200) => {
                assert_eq!(answer.body()["account"], "mallory", "{head:.200}: {}", answer.text);
                answered += 1;
            }
            Some(400..500) => refused += 1,
            _ => panic!("{head:.200}: {:.500}", answer.text),
        }
        assert!(!answer.text.contains("alice@example.test"), "{head:.200}");
    }
    assert!(answered >= 20 && refused >= 60, "{answered} answered, {refused} refused of {}", heads.len());
    assert_eq!(cast.alice.keys().await, before);
    stage.finish().await;
}

#[tokio::test]
async fn anothers_key_is_reached_by_no_spelling_of_its_address() {
    let stage = Stage::ephemeral("smuggling_ids").await;
    let cast = Cast::of(&stage).await;
    let before = cast.alice.keys().await;
    let own = id(&cast.mallorys.key).to_owned();
    let long = "A".repeat(10_240);
    for target in [
        "/keys/ALICES",
        "/keys/ALICES.",
        "/keys/ALICES%00",
        "/keys/ALICES/",
        "/keys/ALICES%2f",
        "/keys/./ALICES",
        "/keys//ALICES",
        "/keys/%2e/ALICES",
        "/keys/x/../ALICES",
        &format!("/keys/{own}/../ALICES"),
        &format!("/keys/{own}%2f..%2fALICES"),
        &format!("/keys/{own}%252f..%252fALICES"),
        &format!("/keys/{own}/..%2fALICES"),
        &format!("/keys/{own},ALICES"),
        &format!("/keys/{own};/ALICES"),
        &format!("/keys/{own}%00ALICES"),
        &format!("/keys/{own}%0aALICES"),
        "/keys/ALICES%3fx",
        "/keys/ALICES#x",
        "/KEYS/ALICES",
        "/keys/\u{ff21}ALICES",
        "/keys/ALICES%e2%80%8b",
        "/keys/ALICES%ff",
        "/keys/ALICES%c0%af",
        "/keys/ALICES%",
        "/keys/ALICES%zz",
        &format!("/keys/{long}"),
        &format!("/keys/ALICES{long}"),
        "http://127.0.0.1/keys/ALICES",
        "/keys/%2541LICES",
    ] {
        for (line, body) in [
            (format!("GET {target}"), ""),
            (format!("DELETE {target}"), ""),
            (format!("POST {target}/revoke"), ""),
            (format!("POST {target}/refresh"), "{}"),
            (format!("PATCH {target}"), r#"{"name":"mallory's"}"#),
        ] {
            let length = body.len();
            let head = format!(
                "{line} HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\nContent-Type: application/json\r\nContent-Length: {length}"
            );
            let answer = cast.writes(&head, body).await;
            assert!(matches!(answer.status, Some(400..500)), "{line:.200}: {:.500}", answer.text);
        }
    }
    // What a body says of who it is from is no field of a request.
    for (said, status) in [
        (json!({ "holder": "alice" }), 400),
        (json!({ "sub": "alice" }), 400),
        (json!({ "account": "alice" }), 400),
        (json!({ "requestContext": { "authorizer": { "jwt": { "claims": { "sub": "alice" } } } } }), 400),
        (json!({ "owner": "alice" }), 403),
        (json!({ "owner": "mallory\0alice" }), 400),
        (json!({ "owner": ["mallory", "alice"] }), 400),
    ] {
        let mut body = json!({ "name": "a key", "actions": ["push"], "packages": ["*"] });
        body.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        cast.mallory.call(Method::POST, "/keys", &body).await.expect(status);
    }
    let twice = br#"{"name":"a","actions":["push"],"packages":["*"],"owner":"mallory","owner":"alice"}"#;
    cast.mallory.send(Method::POST, "/keys", twice).await.expect(400);
    // A second request inside the body of the first is not one.
    let inner =
        "GET /keys/ALICES HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".replace("ALICES", id(&cast.alices.key));
    for framing in [
        "Content-Length: 0",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Content-Length: 0\r\nContent-Length: 70",
    ] {
        let head = format!("POST /keys HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n{framing}");
        let answer = cast.writes(&head, &format!("0\r\n\r\n{inner}")).await;
        assert!(matches!(answer.status, Some(400..500)), "{framing}: {:.500}", answer.text);
    }
    assert_eq!(cast.alice.keys().await, before);
    stage.finish().await;
}

#[tokio::test]
async fn a_decision_is_its_keys_whatever_else_the_request_says() {
    let stage = Stage::ephemeral("smuggling_keys").await;
    let cast = Cast::of(&stage).await;
    let (hers, alices) = (cast.mallorys.text.reveal(), cast.alices.text.reveal());
    let granted = stage
        .call(Method::POST, "/authorize", &[("x-nuget-apikey", alices)], &json!({ "action": "push" }))
        .await;
    let alices_grant = granted.expect(200)["grant"].as_str().unwrap().to_owned();
    let (bearer, alices_bearer, twice) =
        (format!("Bearer {hers}"), format!("Bearer {alices}"), format!("{hers}, {alices}"));
    let nonsense = "x".repeat(20_000);
    let rows: &[(&[(&str, &str)], &str)] = &[
        (&[("x-nuget-apikey", hers)], "mallory"),
        (&[("X-NUGET-APIKEY", hers)], "mallory"),
        (&[("authorization", &bearer)], "mallory"),
        (
            &[("x-nuget-apikey", hers), ("x-latchkey-holder", "alice"), ("X-Latchkey-Owner", "alice")],
            "mallory",
        ),
        (&[("X-LATCHKEY-GRANT", &alices_grant), ("x-nuget-apikey", hers)], "mallory"),
        (&[("x-latchkey-grant", &alices_grant)], "missing"),
        (&[("x-latchkey-holder", "alice"), ("x-latchkey-key-id", id(&cast.alices.key))], "missing"),
        // A key in its own header goes before one in another's.
        (&[("x-nuget-apikey", hers), ("authorization", &alices_bearer)], "mallory"),
        (&[("authorization", &alices_bearer), ("x-nuget-apikey", hers)], "mallory"),
        (&[("x-nuget-apikey", hers), ("x-nuget-apikey", hers)], "unknown"),
        (&[("x-nuget-apikey", hers), ("X-NuGet-ApiKey", alices)], "unknown"),
        (&[("x-nuget-apikey", hers), ("x-nuget-apikey", "nonsense")], "unknown"),
        (&[("x-nuget-apikey", &twice)], "unknown"),
        (&[("authorization", &bearer), ("Authorization", &alices_bearer)], "unknown"),
        (&[("x-nuget-apikey", ""), ("authorization", &bearer)], "mallory"),
        (&[("x_nuget_apikey", hers)], "missing"),
        (&[("x-nuget-api-key", hers)], "missing"),
        (&[("apikey", hers)], "missing"),
        (&[("cookie", hers)], "missing"),
        (&[("x-nuget-apikey", &bearer)], "unknown"),
        (&[("authorization", hers)], "missing"),
        (&[("x-nuget-apikey", &nonsense)], "unknown"),
    ];
    for (number, (headers, told)) in rows.iter().enumerate() {
        for package in [None, Some("Mallory.Core")] {
            let question = json!({ "action": "push", "package": package });
            let reply = stage.call(Method::POST, "/authorize", headers, &question).await;
            let said = if reply.status == 200 { &reply.body["holder"] } else { &reply.body["reason"] };
            assert_eq!(said, told, "row {number}: {} {}", reply.status, reply.body);
        }
        let push = stage.call(Method::PUT, "/api/v2/package", headers, &Value::Null).await;
        let expected = match *told {
            // It is let in, and has brought no package.
            "mallory" => 400,
            "missing" => 401,
            _ => 403,
        };
        assert_eq!(push.status, expected, "row {number}: {}", push.body);
    }
    // What the body says of a key is not believed; nor what it says twice.
    for body in [
        r#"{"action":"push","key_id":"ALICES"}"#,
        r#"{"action":"push","holder":"alice"}"#,
        r#"{"action":"push","owner":"alice","decision":"allow"}"#,
        r#"{"action":"push","action":"unlist"}"#,
        r#"{"action":"push","package":"Mallory.Core","package":"Alice.Core"}"#,
        r#"{"action":"push","grant":null,"grant":"GRANT"}"#,
    ] {
        let body = body.replace("ALICES", id(&cast.alices.key)).replace("GRANT", &alices_grant);
        let headers = [("x-nuget-apikey", hers), ("content-type", "application/json")];
        let url = format!("{}/authorize", stage.origin());
        let reply = stage.http().send(Method::POST, &url, &headers, body.clone().into()).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.body);
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_push_is_its_keys_whatever_the_gallery_is_told_beside_it() {
    let stage = Stage::ephemeral("smuggling_pushes").await;
    let cast = Cast::of(&stage).await;
    Package::new("Alice.Core", "1.0.0").put(&stage, "/api/v2/package", &cast.alices.text).await.expect(201);
    let granted = [("x-nuget-apikey", cast.alices.text.reveal())];
    let question = json!({ "action": "push", "package": "Alice.Core" });
    let grant = stage.call(Method::POST, "/authorize", &granted, &question).await.expect(200)["grant"].take();
    let grant = grant.as_str().unwrap();
    let forged = [
        "X-Latchkey-Holder",
        "x-latchkey-holder",
        "X-LATCHKEY-OWNER",
        "x-LATCHKEY-key-ID",
        "X-Latchkey-Action",
        "x-latchkey-warning",
    ];
    for (number, name) in
        ["X-Latchkey-Grant", "x-latchkey-grant", "X-LATCHKEY-GRANT", "X-latchkey-Grant"].iter().enumerate()
    {
        for (package, status) in [(format!("Mallory.Core{number}"), 201), ("Alice.Core".to_owned(), 403)] {
            let mut headers: Vec<(&str, &str)> = forged.iter().map(|name| (*name, "alice")).collect();
            headers.extend([(*name, grant), ("x-nuget-apikey", cast.mallorys.text.reveal())]);
            let pushed = Package::new(&package, "2.0.0").put_with(&stage, "/api/v2/package", &headers).await;
            let told = pushed.expect(status);
            assert!(status == 201 || told["reason"] == "not_package_owner", "{told}");
        }
        // The gallery itself takes nothing that has not come through the gateway.
        let headers = [(*name, grant), ("x-nuget-apikey", "withheld"), ("authorization", "withheld")];
        let told = Package::new("Alice.Core", "3.0.0")
            .put_with(&stage, "/api/v2/package", &headers)
            .await
            .expect(403);
        assert_eq!(told["reason"], "unknown");
    }
    let owned = async |who: &Publisher<'_>| {
        let packages = who.call(Method::GET, "/packages", &Value::Null).await.expect(200)["packages"].take();
        packages
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(owned(&cast.alice).await, ["Alice.Core"]);
    assert_eq!(owned(&cast.mallory).await, [0, 1, 2, 3].map(|number| format!("Mallory.Core{number}")));
    stage.finish().await;
}
