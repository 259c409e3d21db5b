use std::time::Duration;

use aws_config::{
    BehaviorVersion, ConfigLoader, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    identity::IdentityCache,
    meta::region::ProvideRegion,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// The roots that AWS's endpoints are certified by (<https://www.amazontrust.com/repository/>), good until 2037 and later.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// How the AWS clients of every function are set up: region, credentials and endpoints from the environment, the rest
/// as [`bounded`] says.
///
/// Lambda puts all of these into the environment. What the SDK would look for elsewhere (profiles, roles to be assumed,
/// metadata of machines) is neither looked for nor part of the programs, which makes them a sixth smaller. All clients
/// share one HTTP client, and so one set of roots; `trusted` says which.
///
/// # Panics
/// Never: a list of roots alone is always a context for TLS.
#[expect(clippy::expect_used, reason = "to go on with another list of roots would be worse")]
pub async fn aws() -> SdkConfig {
    let tls = TlsContext::builder().with_trust_store(trusted()).build().expect("roots alone are a context");
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(EnvironmentVariableRegionProvider::new().region().await)
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .identity_cache(IdentityCache::lazy().build())
        .service_config(Endpoints)
        .http_client(client.build_https())
        .timeout_config(timeouts())
        .retry_config(retries())
        .build()
}

/// Whom TLS trusts: Amazon's own roots and no others, unless `SSL_CERT_FILE` or `SSL_CERT_DIR` says where to look.
///
/// The machine's list has some 140 roots, any of which could certify a false DynamoDB, and reading it takes more than
/// half of a cold start's CPU time before the first event. A partition of AWS whose endpoints are certified by others
/// sets `SSL_CERT_FILE`; without it no call succeeds there.
#[expect(clippy::disallowed_methods, reason = "configuration is read here, and only here")]
fn trusted() -> TrustStore {
    match ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var(name).is_ok()) {
        true => TrustStore::default(),
        false => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
    }
}

/// Timeouts and retries that leave room to answer within the gateway's limit of 29 seconds.
///
/// An attempt that takes two seconds is lost: the services answer in milliseconds, so trying again is the better hope.
#[must_use]
pub fn bounded(loader: ConfigLoader) -> ConfigLoader {
    loader.timeout_config(timeouts()).retry_config(retries())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(6))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50))
}

/// The endpoints that the environment names: of one service, as `AWS_ENDPOINT_URL_DYNAMODB` does, or `AWS_ENDPOINT_URL` of
/// all others (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
#[derive(Debug)]
struct Endpoints;

impl LoadServiceConfig for Endpoints {
    #[expect(clippy::disallowed_methods, reason = "configuration is read here, and only here")]
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        std::env::var(format!("{}_{service}", key.env())).or_else(|_| std::env::var(key.env())).ok()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};

    use super::*;

    /// As <https://www.amazontrust.com/repository/> publishes them, and as browsers' lists have them.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn the_roots_are_the_published_ones_and_no_others() {
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        let certificates = text.split("-----BEGIN CERTIFICATE-----").skip(1);
        let fingerprints = certificates.map(|rest| {
            let (body, _) = rest.split_once("-----END CERTIFICATE-----").unwrap();
            let der = STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap();
            Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        assert_eq!(fingerprints.collect::<Vec<_>>(), FINGERPRINTS);
    }
}
