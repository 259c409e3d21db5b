use std::{error::Error, fs, io::Write, sync::Arc};

use expiry_sweeper::{Answer, Event, ScheduledTime, Sweeper};
use keyring::Keyring;
use mail::{Letterhead, Postman, Ses};
use serde_json::json;
use startup::Clock;

use crate::{PEPPER_KEY, SENDER, TABLE, client_at, now};

/// Sweeps once, as the function does, and says as JSON on stdout what it did and the most memory this process has held.
pub(crate) async fn run(dynamodb: &str, kms: &str, ses: &str) -> Result<(), Box<dyn Error>> {
    let (db, kms) = (client_at!(aws_sdk_dynamodb, dynamodb), client_at!(aws_sdk_kms, kms));
    let keyring = Arc::new(Keyring::new(db, kms, TABLE, PEPPER_KEY));
    let ses = Ses::new(client_at!(aws_sdk_sesv2, ses), SENDER.parse()?, None);
    let letterhead = Letterhead::new(
        "Sample Gallery",
        "https://gallery.example/account/keys",
        "https://keys.gallery.example",
    );
    let postman = Postman::new(Arc::clone(&keyring), ses, letterhead, Clock::new(now));
    let sweeper = Sweeper::new(keyring, postman, Clock::new(now));
    let answer = sweeper.handle(Event::Scheduled(ScheduledTime::At(now())), None).await?;
    let Answer::Swept(report) = answer else { return Err(format!("a run answers {answer:?}").into()) };
    writeln!(std::io::stdout(), "{}", json!({ "report": report, "peak_kib": peak_kib()? }))?;
    Ok(())
}

/// The peak of the memory in use, after `proc_pid_status(5)`.
fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    Ok(peak.ok_or("Linux tells no VmHWM")?.trim().parse()?)
}
