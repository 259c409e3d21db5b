//! What is said within the journey's own process, where no program writes a log: every line that the functions' code says
//! with the most talkative filter there is, and every call of the table. It is searched when the journey
//! ends, with nothing to be called for it.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    thread,
};

use tracing::subscriber::{DefaultGuard, set_default};

use crate::secrets::Secrets;

/// The ears of one journey, as long as it is kept. They hear the thread they were opened on.
pub(crate) struct Overheard {
    secrets: Secrets,
    said: Said,
    _lines: DefaultGuard,
}

/// All that was said, in its order.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<u8>>>);

impl Overheard {
    pub(crate) fn open() -> Self {
        let said = Said::default();
        let lines = said.clone();
        let log = startup::log("trace", move || lines.clone());
        Self { secrets: Secrets::default(), said, _lines: set_default(log) }
    }

    /// What must not be heard.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn said(&self) -> &Said {
        &self.said
    }

    /// How many lines and calls hold a secret.
    fn leaks(&self) -> usize {
        self.said.all().split(|byte| *byte == b'\n').filter(|line| self.secrets.leak_in(line)).count()
    }
}

impl Said {
    /// Adds what went over a wire.
    pub(crate) fn hear(&self, what: &[u8]) {
        let mut said = self.0.lock().unwrap();
        said.extend_from_slice(what);
        said.push(b'\n');
    }

    pub(crate) fn all(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Said {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Overheard {
    fn drop(&mut self) {
        self.secrets.recall();
        let leaks = self.leaks();
        assert!(leaks == 0 || thread::panicking(), "{leaks} lines or calls of this journey hold a secret");
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_secret_in_a_line_or_a_call_fails_the_journey() {
        let overheard = Overheard::open();
        let pepper = [0xab; 32];
        overheard.secrets().remember(&pepper);
        tracing::debug!(target: "keyring::peppers", version = 1, "opened");
        tracing::trace!(target: "aws_sdk_kms", ?pepper, "what a library says so is never written");
        assert_eq!(overheard.leaks(), 0);
        tracing::trace!(target: "keyring::peppers", ?pepper, "opened");
        overheard.said().hear(&[b"{\"B\":\"", &pepper[..], b"\"}"].concat());
        assert_eq!(overheard.leaks(), 2);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(overheard))).is_err());
    }
}
