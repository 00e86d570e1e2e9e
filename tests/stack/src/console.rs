//! Where the stack reports what happens: to the terminal for a person, to memory for a test.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

/// A line that a function wrote to its standard output or error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The function, by the name of its binary.
    pub function: String,
    /// The line, without its line ending.
    pub line: String,
}

/// Where function logs, SMS messages and the stack's own notes go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Everything is shown on standard output.
    #[default]
    Terminal,
    /// Nothing is shown; function log lines and notes are kept for [`crate::Stack::log_lines`].
    Captured,
}

/// The console of one stack.
#[derive(Debug, Default)]
pub(crate) struct Console {
    output: Output,
    lines: Mutex<Vec<LogLine>>,
}

/// The function name under which the stack's own notes are logged.
const STACK: &str = "stack";

/// The width of the longest function name, so that the lines align.
const NAME_WIDTH: usize = 17;

impl Console {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, lines: Mutex::default() }
    }

    /// Logs a line that a function wrote.
    pub(crate) fn log(&self, function: &str, line: &str) {
        match self.output {
            Output::Terminal => show(&format!("{function:NAME_WIDTH$} | {line}")),
            Output::Captured => {
                let line = LogLine { function: function.to_owned(), line: line.to_owned() };
                self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }
    }

    /// Logs a message of the stack itself, such as a request that the gateway refused.
    pub(crate) fn note(&self, note: &str) {
        self.log(STACK, note);
    }

    /// Shows an SMS, on the terminal only: it contains a code, so it must not become a log line.
    pub(crate) fn sms(&self, phone_number: &str, message: &str) {
        if self.output == Output::Terminal {
            let body = message.replace('\n', &format!("\n{:NAME_WIDTH$} | ", ""));
            show(&format!("{:NAME_WIDTH$} | {body}", format!("SMS {phone_number}")));
        }
    }

    /// Every line kept so far.
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Not `println!`, which would panic when the reader of a pipe (`| head`) has gone.
pub(crate) fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    let _gone = writeln!(out, "{text}");
}
