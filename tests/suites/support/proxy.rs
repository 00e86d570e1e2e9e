//! A proxy between the functions and an engine: it records every call, and can make calls fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::Notify;

use super::stack::on_runtime;

/// What the proxy does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Responds with this status and an error of this name, and passes nothing on.
    Refuse(u16, &'static str),
    /// Cancels a transaction, with this reason for its last part, and passes nothing on.
    Cancel(&'static str),
    /// Refuses as SNS refuses a number permanently, and passes nothing on.
    RefuseNumber,
    /// Cuts the connection before the call is passed on.
    CutBefore,
    /// Passes the call on and cuts the connection before the response is complete.
    CutAfter,
    /// Passes the call on and never responds.
    Silence,
    /// Passes the call on after this many milliseconds.
    Delay(u64),
}

/// What happens to some calls.
struct Rule {
    call: &'static str,
    /// The number of calls to let through first, and the number that fail after them.
    let_through: usize,
    times: usize,
    fault: Fault,
}

#[derive(Default)]
struct Shared {
    upstream: String,
    calls: Mutex<Vec<String>>,
    rules: Mutex<Vec<Rule>>,
    hit: Notify,
}

/// A running proxy.
pub struct Proxy {
    pub endpoint: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// A proxy in front of the engine at `upstream`.
    pub fn start(upstream: &str) -> Self {
        let shared = Arc::new(Shared { upstream: upstream.to_owned(), ..Shared::default() });
        let router = axum::Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let endpoint = on_runtime(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, router).await });
            endpoint
        });
        Self { endpoint, shared }
    }

    /// The calls since this was last called, such as `UpdateItem` or `Publish`. The unsigned `GET /` that opens a
    /// connection does not count.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.calls.lock().unwrap())
    }

    /// Makes the next `times` calls of this name fail.
    pub fn fail(&self, call: &'static str, times: usize, fault: Fault) {
        self.fail_after(call, 0, times, fault);
    }

    /// Lets the next `let_through` calls of this name pass, and makes the `times` calls after them fail.
    pub fn fail_after(&self, call: &'static str, let_through: usize, times: usize, fault: Fault) {
        self.shared.rules.lock().unwrap().push(Rule { call, let_through, times, fault });
    }

    /// Waits until a fault hits a call.
    pub async fn hit(&self) {
        self.shared.hit.notified().await;
    }

    /// Lets everything through again.
    pub fn heal(&self) {
        self.shared.rules.lock().unwrap().clear();
    }
}

impl Shared {
    fn fault(&self, call: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|rule| rule.call == call && rule.times > 0)?;
        if rule.let_through > 0 {
            rule.let_through -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.fault)
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let call = name(&parts.headers, &body);
    if let Some(call) = &call {
        shared.calls.lock().unwrap().push(call.clone());
    }
    let fault = call.as_deref().and_then(|call| shared.fault(call));
    if fault.is_some() {
        shared.hit.notify_one();
    }
    match fault {
        Some(Fault::Refuse(status, error)) => return refusal(status, error, "no"),
        Some(Fault::Cancel(reason)) => return cancellation(reason),
        Some(Fault::RefuseNumber) => {
            let reason = "Invalid parameter: PhoneNumber Reason: +4520123456 is not valid to publish to";
            return refusal(400, "InvalidParameter", reason);
        }
        Some(Fault::CutBefore) => return cut(),
        Some(Fault::Delay(milliseconds)) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        Some(Fault::CutAfter | Fault::Silence) | None => {}
    }
    let url = format!("{}{}", shared.upstream, parts.uri.path());
    let mut headers = parts.headers;
    headers.remove("host");
    let forwarded = reqwest::Client::new().request(parts.method, url).headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (forwarded.status(), forwarded.headers().clone());
    let bytes = forwarded.bytes().await.unwrap();
    match fault {
        Some(Fault::CutAfter) => cut(),
        Some(Fault::Silence) => std::future::pending().await,
        _ => (status, headers, bytes).into_response(),
    }
}

/// The operation, which DynamoDB has in a header and SNS in the form.
fn name(headers: &axum::http::HeaderMap, body: &Bytes) -> Option<String> {
    if let Some(target) = headers.get("x-amz-target") {
        return target.to_str().unwrap().split('.').next_back().map(str::to_owned);
    }
    form_urlencoded::parse(body).find(|(name, _)| name == "Action").map(|(_, action)| action.into_owned())
}

fn refusal(status: u16, error: &str, message: &str) -> Response {
    let json = serde_json::json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{error}"), "message": message});
    let xml = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{error}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    let body = if error.ends_with("Exception") { json.to_string() } else { xml };
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn cancellation(reason: &str) -> Response {
    let json = serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "no",
        "CancellationReasons": [{"Code": "None"}, {"Code": reason}],
    });
    (StatusCode::BAD_REQUEST, json.to_string()).into_response()
}

/// A response whose body breaks off, which closes the connection.
fn cut() -> Response {
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))])))
}
