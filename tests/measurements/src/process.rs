use std::{fs, io, path::Path, process::Stdio, time::Duration};

use tokio::{
    process::{Child, Command},
    time::sleep,
};

use crate::Result;

/// A running program of ours, whose cost Linux tells. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    id: u32,
}

/// Between two looks at whether a program has come to rest.
const LOOK: Duration = Duration::from_millis(4);
const LOOKS: u32 = 2_500;

impl Process {
    /// Starts `command`, which reads nothing and whose standard output goes nowhere, as logs do.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self::spawn(command)
    }

    /// Starts `command` with its streams as they are set.
    pub(crate) fn spawn(mut command: Command) -> Result<Self> {
        let child = command.kill_on_drop(true).spawn();
        let child = child.map_err(|error| format!("{:?} does not start: {error}", command.as_std()))?;
        let id = child.id().ok_or("it has ended already")?;
        Ok(Self { child, id })
    }

    pub(crate) const fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The CPU time of all its threads so far, in seconds, once all of them sleep.
    pub(crate) async fn cpu_at_rest(&self) -> Result<f64> {
        let mut before = None;
        for _ in 0..LOOKS {
            let (now, sleeping) = threads(self.id)?;
            if sleeping && before == Some(now) {
                return Ok(now as f64 / 1e9);
            }
            before = Some(now);
            sleep(LOOK).await;
        }
        Err("a program that was to be measured does not come to rest".into())
    }

    /// The most memory it has held, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").arg(self.id.to_string()).status().await?;
        if !asked.success() {
            self.child.start_kill()?;
        }
        self.child.wait().await?;
        Ok(())
    }
}

/// The nanoseconds that all threads have run (`proc_pid_schedstat(5)`), and whether all sleep. What a thread has run
/// that has ended since is lost: the programs measured here keep theirs.
fn threads(id: u32) -> io::Result<(u64, bool)> {
    let (mut total, mut sleeping) = (0, true);
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        let thread = thread?.path();
        total += ran(&thread).unwrap_or_default();
        let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
        sleeping &= stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'));
    }
    Ok((total, sleeping))
}

fn ran(thread: &Path) -> Option<u64> {
    fs::read_to_string(thread.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
}
