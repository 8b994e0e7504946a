//! What clap writes from the command line's own definition: completions and the manual page.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Exit, print, usage};
use crate::domain::failure::Failure;

/// Which shell.
#[derive(Args, Debug)]
pub struct Completions {
    /// bash, zsh, fish, elvish or powershell
    pub shell: Shell,
}

/// Prints the completions of a shell.
pub fn completions(arguments: &Completions) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "rolecall", &mut text);
    print(&String::from_utf8_lossy(&text)).map(|()| Exit::Done)
}

/// Prints the manual page.
pub fn manual() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(|error| usage("cannot write the manual", error.to_string(), "Report this"))?;
    print(&String::from_utf8_lossy(&text)).map(|()| Exit::Done)
}
