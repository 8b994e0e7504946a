//! Plays the explorer: the real loop, model, tasks and adapters on a simulated world, with keys
//! going in and the screen coming out. Time is tokio's paused clock, so nothing waits for real.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{Stream, stream};
use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use rolecall::{
    app::{effect::Outing, message::Input},
    config::{key::Key, settings::Settings, theme::Theme},
    domain::failure::Failure,
    runtime::{
        clock::Clock,
        explorer::{Opening, assemble},
        journal::Author,
        neighbours::Neighbours,
        outside::Outside,
        run::End,
        settings::Loaded,
        terminal::Host,
    },
    sim::world::World,
};
use tokio::{sync::mpsc, task::JoinHandle};

/// When every play begins.
pub const START: &str = "2026-11-23T09:00:00Z";

/// What the loop's host shows to the test.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Shown>>);

#[derive(Default)]
struct Shown {
    buffer: Option<Buffer>,
    frames: usize,
    outings: Vec<Outing>,
    copied: Vec<String>,
}

impl Host<TestBackend> for Seen {
    fn begin_frame(&mut self, _: &mut TestBackend) -> io::Result<()> {
        Ok(())
    }

    fn end_frame(&mut self, backend: &mut TestBackend) -> io::Result<()> {
        let mut shown = self.0.lock().unwrap();
        shown.buffer = Some(backend.buffer().clone());
        shown.frames += 1;
        Ok(())
    }

    fn copy(&mut self, _: &mut TestBackend, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().copied.push(text.to_owned());
        Err(io::Error::other(format!("no clipboard for {} characters", text.len())))
    }

    fn suspend(&mut self, _: &mut TestBackend) -> io::Result<()> {
        Ok(())
    }

    fn mouse(&mut self, _: &mut TestBackend, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn step_aside(&mut self, _: &mut TestBackend, outing: &Outing) -> io::Result<Option<Failure>> {
        self.0.lock().unwrap().outings.push(outing.clone());
        Ok(None)
    }
}

/// A running explorer.
pub struct Play {
    pub world: Arc<World>,
    keys: mpsc::UnboundedSender<Input>,
    seen: Seen,
    running: JoinHandle<io::Result<End>>,
    folder: tempfile::TempDir,
}

impl Play {
    /// Opens the explorer on a world, 120 × 36.
    pub async fn open(world: Arc<World>) -> Self {
        Self::sized(world, 120, 36, Settings::default()).await
    }

    /// Opens the explorer on a world, at a size and with settings.
    pub async fn sized(world: Arc<World>, columns: u16, rows: u16, settings: Settings) -> Self {
        Self::beside(world, Vec::new(), columns, rows, settings).await
    }

    /// Opens the explorer on a world and others beside it.
    pub async fn beside(world: Arc<World>, also: Vec<Arc<World>>, columns: u16, rows: u16, settings: Settings) -> Self {
        let state = tempfile::tempdir().unwrap();
        let outside = Outside::simulated(Arc::clone(&world));
        let worlds = also.iter().fold(Neighbours::of(&outside), |all, world| all.and(Arc::clone(world)));
        let opening = Opening {
            outside: outside.clone(),
            also: also.into_iter().map(Outside::simulated).collect(),
            neighbours: Some(worlds),
            loaded: Loaded { settings, ..Loaded::defaults() },
            reload: None,
            state: state.path().to_path_buf(),
            open: None,
            color: true,
            author: Author::default(),
        };
        let seen = Seen::default();
        let terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let clock = Clock::tokio(start());
        let place = outside.place().unwrap();
        let mut explorer = assemble(opening, place, Theme::dark(), terminal, seen.clone(), clock).unwrap();
        let (keys, typed) = mpsc::unbounded_channel();
        let typed = Arc::new(Mutex::new(typed));
        let running = tokio::spawn(async move { explorer.run(|| inputs(Arc::clone(&typed))).await });
        Self { world, keys, seen, running, folder: state }
    }

    /// Where the program keeps its journal.
    pub fn state(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Presses keys, written as in the keymap and separated by spaces: `j Enter Ctrl-r`.
    pub fn press(&self, keys: &str) {
        for word in keys.split(' ') {
            let key: Key = word.parse().unwrap_or_else(|_| panic!("`{word}` is no key"));
            self.keys.send(Input::Key(key)).unwrap();
        }
    }

    /// Types a text letter by letter.
    pub fn write(&self, text: &str) {
        for letter in text.chars() {
            self.keys.send(Input::Key(Key::char(letter))).unwrap();
        }
    }

    /// Sends any input.
    pub fn send(&self, input: Input) {
        self.keys.send(input).unwrap();
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        let shown = self.seen.0.lock().unwrap();
        let Some(buffer) = &shown.buffer else { return String::new() };
        let width = usize::from(buffer.area.width.max(1));
        let rows = buffer.content.chunks(width);
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The frame itself.
    pub fn frame(&self) -> Buffer {
        self.seen.0.lock().unwrap().buffer.clone().unwrap()
    }

    /// The programs that had the terminal.
    pub fn outings(&self) -> Vec<Outing> {
        self.seen.0.lock().unwrap().outings.clone()
    }

    /// Texts that were to be copied, whatever became of them.
    pub fn copied(&self) -> Vec<String> {
        self.seen.0.lock().unwrap().copied.clone()
    }

    /// Frames drawn so far.
    pub fn frames(&self) -> usize {
        self.seen.0.lock().unwrap().frames
    }

    /// Waits, in simulated time, until the screen shows a text; two simulated minutes at most.
    pub async fn see(&self, wanted: &str) {
        self.until(wanted, |screen| screen.contains(wanted)).await;
    }

    /// Waits until a line of the screen has all of these words.
    pub async fn line(&self, words: &[&str]) {
        let holds = |screen: &str| screen.lines().any(|line| words.iter().all(|word| line.contains(word)));
        self.until(&format!("a line with {words:?}"), holds).await;
    }

    /// Waits until the screen is as described.
    pub async fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        for _ in 0..2400 {
            if holds(&self.screen()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not on the screen: {what}\n{}", self.screen());
    }

    /// Lets simulated time pass.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Leaves and tells how it ended.
    pub async fn leave(self) -> End {
        self.press("Esc Esc Esc Esc q");
        tokio::time::timeout(Duration::from_secs(60), self.running).await.unwrap().unwrap().unwrap()
    }
}

fn inputs(typed: Arc<Mutex<mpsc::UnboundedReceiver<Input>>>) -> impl Stream<Item = Input> + Unpin {
    stream::poll_fn(move |context| typed.lock().unwrap().poll_recv(context))
}

/// The fixed beginning of time.
pub fn start() -> Timestamp {
    START.parse().unwrap()
}
