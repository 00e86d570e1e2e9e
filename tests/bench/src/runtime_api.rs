//! Lambda's Runtime API for one process. It records when the process asks and answers, and what it had used by then.

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::Result;
use crate::cpu::CpuClock;
use crate::http1::{self, Message};
use crate::server::Server;

/// The work that a process is given, and what the API reads meanwhile.
pub(crate) struct Work {
    /// How many requests the process gets; then it is left waiting.
    pub(crate) requests: usize,
    /// Makes the event of a request.
    pub(crate) event: Box<dyn Fn() -> Vec<u8> + Send + Sync>,
    /// Called before the last request is given. What it returns is dropped when the process next asks for work.
    pub(crate) before_last: Box<dyn Fn() -> Option<MutexGuard<'static, ()>> + Send + Sync>,
    /// How many calls to AWS there have been.
    pub(crate) calls: Box<dyn Fn() -> usize + Send + Sync>,
}

/// A moment at which a process asked for work.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    pub(crate) cpu: Duration,
    pub(crate) calls: usize,
}

/// A request that was answered.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) took: Duration,
    pub(crate) body: Vec<u8>,
}

/// Everything that was recorded.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    pub(crate) asked: Vec<Asked>,
    pub(crate) answered: Vec<Answered>,
}

pub(crate) struct RuntimeApi {
    shared: Arc<Shared>,
    server: Server,
    end: Receiver<Result<()>>,
}

struct Shared {
    work: Work,
    clock: OnceLock<CpuClock>,
    notes: Mutex<Notes>,
    given: Mutex<Option<Instant>>,
}

impl RuntimeApi {
    /// Starts on a free port.
    pub(crate) fn start(work: Work) -> Result<Self> {
        let (ended, end) = channel();
        let shared =
            Arc::new(Shared { work, clock: OnceLock::new(), notes: Mutex::default(), given: Mutex::default() });
        let serving = Arc::clone(&shared);
        let server = Server::start(Ipv4Addr::LOCALHOST, move |stream| serving.serve(stream, &ended))?;
        Ok(Self { shared, server, end })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is set to.
    pub(crate) fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// From now on, processor time is read from this clock.
    pub(crate) fn watch(&self, clock: CpuClock) {
        let _ = self.shared.clock.set(clock);
    }

    /// Waits until all requests are answered and the process asks for another one; `None` if it takes longer than
    /// `limit`.
    pub(crate) fn wait(&self, limit: Duration) -> Option<Result<Notes>> {
        let ended = self.end.recv_timeout(limit).ok()?;
        Some(ended.map(|()| self.shared.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream, ended: &Sender<Result<()>>) -> io::Result<()> {
        let mut answers = stream.try_clone()?;
        let mut requests = BufReader::new(stream);
        let mut turn = None;
        while let Some(request) = Message::read(&mut requests)? {
            let path = request.word(1);
            if path.ends_with("/invocation/next") {
                let left = self.asked();
                drop(turn.take());
                if left == 0 {
                    let _ = ended.send(Ok(()));
                    // No further work: the process waits until it is ended.
                    return Message::read(&mut requests).map(drop);
                }
                if left == 1 {
                    turn = (self.work.before_last)();
                }
                self.give(&mut answers)?;
            } else if path.ends_with("/response") {
                self.answered(request.body);
                http1::write(&mut answers, "HTTP/1.1 202 Accepted", &[], b"{\"status\":\"OK\"}")?;
            } else {
                let text = String::from_utf8_lossy(&request.body);
                let _ = ended.send(Err(format!("the function reported an error: {text}").into()));
                http1::write(&mut answers, "HTTP/1.1 202 Accepted", &[], b"{\"status\":\"OK\"}")?;
            }
        }
        Ok(())
    }

    /// Records that the process asks for work; returns how many requests are left for it.
    fn asked(&self) -> usize {
        let at = Instant::now();
        let cpu = self.clock.wait().now().unwrap_or_default();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.asked.push(Asked { at, cpu, calls: (self.work.calls)() });
        self.work.requests.saturating_sub(notes.answered.len())
    }

    fn give(&self, to: &mut TcpStream) -> io::Result<()> {
        let event = (self.work.event)();
        let headers = [
            "Content-Type: application/json".to_owned(),
            "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
            format!("Lambda-Runtime-Deadline-Ms: {}", deadline()),
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:bench".to_owned(),
            "Lambda-Runtime-Trace-Id: Root=1-69258c94-1b2c3d4e5f60718293a4b5c6;Parent=0a1b2c3d4e5f6071;Sampled=0"
                .to_owned(),
        ];
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        http1::write(to, "HTTP/1.1 200 OK", &headers, &event)
    }

    fn answered(&self, body: Vec<u8>) {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner).take();
        let took = given.map(|given| given.elapsed()).unwrap_or_default();
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).answered.push(Answered { took, body });
    }
}

/// Ten minutes from now, in milliseconds since 1970.
fn deadline() -> u128 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (now + Duration::from_secs(600)).as_millis()
}
