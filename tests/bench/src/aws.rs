//! Stubs of DynamoDB and SNS that accept every call, count it and respond at once, over TLS 1.3.
//!
//! They evaluate nothing: conditions always hold and codes are never used up, so that every request of a run costs the
//! same. Other tests check that the functions are correct, against an engine that evaluates conditions.

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::Result;
use crate::http1::{self, Message};
use crate::server::{Connections, Server};
use crate::tls::Tls;

/// The addresses of DynamoDB and SNS, which their certificate names. They are two hosts, as on AWS, so that neither a
/// connection nor a TLS session to one can be used for the other.
pub(crate) const HOSTS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];

/// Endpoints that implement as much of DynamoDB and SNS as the functions use.
pub(crate) struct Aws {
    shared: Arc<Shared>,
    dynamodb: Server,
    sns: Server,
}

struct Shared {
    tls: Tls,
    /// The item that reads and updates return.
    item: Value,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    names: Vec<String>,
    last_update: Option<Value>,
}

impl Aws {
    /// Starts both endpoints on free ports; calls that ask for an item get `item`.
    pub(crate) fn start(tls: &Tls, item: Value) -> Result<Self> {
        let shared = Arc::new(Shared { tls: tls.clone(), item, calls: Mutex::default() });
        let [dynamodb, sns] = HOSTS.map(|host| {
            let shared = Arc::clone(&shared);
            Server::start(host, move |stream| shared.serve(stream))
        });
        Ok(Self { shared, dynamodb: dynamodb?, sns: sns? })
    }

    /// The URLs of DynamoDB and SNS.
    pub(crate) fn urls(&self) -> (String, String) {
        (format!("https://{}", self.dynamodb.address()), format!("https://{}", self.sns.address()))
    }

    /// The connections to both.
    pub(crate) fn connections(&self) -> [Connections; 2] {
        [self.dynamodb.connections(), self.sns.connections()]
    }

    /// A counter of calls that others can read while the endpoints serve.
    pub(crate) fn counter(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.lock().names.len()
    }

    /// The names of all calls so far, such as `GetItem`, `Publish`, or `GET /` for one without an operation.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.shared.lock().names.clone()
    }

    /// The body of the last `UpdateItem`.
    pub(crate) fn last_update(&self) -> Option<Value> {
        self.shared.lock().last_update.clone()
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let connection = ServerConnection::new(Arc::clone(&self.tls.config)).map_err(io::Error::other)?;
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        while let Some(request) = Message::read(&mut stream)? {
            let (content_type, body) = self.answer(&request);
            let headers = [
                format!("Content-Type: {content_type}"),
                "Server: Server".to_owned(),
                "Date: Tue, 25 Nov 2025 11:01:40 GMT".to_owned(),
                "x-amzn-RequestId: 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG".to_owned(),
                format!("x-amz-crc32: {}", crc32(&body)),
            ];
            http1::write(stream.get_mut(), "HTTP/1.1 200 OK", &headers, &body)?;
        }
        Ok(())
    }

    fn answer(&self, request: &Message) -> (&'static str, Vec<u8>) {
        const JSON: &str = "application/x-amz-json-1.0";
        let operation = request.header("x-amz-target").and_then(|target| target.split('.').next_back());
        let text = String::from_utf8_lossy(&request.body);
        let name = match operation {
            Some(operation) => operation.to_owned(),
            None => match text.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
                Some(action) => action.to_owned(),
                None => format!("{} {}", request.word(0), request.word(1)),
            },
        };
        let answer = match name.as_str() {
            "GetItem" => (JSON, json!({ "Item": self.item }).to_string()),
            "UpdateItem" if text.contains("\"ReturnValues\":\"ALL_") || text.contains("\"ReturnValues\": \"ALL_") => {
                (JSON, json!({ "Attributes": self.item }).to_string())
            }
            "Publish" => ("text/xml", PUBLISHED.to_owned()),
            _ if operation.is_some() => (JSON, "{}".to_owned()),
            _ => ("text/plain", "healthy: dynamodb.eu-central-1.amazonaws.com ".to_owned()),
        };
        let update = (name == "UpdateItem").then(|| serde_json::from_slice(&request.body).ok()).flatten();
        let mut calls = self.lock();
        calls.last_update = update.or(calls.last_update.take());
        calls.names.push(name);
        (answer.0, answer.1.into_bytes())
    }
}

const PUBLISHED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult><ResponseMetadata>\
    <RequestId>f187a3c1-376f-11df-8963-01868b7c937a</RequestId></ResponseMetadata></PublishResponse>";

/// The checksum that DynamoDB sends with each response and some SDKs check (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
