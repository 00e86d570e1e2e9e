//! An execution environment: one process of a function's binary and the Runtime API it talks to.
//!
//! Each environment has its own Runtime API on its own port, so that nothing it sends can be mistaken for another's.
//! When the stack itself dies, even by `kill -9`, these connections break and the runtime in the process gives up. A
//! frozen process gets SIGHUP and SIGCONT from the kernel, like every stopped process group that becomes orphaned
//! (POSIX.1-2024, `_exit`).

use std::fmt;
use std::future::Future as _;
use std::net::Ipv4Addr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{mpsc, watch};

use super::Launch;
use super::runtime_api::{Channel, Init, Invocation, router};
use crate::console::Console;
use crate::process::Group;

/// How long a function may take to ask for its first request, as in Lambda.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait for the last lines of a process that has ended.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How a process ended.
#[derive(Clone, Debug)]
pub(super) struct Exit(Option<ExitStatus>);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => status.fmt(f),
            None => f.write_str("its end could not be seen"),
        }
    }
}

/// One process and what the pool knows about it.
pub(super) struct Environment {
    pid: u32,
    process: Arc<Mutex<Group>>,
    work: mpsc::Sender<Invocation>,
    init: watch::Receiver<Init>,
    exit: watch::Receiver<Option<Exit>>,
    finished: watch::Receiver<bool>,
}

impl Environment {
    /// Starts the process.
    pub(super) async fn start(launch: &Launch, console: &Arc<Console>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mut command = Command::new(&launch.executable);
        command
            .env_clear()
            .envs(&launch.variables)
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
            .env("AWS_LAMBDA_LOG_STREAM_NAME", uuid::Uuid::new_v4().simple().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(directory) = launch.executable.parent() {
            command.current_dir(directory);
        }
        let mut group = Group::spawn(&mut command)?;
        let child = group.child();
        let pid = child.id().unwrap_or_default();
        let output = [
            child.stdout.take().map(|pipe| tokio::spawn(copy_lines(pipe, launch.label.clone(), Arc::clone(console)))),
            child.stderr.take().map(|pipe| tokio::spawn(copy_lines(pipe, launch.label.clone(), Arc::clone(console)))),
        ];

        let (work, take_work) = mpsc::channel(1);
        let (init_now, init) = watch::channel(Init::Starting);
        let (exit_now, exit) = watch::channel(None);
        let (finish, finished) = watch::channel(false);
        let process = Arc::new(Mutex::new(group));
        let channel = Channel::new(&launch.arn, take_work, init_now, launch.freezes.then(|| Arc::clone(&process)));
        let server = tokio::spawn(axum::serve(listener, router(channel)).into_future());
        let watched = Arc::clone(&process);
        tokio::spawn(async move {
            let status = wait(&watched).await;
            exit_now.send_replace(Some(Exit(status.ok())));
            server.abort();
            for copying in output.into_iter().flatten() {
                // A process that it left behind may keep the pipe open.
                let _ended = tokio::time::timeout(LAST_LINES, copying).await;
            }
            finish.send_replace(true);
        });
        Ok(Self { pid, process, work, init, exit, finished })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn is_alive(&self) -> bool {
        self.process().is_alive()
    }

    pub(super) fn kill(&self) {
        self.process().kill();
    }

    fn process(&self) -> MutexGuard<'_, Group> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the init phase. The error says why it failed.
    pub(super) async fn initialised(&self) -> Result<(), String> {
        let mut init = self.init.clone();
        let state = async move { init.wait_for(|state| *state != Init::Starting).await.map(|state| state.clone()) };
        let state = tokio::select! {
            biased;
            state = state => state,
            exit = self.exited() => return Err(format!("failed to start: {exit}")),
            () = tokio::time::sleep(INIT_LIMIT) => {
                return Err(format!("was not ready after {} seconds", INIT_LIMIT.as_secs()));
            }
        };
        match state {
            Ok(Init::Ready | Init::Starting) => Ok(()),
            Ok(Init::Failed(reason)) => Err(format!("failed to start: {reason}")),
            Err(_) => Err(format!("failed to start: {}", self.exited().await)),
        }
    }

    /// Gives the process a request. The request is dropped if the process is dead.
    pub(super) async fn hand_over(&self, invocation: Invocation) {
        let _dead = self.work.send(invocation).await;
    }

    /// Waits for the end of the process.
    pub(super) async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        let known = exit.wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
        known.unwrap_or(Exit(None))
    }

    /// Waits until the process has ended and its output has been copied.
    pub(super) async fn finished(&self) {
        let mut finished = self.finished.clone();
        let _ended = finished.wait_for(|finished| *finished).await;
    }
}

impl Drop for Environment {
    /// Without this, the task that watches the process would keep it alive after the pool is dropped.
    fn drop(&mut self) {
        self.kill();
    }
}

/// `Child::wait` for a child that other tasks use too: the lock is held only while polling.
async fn wait(process: &Mutex<Group>) -> std::io::Result<ExitStatus> {
    std::future::poll_fn(|context| {
        let mut group = process.lock().unwrap_or_else(PoisonError::into_inner);
        std::pin::pin!(group.child().wait()).poll(context)
    })
    .await
}

async fn copy_lines(pipe: impl AsyncRead + Unpin, function: String, console: Arc<Console>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        console.log(&function, String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}
