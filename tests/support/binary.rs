//! The real binary, run as a script runs it: without a screen, with a state directory of its own.

use std::{path::Path, process::Output};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::tempdir;

/// The binary, without what this machine's environment would tell it.
pub fn rolecall(state: &Path) -> Command {
    let mut command = Command::cargo_bin("rolecall").unwrap();
    for name in ["KUBECONFIG", "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("HOME", state).env("ROLECALL_STATE_DIR", state);
    command
}

/// Runs it with these words.
pub fn run(words: &[&str]) -> Output {
    let state = tempdir().unwrap();
    rolecall(state.path()).args(words).output().unwrap()
}

/// The JSON that it prints, however it ends.
pub fn printed(words: &[&str]) -> Value {
    let done = run(words);
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}\n{}", stderr(&done)))
}

/// What a run said to be read on.
pub fn stdout(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// What a run said to the person.
pub fn stderr(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}
