//! Whose token it is decides everything, so only the issuer's own, for us, now, opens a person's routes; and neither does a
//! key open them, nor a token a push.
//!
//! Signature, issuer, audience and times are checked by API Gateway, which the gateway of `cargo run` stands in for: what is
//! shown here of those is what that gateway does, and that the function behind it believes nothing but claims.

use std::fs;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hyper::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use local::issuer::Issuer;
use serde_json::{Value, json};
use startup::Clock;

use crate::{
    package::Package,
    publisher::{KeyText, Publisher, id},
    stage::Stage,
};

/// What tokens are made of here: the issuer's own key and name.
struct Mint {
    key: EncodingKey,
    other_key: EncodingKey,
    kid: String,
    claims: Value,
    public: Value,
}

impl Mint {
    async fn of(stage: &Stage) -> Self {
        let der = fs::read(stage.folder().join("data/issuer.der")).unwrap();
        let other = stage.folder().join("other.der");
        Issuer::open(stage.origin(), Clock::system(), &other).unwrap();
        let public = stage.get("/local/.well-known/jwks.json").await.expect(200)["keys"][0].take();
        let now = Clock::system().now().timestamp();
        let claims = json!({
            "iss": format!("{}/local", stage.origin()), "aud": "latchkey", "sub": "alice", "iat": now - 60, "nbf": now - 60,
            "exp": now + 3600, "email": "alice@example.test", "email_verified": true,
        });
        Self {
            key: EncodingKey::from_rsa_der(&der),
            other_key: EncodingKey::from_rsa_der(&fs::read(other).unwrap()),
            kid: public["kid"].as_str().unwrap().to_owned(),
            claims,
            public,
        }
    }

    fn header(&self, algorithm: Algorithm) -> Header {
        Header { kid: Some(self.kid.clone()), ..Header::new(algorithm) }
    }

    /// A token of the issuer's with these claims in place of the good ones; null takes one away.
    fn with(&self, changes: &Value) -> String {
        let mut claims = self.claims.clone();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::String(text) if text == "null" => claims[name] = Value::Null,
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        encode(&self.header(Algorithm::RS256), &claims, &self.key).unwrap()
    }

