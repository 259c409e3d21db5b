//! The stand-ins as the AWS SDK sees them, over loopback.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "clippy takes only functions marked #[test] for tests"
)]

mod engine;
mod kms;
mod serving;
mod ses;
