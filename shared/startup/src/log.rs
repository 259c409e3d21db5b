use tracing_subscriber::EnvFilter;

/// Starts the process's log: one JSON object a line on standard output, as CloudWatch reads it.
///
/// `filter` is a `tracing` filter such as `info` or `warn,keyring=debug`; one that cannot be read stands for `info`.
/// A second call does nothing.
pub fn start_log(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log =
        tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_current_span(false);
    let _ = log.try_init();
}
