//! The screen stepped aside: the login command, the editor, the pager; and the mouse, taken and given back.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, thread, time::Duration};

use tempfile::tempdir;

use super::{FOUND, demo, pty::Pty, until};

/// A program of the test: what it is called, and what it does.
fn script(folder: &Path, name: &str, lines: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Waits until the screen was taken a second time and the keys are read again.
fn back(pty: &Pty) {
    let taken = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).matches("\x1b[?1049h").count();
    until("on the alternate screen again", || taken(pty.bytes()) == 2);
    thread::sleep(Duration::from_millis(500));
}

#[test]
fn the_login_command_has_the_terminal_and_its_keys_and_gives_it_back() {
    let (state, bin) = (tempdir().unwrap(), tempdir().unwrap());
    script(bin.path(), "aws", "echo logging in: $@\nread answer\necho $answer > \"$HOME/answer\"");
    let kubeconfig = state.path().join("config");
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: far\ncontexts: [{name: far, context: {cluster: far, user: far}}]\n\
                clusters: [{name: far, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: far, user: {token: none}}]\n";
    fs::write(&kubeconfig, text).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let environment = [
        ("PATH", path.as_str()),
        ("KUBECONFIG", kubeconfig.to_str().unwrap()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let mut pty = Pty::start(&["--profile", "prod"], 120, 36, state.path(), &environment);
    pty.wait_for("credentials expired or missing");
    pty.press("L");
    pty.wait_for("logging in: sso login --profile prod");
    assert_eq!(pty.modes(), FOUND, "the login command sees the screen that was found");
    pty.press("qqq\r");
    back(&pty);
    pty.wait_for("logged in: AWS is read again");
    assert_eq!(fs::read_to_string(state.path().join("answer")).unwrap(), "qqq\n", "its keys were its own");
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
    assert_eq!(pty.modes(), FOUND);
}

#[test]
fn a_program_that_fails_is_told_and_nothing_is_lost() {
    let bin = tempdir().unwrap();
    let editor = script(bin.path(), "editor", "exit 3");
    let (_state, mut pty) = demo(&[("EDITOR", &editor)]);
    pty.press("E");
    pty.wait_for("did not do its work");
    pty.press("\x1b");
    pty.wait_until("dismissed", |text| !text.contains("did not do its work"));
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
    assert_eq!(pty.modes(), FOUND);
}

#[test]
fn the_chain_is_read_in_the_editor_and_the_policy_in_the_pager() {
    let bin = tempdir().unwrap();
    let editor = script(bin.path(), "editor", "cp \"$1\" \"$HOME/edited\"");
    let pager = script(bin.path(), "pager", "cat > \"$HOME/paged\"");
    let (state, mut pty) = demo(&[("EDITOR", &editor)]);
    pty.press("E");
    let edited = state.path().join("edited");
    until("the editor had it", || fs::read_to_string(&edited).is_ok_and(|text| text.contains("service account")));
    back(&pty);
    pty.press("q");
    pty.wait();
    let (state, mut pty) = demo(&[("EDITOR", ""), ("VISUAL", ""), ("PAGER", &pager)]);
    pty.press("4\r");
    thread::sleep(Duration::from_millis(200));
    pty.press("t");
    pty.wait_for("trust policy of");
    pty.press("E");
    let paged = state.path().join("paged");
    until("the pager had it", || fs::read_to_string(&paged).is_ok_and(|text| text.contains("\"Statement\"")));
    back(&pty);
    pty.press("qqq");
    assert_eq!(pty.wait().exit_code(), 0);
}

#[test]
fn the_mouse_is_a_guest_taken_on_demand_and_given_back() {
    let (_state, mut pty) = demo(&[]);
    let written = |pty: &Pty| String::from_utf8_lossy(&pty.bytes()).into_owned();
    assert!(!written(&pty).contains("\x1b[?1000h"), "off by default");
    pty.press("\x05");
    pty.wait_for("mouse on");
    // The third row of the list: pressed and released over the same cell; then once more, which opens it.
    pty.press("\x1b[<0;10;8M\x1b[<0;10;8m");
    pty.wait_until("the third row chosen", |text| text.lines().nth(7).is_some_and(|line| line.starts_with('>')));
    pty.press("\x1b[<0;10;8M\x1b[<0;10;8m");
    pty.wait_for("LEADS TO");
    pty.press("qq");
    assert_eq!(pty.wait().exit_code(), 0);
    let written = written(&pty);
    assert!(written.rfind("\x1b[?1000l") > written.rfind("\x1b[?1000h"), "given back");
    assert_eq!(pty.modes(), FOUND);
}
