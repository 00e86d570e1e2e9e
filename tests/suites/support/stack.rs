//! The stack that the tests of one process share, and separate stacks for tests that need other settings.

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use local_stack::{Build, LogLine, Options, Output, Stack};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Table, User};

/// A stack, with users to call it.
pub struct Fixture {
    pub stack: Stack,
    next_user: AtomicU64,
}

/// Outlives every test: what runs on a test's own runtime ends with that test.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static BUILD: LazyLock<Build> =
    LazyLock::new(|| on_runtime(async { Build::with_command().await.expect("the functions build") }));

static SHARED: LazyLock<Fixture> = LazyLock::new(|| start(Options::default()));

/// The stack that tests share, with the template's default settings. Each test takes new users.
pub fn stack() -> &'static Fixture {
    &SHARED
}

/// A stack for one test.
pub fn own_stack(options: Options) -> Fixture {
    start(options)
}

/// A stack for one test, with these template parameters.
pub fn stack_with<const N: usize>(parameters: [(&str, &str); N]) -> Fixture {
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    start(Options { parameters, ..Options::default() })
}

fn start(options: Options) -> Fixture {
    let options = Options { output: Output::Captured, ..options };
    let stack = on_runtime(Stack::start(&BUILD, options)).expect("the stack starts");
    Fixture { stack, next_user: AtomicU64::new(1000) }
}

/// The command that `cargo run` runs.
pub fn command_file() -> &'static Path {
    BUILD.command().expect("it is built with the functions")
}

/// Runs the future to completion on the runtime of the process, from any thread.
pub(super) fn on_runtime<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    std::thread::spawn(move || RUNTIME.block_on(future)).join().expect("the runtime's thread lives")
}

impl Fixture {
    /// A user that no other test uses.
    pub fn user(&self) -> User {
        self.user_with(json!({}))
    }

    /// A user that no other test uses, with these additional claims.
    pub fn user_with(&self, mut claims: Value) -> User {
        if claims.get("sub").is_none() {
            claims["sub"] = json!(self.next_user.fetch_add(1, Ordering::Relaxed).to_string());
        }
        let id = claims["sub"].as_str().map_or_else(|| claims["sub"].to_string(), str::to_owned);
        let token = self.stack.mint_token(&claims.to_string()).expect("claims are an object");
        User {
            id,
            token,
            base_url: self.stack.base_url().to_owned(),
            // A client's connections live on the runtime of the test that opened them.
            http: reqwest::Client::new(),
        }
    }

    /// Prepares the stack for `sam local invoke`, and writes the functions' variables to `file`.
    pub fn prepare_for_sam(&self, file: &Path) {
        self.block_on(self.stack.prepare_for_sam(file)).expect("the file is written and the user made");
    }

    /// Runs the future to completion on the stack's runtime.
    fn block_on<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        std::thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(future)).join()).expect("the runtime's thread lives")
    }

    /// Stops the stack and returns every log line of its run.
    pub fn shut_down(&mut self) -> Vec<LogLine> {
        std::thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(self.stack.shutdown())).join()).expect("it ends");
        self.stack.log_lines()
    }

    /// The stack's table.
    pub fn table(&self) -> Table {
        let info = self.stack.info();
        Table::new(&info.dynamodb_endpoint, &info.table_name)
    }

    /// The messages sent to this number (E.164), oldest first.
    pub fn messages_to(&self, number: &str) -> Vec<String> {
        let messages = self.stack.messages().into_iter();
        messages.filter(|message| message.phone_number == number).map(|message| message.message).collect()
    }
}
