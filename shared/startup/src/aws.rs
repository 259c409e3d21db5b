use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

/// How the AWS clients of every function are set up: region, credentials and endpoints from the environment, the rest
/// as [`bounded`] says.
pub async fn aws() -> SdkConfig {
    bounded(aws_config::defaults(BehaviorVersion::latest())).load().await
}

/// Timeouts and retries that leave room to answer within the gateway's limit of 29 seconds.
///
/// An attempt that takes two seconds is lost: the services answer in milliseconds, so trying again is the better hope.
#[must_use]
pub fn bounded(loader: ConfigLoader) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(6))
        .build();
    let retries =
        RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50));
    loader.timeout_config(timeouts).retry_config(retries)
}
