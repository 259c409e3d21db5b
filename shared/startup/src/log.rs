use tracing::{Level, Subscriber};
use tracing_subscriber::{
    filter::{LevelFilter, Targets, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt,
};

/// The crates whose `debug` and `trace` a filter can ask for: ours, which hand no secret to the log.
///
/// Of all others `info` is the least that is written, whatever the filter. What they say below it are events, requests
/// and answers as they are, and so keys and peppers, and no list of those that do so would stay complete.
const OURS: [&str; 8] =
    ["expiry_sweeper", "key_management", "keyring", "keys", "mail", "metrics", "push_authorizer", "startup"];

/// Starts the process's [`log`], on standard output. A second call does nothing.
pub fn start_log(filter: &str) {
    let _ = tracing::subscriber::set_global_default(log(filter, std::io::stdout));
}

/// A function's log: one JSON object a line, as CloudWatch reads it.
///
/// `filter` names levels and crates, as `info` or `warn,keyring=debug` do; one that cannot be read stands for `info`.
pub fn log<W>(filter: &str, to: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter: Targets = filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let most = filter.iter().map(|(_, level)| level).chain(filter.default_level()).max();
    let written = filter_fn(move |about| writes(&filter, about.target(), *about.level()));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    let written = written.with_max_level_hint(most.unwrap_or(LevelFilter::OFF));
    tracing_subscriber::registry().with(lines.with_writer(to)).with(written)
}

/// Whether what stands in the module `target` is written.
fn writes(filter: &Targets, target: &str, level: Level) -> bool {
    let most = match target.split("::").next() {
        Some(name) if OURS.contains(&name) => Level::TRACE,
        // At `info` it puts a span around every event, whose fields each line repeats: a twentieth of a warm answer's CPU.
        Some("lambda_runtime") => Level::WARN,
        _ => Level::INFO,
    };
    level <= most && filter.would_enable(target, &level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(filter: &str, target: &str, level: Level) -> bool {
        writes(&filter.parse().unwrap(), target, level)
    }

    #[test]
    fn below_info_only_our_own_crates_are_heard_whatever_is_asked() {
        for filter in
            ["trace", "debug", "off,hyper=trace,keyring=trace", "info,aws_sdk_kms=debug,keyring=debug"]
        {
            for other in [
                "aws_sdk_kms::operation::decrypt",
                "aws_sigv4::http_request::sign",
                "aws_smithy_runtime::client::orchestrator",
                "hyper::proto::h1::conn",
                "lambda_runtime",
                "keyring_of_somebody_else",
                "mailparse",
                "",
            ] {
                assert!(!written(filter, other, Level::DEBUG), "{filter}: {other}");
                assert!(!written(filter, other, Level::TRACE), "{filter}: {other}");
            }
            assert!(written(filter, "keyring::peppers", Level::DEBUG), "{filter}");
        }
    }

    #[test]
    fn from_info_on_the_filter_decides() {
        assert!(written("info", "aws_sdk_kms", Level::INFO) && written("info", "keys", Level::INFO));
        assert!(!written("warn,keyring=debug", "hyper", Level::INFO));
        assert!(written("warn,keyring=debug", "hyper", Level::ERROR));
        assert!(!written("warn,keyring=debug", "keyring", Level::TRACE));
        assert!(!written("off", "keyring", Level::ERROR));
    }

    #[test]
    fn of_the_runtime_only_trouble_is_heard() {
        assert!(written("info", "lambda_runtime::runtime", Level::ERROR));
        assert!(!written("info,lambda_runtime=info", "lambda_runtime::layers::trace", Level::INFO));
    }

    #[test]
    fn our_crates_are_those_that_functions_are_made_of() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let mut crates: Vec<String> = ["functions", "shared"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(format!("{root}/{folder}")).unwrap())
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace('-', "_"))
            .collect();
        crates.sort();
        assert_eq!(crates, OURS);
    }
}
