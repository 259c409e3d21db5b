use std::{str::FromStr, sync::Arc};

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use axum::http::{HeaderMap, HeaderName, Uri};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use metrics::Cause;

use crate::{
    leaks::public_keys::{PublicKeys, Web},
    problem::{Problem, Reason},
};

/// Names the key that a report is signed with.
pub(crate) const IDENTIFIER: HeaderName = HeaderName::from_static("github-public-key-identifier");
/// The signature over the report's bytes: ECDSA as ASN.1 DER, in base64.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("github-public-key-signature");

/// Who may report leaks: a name for people to read, and where the public keys are. Written `name=address`.
///
/// The address is `https`; on loopback, where nobody else listens in, `http` will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporter {
    name: String,
    keys: Uri,
}

/// A text names no reporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a reporter is written name=address, the name of 1 to 64 characters and the address beginning with https://"
)]
pub struct ReporterError;

impl FromStr for Reporter {
    type Err = ReporterError;

    fn from_str(text: &str) -> Result<Self, ReporterError> {
        let (name, keys) = text.split_once('=').ok_or(ReporterError)?;
        let keys: Uri = keys.parse().map_err(|_| ReporterError)?;
        let safe = match (keys.scheme_str(), keys.host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(host)) => ["127.0.0.1", "[::1]", "localhost"].contains(&host),
            _ => false,
        };
        let named = (1..=64).contains(&name.chars().count())
            && name.trim() == name
            && !name.contains(char::is_control);
        if safe && named { Ok(Self { name: name.to_owned(), keys }) } else { Err(ReporterError) }
    }
}

/// All who may report, each with the public keys that are known of them. Clones share these.
#[derive(Debug, Clone)]
pub struct Reporters(Arc<Vec<(Reporter, PublicKeys)>>);

impl Reporters {
    /// These, none of whose keys is known yet.
    #[must_use]
    pub fn new(reporters: Vec<Reporter>) -> Self {
        Self::of(reporters, PublicKeys::at)
    }

    /// These, whose keys are asked for through `connector`, and waited for by `sleep`.
    #[must_use]
    pub fn asked_through(
        reporters: Vec<Reporter>,
        connector: SharedHttpConnector,
        sleep: SharedAsyncSleep,
    ) -> Self {
        let web = Web { connector, sleep };
        Self::of(reporters, |address| PublicKeys::at(address).asked_through(web.clone()))
    }

    fn of(reporters: Vec<Reporter>, keys: impl Fn(Uri) -> PublicKeys) -> Self {
        let known = |reporter: Reporter| {
            let keys = keys(reporter.keys.clone());
            (reporter, keys)
        };
        Self(Arc::new(reporters.into_iter().map(known).collect()))
    }

    /// The name of whoever has signed these bytes.
    ///
    /// # Errors
    /// One and the same refusal where nobody that is known has, whatever is wrong. Where a reporter's public keys could not
    /// be had, so that it might have been them, a problem that asks to try again.
    pub(crate) async fn who_signed(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<&str, Problem> {
        let nobody = || Problem::new(Reason::UnknownReporter, "Nobody who may report leaks has signed this.");
        let text = |name| headers.get(name)?.to_str().ok();
        let (Some(identifier), Some(signature)) = (text(&IDENTIFIER), text(&SIGNATURE)) else {
            return Err(nobody());
        };
        let Ok(signature) = BASE64_STANDARD.decode(signature) else { return Err(nobody()) };
        let mut unreachable = None;
        for (Reporter { name, .. }, keys) in self.0.iter() {
            match keys.named(identifier, now).await {
                Ok(Some(key)) if key.verifies(body, &signature) => return Ok(name),
                Ok(_) => {}
                Err(cause) => unreachable = Some(format!("the public keys of {name}: {cause}")),
            }
        }
        let trouble = |cause| Problem::trouble(Reason::Unavailable, cause, Cause::Other);
        Err(unreachable.map_or_else(nobody, trouble))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reporter_has_a_name_and_an_address_that_nobody_else_can_answer_for() {
        for good in [
            "GitHub=https://api.github.com/meta/public_keys/secret_scanning",
            "A scanner of ours=https://scanner.example:8443/keys?format=json",
            "Local=http://127.0.0.1:9/keys",
            "Local=http://[::1]:9/keys",
        ] {
            assert!(good.parse::<Reporter>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "GitHub",
            "=https://scanner.example/keys",
            " GitHub=https://scanner.example/keys",
            "GitHub=scanner.example/keys",
            "GitHub=/keys",
            "GitHub=http://scanner.example/keys",
            "GitHub=http://127.0.0.1.scanner.example/keys",
            "GitHub=ftp://scanner.example/keys",
            "GitHub=https://",
        ] {
            assert_eq!(bad.parse::<Reporter>(), Err(ReporterError), "{bad}");
        }
    }
}
