//! Child processes, each the leader of its own process group, so that whatever they start ends with them.
//!
//! The group also keeps Ctrl-C at the terminal from reaching them: the stack itself decides when they end.

use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

/// A child process and its group, killed on drop.
pub(crate) struct Group(Child);

impl Group {
    /// Starts the command as the leader of a new group.
    pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        command.process_group(0).kill_on_drop(true).spawn().map(Self)
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// The exit status of the leader, or `None` while it is alive.
    pub(crate) fn ended(&mut self) -> Option<std::io::Result<ExitStatus>> {
        self.0.try_wait().transpose()
    }

    /// Whether the leader is alive and has not been sent SIGKILL. A killed process takes a moment to end, and must not
    /// be given work meanwhile. Only Linux shows this; elsewhere the process still counts as alive in that moment.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.ended().is_none() && !self.0.id().is_some_and(is_dying)
    }

    /// Kills the group, stopped or not.
    pub(crate) fn kill(&mut self) {
        self.signal(kill_process_group, Signal::KILL);
    }

    /// Stops the leader until [`Group::resume`]. The rest of the group runs on: if the whole group were stopped, a
    /// process being forked at that moment might be stopped after the group was resumed (seen on Linux 6.18).
    pub(crate) fn stop(&mut self) {
        self.signal(kill_process, Signal::STOP);
    }

    /// Resumes the leader.
    pub(crate) fn resume(&mut self) {
        self.signal(kill_process, Signal::CONT);
    }

    /// Sends a signal, unless the leader has ended: its PID may then belong to another process.
    fn signal(&mut self, send: fn(Pid, Signal) -> rustix::io::Result<()>, signal: Signal) {
        if self.ended().is_some() {
            return;
        }
        let leader = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // This can only fail because the process is gone.
            let _gone = send(leader, signal);
        }
    }
}

fn is_dying(pid: u32) -> bool {
    const SIGKILL: u64 = 1 << 8;
    /// `PF_EXITING` of the kernel's `sched.h`.
    const EXITING: u64 = 4;
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let status = read("status");
    let pending = status.lines().filter_map(|line| line.strip_prefix("SigPnd:").or(line.strip_prefix("ShdPnd:")));
    let is_killed = |mask: &str| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & SIGKILL != 0);
    // The flags are the ninth field. The second field, the name, is in brackets and may contain spaces.
    let stat = read("stat");
    let flags = stat.rsplit_once(')').and_then(|(_, fields)| fields.split_whitespace().nth(6)?.parse::<u64>().ok());
    pending.into_iter().any(is_killed) || flags.is_some_and(|flags| flags & EXITING != 0)
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
