//! Child processes that lead a group of their own, so that what they start ends with them.
//!
//! A group also keeps Ctrl-C at the terminal from reaching them: the stack itself decides when they end.

use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// A child and its group, killed when this is dropped.
pub(crate) struct Group(Child);

impl Group {
    /// Starts the command as the leader of a new group.
    pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        command.process_group(0).kill_on_drop(true).spawn().map(Self)
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// How the leader ended, or `None` while it lives.
    pub(crate) fn ended(&mut self) -> Option<std::io::Result<ExitStatus>> {
        self.0.try_wait().transpose()
    }

    /// Kills the group, unless its leader has ended: its number may then be another group's.
    pub(crate) fn kill(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let leader = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // It can only fail because the group is gone.
            let _gone = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
