//! A wire that every call of a service goes past: it counts them, and can stop whoever makes the one of some number, as
//! if the process ended there.

use std::sync::{Arc, Mutex};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::sync::Notify;

/// The wire; several services may share one.
#[derive(Default)]
pub(crate) struct Tripwire {
    /// The operations called since the wire was set, oldest first.
    calls: Mutex<Vec<String>>,
    set: Mutex<Option<(usize, Moment)>>,
    tripped: Notify,
}

/// On which side of a call its caller is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The service hears nothing of it.
    Before,
    /// The service has done it, and the answer is lost.
    After,
}

impl Tripwire {
    /// Counts from here, and stops nobody.
    pub(crate) fn count(&self) {
        self.calls.lock().unwrap().clear();
        *self.set.lock().unwrap() = None;
    }

    /// Counts from here, and stops the call of this number, from 1.
    pub(crate) fn set(&self, number: usize, moment: Moment) {
        self.count();
        *self.set.lock().unwrap() = Some((number, moment));
    }

    /// Waits until somebody was stopped.
    pub(crate) async fn tripped(&self) {
        self.tripped.notified().await;
    }

    /// The operations called since.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) async fn pass(State(wire): State<Arc<Self>>, request: Request, next: Next) -> Response {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or("SendEmail").to_owned();
        let number = {
            let mut calls = wire.calls.lock().unwrap();
            calls.push(operation);
            calls.len()
        };
        let stops = |moment| *wire.set.lock().unwrap() == Some((number, moment));
        if stops(Moment::Before) {
            wire.stop().await;
        }
        let answer = next.run(request).await;
        if stops(Moment::After) {
            wire.stop().await;
        }
        answer
    }

    async fn stop(&self) {
        self.tripped.notify_one();
        std::future::pending::<()>().await;
    }
}
