use keyring::{Fault, Service};
use keys::{Decision, Reason};

/// Which program counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The management API.
    KeyManagement,
    /// Both doors of the authorizer.
    PushAuthorizer,
    /// The sweeper.
    ExpirySweeper,
}

/// Which door of the authorizer was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// API Gateway's authorizer.
    Gateway,
    /// `POST /authorize`.
    Authorize,
}

/// How the authorizer answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// Allow.
    Allow,
    /// Deny.
    Deny(Reason),
    /// With a 5xx: nothing was decided.
    Fault,
}

/// What our own trouble is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// DynamoDB refuses or does not answer, or holds an item that cannot be read.
    Table,
    /// KMS refuses or does not answer, or a pepper cannot be had: no key can be verified.
    Kms,
    /// SES takes no mails.
    Mail,
    /// Anything else.
    Other,
}

/// What became of a mail that was tried. One that SES did not take within the second that a person's request has for it
/// is none yet: the next run tries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    /// SES accepted it.
    Sent,
    /// It was refused for something in it, or in its address. The next mail fares better.
    Refused,
    /// It could not leave for trouble of ours, and waits.
    Failed,
}

/// What SES has told of a mail that had left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BounceKind {
    /// It came back for good.
    Bounce,
    /// Its reader called it unwanted.
    Complaint,
}

impl Function {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::KeyManagement => "key-management",
            Self::PushAuthorizer => "push-authorizer",
            Self::ExpirySweeper => "expiry-sweeper",
        }
    }
}

impl Door {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Authorize => "authorize",
        }
    }
}

impl Answered {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny(reason) => reason.as_str(),
            Self::Fault => "fault",
        }
    }
}

impl From<&Decision> for Answered {
    fn from(decision: &Decision) -> Self {
        match decision {
            Decision::Allow(_) => Self::Allow,
            Decision::Deny(denial) => Self::Deny(denial.reason()),
        }
    }
}

impl Cause {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Kms => "kms",
            Self::Mail => "mail",
            Self::Other => "other",
        }
    }
}

impl From<&Fault> for Cause {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Call { service: Service::Kms, .. } | Fault::Pepper(_) => Self::Kms,
            Fault::Call { service: Service::DynamoDb, .. } | Fault::Busy { .. } | Fault::Item { .. } => {
                Self::Table
            }
            Fault::Overtaken(_) | Fault::Random(_) => Self::Other,
        }
    }
}

impl MailOutcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl BounceKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}
