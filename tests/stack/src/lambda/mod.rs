//! Lambda: each function is a pool of execution environments, each of which is a process of the real binary.
//!
//! As on AWS, an environment serves one request at a time and is reused when it is idle. A request that finds none idle
//! gets a new one. An environment is frozen (SIGSTOP) while it waits for the next request, and is discarded after a
//! timeout or a crash. Not imitated: memory and CPU limits, automatic retirement, provisioned and reserved concurrency.

mod environment;
mod runtime_api;
mod variables;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

use crate::console::Console;
use crate::template::{ACCOUNT_ID, FunctionSpec, REGION};
use environment::{Environment, Exit};
use runtime_api::Invocation;
use variables::reserved_variables;

/// Lambda's limit for the event and for the answer of a synchronous invocation, in bytes.
pub(crate) const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// Concurrent requests over all functions. An AWS account has 1,000, too many for one machine.
pub(crate) const CONCURRENCY_LIMIT: usize = 300;

/// Why an invocation gave no answer. The details are on the console; clients of the API do not see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvokeError {
    /// The function crashed or took too long.
    Function,
    /// The function reported an error: `{"errorType":…,"errorMessage":…}`.
    Reported(String),
    /// The limit of concurrent requests is reached.
    Throttled,
    /// The event is larger than [`PAYLOAD_LIMIT`].
    TooLarge,
}

/// A function and its environments.
pub(crate) struct Function {
    launch: Launch,
    timeout: Duration,
    console: Arc<Console>,
    /// One permit per concurrent request, shared by all functions.
    concurrency: Arc<Semaphore>,
    environments: Mutex<Environments>,
}

/// What is needed to start an environment.
struct Launch {
    /// The function's name on the console.
    label: String,
    arn: String,
    executable: PathBuf,
    variables: BTreeMap<String, String>,
    freezes: bool,
}

#[derive(Default)]
struct Environments {
    idle: Vec<Arc<Environment>>,
    all: Vec<Arc<Environment>>,
    closed: bool,
}

