//! The expiry sweeper: what time brings about is told to people, and what they have waited to be told leaves as mail.
//!
//! A scheduled [`Event`] asks for everything that is due at its scheduled time, from the beginning of time, so a run that
//! was missed or cut short is made up for by the next. Each key is told in a transaction of its own, on condition of the
//! due moment that was read, so runs may overlap, be repeated or replayed. The other events are SES's word of a bounce or
//! a complaint, and an operator's orders: to make the next pepper, and to end again what a restored table has brought back.
//!
//! The sweeper only tells. That a key has ended is compared where a key is used, and so is that the window of a hand-over has
//! closed: the sweeper removes what is dead already.

mod deadline;
mod event;
mod feedback;
mod report;
mod restore;
mod sweep;

use std::sync::Arc;

use keyring::{Fault, Keyring, RotateError};
use lambda_runtime::Diagnostic;
use mail::Postman;
use metrics::{Metric, Metrics};
use serde::Serialize;
use startup::Clock;
use tokio::time::Instant;

pub use deadline::deadline;
pub use event::{Event, EventError, ScheduledTime};
pub use feedback::Feedback;
pub use report::Report;
pub use restore::Restored;

/// The function: everything it needs, for any number of events.
#[derive(Debug, Clone)]
pub struct Sweeper {
    keyring: Arc<Keyring>,
    postman: Postman,
    metrics: Metrics,
    clock: Clock,
}

/// What an event is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// What a run did.
    Swept(Report),
    /// Whether an account was marked: not if the address was not its own any more.
    Feedback {
        /// Whether it was.
        marked: bool,
    },
    /// The newest pepper.
    Pepper {
        /// Its version.
        pepper: u32,
    },
    /// What was ended again after a restore.
    Restored(Restored),
    /// Nothing was to be done.
    Ignored {
        /// Why.
        ignored: &'static str,
    },
}

/// Why an event failed: Lambda tries it again.
#[derive(Debug, thiserror::Error)]
pub enum SweeperError {
    /// Our own trouble.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No pepper was made.
    #[error(transparent)]
    Rotate(#[from] RotateError),
}

/// What Lambda is told, and shows to operators.
impl From<SweeperError> for Diagnostic {
    fn from(error: SweeperError) -> Self {
        Self { error_type: "SweeperError".to_owned(), error_message: error.to_string() }
    }
}

impl Sweeper {
    /// A sweeper of `keyring` whose mails `postman` delivers.
    #[must_use]
    pub const fn new(keyring: Arc<Keyring>, postman: Postman, clock: Clock) -> Self {
        Self { keyring, postman, metrics: Metrics::off(), clock }
    }

    /// The same, and what it does is counted, apart from what its postman counts.
    #[must_use]
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Does what an event asks, and ends before `deadline`, if there is one.
    ///
    /// # Errors
    /// A [`SweeperError`]. A scheduled run has none: what failed is counted, stays due, and is told in the log.
    pub async fn handle(&self, event: Event, deadline: Option<Instant>) -> Result<Answer, SweeperError> {
        let answer = self.answer(event, deadline).await;
        if let Err(SweeperError::Fault(fault) | SweeperError::Rotate(RotateError::Fault(fault))) = &answer {
            self.metrics.count(Metric::Fault(fault.into()));
        }
        answer
    }

    async fn answer(&self, event: Event, deadline: Option<Instant>) -> Result<Answer, SweeperError> {
        match event {
            Event::Scheduled(ScheduledTime::At(at)) => Ok(Answer::Swept(self.sweep(at, deadline).await)),
            Event::Scheduled(ScheduledTime::Unknown) => {
                tracing::warn!("the schedule does not say its time, so the clock's is taken");
                Ok(Answer::Swept(self.sweep(self.clock.now(), deadline).await))
            }
            Event::Feedback(feedback) => self.mark(&feedback).await,
            Event::RotatePepper { after } => {
                let newest = self.keyring.peppers().rotate(after.into(), self.clock.now()).await?;
                tracing::info!(pepper = u32::from(newest), "new and refreshed keys take this pepper");
                Ok(Answer::Pepper { pepper: newest.into() })
            }
            Event::AfterRestore(changes) => Ok(Answer::Restored(self.end_again(changes).await)),
            Event::Nothing(ignored) => Ok(Answer::Ignored { ignored }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_can_read_why_an_event_failed() {
        let error = SweeperError::from(RotateError::OtherNewest(3.into()));
        let diagnostic = Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, "SweeperError");
        assert_eq!(diagnostic.error_message, "the newest pepper is 3: nothing was made");
    }
}
