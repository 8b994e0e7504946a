//! Puts the explorer together: settings, model, tasks, terminal. The same assembly serves `main`
//! and the scenario tests, which bring their own backend, host, clock and input.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use jiff::Timestamp;
use ratatui::{Terminal, backend::Backend};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    deeds::Deeds,
    hand::Hand,
    input,
    journal::Author,
    outside::{Outside, Place},
    run::{End, Explorer},
    settings::{self, Loaded},
    terminal::{RealHost, restore_on_panic},
};
use crate::{
    app::{
        message::Message,
        model::{Model, Size, Start},
        update::update,
    },
    config::theme::Theme,
    domain::{
        change::Change,
        failure::{Failure, FailureKind},
        id::ClusterId,
    },
};

/// Results that may wait for the loop: whoever produces more waits, the person does not.
const WAITING: usize = 1024;

/// What the explorer is opened with.
pub struct Opening {
    /// The cluster and account.
    pub outside: Outside,
    /// Settings, keys and what is wrong with the files.
    pub loaded: Loaded,
    /// Where the journal is.
    pub state: PathBuf,
    /// Colours may be used.
    pub color: bool,
    /// `--reason`, host: who changes something.
    pub author: Author,
}

/// Opens the explorer on the process's own terminal and runs it to its end.
///
/// # Errors
/// Before the screen is taken: kubeconfig or flags lead nowhere. After it was given back: it could not be written.
pub async fn open(opening: Opening) -> Result<End, Failure> {
    let place = opening.outside.place()?;
    let chosen = settings::theme(&opening.loaded.settings, opening.color);
    restore_on_panic();
    let (host, terminal) = RealHost::enter().map_err(|error| no_terminal(&error))?;
    let theme = chosen.clone().unwrap_or_else(Theme::dark);
    let mut explorer = assemble(opening, place, theme, terminal, host, Clock::System)?;
    explorer.draw().map_err(|error| no_terminal(&error))?;
    if chosen.is_none() {
        // After the first frame, and before anybody else reads what the terminal says.
        explorer.theme = settings::detected_theme();
    }
    let ended = explorer.run(input::events()).await;
    explorer.deeds.stop();
    drop(explorer);
    ended.map_err(|error| no_terminal(&error))
}

/// Everything but the terminal and the input.
///
/// # Errors
/// When the size of the terminal cannot be told.
pub fn assemble<B: Backend, H>(
    opening: Opening,
    place: Place,
    theme: Theme,
    terminal: Terminal<B>,
    host: H,
    clock: Clock,
) -> Result<Explorer<B, H>, Failure>
where
    B::Error: Send + Sync + 'static,
{
    let size = terminal.size().map_err(|error| no_terminal(&std::io::Error::other(error)))?;
    let (told, arriving) = mpsc::channel(WAITING);
    let id = ClusterId::default();
    let mut model = Model::new(Start {
        settings: opening.loaded.settings,
        keys: opening.loaded.keys,
        problems: opening.loaded.problems,
        session: session(clock.now()),
        size: Size { width: size.width, height: size.height },
        now: clock.now(),
    });
    // Effects of a mere target would only ask for what the tasks read anyway.
    update(&mut model, Message::Changes(id, vec![Change::Target(place.target.clone())]), clock.now());
    let author = Author { context: place.target.context.clone(), ..opening.author };
    let settle: Duration = opening.outside.settle();
    let stop = CancellationToken::new();
    let hand = Hand::start(id, opening.outside, place, clock, told.clone(), stop);
    let deeds = Deeds::new(HashMap::from([(id, hand)]), told, &opening.state, author, clock, settle);
    Ok(Explorer { terminal, host, model, theme, deeds, arriving, clock, shown: None })
}

/// Something no other session has: the start in milliseconds and the process.
fn session(now: Timestamp) -> String {
    format!("{:x}-{:x}", now.as_millisecond(), std::process::id())
}

fn no_terminal(error: &std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Usage,
        "cannot use the terminal",
        error.to_string(),
        "Run the explorer in a terminal, or use `rolecall get`",
    )
}
