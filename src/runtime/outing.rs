//! Other programs that get the terminal for a while: the login command, the person's editor or pager.

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use crate::{
    app::effect::Outing,
    domain::failure::{Failure, FailureKind},
};

/// Runs it to its end on the terminal of this process.
///
/// # Errors
/// It cannot be started, or says itself that it failed.
pub fn go(outing: &Outing) -> Result<(), Failure> {
    match outing {
        Outing::Login(words) => login(words),
        Outing::Read(text) => match editor() {
            Some(editor) => edit(&editor, text),
            None => page(&env::var("PAGER").ok().filter(|pager| !pager.is_empty()).unwrap_or("less".to_owned()), text),
        },
    }
}

fn editor() -> Option<String> {
    ["VISUAL", "EDITOR"].into_iter().find_map(|name| env::var(name).ok()).filter(|editor| !editor.trim().is_empty())
}

/// A program with its first words, as people write it into a variable: no shell reads it.
fn command(line: &str) -> (String, Command) {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default().to_owned();
    let mut command = Command::new(&program);
    command.args(words);
    (program, command)
}

fn login(words: &[String]) -> Result<(), Failure> {
    let (program, mut command) = command(&words.join(" "));
    ended(&program, command.status())
}

/// The text comes on its standard input; keys it reads from the terminal.
fn page(line: &str, text: &str) -> Result<(), Failure> {
    let (program, mut command) = command(line);
    let piped = command.stdin(Stdio::piped()).spawn().and_then(|mut child| {
        if let Some(mut input) = child.stdin.take() {
            // Somebody who leaves the pager early has read enough.
            let _ = input.write_all(text.as_bytes());
        }
        child.wait()
    });
    ended(&program, piped)
}

/// The text is in a file that only this person can read and that is gone afterwards.
fn edit(line: &str, text: &str) -> Result<(), Failure> {
    let file = env::temp_dir().join(format!("rolecall-{}.txt", std::process::id()));
    let (program, mut command) = command(line);
    let status = private(&file, text).and_then(|()| command.arg(&file).status());
    let removed = fs::remove_file(&file);
    ended(&program, status)?;
    removed.map_err(|error| failed(&program, &error.to_string()))
}

fn private(file: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

fn ended(program: &str, status: io::Result<ExitStatus>) -> Result<(), Failure> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(program, &format!("it ended with {status}"))),
        Err(error) => Err(failed(program, &error.to_string())),
    }
}

fn failed(program: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("`{program}` did not do its work"),
        why,
        "Run it in a shell, or set login-command, EDITOR or PAGER to another program",
    )
}
