//! The log: a file in the state directory, rotated daily, five kept. Never stderr, which is
//! the screen; never credentials: the SDKs speak only when something is wrong.

use std::path::{Path, PathBuf};

use tracing_appender::{
    non_blocking::{NonBlockingBuilder, WorkerGuard},
    rolling::{Builder, Rotation},
};
use tracing_subscriber::EnvFilter;

/// Lines that may wait for the disk; the queue takes 32 bytes for each from the start, and the usual 128,000 are 4 MB.
const WAITING_LINES: usize = 4096;

/// What of the log is wanted.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A file of the user's choice instead of the rotated ones.
    pub file: Option<PathBuf>,
    /// 0: what changes the world and what failed; 1: debug of rolecall; 2: everything of rolecall.
    pub verbose: u8,
}

/// Starts the log. The guard writes what is left when it is dropped.
///
/// # Errors
/// A sentence when the directory cannot be written; the program goes on without a log.
pub fn start(options: &Options, state: &Path) -> Result<WorkerGuard, String> {
    let (folder, name) = match &options.file {
        Some(file) => (file.parent().unwrap_or(Path::new(".")), file.file_name()),
        None => (state, None),
    };
    std::fs::create_dir_all(folder).map_err(|error| refusal(folder, &error.to_string()))?;
    let builder = match name {
        Some(name) => Builder::new().rotation(Rotation::NEVER).filename_prefix(name.to_string_lossy()),
        None => {
            Builder::new().rotation(Rotation::DAILY).filename_prefix("rolecall").filename_suffix("log").max_log_files(5)
        }
    };
    let appender = builder.build(folder).map_err(|error| refusal(folder, &error.to_string()))?;
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).finish(appender);
    tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_env_filter(filter(options.verbose))
        .try_init()
        .map_err(|error| refusal(folder, &error.to_string()))?;
    Ok(guard)
}

/// What is written at a verbosity. Never more than errors of dependencies: at `trace` the SDKs write requests with
/// their tokens.
pub fn filter(verbose: u8) -> EnvFilter {
    EnvFilter::new(match verbose {
        0 => "error,rolecall=info",
        1 => "error,rolecall=debug",
        _ => "error,rolecall=trace,kube_client=warn",
    })
}

fn refusal(folder: &Path, why: &str) -> String {
    format!("no log is written in {}: {why}", folder.display())
}
