//! A progress bar on the terminal; shows nothing if there is no terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

const WIDTH: usize = 30;

pub(crate) struct Progress {
    total: usize,
    done: usize,
    label: String,
    started: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        let shown = std::io::stderr().is_terminal();
        Self { total, done: 0, label: String::new(), started: Instant::now(), shown }
    }

    /// Sets the text that says what is being done.
    pub(crate) fn label(&mut self, label: &str) {
        label.clone_into(&mut self.label);
        self.show();
    }

    /// Counts one step as done.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        self.show();
    }

    fn show(&self) {
        if self.shown {
            let full = (WIDTH * self.done / self.total.max(1)).min(WIDTH);
            let bar = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full));
            let seconds = self.started.elapsed().as_secs();
            let percent = 100 * self.done / self.total.max(1);
            eprint!("\r{bar} {percent:3} % {seconds:3} s  {}\x1b[K", self.label);
            let _ = std::io::stderr().flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
