use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex as StdMutex};

use aws_smithy_runtime_api::client::http::HttpConnectorFuture;
use aws_smithy_types::body::SdkBody;

use super::*;

/// What the peer does with the first requests, in order. It answers every later one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Answer,
    Reset,
    Swallow,
}

/// A peer that records the method of each request.
#[derive(Clone, Debug)]
struct Peer {
    does: Arc<StdMutex<Vec<Does>>>,
    got: Arc<StdMutex<Vec<String>>>,
    at_once: Arc<AtomicUsize>,
}

impl HttpConnector for Peer {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.got.lock().unwrap().push(request.method().to_owned());
        let does = self.does.lock().unwrap().pop().unwrap_or(Does::Answer);
        let at_once = Arc::clone(&self.at_once);
        HttpConnectorFuture::new(async move {
            assert_eq!(at_once.fetch_add(1, Ordering::Relaxed), 0, "two requests at once");
            tokio::task::yield_now().await;
            let outcome = match does {
                Does::Answer => Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::empty())),
                Does::Reset => Err(ConnectorError::io("reset".into())),
                Does::Swallow => {
                    at_once.store(0, Ordering::Relaxed);
                    std::future::pending().await
                }
            };
            at_once.store(0, Ordering::Relaxed);
            outcome
        })
    }
}

fn connection(silence: Duration, does: &[Does]) -> (Connection, Peer) {
    let does = does.iter().rev().copied().collect();
    let peer = Peer { does: Arc::new(StdMutex::new(does)), got: Arc::default(), at_once: Arc::default() };
    let connection = Connection::new(SharedHttpConnector::new(peer.clone()), "http://localhost/".to_owned());
    connection.trust(SystemTime::now() - silence);
    (connection, peer)
}

fn publish() -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_method("POST").unwrap();
    request
}

fn got(peer: &Peer) -> Vec<String> {
    peer.got.lock().unwrap().clone()
}

const FREEZE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_connection_that_was_used_a_moment_ago_is_used_as_it_is() {
    let (connection, peer) = connection(Duration::from_secs(1), &[]);
    connection.call_once(publish()).await.unwrap();
    connection.call(publish()).await.unwrap();
    assert_eq!(got(&peer), ["POST", "POST"]);
}

#[tokio::test]
async fn what_changes_something_is_sent_once_on_a_connection_that_was_proven() {
    for does in [Does::Answer, Does::Reset, Does::Swallow] {
        let (connection, peer) = connection(FREEZE, &[does]);
        connection.call_once(publish()).await.unwrap();
        assert_eq!(got(&peer), ["GET", "POST"], "{does:?}");
        connection.call_once(publish()).await.unwrap();
        assert_eq!(got(&peer), ["GET", "POST", "POST"], "{does:?}");
    }
}

#[tokio::test]
async fn a_proof_that_is_under_way_is_waited_for_and_not_repeated() {
    let (connection, peer) = connection(FREEZE, &[]);
    let ((), answer) = tokio::join!(connection.prove(), connection.call_once(publish()));
    answer.unwrap();
    assert_eq!(got(&peer), ["GET", "POST"]);
}

#[tokio::test]
async fn a_read_is_sent_at_once_and_fails_early() {
    let (connection, peer) = connection(FREEZE, &[Does::Swallow, Does::Swallow]);
    let error = connection.call(publish()).await.unwrap_err();
    assert!(error.is_timeout());
    // Only the first one fails early: the next one is sent on another connection.
    assert!(timeout(2 * PATIENCE, connection.call(publish())).await.is_err());
    assert_eq!(got(&peer), ["POST", "POST"]);
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_no_proof() {
    let (connection, peer) = connection(Duration::ZERO, &[]);
    connection.trust(SystemTime::now() + FREEZE);
    connection.call_once(publish()).await.unwrap();
    assert_eq!(got(&peer), ["GET", "POST"]);
}

#[test]
fn only_dynamodbs_reads_are_reads() {
    for (operation, read) in [("GetItem", true), ("UpdateItem", false), ("TransactWriteItems", false)] {
        let mut request = publish();
        request.headers_mut().insert("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        assert_eq!(is_read(&request), read, "{operation}");
    }
    assert!(!is_read(&publish()));
}
