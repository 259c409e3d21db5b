//! One decision per push, behind two doors.
//!
//! - The *gateway's door* ([`gateway`]): API Gateway's `REQUEST` authorizer for NuGet's routes. It answers with an IAM
//!   policy and a context that the gateway maps to headers for the gallery.
//! - The *asking door* ([`ask`]): `/authorize`, for the gallery's second question once it has read the package, for a
//!   publisher's preflight, and for reverse proxies ([`forward_auth`]). It answers the decision as JSON, and in
//!   headers.
//!
//! Both ask [`Authorizer::answer`], so there is one decision and not two. A fault of ours is an error at the first door
//! and a 503 at the second, and never an allow.

// A text that is cut within a character panics with a message that shows it: it may be a key.
#![cfg_attr(not(test), deny(clippy::string_slice))]

mod answer;
mod ask;
mod authorizer;
mod config;
mod event;
mod forward_auth;
mod gateway;
mod headers;
pub mod original;
mod question;
pub mod reading;
mod told;

pub use authorizer::Authorizer;
pub use config::Config;
pub use event::Event;
pub use question::Question;

use lambda_runtime::Diagnostic;
use serde::Serialize;

/// What goes back to the gateway.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To its question whether a call may pass.
    Policy(Box<gateway::Policy>),
    /// To a call that it passed on.
    Http(ask::Response),
}

/// Why an event got no reply. The text is what API Gateway is told.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No key was sent. API Gateway turns exactly this text into a 401.
    #[error("Unauthorized")]
    Unauthorized,
    /// Our own trouble; what it was stands in the log.
    #[error("the authorizer could not decide")]
    Fault,
}

impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        Self { error_type: "Refusal".to_owned(), error_message: refusal.to_string() }
    }
}

impl Authorizer {
    /// Answers one event, through the door it came to.
    ///
    /// # Errors
    /// A [`Refusal`] at the gateway's door; the asking door answers everything.
    pub async fn handle(&self, event: Event) -> Result<Reply, Refusal> {
        // On the heap: the runtime passes a handler's future on from layer to layer, and these are large to copy.
        match event.arn() {
            Some(arn) => {
                let policy = Box::pin(self.at_gateway(&event, arn)).await?;
                Ok(Reply::Policy(Box::new(policy)))
            }
            None => Ok(Reply::Http(Box::pin(self.asked(&event)).await)),
        }
    }
}