impl Function {
    /// A function that has no environments yet. `concurrency` is shared by all functions; `freezes` says whether its
    /// processes are frozen between requests.
    pub(crate) fn new(
        spec: FunctionSpec,
        executable: PathBuf,
        endpoints: &[(&str, String)],
        console: Arc<Console>,
        concurrency: Arc<Semaphore>,
        freezes: bool,
    ) -> Self {
        let mut variables = reserved_variables(&spec, &executable);
        variables.extend(spec.environment);
        // The template also declares these, empty, for `sam local invoke` to fill in.
        variables.extend(endpoints.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{}", spec.name);
        let launch = Launch { label: spec.binary, arn, executable, variables, freezes };
        Self { launch, timeout: spec.timeout, console, concurrency, environments: Mutex::default() }
    }

    /// Invokes the function with an event and returns its answer.
    pub(crate) async fn invoke(&self, event: Bytes, trace_id: &str) -> Result<Bytes, InvokeError> {
        if event.len() > PAYLOAD_LIMIT {
            return Err(InvokeError::TooLarge);
        }
        let Ok(_permit) = self.concurrency.try_acquire() else {
            self.console.log(&self.launch.label, "throttled: there are too many requests at once");
            return Err(InvokeError::Throttled);
        };
        loop {
            let (environment, is_new) = match self.take_idle() {
                Some(environment) => (environment, false),
                None => (self.start().await?, true),
            };
            let in_use = InUse { function: self, environment: &environment };
            match self.run_in(&environment, event.clone(), trace_id).await {
                Ok(answer) => {
                    in_use.release();
                    return Ok(answer);
                }
                // The process died while idle and never saw the request, so the request goes to another one.
                Err(Failed::BeforeRequest) if !is_new => {}
                Err(Failed::BeforeRequest) => {
                    self.console.log(&self.launch.label, "ended before its first request");
                    return Err(InvokeError::Function);
                }
                Err(Failed::Reported(error)) => {
                    self.console.log(&self.launch.label, &format!("failed: {error}"));
                    in_use.release();
                    return Err(InvokeError::Reported(error));
                }
                Err(Failed::Request { reusable, reason }) => {
                    self.console.log(&self.launch.label, &reason);
                    if reusable {
                        in_use.release();
                    }
                    return Err(InvokeError::Function);
                }
            }
        }
    }

    async fn run_in(&self, environment: &Environment, event: Bytes, trace_id: &str) -> Result<Bytes, Failed> {
        let timeout = self.timeout;
        let (taken, mut was_taken) = oneshot::channel();
        let (reply, replied) = oneshot::channel();
        let (request_id, trace_id) = (Uuid::new_v4().to_string(), trace_id.to_owned());
        environment.hand_over(Invocation { event, request_id, trace_id, timeout, taken, reply }).await;
        tokio::select! {
            biased;
            taken = &mut was_taken => if taken.is_err() { return Err(Failed::BeforeRequest) },
            exit = environment.exited() => {
                // The process may have taken the request and crashed on it immediately.
                if was_taken.try_recv().is_err() {
                    return Err(Failed::BeforeRequest);
                }
                return Err(Failed::crashed(&exit));
            }
            () = tokio::time::sleep(timeout) => return Err(Failed::timed_out(timeout)),
        }
        tokio::select! {
            biased;
            answer = replied => match answer {
                Ok(Ok(answer)) if answer.len() > PAYLOAD_LIMIT => {
                    Err(Failed::Request { reusable: true, reason: "the answer is over 6 MB".to_owned() })
                }
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(Failed::Reported(error)),
                Err(_) => Err(Failed::crashed(&environment.exited().await)),
            },
            exit = environment.exited() => Err(Failed::crashed(&exit)),
            () = tokio::time::sleep(timeout) => Err(Failed::timed_out(timeout)),
        }
    }

    fn take_idle(&self) -> Option<Arc<Environment>> {
        let mut environments = self.environments();
        loop {
            let environment = environments.idle.pop()?;
            if environment.is_alive() {
                return Some(environment);
            }
            environments.forget(&environment);
        }
    }

    /// Starts an environment and waits until it asks for its first request, like Lambda's init phase.
    async fn start(&self) -> Result<Arc<Environment>, InvokeError> {
        let refused = |reason: String| {
            self.console.log(&self.launch.label, &reason);
            InvokeError::Function
        };
        let started = Environment::start(&self.launch, &self.console).await;
        let environment = Arc::new(started.map_err(|e| refused(format!("could not be started: {e}")))?);
        let kept = {
            let mut environments = self.environments();
            if !environments.closed {
                environments.all.push(Arc::clone(&environment));
            }
            !environments.closed
        };
        if !kept {
            return Err(refused("is not started any more: the stack is shutting down".to_owned()));
        }
        match environment.initialised().await {
            Ok(()) => Ok(environment),
            Err(reason) => {
                environment.kill();
                self.environments().forget(&environment);
                Err(refused(reason))
            }
        }
    }

    /// The IDs of the live processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        let environments = self.environments();
        environments
            .all
            .iter()
            .filter(|environment| environment.is_alive())
            .map(|environment| environment.pid())
            .collect()
    }

    /// Kills every environment, and waits until each has ended and its last line is on the console.
    pub(crate) async fn shut_down(&self) {
        let all = {
            let mut environments = self.environments();
            environments.closed = true;
            environments.idle.clear();
            std::mem::take(&mut environments.all)
        };
        for environment in &all {
            environment.kill();
        }
        for environment in all {
            environment.finished().await;
        }
    }

    fn environments(&self) -> MutexGuard<'_, Environments> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Environments {
    fn forget(&mut self, environment: &Arc<Environment>) {
        self.all.retain(|other| !Arc::ptr_eq(other, environment));
    }
}

/// An environment that is serving a request. It is killed unless it is released. An environment whose invocation was
/// cancelled is killed too, since nobody would know when it is idle again.
struct InUse<'f> {
    function: &'f Function,
    environment: &'f Arc<Environment>,
}

impl InUse<'_> {
    fn release(self) {
        let mut environments = self.function.environments();
        if !environments.closed {
            environments.idle.push(Arc::clone(self.environment));
        }
        drop(environments);
        std::mem::forget(self);
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.environment.kill();
        self.function.environments().forget(self.environment);
    }
}

enum Failed {
    BeforeRequest,
    Reported(String),
    Request { reusable: bool, reason: String },
}

impl Failed {
    fn timed_out(timeout: Duration) -> Self {
        let reason = format!("timed out after {} s and was killed", timeout.as_secs_f32());
        Self::Request { reusable: false, reason }
    }

    fn crashed(exit: &Exit) -> Self {
        Self::Request { reusable: false, reason: format!("crashed in the middle of a request: {exit}") }
    }
}

#[cfg(test)]
mod tests;