    /// A token with this header and signature, both as they are.
    fn written(&self, header: &Value, signature: &str) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", part(header), part(&self.claims))
    }

    /// Tokens that nobody may take, and why.
    fn bad(&self) -> Vec<(String, String)> {
        let now = Clock::system().now().timestamp();
        let issuer = self.claims["iss"].as_str().unwrap();
        let mut bad = Vec::new();
        for (why, changes) in [
            ("another issuer", json!({ "iss": "https://issuer.example" })),
            ("an issuer with a slash more", json!({ "iss": format!("{issuer}/") })),
            ("an issuer in other letters", json!({ "iss": issuer.to_uppercase() })),
            ("two issuers", json!({ "iss": [issuer] })),
            ("no issuer", json!({ "iss": null })),
            ("another audience", json!({ "aud": "latchkey2" })),
            ("an audience in other letters", json!({ "aud": "Latchkey" })),
            ("other audiences", json!({ "aud": ["other", "latchkey "] })),
            ("no audience", json!({ "aud": null })),
            ("an empty audience", json!({ "aud": [] })),
            ("expired", json!({ "exp": now - 1 })),
            ("expired for ever", json!({ "exp": 0 })),
            ("no expiry", json!({ "exp": null })),
            ("an expiry in words", json!({ "exp": "2999-01-01T00:00:00Z" })),
            ("not valid yet", json!({ "nbf": now + 3600 })),
            ("of the future", json!({ "iat": now + 3600 })),
            ("nobody", json!({ "sub": null })),
            ("nothing for somebody", json!({ "sub": "null" })),
            ("nobody's name", json!({ "sub": "" })),
            ("a blank name", json!({ "sub": "  " })),
            ("a name with a blank before", json!({ "sub": " alice" })),
            ("a name with a line's end", json!({ "sub": "alice\n" })),
            ("a name with NUL", json!({ "sub": "alice\0" })),
            ("a name too long", json!({ "sub": "a".repeat(257) })),
        ] {
            bad.push((why.to_owned(), self.with(&changes)));
        }
        let good = self.with(&json!({}));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        for algorithm in ["none", "None", "NONE", "nOnE", ""] {
            for signature in ["", signature] {
                let header = json!({ "alg": algorithm, "typ": "JWT", "kid": self.kid });
                bad.push((format!("algorithm {algorithm:?}"), self.written(&header, signature)));
            }
        }
        // The public key, which everybody has, taken for a shared secret.
        let modulus = self.public["n"].as_str().unwrap();
        for secret in [
            modulus.as_bytes().to_vec(),
            BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap(),
            self.public.to_string().into_bytes(),
            Vec::new(),
        ] {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let token = encode(&self.header(algorithm), &self.claims, &EncodingKey::from_secret(&secret))
                    .unwrap();
                bad.push((format!("{algorithm:?} with the public key"), token));
            }
        }
        for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
            let token = encode(&self.header(algorithm), &self.claims, &self.key).unwrap();
            bad.push((format!("{algorithm:?}, which the key is not for"), token));
        }
        let own = |header: Header| encode(&header, &self.claims, &self.other_key).unwrap();
        let named = self.header(Algorithm::RS256);
        let jwk = serde_json::from_value(self.public.clone()).unwrap();
        for (why, token) in [
            ("another key under our id", own(named.clone())),
            (
                "another key under an id of its own",
                own(Header { kid: Some("another".into()), ..named.clone() }),
            ),
            ("another key that it brings along", own(Header { jwk: Some(jwk), ..named.clone() })),
            (
                "another key that it points to",
                own(Header { jku: Some(format!("{issuer}/keys")), ..named.clone() }),
            ),
            ("another key without an id", own(Header { kid: None, ..named.clone() })),
        ] {
            bad.push((why.to_owned(), token));
        }
        for (why, kid) in [("an unknown key's id", Some("another")), ("no key's id", None)] {
            let header = Header { kid: kid.map(str::to_owned), ..named.clone() };
            bad.push((why.to_owned(), encode(&header, &self.claims, &self.key).unwrap()));
        }
        let bobs = self.with(&json!({ "sub": "bob" }));
        let (bobs, _) = bobs.rsplit_once('.').unwrap();
        bad.push(("another's claims under this signature".to_owned(), format!("{bobs}.{signature}")));
        for (why, token) in [
            ("no signature", format!("{signed}.")),
            ("not even a place for one", signed.to_owned()),
            ("half a signature", format!("{signed}.{}", &signature[..signature.len() / 2])),
            ("a fourth part", format!("{good}.{signature}")),
            ("a blank inside", good.replacen('.', ". ", 1)),
            ("two of them", format!("{good} {good}")),
            ("two of them as a list", format!("{good}, Bearer {good}")),
            ("very long", format!("{good}{}", "A".repeat(16_000))),
        ] {
            bad.push((why.to_owned(), token));
        }
        bad
    }
}

