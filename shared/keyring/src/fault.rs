use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Our own trouble: nothing the caller did, and never a reason to allow anything.
///
/// The texts are for logs. None of them can hold a key text: this crate is never handed one it could print.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A call to DynamoDB or KMS failed.
    #[error("{call}: {cause}")]
    Call {
        /// Whose.
        service: Service,
        /// The call.
        call: &'static str,
        /// What came back.
        cause: String,
    },
    /// The table is busy with the same items, or throttled, and stayed so.
    #[error("{call}: still busy after {tries} tries")]
    Busy {
        /// The call.
        call: &'static str,
        /// How often it was tried.
        tries: u32,
    },
    /// An item is not what this code writes.
    #[error("item {item}: {what}")]
    Item {
        /// Its pk and sk.
        item: String,
        /// What is wrong with it.
        what: String,
    },
    /// A key names a pepper that cannot be read.
    #[error("pepper {0} is not there or cannot be read")]
    Pepper(u32),
    /// A key was changed by another request while it was being used.
    #[error("key {0} was changed meanwhile")]
    Overtaken(keys::KeyId),
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

/// What this crate depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Where the table is.
    DynamoDb,
    /// Who opens the pepper.
    Kms,
}

impl Fault {
    pub(crate) fn call<E: Error>(call: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Call { service: Service::DynamoDb, call, cause: told(&error) }
    }

    pub(crate) fn of_kms<E: Error>(call: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Call { service: Service::Kms, call, cause: told(&error) }
    }
}

/// An error and what caused it, in their own words. Never their `Debug`: that shows the answer as it came, and KMS
/// answers with a pepper.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

/// The answer of a conditional write; nothing where the condition did not hold.
pub(crate) fn conditional<T, E>(
    call: &'static str,
    answer: Result<T, SdkError<E>>,
) -> Result<Option<T>, Fault>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(Fault::call(call)(error)),
    }
}
