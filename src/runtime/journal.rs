//! The journal of changes: JSON lines in the state directory, readable by the owner alone, an
//! entry before and after each step, on disk before the step goes on. No secrets.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::domain::{
    failure::{Failure, FailureKind},
    journal::{Entry, History},
};

pub use crate::domain::journal::Author;

mod scribe;
#[cfg(test)]
mod tests;

pub use scribe::Scribe;

/// One file that concurrent processes share. Every access holds the lock of a file beside it, so
/// that the journal itself can be replaced whole.
#[derive(Clone, Debug)]
pub struct Journal {
    state: PathBuf,
}

/// An operation that this process is at; others see it as running.
#[derive(Debug)]
pub struct Claim {
    journal: Journal,
    path: PathBuf,
    _held: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Left behind it would only be an empty file; the lock itself ends with the process.
        if let Ok(_lock) = self.journal.lock() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Journal {
    /// The journal of a state directory; nothing is created yet.
    pub fn new(state: &Path) -> Self {
        Self { state: state.to_path_buf() }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.state.join("journal.jsonl")
    }

    /// Writes one line and waits until it is on disk.
    ///
    /// # Errors
    /// When the file cannot be written: then the step must not be sent.
    pub fn write(&self, entry: &Entry) -> Result<(), Failure> {
        self.append(entry).map_err(|error| {
            Failure::new(
                FailureKind::Usage,
                format!("cannot write the journal {}", self.path().display()),
                error.to_string(),
                "Nothing more was changed. Make the file writable or choose another --state-dir",
            )
        })
    }

    fn append(&self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let _lock = self.lock()?;
        let is_new = !self.path().exists();
        let mut file = open(&self.path())?;
        let end = file.seek(SeekFrom::End(0))?;
        if end > 0 && !ends_with_newline(&mut file)? {
            // A process ended in the middle of its line: what follows gets a line of its own.
            file.write_all(b"\n")?;
        }
        if let Err(error) = file.write_all(&line) {
            // Half a line on a full disk helps nobody; if this fails too, the next writer ends it.
            let _ = file.set_len(end);
            return Err(error);
        }
        file.sync_all()?;
        if is_new { File::open(&self.state)?.sync_all() } else { Ok(()) }
    }

    /// Everything that the journal tells; empty where there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn history(&self) -> Result<History, Failure> {
        self.read().map_err(|error| {
            let what = format!("cannot read the journal {}", self.path().display());
            Failure::new(FailureKind::Usage, what, error.to_string(), "Make it readable, or choose its --state-dir")
        })
    }

    fn read(&self) -> io::Result<History> {
        if !self.path().exists() {
            return Ok(History::default());
        }
        let _lock = self.lock()?;
        let bytes = fs::read(self.path())?;
        let mut history = History::read(&String::from_utf8_lossy(&bytes));
        for record in &mut history.records {
            record.running = record.ended.is_none() && self.is_claimed(&record.id);
        }
        Ok(history)
    }

    /// Removes every operation that no process is at, and tells how many there were.
    ///
    /// # Errors
    /// When the file cannot be read or replaced.
    pub fn purge(&self) -> Result<usize, Failure> {
        self.replace().map_err(|error| {
            let what = format!("cannot empty the journal {}", self.path().display());
            Failure::new(FailureKind::Usage, what, error.to_string(), "It is as it was")
        })
    }

    fn replace(&self) -> io::Result<usize> {
        let history = self.read()?;
        let _lock = self.lock()?;
        let Ok(bytes) = fs::read(self.path()) else { return Ok(0) };
        let kept = |id: &str| self.is_claimed(id);
        let text = String::from_utf8_lossy(&bytes);
        let is_kept = |line: &&str| serde_json::from_str::<Entry>(line).is_ok_and(|entry| kept(&entry.operation));
        let rest: String = text.lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
        let fresh = self.state.join("journal.jsonl.new");
        let mut file = open(&fresh)?;
        file.set_len(0)?;
        file.write_all(rest.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, self.path())?;
        File::open(&self.state)?.sync_all()?;
        let gone = history.records.iter().filter(|record| !kept(&record.id));
        Ok(gone.count())
    }

    /// Takes an operation on, so that no other process performs it at the same time.
    ///
    /// # Errors
    /// `Conflict` if another process is at it; `Usage` if the state directory cannot be written.
    pub fn claim(&self, operation: &str) -> Result<Claim, Failure> {
        let path = self.claim_path(operation);
        match self.take(&path) {
            Ok(Some(held)) => Ok(Claim { journal: self.clone(), path, _held: held }),
            Ok(None) => Err(Failure::new(
                FailureKind::Conflict,
                format!("operation {operation} was not begun"),
                "another process is at it",
                "Wait until it is over; `rolecall history` shows how it stands",
            )),
            Err(error) => Err(Failure::new(
                FailureKind::Usage,
                format!("cannot write the state directory {}", self.state.display()),
                error.to_string(),
                "Nothing was changed. Make it writable or choose another --state-dir",
            )),
        }
    }

    fn take(&self, path: &Path) -> io::Result<Option<File>> {
        let _lock = self.lock()?;
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn is_claimed(&self, operation: &str) -> bool {
        let file = File::open(self.claim_path(operation));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Ids are letters, digits and dashes; anything else in a journal must not name another file.
    fn claim_path(&self, operation: &str) -> PathBuf {
        let plain: String =
            operation.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
        self.state.join(format!("operation-{plain}.lock"))
    }

    /// Waits for whoever reads or writes.
    fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(&self.state)?;
        let lock = open(&self.state.join("journal.lock"))?;
        lock.lock()?;
        Ok(lock)
    }
}

fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Opens for reading and appending, for the owner alone, also if somebody had opened it wider.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).read(true).append(true).open(path)
}
