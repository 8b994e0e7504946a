//! The real binary in a real pseudo-terminal: start, size, suspension, signals, colour, and that
//! the terminal is given back exactly as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "terminal/away.rs"]
mod away;
#[path = "terminal/ends.rs"]
mod ends;
#[path = "support/pty.rs"]
mod pty;

use std::{process::Command, thread, time::Duration};

use pty::Pty;
use tempfile::tempdir;

const FOUND: (bool, bool, bool) = (false, false, false);

fn signal(name: &str, process: u32) {
    let done = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
    assert!(done.success());
}

/// `T` for stopped, from the process table.
fn is_stopped(process: u32) -> bool {
    let told = Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output().unwrap();
    String::from_utf8_lossy(&told.stdout).starts_with('T')
}

fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

fn demo(environment: &[(&str, &str)]) -> (tempfile::TempDir, Pty) {
    let state = tempdir().unwrap();
    let pty = Pty::start(&["demo"], 120, 36, state.path(), environment);
    pty.wait_for("k8s live");
    pty.wait_for("api-service");
    (state, pty)
}

#[test]
fn the_demo_opens_and_gives_the_terminal_back() {
    let (_state, mut pty) = demo(&[]);
    assert_eq!(pty.modes(), (true, true, true), "alternate screen, hidden cursor, bracketed paste");
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
    assert_eq!(pty.modes(), FOUND);
}

#[test]
fn a_termination_signal_gives_the_terminal_back() {
    for name in ["TERM", "HUP", "INT"] {
        let (_state, mut pty) = demo(&[]);
        signal(name, pty.id());
        let status = pty.wait();
        assert_eq!(status.exit_code(), 130, "{name}");
        assert_eq!(pty.modes(), FOUND, "{name}");
    }
}

#[test]
fn ctrl_z_stops_and_continuing_draws_everything_again() {
    let (_state, mut pty) = demo(&[]);
    pty.press("\x1a");
    until("stopped", || is_stopped(pty.id()));
    until("the shell has its own screen", || pty.modes() == FOUND);
    signal("CONT", pty.id());
    until("on the alternate screen again", || pty.modes().0);
    pty.wait_for("api-service");
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
    assert_eq!(pty.modes(), FOUND);
}

#[test]
fn every_size_is_a_layout() {
    let (_state, mut pty) = demo(&[]);
    for (columns, rows) in [(8, 4), (80, 24), (160, 45), (59, 14), (200, 50), (120, 36)] {
        pty.resize(columns, rows);
        thread::sleep(Duration::from_millis(100));
    }
    pty.wait_for("api-service");
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
}

#[test]
fn a_tiny_terminal_says_how_large_it_must_be() {
    let state = tempdir().unwrap();
    let mut pty = Pty::start(&["demo"], 40, 10, state.path(), &[]);
    pty.wait_for("60");
    pty.resize(8, 4);
    thread::sleep(Duration::from_millis(200));
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
    assert_eq!(pty.modes(), FOUND);
}

#[test]
fn without_colour_the_selection_stays_visible() {
    let (_state, mut pty) = demo(&[("NO_COLOR", "1")]);
    pty.press("q");
    pty.wait();
    let written = String::from_utf8_lossy(&pty.bytes()).into_owned();
    assert!(written.contains("\x1b[7m"), "no reversed cell was written");
    let coloured = regex::Regex::new(r"\x1b\[(3[0-7]|9[0-7]|38;[25];)[0-9;]*m").unwrap();
    assert!(!coloured.is_match(&written), "{:?}", coloured.find(&written));
}

#[test]
fn every_frame_appears_at_once() {
    let (_state, mut pty) = demo(&[]);
    pty.press("jjk");
    thread::sleep(Duration::from_millis(200));
    pty.press("q");
    pty.wait();
    let written = String::from_utf8_lossy(&pty.bytes()).into_owned();
    let begun = written.matches("\x1b[?2026h").count();
    let ended = written.matches("\x1b[?2026l").count();
    assert!(begun > 0 && ended >= begun, "{begun} begun, {ended} ended");
}

#[test]
fn a_paste_is_never_a_command() {
    let (_state, mut pty) = demo(&[]);
    pty.press("\x1b[200~qqq\x1b[201~");
    thread::sleep(Duration::from_millis(300));
    pty.wait_for("api-service");
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
}

#[test]
fn an_unknown_context_is_said_before_the_screen_is_taken() {
    let state = tempdir().unwrap();
    let kubeconfig = state.path().join("config");
    std::fs::write(&kubeconfig, "apiVersion: v1\nkind: Config\ncontexts: []\nclusters: []\nusers: []\n").unwrap();
    let path = kubeconfig.to_str().unwrap();
    let mut pty = Pty::start(&["--context", "nowhere"], 120, 36, state.path(), &[("KUBECONFIG", path)]);
    assert_eq!(pty.wait().exit_code(), 2);
    assert!(pty.text().contains("nowhere"), "{}", pty.text());
    assert!(!pty.bytes().windows(8).any(|bytes| bytes == b"\x1b[?1049h"), "the screen was taken");
}

#[test]
fn an_unreachable_server_is_a_state_and_not_an_exit() {
    let state = tempdir().unwrap();
    let kubeconfig = state.path().join("config");
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: far\ncontexts: [{name: far, context: {cluster: far, user: far}}]\n\
                clusters: [{name: far, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: far, user: {token: none}}]\n";
    std::fs::write(&kubeconfig, text).unwrap();
    let path = kubeconfig.to_str().unwrap();
    let nowhere = "http://127.0.0.1:9";
    let environment = [
        ("KUBECONFIG", path),
        ("AWS_ENDPOINT_URL", nowhere),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIASIMULATED0000001"),
        ("AWS_SECRET_ACCESS_KEY", "simulated"),
    ];
    let mut pty = Pty::start(&[], 120, 36, state.path(), &environment);
    pty.wait_until("a retry or offline", |text| text.contains("retrying") || text.contains("offline"));
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
    assert_eq!(pty.modes(), FOUND);
}
