//! Puts the explorer together: settings, model, tasks, terminal. The same assembly serves `main`
//! and the scenario tests, which bring their own backend, host, clock and input.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use ratatui::{Terminal, backend::Backend};
use tokio::sync::mpsc;

use super::{
    clock::Clock,
    deeds::Deeds,
    input,
    journal::Author,
    neighbours::Neighbours,
    outside::{Outside, Place},
    reload::{self, Reload},
    run::{End, Explorer},
    settings::{self, Loaded},
    terminal::{Host, RealHost, restore_on_panic},
};
use crate::{
    app::{
        message::Message,
        model::{Model, Size, Start},
        subject::Subject,
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
    /// Further clusters, open beside the first.
    pub also: Vec<Outside>,
    /// Where clusters that are chosen later are found; by default where the first was.
    pub neighbours: Option<Neighbours>,
    /// Settings, keys and what is wrong with the files.
    pub loaded: Loaded,
    /// Where the journal is.
    pub state: PathBuf,
    /// Reads the files and flags again; without it they are read once.
    pub reload: Option<Reload>,
    /// The page that it opens on; the list of pods if there is none.
    pub open: Option<Subject>,
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
    let mut opening = opening;
    let settings = opening.loaded.settings.within(place.target.context.as_deref().unwrap_or_default());
    let (chosen, wrong) = opening.loaded.theme(&settings, opening.color);
    opening.loaded.problems.extend(wrong);
    let (reload, loaded, color) = (opening.reload.take(), opening.loaded.clone(), opening.color);
    restore_on_panic();
    let (host, terminal) = RealHost::enter().map_err(|error| no_terminal(&error))?;
    let theme = chosen.clone().unwrap_or_else(Theme::dark);
    let mut explorer = assemble(opening, place, theme, terminal, host, Clock::System)?;
    if explorer.model.mouse {
        explorer.host.mouse(explorer.terminal.backend_mut(), true).map_err(|error| no_terminal(&error))?;
    }
    explorer.draw().map_err(|error| no_terminal(&error))?;
    if chosen.is_none() {
        // After the first frame, and before anybody else reads what the terminal says.
        explorer.theme = settings::detected_theme();
    }
    if let Some(reload) = reload {
        let context = explorer.model.inventory().target().context.clone();
        tokio::spawn(reload::keep(reload, loaded, context, color, explorer.deeds.teller()));
    }
    let ended = explorer.run(input::events).await;
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
        context: place.target.context.clone(),
        keys: opening.loaded.keys,
        problems: opening.loaded.problems,
        session: session(clock.now()),
        size: Size { width: size.width, height: size.height },
        now: clock.now(),
    });
    if let Some(subject) = opening.open {
        model.open_on(subject);
    }
    let neighbours = opening.neighbours.unwrap_or_else(|| Neighbours::of(&opening.outside));
    let settle: Duration = opening.outside.settle();
    let mut deeds = Deeds::new(neighbours, told, &opening.state, opening.author, clock, settle);
    begin(&mut model, &mut deeds, id, opening.outside, place, clock);
    for outside in opening.also {
        match outside.place() {
            Ok(place) => {
                let id = model.also(place.target.context.as_deref());
                begin(&mut model, &mut deeds, id, outside, place, clock);
            }
            // Each cluster fails alone.
            Err(failure) => drop(update(&mut model, Message::Failed(Arc::new(failure)), clock.now())),
        }
    }
    Ok(Explorer { terminal, host, model, theme, deeds, arriving, clock, shown: None, outing: None })
}

/// One cluster's target in the model, and its tasks. Effects of a mere target would only ask for what the tasks read
/// anyway.
fn begin(model: &mut Model, deeds: &mut Deeds, id: ClusterId, outside: Outside, place: Place, clock: Clock) {
    update(model, Message::Changes(id, vec![Change::Target(place.target.clone())]), clock.now());
    deeds.open(id, outside, place);
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
