//! The stages a journey can be walked on, and what a journey may need of one.
//!
//! The environment variable `STAGE` chooses: `local` (the default), `cargo-lambda` or `ministack`. A journey names its
//! needs where it sets its stage, with [`stage!`](crate::stage!). On a stage that lacks one of them it ends there and
//! says so on standard error, in a line of its own that the test runner does not keep to itself; `tests/run` counts
//! those lines, since the runner calls such a journey passed.

use std::{
    env,
    fmt::{self, Display},
    io::{self, Write as _},
};

/// Where Latchkey runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// All of it in one program, as `cargo run` starts it.
    Local,
    /// The same, but for the functions, which are programs served by `cargo lambda watch`.
    CargoLambda,
    /// `infra/template.yaml`, deployed into MiniStack with IAM enforced.
    Ministack,
}

/// What not every stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// An AWS account: functions can be invoked and roles assumed through its API.
    Account,
    /// Time can be moved.
    Clock,
    /// The push API's gateway maps headers, to the gallery and from it.
    Gateway,
    /// Two hundred requests at a time are answered in good time.
    Load,
    /// Whoever is refused through the push API is told why.
    Reason,
    /// EventBridge: the schedule fires, and rules hand events on.
    Schedule,
}

impl Place {
    /// The one this run was told.
    pub(crate) fn of_this_run() -> Self {
        match env::var_os("STAGE").as_deref().map(|name| name.to_str().unwrap_or_default()) {
            None | Some("local") => Self::Local,
            Some("cargo-lambda") => Self::CargoLambda,
            Some("ministack") => Self::Ministack,
            Some(other) => panic!("STAGE is local, cargo-lambda or ministack, not {other:?}"),
        }
    }

    /// Whether a journey with these needs can be walked here. If not, says which of them are lacking.
    pub(crate) fn suits(self, journey: &str, needs: &[Need]) -> bool {
        let lacking = self.lacks(needs);
        if !lacking.is_empty() {
            let line = format!("not applicable on {self}: {journey} needs {}\n", lacking.join(", "));
            io::stderr().write_all(line.as_bytes()).expect("standard error can be written to");
        }
        lacking.is_empty()
    }

    fn lacks(self, needs: &[Need]) -> Vec<String> {
        needs.iter().filter(|need| !self.has(**need)).map(ToString::to_string).collect()
    }

    fn has(self, need: Need) -> bool {
        match self {
            Self::Local => matches!(need, Need::Clock | Need::Gateway | Need::Load | Need::Reason),
            // Its functions ask the machine what time it is.
            Self::CargoLambda => matches!(need, Need::Gateway | Need::Reason),
            Self::Ministack => matches!(need, Need::Account | Need::Schedule),
        }
    }
}

impl Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Local => "local",
            Self::CargoLambda => "cargo-lambda",
            Self::Ministack => "ministack",
        })
    }
}

impl Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Account => "account",
            Self::Clock => "clock",
            Self::Gateway => "gateway",
            Self::Load => "load",
            Self::Reason => "reason",
            Self::Schedule => "schedule",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_all_it_lacks() {
        let needs = [Need::Clock, Need::Gateway, Need::Account, Need::Schedule];
        assert_eq!(Place::Local.lacks(&needs), ["account", "schedule"]);
        assert_eq!(Place::CargoLambda.lacks(&needs), ["clock", "account", "schedule"]);
        assert_eq!(Place::Ministack.lacks(&needs), ["clock", "gateway"]);
        assert!(Place::Ministack.lacks(&[]).is_empty());
    }
}
