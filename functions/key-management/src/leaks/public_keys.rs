use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use aws_smithy_async::{
    future::timeout::Timeout,
    rt::sleep::{AsyncSleep as _, SharedAsyncSleep, TokioSleep},
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::http::{HttpConnector as _, SharedHttpConnector},
    http::{Request, Response},
};
use aws_smithy_types::body::SdkBody;
use axum::{
    body::{Body, Bytes, to_bytes},
    http::{self, Uri, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio::sync::Mutex;

/// How long keys are good without being looked at again: one that its owner has withdrawn ends within a day.
const KEPT: TimeDelta = TimeDelta::days(1);
/// How often at most keys are asked for because one is not known: whoever makes up names makes us ask no faster.
const ASKED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How long an answer may take, connecting and reading included. The gateway waits longer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);
/// The most bytes an answer has.
const MOST_BYTES: usize = 64 * 1024;

/// The public keys of one reporter, asked for when they are needed and kept for a day.
#[derive(Debug)]
pub(crate) struct PublicKeys {
    address: Uri,
    /// Made when it is first needed: it reads the machine's list of roots, which takes longer than all else at a start.
    web: OnceLock<Web>,
    kept: Mutex<Kept>,
}

/// The way to whoever answers HTTP, and a sense of time.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    pub(crate) connector: SharedHttpConnector,
    pub(crate) sleep: SharedAsyncSleep,
}

#[derive(Debug, Default)]
struct Kept {
    keys: BTreeMap<String, PublicKey>,
    /// When these were had.
    since: Option<DateTime<Utc>>,
}

/// A public key on the curve P-256, as X.509's `SubjectPublicKeyInfo` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey(Vec<u8>);

/// Why public keys could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoKeys {
    #[error("no answer within {} seconds", ANSWERED_WITHIN.as_secs())]
    Late,
    #[error("no answer: {0}")]
    Unreachable(String),
    #[error("an answer with status {0}")]
    Status(u16),
    #[error("an answer that cannot be read")]
    Unreadable,
}

/// What is answered where the keys are.
#[derive(Deserialize)]
struct Listed {
    public_keys: Vec<ListedKey>,
}

#[derive(Deserialize)]
struct ListedKey {
    key_identifier: String,
    /// PEM.
    key: String,
}

impl PublicKeys {
    /// Those to be had at `address`, none of which is known yet.
    pub(crate) fn at(address: Uri) -> Self {
        Self { address, web: OnceLock::new(), kept: Mutex::default() }
    }

    /// The same, asked for through `web`.
    pub(crate) fn asked_through(self, web: Web) -> Self {
        Self { web: web.into(), ..self }
    }

    /// The key with this name, if the reporter has it.
    pub(crate) async fn named(
        &self,
        identifier: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<PublicKey>, NoKeys> {
        // Held while they are asked for: many reports at once ask once.
        let mut kept = self.kept.lock().await;
        let enough = if kept.keys.contains_key(identifier) { KEPT } else { ASKED_EVERY };
        if kept.since.is_none_or(|since| now - since >= enough) {
            *kept = Kept { keys: self.ask().await?, since: Some(now) };
        }
        Ok(kept.keys.get(identifier).cloned())
    }

    async fn ask(&self) -> Result<BTreeMap<String, PublicKey>, NoKeys> {
        let Web { connector, sleep } = self.web.get_or_init(Web::open);
        let answer = async {
            let answer = connector.call(request(&self.address)?).await;
            let answer: Response = answer.map_err(|error| NoKeys::Unreachable(error.to_string()))?;
            match answer.status().as_u16() {
                200 => {
                    to_bytes(Body::new(answer.into_body()), MOST_BYTES).await.map_err(|_| NoKeys::Unreadable)
                }
                other => Err(NoKeys::Status(other)),
            }
        };
        let answer = Timeout::new(answer, sleep.sleep(ANSWERED_WITHIN));
        read(&answer.await.map_err(|_| NoKeys::Late)??)
    }
}

impl Web {
    /// Unlike AWS's services, those there may be certified by any root that the machine trusts.
    fn open() -> Self {
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build();
        Self {
            connector: SharedHttpConnector::new(connector),
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
        }
    }
}

fn request(address: &Uri) -> Result<Request, NoKeys> {
    let request = http::Request::get(address)
        // GitHub answers nobody who does not say who they are.
        .header(header::USER_AGENT, "latchkey")
        .header(header::ACCEPT, "application/json")
        .body(SdkBody::empty());
    let request = request.map_err(|error| NoKeys::Unreachable(error.to_string()))?;
    Request::try_from(request).map_err(|error| NoKeys::Unreachable(error.to_string()))
}

/// The keys of an answer; of another kind than ours, a key is left out.
fn read(answer: &Bytes) -> Result<BTreeMap<String, PublicKey>, NoKeys> {
    let listed: Listed = serde_json::from_slice(answer).map_err(|_| NoKeys::Unreadable)?;
    let key = |listed: ListedKey| Some((listed.key_identifier, PublicKey::of_pem(&listed.key)?));
    Ok(listed.public_keys.into_iter().filter_map(key).collect())
}

impl PublicKey {
    fn of_pem(pem: &str) -> Option<Self> {
        let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
        let (body, _) = rest.split_once("-----END PUBLIC KEY-----")?;
        BASE64_STANDARD.decode(body.split_whitespace().collect::<String>()).ok().map(Self)
    }

    /// Whether `signature`, ECDSA with SHA-256 as ASN.1 DER, is over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GitHub's own example: a key for tests, a body, and the signature over it.
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\n\
                       HzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==\n-----END PUBLIC KEY-----\n";
    const BODY: &[u8] =
        br#"[{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}]"#;
    const SIGNATURE: &str =
        "MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+L2y8oQ9A2T9GGJo6WJY=";

    #[test]
    fn the_published_example_verifies_and_nothing_near_it() {
        let key = PublicKey::of_pem(PEM).unwrap();
        let signature = BASE64_STANDARD.decode(SIGNATURE).unwrap();
        assert!(key.verifies(BODY, &signature));
        for place in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[place] ^= 1;
            assert!(!key.verifies(&body, &signature), "byte {place} of the body");
        }
        for bit in 0..signature.len() * 8 {
            let mut other = signature.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies(BODY, &other), "bit {bit} of the signature");
        }
        assert!(!key.verifies(&[BODY, b"\n"].concat(), &signature));
        assert!(!key.verifies(BODY, b""));
    }

    #[test]
    fn keys_are_read_by_their_names_and_others_are_left_out() {
        let answer = serde_json::json!({ "public_keys": [
            { "key_identifier": "one", "key": PEM, "is_current": true },
            { "key_identifier": "two", "key": "ssh-ed25519 AAAA", "is_current": false },
        ] });
        let keys = read(&answer.to_string().into()).unwrap();
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["one"]);
        for unreadable in ["", "[]", "{}", r#"{"public_keys":{}}"#, r#"{"public_keys":[{"key":"x"}]}"#] {
            assert_eq!(
                read(&Bytes::from_static(unreadable.as_bytes())),
                Err(NoKeys::Unreadable),
                "{unreadable}"
            );
        }
    }
}
