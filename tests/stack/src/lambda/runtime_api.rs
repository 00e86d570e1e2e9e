//! Lambda's Runtime API for one execution environment: the process asks for work and posts its answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::{mpsc, oneshot, watch};

use super::PAYLOAD_LIMIT;
use crate::process::Group;

/// Receives the function's answer, or the error that it reports.
pub(crate) type Reply = oneshot::Sender<Result<Bytes, String>>;

/// One request for a function.
pub(crate) struct Invocation {
    pub(crate) event: Bytes,
    pub(crate) request_id: String,
    pub(crate) trace_id: String,
    pub(crate) timeout: Duration,
    /// Notified when the process is given the request.
    pub(crate) taken: oneshot::Sender<()>,
    pub(crate) reply: Reply,
}

/// The state of the process's init phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Init {
    Starting,
    Ready,
    Failed(String),
}

/// What the process and its pool share.
pub(super) struct Channel {
    arn: String,
    work: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<(String, Reply)>>,
    init: watch::Sender<Init>,
    /// The process, if it is frozen while it waits for work.
    frozen_while_idle: Option<Arc<Mutex<Group>>>,
}

impl Channel {
    pub(super) fn new(
        arn: &str,
        work: mpsc::Receiver<Invocation>,
        init: watch::Sender<Init>,
        frozen_while_idle: Option<Arc<Mutex<Group>>>,
    ) -> Arc<Self> {
        Arc::new(Self { arn: arn.to_owned(), work: work.into(), current: Mutex::default(), init, frozen_while_idle })
    }

    /// Waits for the next request. Meanwhile the process is frozen, as in Lambda: by asking for work it has said that
    /// it is idle, and any background work continues only with the next request.
    async fn next(&self) -> Option<Invocation> {
        let mut work = self.work.lock().await;
        if let Ok(invocation) = work.try_recv() {
            return Some(invocation);
        }
        self.idle_process(Group::stop);
        let invocation = work.recv().await;
        self.idle_process(Group::resume);
        invocation
    }

    fn idle_process(&self, act: fn(&mut Group)) {
        if let Some(process) = &self.frozen_while_idle {
            act(&mut process.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Answers the request that the process is working on, if it has this ID.
    fn answer(&self, request_id: &str, answer: Result<Bytes, String>) -> Response {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.take() {
            Some((id, reply)) if id == request_id => {
                // Nobody is waiting any more if the invocation was cancelled or timed out.
                let _gone = reply.send(answer);
                (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
            }
            other => {
                *current = other;
                (StatusCode::BAD_REQUEST, r#"{"errorType":"InvalidRequestID"}"#).into_response()
            }
        }
    }
}

pub(super) fn router(channel: Arc<Channel>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        // Slightly above the limit, so that an answer over it can be told from a broken connection.
        .layer(DefaultBodyLimit::max(PAYLOAD_LIMIT + 1024 * 1024))
        .with_state(channel)
}

async fn next(State(channel): State<Arc<Channel>>) -> Response {
    channel.init.send_if_modified(|init| std::mem::replace(init, Init::Ready) != Init::Ready);
    // If the process dies, its connection breaks, this future is dropped, and the request goes to another process.
    let Some(invocation) = channel.next().await else {
        return StatusCode::GONE.into_response();
    };
    let Invocation { event, request_id, trace_id, timeout, taken, reply } = invocation;
    let deadline = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default() + timeout;
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &request_id)
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header("lambda-runtime-invoked-function-arn", &channel.arn)
        .header("lambda-runtime-trace-id", trace_id)
        .body(Body::from(event));
    *channel.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((request_id, reply));
    let _gone = taken.send(());
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn response(State(channel): State<Arc<Channel>>, Path(id): Path<String>, body: Bytes) -> Response {
    channel.answer(&id, Ok(body))
}

async fn error(State(channel): State<Arc<Channel>>, Path(id): Path<String>, body: Bytes) -> Response {
    channel.answer(&id, Err(String::from_utf8_lossy(&body).into_owned()))
}

async fn init_error(State(channel): State<Arc<Channel>>, body: Bytes) -> Response {
    channel.init.send_replace(Init::Failed(String::from_utf8_lossy(&body).into_owned()));
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
}
