//! The explorer: settings and flags become an opening, the end an exit code.

use std::{io::IsTerminal, sync::Arc};

use jiff::Timestamp;

use super::{Exit, Global, complain, get, usage};
use crate::{
    app::subject::Subject,
    domain::failure::Failure,
    runtime::{
        explorer::{self, Opening},
        journal::Author,
        log,
        neighbours::Neighbours,
        outside::Outside,
        run::End,
        settings, start, worlds,
    },
};

/// Opens the explorer on whatever the flags name; without a terminal its first list is printed.
pub fn run(global: &Global, on: Option<&str>) -> Result<Exit, Failure> {
    let subject = on.map(subject).transpose()?;
    if subject.is_some() || std::io::stdout().is_terminal() {
        open(global, subject, || global.outside(false))
    } else {
        get::run(global, &get::Arguments::pods())
    }
}

/// Opens the explorer. The outside is made within the runtime, where its tasks live.
pub fn open(
    global: &Global,
    on: Option<Subject>,
    outside: impl FnOnce() -> Result<Outside, Failure>,
) -> Result<Exit, Failure> {
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
        let also = global.further(&outside);
        explorer::open(Opening {
            neighbours: neighbours(global, &outside)?,
            also,
            outside,
            loaded: global.loaded(),
            state,
            reload: Some(Arc::new({
                let global = global.clone();
                move || global.loaded()
            })),
            open: on,
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

fn subject(text: &str) -> Result<Subject, Failure> {
    Subject::named(text).ok_or_else(|| {
        usage(
            format!("cannot open on `{text}`"),
            "it names nothing that has a page",
            "Write pod/NAMESPACE/NAME, sa/NAMESPACE/NAME, role/ARN or node/NAME",
        )
    })
}

/// Beside the demo stands the world of the story: something to switch to.
fn neighbours(global: &Global, outside: &Outside) -> Result<Option<Neighbours>, Failure> {
    if !global.demo {
        return Ok(None);
    }
    let story = worlds::choose(None, true, Timestamp::now())?;
    Ok(Some(Neighbours::of(outside).and(story)))
}