#[tokio::test]
async fn only_the_issuers_own_token_for_us_and_now_opens_a_persons_routes() {
    let stage = Stage::kept("tokens").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let key = alice.create(&["push"], &["*"]).await.key;
    let mint = Mint::of(&stage).await;
    let good = format!("Bearer {}", mint.with(&json!({})));
    let get =
        async |headers: &[(&str, &str)]| stage.call(Method::GET, "/account", headers, &Value::Null).await;
    assert_eq!(get(&[("authorization", &good)]).await.expect(200)["account"], "alice");

    let delete = format!("/keys/{}", id(&key));
    let bad = mint.bad();
    assert!(bad.len() > 60, "{}", bad.len());
    for (why, token) in &bad {
        let authorization = format!("Bearer {token}");
        for (method, path) in [(Method::GET, "/account"), (Method::DELETE, delete.as_str())] {
            let reply = stage.call(method, path, &[("authorization", &authorization)], &Value::Null).await;
            assert_eq!(reply.status, 401, "{why}: {}", reply.body);
            assert!(reply.headers.contains_key("www-authenticate"), "{why}");
        }
    }
    // Where it does not stand in the one place it belongs to, or not alone there.
    let bare = &good["Bearer ".len()..];
    let basic = format!("Basic {bare}");
    for headers in [
        &[][..],
        &[("authorization", "")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer null")],
        &[("authorization", &basic)],
        &[("x-authorization", &good)],
        &[("proxy-authorization", &good)],
        &[("x-forwarded-authorization", &good)],
        &[("cookie", &good)],
        &[("authorization", &good), ("authorization", &good)],
        &[("authorization", &good), ("Authorization", "Bearer nonsense")],
        &[("AUTHORIZATION", ""), ("authorization", &good)],
    ] {
        assert_eq!(get(headers).await.status, 401, "{} headers", headers.len());
    }
    for query in ["access_token", "token", "Authorization"] {
        let path = format!("/account?{query}={bare}");
        assert_eq!(stage.get(&path).await.status, 401, "{query}");
    }
    assert_eq!(alice.key(&key).await, key);
    stage.finish().await;
}

#[tokio::test]
async fn a_key_opens_no_operation_of_the_management_api_and_a_token_no_push() {
    let stage = Stage::ephemeral("tokens_and_keys").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push", "update", "unlist"], &["*"]).await;
    let asked = [("x-nuget-apikey", made.text.reveal())];
    let decision =
        stage.call(Method::POST, "/authorize", &asked, &json!({ "action": "push" })).await.expect(200);
    let grant = decision["grant"].as_str().unwrap().to_owned();
    let before = alice.keys().await;

    let document = stage.get("/openapi.json").await.expect(200);
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(caller) = operation["security"][0].as_object().and_then(|it| it.keys().next()) else {
                continue;
            };
            let path =
                path.replace("{id}", id(&made.key)).replace("{account}", "alice").replace("{user}", "alice");
            let path = path.replace("{organization}", "contoso");
            for secret in [made.text.reveal(), &grant] {
                let (bearer, basic) = (format!("Bearer {secret}"), format!("Basic {secret}"));
                for headers in [
                    &[("authorization", bearer.as_str())][..],
                    &[("authorization", secret)],
                    &[("authorization", &basic)],
                    &[("authorization", &bearer), ("x-nuget-apikey", secret)],
                    &[
                        ("x-nuget-apikey", secret),
                        ("x-latchkey-grant", &grant),
                        ("x-latchkey-holder", "alice"),
                    ],
                ] {
                    // On loopback whoever shows nothing is the gallery.
                    if caller == "gallery" && headers[0].0 != "authorization" {
                        continue;
                    }
                    let method: Method = method.to_uppercase().parse().unwrap();
                    let reply = stage.call(method, &path, headers, &json!({})).await;
                    let expected = if caller == "gallery" { 403 } else { 401 };
                    assert_eq!(reply.status, expected, "{path}: {}", reply.body);
                    refused += 1;
                }
            }
        }
    }
    assert_eq!(refused, 24 * 10 - 9 * 2, "a new operation is asked too");
    assert_eq!(alice.keys().await, before);

    let token = alice.token();
    let push = Package::new("Tailspin.Tools", "1.0.0");
    let told = push.put(&stage, "/api/v2/package", &KeyText::copied(token)).await.expect(403);
    assert_eq!(told["reason"], "unknown");
    let bearer = format!("Bearer {token}");
    for headers in [
        &[("authorization", bearer.as_str())][..],
        &[("x-nuget-apikey", token)],
        &[("x-nuget-apikey", &bearer)],
    ] {
        let told = stage.call(Method::PUT, "/api/v2/package", headers, &Value::Null).await.expect(403);
        assert_eq!(told["reason"], "unknown");
        let told =
            stage.call(Method::POST, "/authorize", headers, &json!({ "action": "push" })).await.expect(403);
        assert_eq!(told["reason"], "unknown");
    }
    let told = stage.post("/authorize", &json!({ "action": "push", "grant": token })).await.expect(403);
    assert_eq!(told["reason"], "unknown");
    stage.finish().await;
}
