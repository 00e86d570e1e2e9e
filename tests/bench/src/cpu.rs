//! The resources a process has used, as the kernel counts them.

use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// The processor time of a process since it started, over all its threads, in user and system mode.
pub(crate) struct CpuClock(ClockId);

impl CpuClock {
    /// The clock of process `pid`.
    pub(crate) fn of(pid: u32) -> nix::Result<Self> {
        clock_getcpuclockid(raw(pid)).map(Self)
    }

    /// Its current time; `None` when the process has ended.
    pub(crate) fn now(&self) -> Option<Duration> {
        self.0.now().ok().map(Duration::from)
    }
}

/// The peak resident memory of process `pid`, in bytes.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Whether process `pid` is waiting for something to happen.
pub(crate) fn is_asleep(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

/// `pid` in the form that system calls take.
pub(crate) fn raw(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}
