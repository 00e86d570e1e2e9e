//! A listener with a thread for each connection, which ends with its owner.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Starts on a free port of `host`. A connection whose `serve` fails is closed: the process that had opened it is at
    /// its end, or will say what it missed.
    pub(crate) fn start(
        host: Ipv4Addr,
        serve: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((host, 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let server = Self { address, stopped: Arc::clone(&stopped) };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(io::Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    break;
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
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}
