//! Raw bytes on a socket, for requests that no HTTP client would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::User;

/// The responses received on one connection, as one text.
pub struct Raw(pub String);

impl Raw {
    /// Sends these bytes to the user's stack and reads until it closes the connection or falls silent.
    pub async fn send(user: &User, bytes: &[u8]) -> Self {
        let address = user.base_url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        // The server may refuse and close before everything is written.
        let _refused = socket.write_all(bytes).await;
        let mut answer = Vec::new();
        let mut buffer = [0; 8192];
        while let Ok(Ok(read @ 1..)) = tokio::time::timeout(Duration::from_secs(2), socket.read(&mut buffer)).await {
            answer.extend_from_slice(&buffer[..read]);
        }
        Self(String::from_utf8_lossy(&answer).into_owned())
    }

    /// The status of each response.
    pub fn statuses(&self) -> Vec<u16> {
        // Bodies are JSON, and the next status line follows one without a line break.
        self.0.match_indices("HTTP/1.1 ").map(|(at, found)| self.0[at + found.len()..][..3].parse().unwrap()).collect()
    }
}
