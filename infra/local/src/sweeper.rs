//! Runs of the sweeper on one machine: whoever asks for one, they go one after another.

use std::{future::Future, pin::Pin, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::Value;
use startup::Clock;
use tokio::sync::Mutex;

/// What a run answers: its report, or a message.
pub type Report = Result<Value, String>;

type Run = Arc<dyn Fn(DateTime<Utc>) -> Pin<Box<dyn Future<Output = Report> + Send>> + Send + Sync>;

/// The sweeper, for its timer and for `POST /local/sweep`. Clones take turns with one another.
#[derive(Clone)]
pub struct Sweeper {
    run: Run,
    clock: Clock,
    turn: Arc<Mutex<()>>,
}

impl Sweeper {
    /// A sweeper whose runs are `run`, given the run's scheduled time.
    pub fn new<F, R>(clock: Clock, run: F) -> Self
    where
        F: Fn(DateTime<Utc>) -> R + Send + Sync + 'static,
        R: Future<Output = Report> + Send + 'static,
    {
        Self { run: Arc::new(move |at| Box::pin(run(at))), clock, turn: Arc::default() }
    }

    /// Waits for a run in progress, then makes one, its scheduled time being the time it starts. A run goes to its
    /// end even when nobody waits for it any longer.
    ///
    /// # Errors
    /// The message of a run that failed.
    pub async fn sweep(&self) -> Report {
        let sweeper = self.clone();
        let task = tokio::spawn(async move {
            let _turn = sweeper.turn.lock().await;
            (sweeper.run)(sweeper.clock.now()).await
        });
        task.await.unwrap_or_else(|error| Err(format!("the sweeper stopped: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn runs_take_turns() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counts = (Arc::clone(&running), Arc::clone(&most));
        let sweeper = Sweeper::new(Clock::system(), move |_| {
            let (running, most) = counts.clone();
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(json!({}))
            }
        });
        let (a, b, c) = tokio::join!(sweeper.sweep(), sweeper.sweep(), sweeper.sweep());
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_run_that_panics_ends_only_itself() {
        let runs = AtomicUsize::new(0);
        let sweeper = Sweeper::new(Clock::system(), move |_| {
            let first = runs.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { panic!("on purpose") } else { Ok(json!({})) } }
        });
        assert!(sweeper.sweep().await.unwrap_err().starts_with("the sweeper stopped"));
        assert!(sweeper.sweep().await.is_ok());
    }
}
