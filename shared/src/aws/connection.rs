//! The connection to one service, and how far it is trusted.
//!
//! Between two requests Lambda freezes the process, for seconds or for an hour. Meanwhile the peer, or a NAT on the
//! way, may drop the connection, and the process may never learn of it: what it sends next is answered by a reset, or
//! not at all. So after some seconds of silence a connection is tested before much depends on it. A read is sent with
//! a short timeout at first ([`Connection::call`]). A write is sent after a request that changes nothing
//! ([`Connection::prove`]): a write that was given up too early and sent again might be done twice, and count twice. A
//! connection that does not respond is closed, and the next request opens another one.
//!
//! Silence is measured by the wall clock: the monotonic clock may stand still while the process is frozen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long a silent connection stays trusted. Load balancers and NATs drop idle connections after minutes.
const TRUSTED: Duration = Duration::from_secs(5);

/// How long an untrusted connection may take to respond. AWS responds in milliseconds; and if a dead connection costs
/// this much, the user still waits less than half a second.
const PATIENCE: Duration = Duration::from_millis(200);

/// The connection to one service. It represents at most one open connection: a function handles one request at a time,
/// and the pool keeps one idle connection for each host.
#[derive(Debug)]
pub(super) struct Connection {
    connector: SharedHttpConnector,
    url: String,
    /// Milliseconds since 1970 of the last response, or of the failure that closed the previous connection.
    trusted_at: AtomicU64,
    /// Held while the connection is tested: others that need it wait for the outcome.
    proof: Mutex<()>,
}

impl Connection {
    /// A connection to `url`, not yet open.
    pub(super) fn new(connector: SharedHttpConnector, url: String) -> Self {
        Self { connector, url, trusted_at: AtomicU64::new(0), proof: Mutex::new(()) }
    }

    /// Opens the connection, or tests whether it still responds, by an unsigned `GET /`, which needs no permission and
    /// changes nothing. The outcome does not matter: a connection that fails is closed, and the next request opens
    /// another one.
    pub(super) async fn open(&self, patience: Duration) {
        let Ok(request) = HttpRequest::get(&self.url) else { return };
        let opening = async {
            if let Ok(response) = self.connector.call(request).await {
                // A connection returns to the pool only after its response has been read to the end.
                let _ = ByteStream::new(response.into_body()).collect().await;
            }
        };
        let _ = timeout(patience, opening).await;
        self.trust(SystemTime::now());
    }

    /// Tests whether the connection responds, if it is not trusted.
    pub(super) async fn prove(&self) {
        let _proof = self.proof.lock().await;
        if !self.is_trusted(SystemTime::now()) {
            self.open(PATIENCE).await;
        }
    }

    /// Sends `request`, a read. On an untrusted connection it fails early, so that the SDK soon makes its next attempt
    /// on another one.
    pub(super) async fn call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let response = self.connector.call(request);
        let outcome = if self.is_trusted(SystemTime::now()) {
            response.await
        } else {
            timeout(PATIENCE, response).await.unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
        };
        self.trust(SystemTime::now());
        outcome
    }

    /// Sends `request`, which changes something, after testing the connection if it is not trusted.
    pub(super) async fn call_once(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.prove().await;
        let outcome = self.connector.call(request).await;
        self.trust(SystemTime::now());
        outcome
    }

    fn is_trusted(&self, now: SystemTime) -> bool {
        let at = UNIX_EPOCH + Duration::from_millis(self.trusted_at.load(Ordering::Relaxed));
        // A clock that was set back says nothing about the silence.
        now.duration_since(at).is_ok_and(|silence| silence <= TRUSTED)
    }

    fn trust(&self, now: SystemTime) {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.trusted_at.store(u64::try_from(since).unwrap_or_default(), Ordering::Relaxed);
    }
}

/// Sends an SDK's requests. On an untrusted connection, DynamoDB's `GetItem` is sent with a short timeout, everything
/// else after a test.
#[derive(Debug)]
pub(super) struct Careful(pub(super) Arc<Connection>);

impl HttpConnector for Careful {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connection = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            match is_read(&request) {
                true => connection.call(request).await,
                false => connection.call_once(request).await,
            }
        })
    }
}

fn is_read(request: &HttpRequest) -> bool {
    request.headers().get("x-amz-target").is_some_and(|operation| operation.ends_with(".GetItem"))
}

#[cfg(test)]
mod tests;
