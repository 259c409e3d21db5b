//! Functions whose table and pepper cannot be reached: whatever they answer, nothing was looked up.

use std::sync::Arc;

use keyring::Keyring;
use tokio::runtime::{Builder, Runtime};

/// A keyring that fails every call before it leaves: its clients know neither region nor credentials.
pub(crate) fn keyring() -> Arc<Keyring> {
    let db = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .build();
    let kms = aws_sdk_kms::Config::builder()
        .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
        .build();
    let (db, kms) = (aws_sdk_dynamodb::Client::from_conf(db), aws_sdk_kms::Client::from_conf(kms));
    Arc::new(Keyring::new(db, kms, "keyring", "key"))
}

thread_local! {
    static RUNTIME: Option<Runtime> = Builder::new_current_thread().enable_time().build().ok();
}

/// Waits for a function's answer.
///
/// # Panics
/// Where there can be no runtime.
pub(crate) fn answer<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| match runtime {
        Some(runtime) => runtime.block_on(future),
        None => unreachable!("a runtime without I/O can always be had"),
    })
}
