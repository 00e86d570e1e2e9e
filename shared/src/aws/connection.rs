//! The connection to one service, and how far it is trusted.
//!
//! Between two requests Lambda freezes the process, for seconds or for an hour. Meanwhile the peer, or a NAT on the way, may
//! drop the connection, and the process may never learn of it: what it sends next is answered by a reset, or by nothing.
//! So after some seconds of silence a connection is tried before much depends on it: a read is sent with little patience at
//! first ([`Connection::call`]), what changes something is sent after a request that changes nothing
//! ([`Connection::prove`]): a write that was given up too early and sent again might come through twice, and count twice. A connection that does not answer is closed, and the next request opens another one.
//!
//! Silence is measured by the wall clock: the monotonic one may stand still while the process is frozen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Silence that a connection is trusted through. Load balancers and NATs drop idle connections after minutes.
const TRUSTED: Duration = Duration::from_secs(5);

/// Longest that a connection which is not trusted may take to answer. AWS answers in milliseconds; and where a dead connection
/// costs this much, the user still waits less than half a second.
const PATIENCE: Duration = Duration::from_millis(200);

/// The connection to one service. It stands for at most one open connection: a function handles one request at a time, and
/// the pool keeps one idle connection for each host.
#[derive(Debug)]
pub(super) struct Connection {
    connector: SharedHttpConnector,
    url: String,
    /// Milliseconds since 1970 of the last answer, or of the failure that closed the connection before this one.
    trusted_at: AtomicU64,
    /// Held while the connection is proven: whoever needs it meanwhile waits for the outcome.
    proof: Mutex<()>,
}

impl Connection {
    /// A connection to `url`, not open yet.
    pub(super) fn new(connector: SharedHttpConnector, url: String) -> Self {
        Self { connector, url, trusted_at: AtomicU64::new(0), proof: Mutex::new(()) }
    }

    /// Opens it, or makes sure that it still answers, by an unsigned `GET /`: that needs no right and changes nothing. Its
    /// outcome does not matter: a connection that fails is closed, and the next request opens another one.
    pub(super) async fn open(&self, patience: Duration) {
        let Ok(request) = HttpRequest::get(&self.url) else { return };
        let opening = async {
            if let Ok(response) = self.connector.call(request).await {
                // A connection goes back into the pool only when its response has been read to the end.
                let _ = ByteStream::new(response.into_body()).collect().await;
            }
        };
        let _ = timeout(patience, opening).await;
        self.trust(SystemTime::now());
    }

    /// Makes sure that the connection answers, if it is not trusted.
    pub(super) async fn prove(&self) {
        let _proof = self.proof.lock().await;
        if !self.is_trusted(SystemTime::now()) {
            self.open(PATIENCE).await;
        }
    }

    /// Sends `request`, a read: on a connection that is not trusted it fails early, so that the SDK's next
    /// attempt is soon made on another one.
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

    /// Sends `request`, which changes something: on a connection that answers.
    pub(super) async fn call_once(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.prove().await;
        let outcome = self.connector.call(request).await;
        self.trust(SystemTime::now());
        outcome
    }

    fn is_trusted(&self, now: SystemTime) -> bool {
        let at = UNIX_EPOCH + Duration::from_millis(self.trusted_at.load(Ordering::Relaxed));
        // A clock that was set back says nothing of the silence.
        now.duration_since(at).is_ok_and(|silence| silence <= TRUSTED)
    }

    fn trust(&self, now: SystemTime) {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.trusted_at.store(u64::try_from(since).unwrap_or_default(), Ordering::Relaxed);
    }
}

/// Sends an SDK's requests: DynamoDB's reads with little patience where the connection is not trusted, everything else once
/// it has answered.
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
