//! Whom the functions take for AWS: an endpoint that Amazon's roots certify, or those of `SSL_CERT_FILE`, and nobody else.

use std::sync::Arc;

use serde_json::json;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::{publisher::Publisher, runtime::Runtime, stage::Stage};

/// An endpoint before the plain one at `upstream`, with a certificate that it has given itself: where it is, and that
/// certificate.
async fn certified_by_itself(upstream: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let upstream = upstream.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
            tokio::spawn(async move {
                // A client that does not believe the certificate breaks off here.
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let mut outside = TcpStream::connect(upstream).await.unwrap();
                // Either side may leave when it likes.
                let _ = copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    });
    (at, made.cert.pem())
}

#[tokio::test]
async fn a_stranger_is_not_taken_for_aws() {
    let stage = Stage::ephemeral("trust").await;
    let alice = Publisher::sign_in(&stage, "alice").await;
    let made = alice.create(&["push"], &["Tailspin.*"]).await;
    let question = json!({
        "resource": "/authorize",
        "httpMethod": "POST",
        "headers": { "X-NuGet-ApiKey": made.text.reveal() },
        "body": json!({ "action": "push", "package": "Tailspin.Tools" }).to_string(),
    });
    let mut environment = stage.environment().await;
    let (endpoint, certificate) = certified_by_itself(&environment["AWS_ENDPOINT_URL_DYNAMODB"]).await;
    environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint);

    let mut authorizer = Runtime::start("push-authorizer", &environment, stage.log()).await;
    assert_eq!(authorizer.invoke(&question).await.unwrap()["statusCode"], 503);
    authorizer.stop().await;

    let folder = tempfile::tempdir().unwrap();
    let believed = folder.path().join("roots.pem");
    std::fs::write(&believed, certificate).unwrap();
    environment.insert("SSL_CERT_FILE".to_owned(), believed.display().to_string());
    let mut authorizer = Runtime::start("push-authorizer", &environment, stage.log()).await;
    assert_eq!(authorizer.invoke(&question).await.unwrap()["statusCode"], 200);
    authorizer.stop().await;
    stage.finish().await;
}
