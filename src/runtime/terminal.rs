//! The real terminal: entered and left as a list of modes, so that quit, error, panic and
//! suspension give back exactly what was found.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor, event, execute, queue,
    style::{Print, ResetColor},
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};
use ratatui::{Terminal, backend::Backend};

use super::{backend::RealBackend, outing};
use crate::{app::effect::Outing, domain::failure::Failure};

/// Whether this process holds the terminal; the panic hook and `Drop` must agree on it.
static HELD: AtomicBool = AtomicBool::new(false);

/// Whether the wheel and clicks are ours.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Buttons and the wheel, with coordinates of any size; not every movement, which would be a stream of bytes.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// What the loop asks of whoever owns the terminal, besides drawing on it.
pub trait Host<B: Backend> {
    /// Begins a frame that must appear at once.
    fn begin_frame(&mut self, backend: &mut B) -> io::Result<()>;
    /// Ends that frame.
    fn end_frame(&mut self, backend: &mut B) -> io::Result<()>;
    /// Hands text to the clipboard of the person's own machine.
    fn copy(&mut self, backend: &mut B, text: &str) -> io::Result<()>;
    /// Gives the terminal back, stops the process group, and takes it again when continued.
    fn suspend(&mut self, backend: &mut B) -> io::Result<()>;
    /// Takes the wheel and clicks from the terminal, or leaves them to it.
    fn mouse(&mut self, backend: &mut B, on: bool) -> io::Result<()>;
    /// Gives the terminal to another program until that ends, and takes it again; tells why it failed, if it did.
    fn step_aside(&mut self, backend: &mut B, outing: &Outing) -> io::Result<Option<Failure>>;
}

/// The process's terminal while it is held; dropping it gives it back.
#[derive(Debug)]
pub struct RealHost;

impl RealHost {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be switched to raw mode.
    pub fn enter() -> io::Result<(Self, Terminal<RealBackend>)> {
        // `NO_COLOR` is honoured by the mono theme: left to crossterm it would also wipe bold and
        // reverse, and with them the selection.
        crossterm::style::force_color_output(true);
        hold()?;
        let terminal = Terminal::new(RealBackend::new())?;
        Ok((Self, terminal))
    }
}

impl Drop for RealHost {
    fn drop(&mut self) {
        restore();
    }
}

fn hold() -> io::Result<()> {
    enable_raw_mode()?;
    HELD.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide, event::EnableBracketedPaste, event::EnableFocusChange)?;
    if MOUSE.load(Ordering::SeqCst) { execute!(io::stdout(), Print(MOUSE_ON)) } else { Ok(()) }
}

/// Gives the terminal back if this process holds it. Safe to call again, and from a panic.
pub fn restore() {
    if !HELD.swap(false, Ordering::SeqCst) {
        return;
    }
    // A terminal that went away cannot be restored and needs not be.
    if MOUSE.load(Ordering::SeqCst) {
        let _ = execute!(io::stdout(), Print(MOUSE_OFF));
    }
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        event::DisableFocusChange,
        event::DisableBracketedPaste,
        ResetColor,
        LeaveAlternateScreen,
        cursor::Show,
    );
    let _ = disable_raw_mode();
}

/// Makes every panic give the terminal back before anything is printed.
pub fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
    }));
}

impl Host<RealBackend> for RealHost {
    fn begin_frame(&mut self, backend: &mut RealBackend) -> io::Result<()> {
        queue!(backend, BeginSynchronizedUpdate)
    }

    fn end_frame(&mut self, backend: &mut RealBackend) -> io::Result<()> {
        queue!(backend, EndSynchronizedUpdate)?;
        Write::flush(backend)
    }

    fn copy(&mut self, backend: &mut RealBackend, text: &str) -> io::Result<()> {
        queue!(backend, CopyToClipboard::to_clipboard_from(text))?;
        Write::flush(backend)
    }

    fn suspend(&mut self, _: &mut RealBackend) -> io::Result<()> {
        restore();
        stop()?;
        hold()
    }

    fn mouse(&mut self, backend: &mut RealBackend, on: bool) -> io::Result<()> {
        MOUSE.store(on, Ordering::SeqCst);
        queue!(backend, Print(if on { MOUSE_ON } else { MOUSE_OFF }))?;
        Write::flush(backend)
    }

    fn step_aside(&mut self, _: &mut RealBackend, outing: &Outing) -> io::Result<Option<Failure>> {
        restore();
        let ended = outing::go(outing);
        hold()?;
        Ok(ended.err())
    }
}

/// Stops the whole group, as the terminal's own Ctrl-Z would (`SIGTSTP` again would be ours to catch).
#[cfg(unix)]
fn stop() -> io::Result<()> {
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP).map_err(Into::into)
}

#[cfg(not(unix))]
fn stop() -> io::Result<()> {
    Ok(())
}

/// Columns of the terminal behind stdout, if there is one.
pub fn width() -> Option<usize> {
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns))
}
