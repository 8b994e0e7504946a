//! The real binary in a pseudo-terminal, seen through a terminal emulator.

use std::{
    io::{Read, Write},
    num::NonZero,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long a text may take to appear: generous, because test machines are shared.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program and its screen.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Writer,
    seen: Arc<Mutex<Seen>>,
}

type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

/// Terminals answer what they are and which background they have; so does this one.
fn answer(written: &[u8], writer: &Writer, background: &str) {
    let text = String::from_utf8_lossy(written);
    let mut answers = String::new();
    if text.contains("\x1b]10;?") {
        let foreground = if background == DARK { LIGHT } else { DARK };
        answers.push_str(&format!("\x1b]10;rgb:{foreground}\x1b\\"));
    }
    if text.contains("\x1b]11;?") {
        answers.push_str(&format!("\x1b]11;rgb:{background}\x1b\\"));
    }
    if text.contains("\x1b[c") {
        answers.push_str("\x1b[?62;22c");
    }
    // A program that has ended needs no answer.
    let _ = writer.lock().unwrap().write_all(answers.as_bytes());
}

/// Backgrounds, as terminals tell them.
pub const DARK: &str = "0000/0000/0000";
pub const LIGHT: &str = "ffff/ffff/ffff";

struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Pty {
    /// Starts rolecall with these words, on a screen of this size, with a state directory of its own.
    pub fn start(words: &[&str], columns: u16, rows: u16, state: &Path, environment: &[(&str, &str)]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_rolecall"));
        Self::program((program, words), (columns, rows), state, environment, DARK)
    }

    /// Starts any program on a screen of this size and background.
    pub fn program(
        (program, words): (&Path, &[&str]),
        (columns, rows): (u16, u16),
        state: &Path,
        environment: &[(&str, &str)],
        background: &'static str,
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(words);
        for name in ["KUBECONFIG", "NO_COLOR", "AWS_PROFILE", "COLORTERM"] {
            command.env_remove(name);
        }
        command.env("HOME", state);
        command.env("TERM", "xterm-256color");
        command.env("ROLECALL_STATE_DIR", state);
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            screen: vt100::Parser::new(cells(rows), cells(columns), 0),
            bytes: Vec::new(),
        }));
        let shared = Arc::clone(&seen);
        let writer: Writer = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let answers = Arc::clone(&writer);
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                answer(&buffer[..read], &answers, background);
                let mut seen = shared.lock().unwrap();
                seen.screen.process(&buffer[..read]);
                seen.bytes.extend_from_slice(&buffer[..read]);
            }
        });
        Self { child, master: pair.master, writer, seen }
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.seen.lock().unwrap().screen.screen().contents()
    }

    /// Everything written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().bytes.clone()
    }

    /// The emulator's modes: alternate screen, hidden cursor, bracketed paste.
    pub fn modes(&self) -> (bool, bool, bool) {
        let seen = self.seen.lock().unwrap();
        let screen = seen.screen.screen();
        (screen.alternate_screen(), screen.hide_cursor(), screen.bracketed_paste())
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        let mut writer = self.writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.seen.lock().unwrap().screen.screen_mut().set_size(cells(rows), cells(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits until the screen says so.
    pub fn wait_for(&self, wanted: &str) {
        self.wait_until(wanted, |text| text.contains(wanted));
    }

    /// Waits until the screen is as described.
    pub fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(&self.text()) {
            assert!(Instant::now() < end, "not on the screen: {what}\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the end of the program.
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last may still be on its way through the reader.
                thread::sleep(Duration::from_millis(100));
                return status;
            }
            assert!(Instant::now() < end, "it does not end\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Ends what a failed assertion left behind; one that has ended already is no matter.
        let _ = self.child.kill();
    }
}
