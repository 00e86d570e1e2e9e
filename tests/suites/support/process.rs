//! Processes seen from outside, with `ps` and the shell's own `kill`, which every system has.

use std::process::Command;

/// Sends a signal, such as `KILL`. Returns false if the process has already ended.
pub fn kill(signal: &str, pid: u32) -> bool {
    let command = format!("kill -{signal} {pid} 2>/dev/null");
    Command::new("sh").args(["-c", &command]).status().expect("there is a shell").success()
}

/// Whether the process exists.
pub fn is_alive(pid: u32) -> bool {
    kill("0", pid)
}

/// Whether the process is stopped, and continues only on SIGCONT.
pub fn is_stopped(pid: u32) -> bool {
    let state = Command::new("ps").args(["-o", "state=", "-p", &pid.to_string()]).output().expect("there is `ps`");
    state.stdout.starts_with(b"T")
}

/// The child processes that have not ended.
pub fn children_of(pid: u32) -> Vec<u32> {
    let table = Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid="]).output().expect("there is `ps`");
    let table = String::from_utf8(table.stdout).unwrap();
    let rows = table.lines().map(|line| {
        let (child, parent) = line.trim().split_once(char::is_whitespace).expect("two columns");
        (child.parse::<u32>().unwrap(), parent.trim().parse::<u32>().unwrap())
    });
    rows.filter(|(_, parent)| *parent == pid).map(|(child, _)| child).collect()
}
