use tracing_subscriber::EnvFilter;

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
/// `filter` is a `tracing` filter such as `info` or `warn,keyring=debug`; one that cannot be read stands for `info`.
/// A second call does nothing.
pub fn start_log(filter: &str) {
    let mut filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    for crates in NEVER_BELOW_INFO {
        if let Ok(directive) = format!("{crates}=info").parse() {
            filter = filter.add_directive(directive);
        }
    }
    let log =
        tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_current_span(false);
    let _ = log.try_init();
}
