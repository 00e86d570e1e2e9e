//! A listener with a thread per connection. It ends with its owner.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    connections: Connections,
}

/// The connections that have been made.
#[derive(Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Vec<TcpStream>>>);

impl Connections {
    /// Closes them all.
    pub(crate) fn end(&self) {
        for stream in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Server {
    /// Starts on a free port of `host`. A connection whose `serve` fails is closed: the process that opened it is
    /// ending, or will report what it missed.
    pub(crate) fn start(
        host: Ipv4Addr,
        serve: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((host, 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let connections = Connections::default();
        let server = Self { address, stopped: Arc::clone(&stopped), connections: connections.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(io::Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                if let Ok(stream) = stream.try_clone() {
                    connections.0.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
                }
                let serve = serve.clone();
                std::thread::spawn(move || stream.set_nodelay(true).and_then(|()| serve(stream)));
            }
        });
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections made to it.
    pub(crate) fn connections(&self) -> Connections {
        self.connections.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}
