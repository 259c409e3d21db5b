use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use chrono::{DateTime, Utc};
use keyring::Act;

use crate::{
    app::App,
    extract::{Caller, body::received},
    problem::Problem,
};

/// The most bytes a report has: it may tell of thousands of texts.
const MOST_BYTES: usize = 1024 * 1024;

/// A report of leaks, as it was sent and signed. A handler that takes it refuses everybody but who may report.
pub(crate) struct Report {
    reporter: String,
    address: String,
    pub(crate) bytes: Bytes,
}

impl Report {
    /// What it does, as it goes into the history of a key.
    pub(crate) fn act(&self, at: DateTime<Utc>) -> Act {
        Act { by: self.reporter.clone(), from: self.address.clone(), at }
    }
}

impl FromRequest<App> for Report {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let address = Caller::of(&parts)?.address().to_owned();
        let (headers, bytes) = received(Request::from_parts(parts, body), MOST_BYTES).await?;
        let reporter = app.policy.leak_reporters.who_signed(&headers, &bytes, app.now()).await?.to_owned();
        Ok(Self { reporter, address, bytes })
    }
}
