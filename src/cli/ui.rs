//! The explorer: settings and flags become an opening, the end an exit code.

use std::io::IsTerminal;

use super::{Exit, Global, complain, get, usage};
use crate::{
    domain::failure::Failure,
    runtime::{
        explorer::{self, Opening},
        journal::Author,
        log,
        outside::Outside,
        run::End,
        settings, start,
    },
};

/// Opens the explorer on whatever the flags name; without a terminal its first list is printed.
pub fn run(global: &Global) -> Result<Exit, Failure> {
    if std::io::stdout().is_terminal() {
        open(global, || global.outside(false))
    } else {
        get::run(global, &get::Arguments::pods())
    }
}

/// Opens the explorer. The outside is made within the runtime, where its tasks live.
pub fn open(global: &Global, outside: impl FnOnce() -> Result<Outside, Failure>) -> Result<Exit, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(usage(
            "cannot open the explorer",
            "input and output have to be a terminal",
            "Use `rolecall get pods`",
        ));
    }
    let state = settings::state_directory(global.state_dir.as_deref());
    let options = log::Options { file: global.log_file.clone(), verbose: global.verbose };
    let log = log::start(&options, &state);
    if let Err(reason) = &log {
        complain(&format!("rolecall: {reason}"));
    }
    let ended = start::block_on(async {
        let outside = outside()?;
        explorer::open(Opening {
            outside,
            loaded: global.loaded(),
            state,
            color: global.uses_color(),
            author: Author { host: global.host(), ..Author::default() },
        })
        .await
    })??;
    Ok(match ended {
        End::Quit => Exit::Done,
        End::Signal => Exit::Interrupted,
        End::Gone => Exit::Failed,
    })
}
