use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// These write events, requests and answers as they are at `debug` and `trace`, and so keys and peppers: `info` is the
/// most they say, whatever the filter.
const NEVER_BELOW_INFO: [&str; 6] = [
    "lambda_runtime",
    "aws_smithy_runtime",
    "aws_smithy_runtime_api",
    "aws_smithy_http_client",
    "aws_sdk_kms",
    "hyper",
];

/// Starts the process's log: one JSON object a line on standard output, as CloudWatch reads it.
///
/// `filter` names levels and crates, as `info` or `warn,keyring=debug` do; one that cannot be read stands for `info`. A
/// second call does nothing.
pub fn start_log(filter: &str) {
    let filter: Targets = filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let filter = filter.with_targets(NEVER_BELOW_INFO.map(|name| (name, LevelFilter::INFO)));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}
