use crate::dimension::{Answered, BounceKind, Cause, Door, Function, MailOutcome};

/// One thing to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The authorizer answered: `Decisions`.
    Decision(Door, Answered),
    /// Something of ours failed: `Faults`, of the function that counts.
    Fault(Cause),
    /// A mail was tried: `Mails`.
    Mail(MailOutcome),
    /// A mail came back: `Bounces`.
    Bounce(BounceKind),
    /// The sweeper came to the end of a run: `Sweeps` and `DueLeft`.
    Sweep {
        /// Keys seen due and left to the next run.
        due_left: u64,
    },
}

/// A metric in CloudWatch's terms.
pub(crate) struct Datum {
    /// Each metric's name and its number.
    pub(crate) numbers: Vec<(&'static str, u64)>,
    /// Each dimension's name and its value.
    pub(crate) dimensions: Vec<(&'static str, &'static str)>,
    /// Together by which dimensions the numbers are kept: a series for each of these sets.
    pub(crate) sets: &'static [&'static [&'static str]],
}

impl Metric {
    pub(crate) fn datum(self, function: Function) -> Datum {
        match self {
            Self::Decision(door, answered) => Datum {
                numbers: vec![("Decisions", 1)],
                dimensions: vec![("door", door.as_str()), ("reason", answered.as_str())],
                sets: &[&["door", "reason"], &["door"]],
            },
            Self::Fault(cause) => Datum {
                numbers: vec![("Faults", 1)],
                dimensions: vec![("function", function.as_str()), ("cause", cause.as_str())],
                sets: &[&["function", "cause"]],
            },
            Self::Mail(outcome) => Datum {
                numbers: vec![("Mails", 1)],
                dimensions: vec![("outcome", outcome.as_str())],
                sets: &[&["outcome"]],
            },
            Self::Bounce(kind) => Datum {
                numbers: vec![("Bounces", 1)],
                dimensions: vec![("kind", kind.as_str())],
                sets: &[&["kind"]],
            },
            Self::Sweep { due_left } => Datum {
                numbers: vec![("Sweeps", 1), ("DueLeft", due_left)],
                dimensions: Vec::new(),
                sets: &[&[]],
            },
        }
    }
}
