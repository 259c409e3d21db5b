//! What is counted of the functions' work, for CloudWatch to draw and to raise alarms on.
//!
//! | metric | counts | by |
//! | --- | --- | --- |
//! | `Decisions` | answers to "may this key do this?" | `door` and `reason`; `door` alone |
//! | `Faults` | our own trouble, whether or not anybody was refused for it | `function` and `cause` |
//! | `Mails` | mails tried | `outcome` |
//! | `Bounces` | mails that came back for good, and complaints | `kind` |
//! | `Sweeps` | runs of the sweeper that came to their end | |
//! | `DueLeft` | keys that such a run has seen due and left to the next (a number, not a count of events) | |
//!
//! A [`Metric`] is an enum of enums: there is no text in it, so no key, account or package can become a dimension, and
//! there are never more than 51 series. A metric that nobody asks for costs as much as one that somebody does.
//!
//! Metrics are lines of the log in the embedded metric format, which CloudWatch reads where a log arrives, so counting
//! calls nothing and fails nothing. They are written where `METRICS_NAMESPACE` names a [`Namespace`].

mod dimension;
mod line;
mod metric;
mod namespace;

use std::{
    fmt,
    io::{Write as _, stdout},
    sync::Arc,
};

use startup::{Clock, Environment};

pub use dimension::{Answered, BounceKind, Cause, Door, Function, MailOutcome};
pub use metric::Metric;
pub use namespace::{Namespace, NamespaceError};

/// Where a function counts what it does. Clones write to the same place.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Open>>);

struct Open {
    namespace: Namespace,
    function: Function,
    clock: Clock,
    write: Box<dyn Fn(&str) + Send + Sync>,
}

impl Metrics {
    /// Counts nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Counts on standard output where `METRICS_NAMESPACE` is set, and nothing where it is not. Faults are kept by
    /// `environment`.
    pub fn read(environment: &mut Environment, function: Function) -> Self {
        match environment.optional("METRICS_NAMESPACE") {
            Some(namespace) => Self::new(namespace, function, Clock::system(), print),
            None => Self::off(),
        }
    }

    /// Hands each line, with its line break, to `write`.
    #[must_use]
    pub fn new(
        namespace: Namespace,
        function: Function,
        clock: Clock,
        write: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(Open { namespace, function, clock, write: Box::new(write) })))
    }

    /// Counts this, now.
    pub fn count(&self, metric: Metric) {
        if let Some(open) = &self.0 {
            (open.write)(&line::of(metric, open.function, &open.namespace, open.clock.now()));
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Metrics(on)" } else { "Metrics(off)" })
    }
}

/// One call that holds the lock on standard output, as the log's own are: lines come whole, one after another.
fn print(line: &str) {
    // Whoever reads the log is gone: what is asked of the function is done all the same.
    let _ = stdout().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_namespace_nothing_is_written_and_a_bad_one_is_told() {
        for (variables, written, told) in [
            (vec![], "Metrics(off)", ""),
            (vec![("METRICS_NAMESPACE", "")], "Metrics(off)", ""),
            (vec![("METRICS_NAMESPACE", "Latchkey")], "Metrics(on)", ""),
            (
                vec![("METRICS_NAMESPACE", "AWS/Lambda")],
                "Metrics(off)",
                "METRICS_NAMESPACE is \"AWS/Lambda\": a namespace has 1 to 255 of the characters A-Z a-z 0-9 . - _ / # and \
                 space, and does not begin with AWS/",
            ),
        ] {
            let mut environment = Environment::of(variables);
            assert_eq!(format!("{:?}", Metrics::read(&mut environment, Function::PushAuthorizer)), written);
            assert_eq!(environment.finish().err().map(|fault| fault.to_string()).unwrap_or_default(), told);
        }
    }
}
