//! The real program, killed for real while its call is under way; then `history`, `resume` and `undo`.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::tempdir;

use crate::schema::Schemas;

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("rolecall"));
    for name in ["KUBECONFIG", "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Waits for something that another process does.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("never seen: {what}");
}

/// The environment that the simulator writes once it is ready.
fn environment(file: &Path) -> Vec<(String, String)> {
    let text = until("the simulator", || fs::read_to_string(file).ok().filter(|text| text.contains("AWS_REGION")));
    let value = |value: &str| value.trim_matches(['"', '\'']).to_owned();
    let lines = text.lines().filter_map(|line| line.trim_start_matches("export ").split_once('='));
    lines.map(|(name, text)| (name.to_owned(), value(text))).collect()
}

fn run(words: &[&str], state: &Path, environment: &[(String, String)]) -> Output {
    let mut command = program();
    command.env("HOME", state).env("ROLECALL_STATE_DIR", state).envs(environment.iter().cloned());
    command.args(words).output().unwrap()
}

fn history(state: &Path) -> Value {
    let done = run(&["history", "-o", "json"], state, &[]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn associations(state: &Path, environment: &[(String, String)]) -> usize {
    let done = run(&["get", "associations", "-n", "checkout", "-o", "json"], state, environment);
    let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
    answer["items"].as_array().unwrap().iter().filter(|one| one["serviceAccount"] == "web").count()
}

#[test]
fn a_program_that_was_killed_after_its_call_arrived_is_resumed_without_sending_it_again_and_undone() {
    let state = tempdir().unwrap();
    let file = state.path().join("sim.env");
    let mut sim = program();
    sim.args(["sim", "--demo", "--env-file"]).arg(&file);
    sim.args(["--fault", "eks:CreatePodIdentityAssociation=mute"]).stdout(Stdio::null()).stderr(Stdio::null());
    let _sim = Running(sim.spawn().unwrap());
    let environment = environment(&file);

    let words = ["associate", "checkout/web", "--role", "acme-payments-api", "--yes", "--reason", "T-1"];
    let mut command = program();
    command.env("HOME", state.path()).env("ROLECALL_STATE_DIR", state.path()).envs(environment.iter().cloned());
    command.args(words).stdout(Stdio::null()).stderr(Stdio::null());
    let mut victim = Running(command.spawn().unwrap());
    let journal = state.path().join("journal.jsonl");
    until("the step in the journal", || {
        fs::read_to_string(&journal).ok().filter(|text| text.contains("\"state\":\"started\""))
    });
    assert_eq!(history(state.path())["items"][0]["state"], "running");
    until("the association", || (associations(state.path(), &environment) == 1).then_some(()));
    victim.0.kill().unwrap();
    victim.0.wait().unwrap();

    let shown = history(state.path());
    assert_eq!(Schemas::load().problems("operation-list", &shown), Vec::<String>::new());
    let operation = &shown["items"][0];
    assert_eq!((&operation["state"], &operation["steps"][0]["state"]), (&"interrupted".into(), &"started".into()));
    assert_eq!((&operation["reason"], &operation["plan"]), (&"T-1".into(), &"associate".into()));
    assert!(operation["caller"].as_str().unwrap().contains("111122223333"), "{operation}");

    let id = operation["id"].as_str().unwrap();
    let resumed = run(&["resume", id, "--yes"], state.path(), &environment);
    assert_eq!(resumed.status.code(), Some(0), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(history(state.path())["items"][0]["state"], "done");
    assert_eq!(associations(state.path(), &environment), 1);

    let undone = run(&["undo", "--yes"], state.path(), &environment);
    assert_eq!(undone.status.code(), Some(0), "{}", String::from_utf8_lossy(&undone.stderr));
    assert!(String::from_utf8_lossy(&undone.stdout).contains("DOES NOT RETURN"));
    let shown = history(state.path());
    assert_eq!((&shown["items"][0]["state"], &shown["items"][1]["state"]), (&"undone".into(), &"done".into()));
    assert_eq!(shown["items"][1]["undoes"], id);
    assert_eq!(associations(state.path(), &environment), 0);

    let nothing = run(&["undo", "--yes"], state.path(), &environment);
    assert_eq!(nothing.status.code(), Some(3), "{}", String::from_utf8_lossy(&nothing.stderr));
    let purged = run(&["history", "--purge", "--yes"], state.path(), &[]);
    assert_eq!(purged.status.code(), Some(0));
    assert_eq!(history(state.path())["items"], Value::Array(Vec::new()));
}
