//! Credential plugins of a kubeconfig (exec stanzas), run so that they can never touch the
//! terminal: no standard input, everything they print captured, ended when they take too long.

use std::{process::Stdio, time::Duration};

use jiff::Timestamp;
use kube::config::ExecConfig;
use serde::Deserialize;
use tokio::process::Command;

use crate::domain::failure::{Failure, FailureKind};

/// Long enough for a slow start of Python, short enough not to look like a hang.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a plugin gave.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Credential {
    pub token: Option<String>,
    pub expiration_timestamp: Option<Timestamp>,
    pub client_certificate_data: Option<String>,
    pub client_key_data: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    status: Option<Credential>,
}

/// Runs a plugin once.
pub(super) async fn run(exec: &ExecConfig) -> Result<Credential, Failure> {
    let program = exec.command.as_deref().unwrap_or_default();
    let mut command = command(exec)?;
    let output = match tokio::time::timeout(TIMEOUT, command.output()).await {
        Err(_) => {
            return Err(failed(exec, format!("it gave no answer within {} s", TIMEOUT.as_secs())));
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(not_found(exec));
        }
        Ok(Err(error)) => {
            return Err(failed(exec, format!("`{program}` cannot be started: {error}")));
        }
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        return Err(failed(exec, last_words(&output.stderr, &output.status.to_string())));
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|_| failed(exec, format!("`{program}` printed something that is no ExecCredential")))?;
    answer.status.ok_or_else(|| failed(exec, format!("`{program}` gave no credentials")))
}

fn command(exec: &ExecConfig) -> Result<Command, Failure> {
    let Some(program) = exec.command.as_deref().filter(|program| !program.is_empty()) else {
        return Err(failed(exec, "the stanza names no command".to_owned()));
    };
    let mut command = Command::new(program);
    command.args(exec.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", information(exec));
    for entry in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (entry.get("name"), entry.get("value")) {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// What the plugin is told: the version to answer in, that nobody can be asked, and the cluster if it wants it.
fn information(exec: &ExecConfig) -> String {
    let version = exec.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1beta1");
    let mut spec = serde_json::json!({ "interactive": false });
    if let (true, Some(cluster)) = (exec.provide_cluster_info, &exec.cluster) {
        spec["cluster"] = serde_json::to_value(cluster).unwrap_or_default();
    }
    serde_json::json!({ "apiVersion": version, "kind": "ExecCredential", "spec": spec }).to_string()
}

fn not_found(exec: &ExecConfig) -> Failure {
    let program = exec.command.as_deref().unwrap_or_default();
    let mut failure = failed(exec, format!("`{program}` is not installed or not on the PATH"));
    failure.next = match exec.install_hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty()) {
        Some(hint) => hint.to_owned(),
        None => {
            format!("Install `{program}`, or start with `--cluster CLUSTER --region REGION`, which needs no plugin")
        }
    };
    failure
}

fn failed(exec: &ExecConfig, why: String) -> Failure {
    let arguments = exec.args.iter().flatten().map(String::as_str);
    let line: Vec<&str> = exec.command.as_deref().into_iter().chain(arguments).collect();
    Failure::new(
        FailureKind::Credentials,
        "cannot get a token for the cluster",
        why,
        format!("Run `{}` in a shell to see what it needs", line.join(" ")),
    )
}

/// The last line that a plugin printed as its error; standard output is never shown, it may hold a token.
fn last_words(stderr: &[u8], status: &str) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map_or_else(|| status.to_owned(), |line| line.chars().take(500).collect())
}
