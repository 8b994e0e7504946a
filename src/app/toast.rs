//! Sentences that appear for a while: successes for three seconds, refusals a little longer, failures until
//! they are dismissed. All of them stay readable on the operations page.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;

/// How a toast looks and how long it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToastKind {
    /// Something was done; three seconds.
    Success,
    /// An answer to a key: why a command does not apply; six seconds.
    Notice,
    /// Something went wrong; until dismissed with Esc.
    Failure,
}

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// How it looks.
    pub kind: ToastKind,
    /// The sentence.
    pub text: String,
    /// The failure behind it: code and request id are one key away.
    pub failure: Option<Arc<Failure>>,
    /// When it appeared.
    pub at: Timestamp,
}

/// Those on screen, and those that were.
#[derive(Clone, Debug, Default)]
pub struct Toasts {
    shown: Vec<Toast>,
    log: Vec<Toast>,
}

/// How many are kept to be read later.
const KEPT: usize = 500;
/// How many are on screen at once.
const SHOWN: usize = 3;

impl Toast {
    /// When it disappears by itself.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let seconds = match self.kind {
            ToastKind::Success => 3,
            ToastKind::Notice => 6,
            ToastKind::Failure => return None,
        };
        self.at.checked_add(SignedDuration::from_secs(seconds)).ok()
    }
}

impl Toasts {
    /// Shows a sentence; the same one again only lives longer.
    pub fn show(&mut self, kind: ToastKind, text: impl Into<String>, now: Timestamp) {
        self.push(Toast { kind, text: text.into(), failure: None, at: now });
    }

    /// Shows a failure until it is dismissed.
    pub fn fail(&mut self, failure: Arc<Failure>, now: Timestamp) {
        self.push(Toast { kind: ToastKind::Failure, text: failure.to_string(), failure: Some(failure), at: now });
    }

    fn push(&mut self, toast: Toast) {
        self.shown.retain(|shown| shown.text != toast.text);
        if self.log.last().is_none_or(|last| last.text != toast.text) {
            self.log.push(toast.clone());
        }
        self.shown.push(toast);
        let surplus = self.shown.len().saturating_sub(SHOWN);
        self.shown.drain(..surplus);
        let surplus = self.log.len().saturating_sub(KEPT);
        self.log.drain(..surplus);
    }

    /// Those on screen, the newest last.
    pub fn shown(&self) -> &[Toast] {
        &self.shown
    }

    /// All that were shown, the newest last.
    pub fn log(&self) -> &[Toast] {
        &self.log
    }

    /// Takes away the failures on screen; tells whether there were any.
    pub fn dismiss(&mut self) -> bool {
        let before = self.shown.len();
        self.shown.retain(|toast| toast.kind != ToastKind::Failure);
        self.shown.len() != before
    }

    /// Takes away a failure that no longer is one.
    pub fn take_back(&mut self, failure: &Failure) {
        self.shown.retain(|toast| toast.failure.as_deref() != Some(failure));
    }

    /// Takes away what had its time; tells whether there was any.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.shown.len();
        self.shown.retain(|toast| toast.expires_at().is_none_or(|at| now < at));
        self.shown.len() != before
    }

    /// When the next one disappears by itself.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.shown.iter().filter_map(Toast::expires_at).min()
    }
}
