use serde::Serialize;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Keys that the index named as due.
    pub due: u64,
    /// Keys whose people were told that they end soon.
    pub warned: u64,
    /// Keys whose people were told that they have expired.
    pub expired: u64,
    /// Legacy keys whose people were told that they are retired.
    pub retired: u64,
    /// Keys whose people were told how a hand-over has ended.
    pub handed_over: u64,
    /// Mails that SES accepted, those of earlier runs' notices too.
    pub mailed: u64,
    /// Keys that could not be told, shards that could not be asked or left off, and notices that were mailed in vain.
    pub failed: u64,
    /// What this run has seen and left to the next: keys still due, and notices that wait.
    pub left: u64,
}
