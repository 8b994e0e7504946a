//! The asynchronous runtime: built once, ended without waiting for a child that hangs.

use std::time::Duration;

use crate::domain::failure::{Failure, FailureKind};

/// Runs a future to its end on this thread and its tasks on another one: each thread more keeps memory of its own,
/// and reading a cluster does not fill two.
///
/// # Errors
/// When the threads cannot be started.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| {
            Failure::new(FailureKind::Server, "cannot start", error.to_string(), "The machine allows no more threads")
        })?;
    let answer = runtime.block_on(future);
    // A credential plugin that hangs in a blocking thread must not keep the shell waiting.
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(answer)
}
