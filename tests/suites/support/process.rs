//! Processes seen from outside: by the shell's own `kill`, which every system has.

use std::process::Command;

/// Sends a signal, such as `KILL`. The process may have ended already.
pub fn kill(signal: &str, pid: u32) -> bool {
    let command = format!("kill -{signal} {pid} 2>/dev/null");
    Command::new("sh").args(["-c", &command]).status().expect("there is a shell").success()
}

/// Whether there is such a process.
pub fn is_alive(pid: u32) -> bool {
    kill("0", pid)
}

/// The processes that a process has started and that have not ended.
pub fn children_of(pid: u32) -> Vec<u32> {
    let table = Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid="]).output().expect("there is `ps`");
    let table = String::from_utf8(table.stdout).unwrap();
    let mut rows = table.lines().map(|line| line.split_whitespace().map(|column| column.parse::<u32>().unwrap()));
    let mut children = Vec::new();
    while let Some(mut row) = rows.next() {
        if let (Some(child), Some(parent)) = (row.next(), row.next())
            && parent == pid
        {
            children.push(child);
        }
    }
    children
}
