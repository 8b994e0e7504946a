//! Signals that concern the screen: leave on TERM, HUP and INT, draw anew on CONT.

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Give the terminal back and end.
    Leave,
    /// The process goes on after a stop.
    Continued,
}

/// The signals of this process, as a stream of what they ask for.
#[cfg(unix)]
pub struct Signals {
    leave: Vec<tokio::signal::unix::Signal>,
    continued: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Starts to listen; a signal that cannot be listened for keeps its default action.
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
        Self {
            leave: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect(),
            continued: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok(),
        }
    }

    /// The next one.
    pub async fn next(&mut self) -> Signal {
        let leave = self.leave.iter_mut().map(|signal| Box::pin(signal.recv()));
        let leave = async {
            if leave.len() == 0 {
                std::future::pending::<()>().await;
            }
            futures::future::select_all(leave).await;
        };
        let continued = async {
            match &mut self.continued {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = leave => Signal::Leave,
            _ = continued => Signal::Continued,
        }
    }
}

/// Only the interrupt, where there is no more.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Starts to listen.
    pub fn listen() -> Self {
        Self
    }

    /// The next one.
    pub async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Leave,
            Err(_) => std::future::pending().await,
        }
    }
}
