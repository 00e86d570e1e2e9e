//! One process of a function, from its start to its end.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use crate::Result;
use crate::aws::Aws;
use crate::cpu::{self, CpuClock};
use crate::freeze::{self, Freeze};
use crate::runtime_api::{Notes, RuntimeApi, Work};
use crate::server::Connections;
use crate::tls::Tls;

/// Maximum time that a process may take for all its requests; under valgrind everything takes fifty times as long.
const LIMIT: Duration = Duration::from_secs(120);

/// How to start a function, and the request to send it.
#[derive(Clone)]
pub(crate) struct Launch {
    pub(crate) command: Vec<OsString>,
    pub(crate) environment: Vec<(String, String)>,
    /// The stored item that its calls get.
    pub(crate) item: Value,
    pub(crate) event: Arc<dyn Fn() -> Vec<u8> + Send + Sync>,
    /// The HTTP status that every response must have.
    pub(crate) status: u16,
}

/// What one process did.
pub(crate) struct Outcome {
    /// When it was started.
    pub(crate) started: Instant,
    pub(crate) notes: Notes,
    pub(crate) peak_memory: u64,
    /// The calls to AWS, in order.
    pub(crate) calls: Vec<String>,
    pub(crate) last_update: Option<Value>,
}

impl Launch {
    /// Starts the process, has it answer `requests` requests, and ends it.
    pub(crate) fn run(&self, tls: &Tls, requests: usize, scratch: &Path) -> Result<Outcome> {
        self.start(tls, requests, None, scratch)
    }

    /// The same, with a freeze before the last request.
    pub(crate) fn run_frozen(&self, tls: &Tls, requests: usize, freeze: Freeze, scratch: &Path) -> Result<Outcome> {
        self.start(tls, requests, Some(freeze), scratch)
    }

    fn start(&self, tls: &Tls, requests: usize, freeze: Option<Freeze>, scratch: &Path) -> Result<Outcome> {
        let aws = Aws::start(tls, self.item.clone())?;
        let event = Arc::clone(&self.event);
        let running = Arc::new(OnceLock::new());
        let (pid, connections) = (Arc::clone(&running), aws.connections());
        let work = Work {
            requests,
            event: Box::new(move || event()),
            before_last: Box::new(move || freeze.map(|freeze| freeze_process(*pid.wait(), freeze, &connections))),
            calls: Box::new(aws.counter()),
        };
        let api = RuntimeApi::start(work)?;
        let errors = scratch.join("stderr.txt");
        let (program, arguments) = self.command.split_first().ok_or("no command")?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("AWS_LAMBDA_RUNTIME_API", api.address());
        let (dynamodb, sns) = aws.urls();
        command.env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb).env("AWS_ENDPOINT_URL_SNS", sns);
        for variable in ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            command.env(variable, &tls.authority);
        }
        // Set last, so that the launch's own variables override the others.
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&errors)?);
        let started = Instant::now();
        let mut process = Process(command.spawn().map_err(|e| format!("{}: {e}", PathBuf::from(program).display()))?);
        let pid = process.0.id();
        let _ = running.set(pid);
        api.watch(CpuClock::of(pid)?);
        let notes = process.wait(&api).map_err(|e| {
            let said = std::fs::read_to_string(&errors).unwrap_or_default();
            format!("{}: {e}\n{said}", PathBuf::from(program).display())
        })?;
        let peak_memory = cpu::peak_memory(pid).unwrap_or_default();
        process.settle();
        process.end()?;
        for answer in &notes.answered {
            self.check(&answer.body)?;
        }
        Ok(Outcome { started, notes, peak_memory, calls: aws.calls(), last_update: aws.last_update() })
    }

    /// Checks the status of a response: a run in which something went wrong would measure something else.
    fn check(&self, body: &[u8]) -> Result<()> {
        let answer: Value = serde_json::from_slice(body)?;
        match answer.get("statusCode").and_then(Value::as_u64) {
            Some(status) if status == u64::from(self.status) => Ok(()),
            _ => Err(format!("answered {answer} instead of {}", self.status).into()),
        }
    }
}

/// Stops a process for a while, and lets it resume when it is its turn.
fn freeze_process(pid: u32, freeze: Freeze, connections: &[Connections]) -> MutexGuard<'static, ()> {
    let pid = cpu::raw(pid);
    let _ = kill(pid, Signal::SIGSTOP);
    if freeze.is_lost {
        connections.iter().for_each(Connections::end);
    }
    std::thread::sleep(freeze.silence);
    let turn = freeze::turn();
    let _ = kill(pid, Signal::SIGCONT);
    turn
}

/// A child process that does not outlive its owner.
struct Process(Child);

impl Process {
    fn wait(&mut self, api: &RuntimeApi) -> Result<Notes> {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if let Some(notes) = api.wait(Duration::from_millis(200)) {
                return notes;
            }
            if let Some(status) = self.0.try_wait()? {
                return Err(format!("ended too early: {status}").into());
            }
        }
        Err(format!("was not done after {} s", LIMIT.as_secs()).into())
    }

    /// Waits until the process is idle.
    fn settle(&self) {
        let Ok(clock) = CpuClock::of(self.0.id()) else { return };
        let mut last = clock.now();
        for _ in 0..500 {
            std::thread::sleep(Duration::from_millis(5));
            let now = clock.now();
            if now == last && cpu::is_asleep(self.0.id()) {
                return;
            }
            last = now;
        }
    }

    /// Ends it with a signal that lets valgrind write its counts.
    fn end(&mut self) -> Result<()> {
        kill(cpu::raw(self.0.id()), Signal::SIGTERM)?;
        for _ in 0..1000 {
            if self.0.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1 + 4));
        }
        Err("did not end when told to".into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
