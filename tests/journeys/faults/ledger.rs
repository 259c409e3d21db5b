//! Every call that an act makes, attempt by attempt, and whether something goes wrong with it.

use std::sync::{Mutex, MutexGuard};

use super::fault::{Extent, Fault, Plan};

/// One call: an operation of the SDK, with all its attempts.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What the SDK calls it by in every attempt.
    invocation: String,
    service: &'static str,
    pub(crate) label: String,
    /// How often it was tried.
    pub(crate) attempts: usize,
    /// How many of these went wrong as planned.
    pub(crate) failed: usize,
}

/// The calls of one act; several services may share it.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    plan: Option<Plan>,
    open: bool,
    calls: Vec<Call>,
}

impl Ledger {
    /// Writes down from here, and lets this go wrong.
    pub(crate) fn open(&self, plan: Option<Plan>) {
        *self.state() = State { plan, open: true, calls: Vec::new() };
    }

    /// From here nothing is written down, and nothing goes wrong.
    pub(crate) fn close(&self) -> Vec<Call> {
        std::mem::take(&mut *self.state()).calls
    }

    /// Writes down an attempt; the fault that befalls it, and whether the service acts.
    pub(crate) fn attempt(
        &self,
        service: &'static str,
        label: String,
        invocation: &str,
    ) -> Option<(Fault, bool)> {
        let mut state = self.state();
        if !state.open {
            return None;
        }
        let State { plan, calls, .. } = &mut *state;
        let number = calls.iter().position(|call| call.invocation == invocation).unwrap_or_else(|| {
            let invocation = invocation.to_owned();
            calls.push(Call { invocation, service, label, attempts: 0, failed: 0 });
            calls.len() - 1
        });
        calls[number].attempts += 1;
        let plan = plan.as_ref().filter(|plan| number >= plan.call)?;
        let planned = &calls[plan.call];
        assert_eq!(planned.label, plan.label, "the act makes the calls that it made before");
        let befallen = match plan.extent {
            Extent::Once => number == plan.call && planned.attempts == 1,
            // A function that asks the same again at once is still about the same call.
            Extent::Lasting => {
                number == plan.call
                    || ["TransactWriteItems", "BatchGetItem"].iter().any(|own| plan.label.starts_with(own))
                        && calls[plan.call..=number].iter().all(|call| call.label == plan.label)
            }
            Extent::Outage => calls[number].service == planned.service,
        };
        if befallen {
            calls[number].failed += 1;
        }
        befallen.then_some((plan.fault, plan.acted))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}
