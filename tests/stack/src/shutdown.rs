//! The signal to stop the stack, and a way to wait for it.

use tokio::sync::watch;

/// Gives the signal: explicitly, or when dropped.
pub(crate) struct Stop(watch::Sender<bool>);

/// Waits for the signal.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

/// A signal that has not been given yet.
pub(crate) fn signal() -> (Stop, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Stop(sender), Shutdown(receiver))
}

impl Stop {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    pub(crate) async fn stopped(mut self) {
        // An error means that the sender, and so the stack, was dropped.
        let _dropped = self.0.wait_for(|stop| *stop).await.is_err();
    }
}
