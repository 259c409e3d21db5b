//! SES v2: `SendEmail` with simple content, `GetAccount`, and identities.
//!
//! Errors carry AWS's own names and statuses (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>).
//! An identity counts as verified as soon as it is made, since nobody is there to follow a link or to publish a DNS
//! record; [`Trouble`] gives what real accounts run into.

mod account;
mod address;
mod mailbox;
mod request;
mod send;

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    routing::{get, post},
};
use startup::Clock;
use tokio::{net::TcpListener, sync::watch};

pub use self::mailbox::{Mail, Mailbox, MailboxError};
use self::send::MAXIMUM_MESSAGE;
use crate::{refusal::Refusal, served};

/// What can be wrong with an account. One at a time, for every mail until another word is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No identity counts as verified: `MessageRejected`, 400.
    UnverifiedSender,
    /// Recipients too must be verified: `MessageRejected`, 400.
    Sandbox,
    /// `SendingPausedException`, 400.
    SendingPaused,
    /// `AccountSuspendedException`, 400.
    AccountSuspended,
    /// More mails in a second than allowed: `TooManyRequestsException`, 429.
    Throttled,
    /// More mails in 24 hours than allowed: `LimitExceededException`, 400.
    QuotaReached,
    /// SES's own fault: `InternalServiceErrorException`, 500.
    Unavailable,
    /// Requests to send are taken and not answered until the trouble ends.
    Silent,
}

/// The service. Clones share their identities, mailbox and trouble.
#[derive(Clone)]
pub struct Ses(Arc<Account>);

struct Account {
    identities: Mutex<BTreeSet<String>>,
    configuration_sets: Mutex<BTreeSet<String>>,
    mailbox: Mailbox,
    trouble: watch::Sender<Option<Trouble>>,
    clock: Clock,
}

impl Ses {
    /// A service that files what it accepts in `mailbox`, at the time `clock` tells. Nothing is verified yet.
    #[must_use]
    pub fn new(mailbox: Mailbox, clock: Clock) -> Self {
        Self(Arc::new(Account {
            identities: Mutex::default(),
            configuration_sets: Mutex::default(),
            mailbox,
            trouble: watch::Sender::new(None),
            clock,
        }))
    }

    /// Makes a verified identity: an address, or a domain with all its subdomains and their addresses.
    pub fn verify(&self, identity: &str) {
        self.0.identities().insert(address::identity(identity));
    }

    /// Makes a configuration set that mails may name.
    pub fn add_configuration_set(&self, name: &str) {
        self.0.configuration_sets().insert(name.to_owned());
    }

    /// Begins a trouble, or with `None` ends it.
    pub fn trouble(&self, trouble: impl Into<Option<Trouble>>) {
        self.0.trouble.send_replace(trouble.into());
    }

    /// Everything that was sent.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    /// The service's routes, all under `/v2/email`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v2/email/outbound-emails", post(send::send_email))
            .route("/v2/email/account", get(account::get_account))
            .route("/v2/email/identities", post(account::create_email_identity))
            .route(
                "/v2/email/identities/{identity}",
                get(account::get_email_identity).delete(account::delete_email_identity),
            )
            .fallback(unknown)
            .method_not_allowed_fallback(unknown)
            .layer(DefaultBodyLimit::max(MAXIMUM_MESSAGE))
            .with_state(Arc::clone(&self.0))
    }

    /// Serves until `shutdown` resolves and every request in progress has been answered. [`Trouble::Silent`] then
    /// becomes [`Trouble::Unavailable`], since it would hold the shutdown up.
    ///
    /// # Errors
    /// The listener's.
    pub fn serve<S>(
        &self,
        listener: TcpListener,
        shutdown: S,
    ) -> impl Future<Output = io::Result<()>> + Send + use<S>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let account = Arc::clone(&self.0);
        let shutdown = async move {
            shutdown.await;
            account.trouble.send_if_modified(|trouble| {
                let silent = *trouble == Some(Trouble::Silent);
                if silent {
                    *trouble = Some(Trouble::Unavailable);
                }
                silent
            });
        };
        served::until(shutdown, listener, self.router())
    }
}

impl Account {
    fn identities(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.identities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn configuration_sets(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.configuration_sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn unknown() -> Refusal {
    Refusal::new("UnknownOperationException", "the SES stand-in does not offer this operation")
        .with(StatusCode::NOT_FOUND)
}
