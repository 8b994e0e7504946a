//! The loop: wait for input, a result, a signal or a requested wake-up; drain what else is
//! there; update; perform effects; draw once, and only if something visible changed.

use std::{future::poll_fn, io, sync::Arc, task::Poll, time::Duration};

use futures::{Stream, StreamExt};
use jiff::Timestamp;
use ratatui::{Terminal, backend::Backend};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    clock::Clock,
    deeds::Deeds,
    signal::{self, Signals},
    terminal::Host,
};
use crate::{
    app::{
        effect::{Effect, Outing},
        message::{Input, Message},
        model::Model,
        settle::settle,
        update::update,
        wake::next_wake,
    },
    config::theme::Theme,
    ui,
};

/// Frames are at most this close to each other; the input is never delayed, only the drawing.
const FRAME: Duration = Duration::from_millis(16);

/// Results that are taken in before the next frame.
const BURST: usize = 512;

/// How long one sleep may last: a machine that slept notices its wrong clock soon enough.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// How the explorer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The person left.
    Quit,
    /// A signal asked for it.
    Signal,
    /// The terminal is gone.
    Gone,
}

/// Everything the loop owns.
pub struct Explorer<B: Backend, H> {
    /// Where frames go.
    pub terminal: Terminal<B>,
    /// Who owns the terminal.
    pub host: H,
    /// The state.
    pub model: Model,
    /// Its colours.
    pub theme: Theme,
    /// What is done outside.
    pub deeds: Deeds,
    /// Where results arrive.
    pub arriving: mpsc::Receiver<Message>,
    /// What time it is.
    pub clock: Clock,
    /// The model's revision that is on the screen.
    pub shown: Option<u64>,
    /// Who gets the terminal next.
    pub outing: Option<Outing>,
}

impl<B, H> Explorer<B, H>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
    H: Host<B>,
{
    /// Runs until somebody leaves or the terminal is gone. The input is opened anew after another program had the
    /// terminal: whoever reads it must not read on meanwhile.
    ///
    /// # Errors
    /// When a frame cannot be written, or the terminal not be taken again.
    pub async fn run<S: Stream<Item = Input> + Unpin>(&mut self, mut open: impl FnMut() -> S) -> io::Result<End> {
        loop {
            let end = self.run_with(open()).await?;
            match self.outing.take() {
                Some(outing) => self.step_aside(outing)?,
                None => return Ok(end),
            }
        }
    }

    async fn run_with(&mut self, mut input: impl Stream<Item = Input> + Unpin) -> io::Result<End> {
        let mut signals = Signals::listen();
        let mut drawn_at: Option<Instant> = None;
        loop {
            let dirty = self.shown != Some(self.model.visible_revision());
            let due = drawn_at.map_or_else(Instant::now, |at| at + FRAME);
            if dirty && Instant::now() >= due {
                self.shown = Some(self.model.visible_revision());
                self.draw()?;
                drawn_at = Some(Instant::now());
                continue;
            }
            let wake = if dirty { due } else { self.wake() };
            let message = tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    signal::Signal::Leave => return Ok(End::Signal),
                    signal::Signal::Continued => Message::Resumed,
                },
                typed = input.next() => match typed {
                    Some(typed) => Message::Input(typed),
                    None => return Ok(End::Gone),
                },
                Some(message) = self.arriving.recv() => message,
                () = sleep_until(wake) => Message::Wake,
            };
            if self.take(message)? || self.drain(&mut input).await? || self.settle()? {
                return Ok(End::Quit);
            }
        }
    }

    /// Another program has the terminal until it ends.
    fn step_aside(&mut self, outing: Outing) -> io::Result<()> {
        let failure = self.host.step_aside(self.terminal.backend_mut(), &outing)?;
        self.take(Message::Returned(outing, failure.map(Arc::new))).map(drop)
    }

    /// When the model next wants to be woken, bounded.
    fn wake(&self) -> Instant {
        let now = self.clock.now();
        let wait = next_wake(&self.model, now).map_or(LONGEST_SLEEP, |at| until(now, at));
        Instant::now() + wait.min(LONGEST_SLEEP)
    }

    /// Takes in what else is there, keys first, without waiting.
    async fn drain(&mut self, input: &mut (impl Stream<Item = Input> + Unpin)) -> io::Result<bool> {
        for _ in 0..BURST {
            let message = match typed_already(input).await {
                Some(typed) => Message::Input(typed),
                None => match self.arriving.try_recv() {
                    Ok(message) => message,
                    Err(_) => return Ok(false),
                },
            };
            if self.take(message)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Updates the model and performs what follows; true if the person leaves.
    fn take(&mut self, message: Message) -> io::Result<bool> {
        if let Message::Configured(configured) = &message
            && let Some(theme) = &configured.theme
        {
            self.theme.clone_from(theme);
        }
        let effects = update(&mut self.model, message, self.clock.now());
        self.perform_all(effects)
    }

    /// Brings the lists up to date once, after everything that was there has been taken in.
    fn settle(&mut self) -> io::Result<bool> {
        let effects = settle(&mut self.model, self.clock.now());
        self.perform_all(effects)
    }

    fn perform_all(&mut self, effects: Vec<Effect>) -> io::Result<bool> {
        let mut leaving = false;
        for effect in effects {
            leaving |= self.perform(effect)?;
        }
        Ok(leaving)
    }

    fn perform(&mut self, effect: Effect) -> io::Result<bool> {
        match effect {
            Effect::Quit => return Ok(true),
            Effect::Redraw => {
                self.terminal.clear().map_err(io::Error::other)?;
                self.shown = None;
            }
            Effect::Mouse(on) => self.host.mouse(self.terminal.backend_mut(), on)?,
            Effect::StepAside(outing) => {
                self.outing = Some(outing);
                return Ok(true);
            }
            Effect::Suspend => {
                self.host.suspend(self.terminal.backend_mut())?;
                self.terminal.clear().map_err(io::Error::other)?;
                self.shown = None;
                self.deeds.tell(Message::Resumed);
            }
            Effect::Copy(text) => {
                let copied = self.host.copy(self.terminal.backend_mut(), &text);
                self.deeds.tell(copy_message(&text, copied));
            }
            outside => self.deeds.perform(outside),
        }
        Ok(false)
    }

    /// Draws one frame, whether anything changed or not.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn draw(&mut self) -> io::Result<()> {
        self.host.begin_frame(self.terminal.backend_mut())?;
        let (model, theme) = (&self.model, &self.theme);
        let mut measure = model.measure;
        self.terminal.draw(|frame| measure = ui::draw(frame, model, theme)).map_err(io::Error::other)?;
        self.host.end_frame(self.terminal.backend_mut())?;
        if measure != self.model.measure {
            self.take(Message::Measured(measure))?;
        }
        Ok(())
    }
}

/// A key that is there already. The stream is asked with the waker of this task: it keeps the one it
/// was last asked with, and another's would lose the next key.
async fn typed_already(input: &mut (impl Stream<Item = Input> + Unpin)) -> Option<Input> {
    poll_fn(|context| match input.poll_next_unpin(context) {
        Poll::Ready(typed) => Poll::Ready(typed),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

fn copy_message(text: &str, copied: io::Result<()>) -> Message {
    use crate::domain::failure::{Failure, FailureKind};
    match copied {
        Ok(()) => Message::Copied { characters: text.chars().count() },
        Err(error) => Message::CopyFailed(Arc::new(Failure::new(
            FailureKind::Server,
            "nothing was copied",
            error.to_string(),
            "Use a terminal that understands OSC 52",
        ))),
    }
}
