//! A byte relay between the functions and an engine, to test what happens to connections while a function is frozen.
//!
//! Neither end learns what the other one does: to the function, the relay is the engine, which keeps connections open.

use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

use super::stack::on_runtime;

/// How a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The peer closes it, and the close arrives.
    Ended,
    /// The peer has closed it and the close was lost: the next bytes are answered with a reset.
    Forgotten,
    /// Something in between has forgotten it: the next bytes are never answered.
    Swallowed,
}

/// A running relay.
pub struct Relay {
    pub endpoint: String,
    losses: broadcast::Sender<Loss>,
}

impl Relay {
    /// A relay in front of the engine at `upstream`.
    pub fn start(upstream: &str) -> Self {
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let losses = broadcast::Sender::new(1);
        let sender = losses.clone();
        let endpoint = on_runtime(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move {
                while let Ok((function, _)) = listener.accept().await {
                    tokio::spawn(relay(function, upstream.clone(), sender.subscribe()));
                }
            });
            endpoint
        });
        Self { endpoint, losses }
    }

    /// Loses every open connection; connections opened later work. Returns how many were lost.
    pub fn lose(&self, loss: Loss) -> usize {
        self.losses.send(loss).unwrap_or_default()
    }
}

async fn relay(mut function: TcpStream, upstream: String, mut losses: broadcast::Receiver<Loss>) {
    let mut engine = TcpStream::connect(upstream).await.unwrap();
    let loss = tokio::select! {
        // Either end may close or break the connection.
        _ended = copy_bidirectional(&mut function, &mut engine) => return,
        loss = losses.recv() => loss,
    };
    drop(engine);
    match loss {
        Ok(Loss::Ended) | Err(_) => {}
        // Closing a socket that holds unread bytes answers them with a reset.
        Ok(Loss::Forgotten) => function.readable().await.unwrap(),
        Ok(Loss::Swallowed) => while function.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {},
    }
}
