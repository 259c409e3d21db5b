//! What functions that are deployed write to their log groups, copied to the journey's log as it comes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{account::Account, log::Log};

/// How often is looked for more. Nothing that a journey expects depends on it.
const PERIOD: Duration = Duration::from_millis(300);

/// The copying, which goes on until it is finished.
pub(crate) struct FunctionLogs {
    finish: oneshot::Sender<()>,
    copying: JoinHandle<()>,
}

/// How many lines of each stream have been copied.
type Copied = BTreeMap<String, usize>;

impl FunctionLogs {
    /// Copies every log group of the template; lines come from its logical id.
    pub(crate) fn of(account: Arc<Account>, log: Log) -> Self {
        let (finish, mut finished) = oneshot::channel();
        let copying = tokio::spawn(async move {
            let mut copied = Copied::new();
            let mut period = interval(PERIOD);
            period.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let last = tokio::select! {
                    _ = period.tick() => false,
                    _ = &mut finished => true,
                };
                for (id, group) in account.logs() {
                    copy(&account, id, group, &mut copied, &log).await;
                }
                if last {
                    return;
                }
            }
        });
        Self { finish, copying }
    }

    /// Copies what there is, and ends.
    pub(crate) async fn finish(self) {
        // If it has ended by itself, it panicked, which is told here.
        let _ = self.finish.send(());
        self.copying.await.expect("logs can be read");
    }
}

async fn copy(account: &Account, id: &str, group: &str, copied: &mut Copied, log: &Log) {
    let asked = json!({ "logGroupName": group });
    let answer = account.operate("logs", "Logs_20140328.FilterLogEvents", &asked).await;
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for event in answer["events"].as_array().expect("events are a list") {
        let (Value::String(stream), Value::String(line)) = (&event["logStreamName"], &event["message"])
        else {
            panic!("no line of a log: {event}")
        };
        let number = met.entry(stream).or_default();
        *number += 1;
        let copied = copied.entry(stream.clone()).or_default();
        if *number > *copied {
            *copied = *number;
            log.append(id, line.trim_end());
        }
    }
}
