//! What can go wrong with a call, and with which of its attempts.

/// The six faults, and a seventh that `BatchGetItem` alone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Never an answer.
    TimeOut,
    /// The connection is reset.
    Reset,
    /// 500.
    Error,
    /// The service has no capacity left for it.
    Throttling,
    /// 200 with a body that is no answer, or half of one.
    Malformed,
    /// The answer comes, a byte at a time.
    SlowDrip,
    /// The answer has all items but the last, which is left to be asked for again.
    LeftOver,
}

/// Which attempts it befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// The first of a call.
    Once,
    /// Every one of a call, the function's own repetitions of it included.
    Lasting,
    /// Every one of every call of the service, from this call on.
    Outage,
}

/// What goes wrong in one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The call's number among the calls of its act, from 0.
    pub(crate) call: usize,
    /// What is called, and what for.
    pub(crate) label: String,
    pub(crate) fault: Fault,
    /// Whether the service does what it is asked, and only the answer is lost.
    pub(crate) acted: bool,
    pub(crate) extent: Extent,
}

impl Fault {
    pub(crate) const ALL: [Self; 7] = [
        Self::TimeOut,
        Self::Reset,
        Self::Error,
        Self::Throttling,
        Self::Malformed,
        Self::SlowDrip,
        Self::LeftOver,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TimeOut => "time-out",
            Self::Reset => "reset",
            Self::Error => "500",
            Self::Throttling => "throttling",
            Self::Malformed => "malformed",
            Self::SlowDrip => "slow drip",
            Self::LeftOver => "left over",
        }
    }

    /// Whether it can befall this call.
    pub(crate) fn befalls(self, label: &str) -> bool {
        self != Self::LeftOver || label.starts_with("BatchGetItem")
    }

    /// On which sides of the service's work it can fall. A call that only reads is the same on either side.
    pub(crate) fn sides(self, label: &str) -> &'static [bool] {
        match self {
            Self::Throttling => &[false],
            // A service that trickles its answer has acted.
            Self::SlowDrip | Self::LeftOver => &[true],
            _ if writes(label) => &[false, true],
            _ => &[false],
        }
    }

    /// Whether the caller's time runs meanwhile.
    pub(crate) fn takes_time(self) -> bool {
        matches!(self, Self::TimeOut | Self::SlowDrip)
    }
}

/// Whether a call changes anything.
pub(crate) fn writes(label: &str) -> bool {
    ["Transact", "Put", "Update", "Delete", "Send"].iter().any(|start| label.starts_with(start))
}
