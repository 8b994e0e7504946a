//! Everything the program can be told. Each message meets `update` together with the time at which it is handled.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    cluster::Link,
    dialog::changed::Events,
    effect::Outing,
    keys::Keys,
    operation::{OperationId, Outcome, StepState},
};
use crate::{
    config::{key::Key, problem::Problem, settings::Settings, theme::Theme},
    domain::{
        access::{Inquiry, Ruling},
        change::Change,
        failure::Failure,
        id::ClusterId,
        journal::History,
        proof::Proof,
        trail,
    },
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Somebody did something at the terminal.
    Input(Input),
    /// The time asked for by [`super::wake::next_wake`] has come.
    Wake,
    /// The cluster or the account changed: one batch of an adapter.
    Changes(ClusterId, Vec<Change>),
    /// The connection to Kubernetes has another state.
    KubernetesLink(ClusterId, Link),
    /// A reading of AWS came to its end.
    AwsRead(ClusterId, AwsRead),
    /// Number of calls made so far, Kubernetes and AWS together.
    Calls(ClusterId, usize),
    /// A step of an operation has another state.
    OperationStepped {
        /// Which operation; one that is unknown or over is ignored.
        operation: OperationId,
        /// Which step of its plan, from 0.
        step: usize,
        /// Its state now.
        state: StepState,
    },
    /// An operation is over.
    OperationFinished {
        /// Which operation; one that is unknown or over is ignored.
        operation: OperationId,
        /// How it ended.
        outcome: Outcome,
    },
    /// An identity was proven live, or refused.
    Proven(ClusterId, Box<Proof>),
    /// What IAM says that somebody may do.
    Ruled(ClusterId, Box<(Inquiry, Ruling)>),
    /// What CloudTrail has about somebody.
    LookedUp(ClusterId, Box<(trail::Subject, Events)>),
    /// No further proof comes of those that were asked for.
    ProofsEnded(ClusterId),
    /// The journal was read.
    Journal(Result<Arc<History>, Arc<Failure>>),
    /// A text was handed to the clipboard.
    Copied {
        /// Its length in characters.
        characters: usize,
    },
    /// The contexts that can be opened.
    Contexts(Vec<String>),
    /// A cluster could not be opened at all.
    ClusterRefused(ClusterId, Arc<Failure>),
    /// Another program had the terminal: what it was, and why it failed if it did.
    Returned(Outing, Option<Arc<Failure>>),
    /// A text could not be handed to the clipboard.
    CopyFailed(Arc<Failure>),
    /// Configuration files are wrong; the program goes on with defaults.
    Problems(Vec<Problem>),
    /// The configuration files changed and were read again.
    Configured(Box<Configured>),
    /// Anything else that went wrong and that a person should read: journal, log, signals.
    Failed(Arc<Failure>),
    /// A failure that was told no longer is one.
    Mended {
        /// Which, as it was told.
        failure: Arc<Failure>,
        /// How it is now.
        now: String,
    },
    /// What the last frame measured; never causes a frame.
    Measured(Measure),
    /// The program is in the foreground again.
    Resumed,
}

/// What the configuration files say now.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    /// The settings as they hold in the context in view, flags over them.
    pub settings: Settings,
    /// The keys.
    pub keys: Keys,
    /// The theme, if one is named.
    pub theme: Option<Theme>,
    /// What is wrong with the files.
    pub problems: Vec<Problem>,
}

/// What comes from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed or repeats.
    Key(Key),
    /// A bracketed paste; never keys.
    Paste(String),
    /// The window has another size: columns, rows.
    Resize(u16, u16),
    /// The window has the focus again.
    FocusGained,
    /// The wheel: lines down, negative for up.
    Scroll(i32),
    /// A button was pressed and released over one cell: column and row, from 0.
    Click(u16, u16),
}

/// The end of a reading of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsRead {
    /// The `generation` of the effect that asked for it, 0 for the first reading at the start. An older one is ignored.
    pub generation: u64,
    /// When it ended.
    pub at: Timestamp,
    /// The failure that concerns all of it (credentials, connection); single denied calls are facts, not failures.
    pub failure: Option<Arc<Failure>>,
}

/// A rectangle of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its first column.
    pub x: u16,
    /// Its first row.
    pub y: u16,
    /// Its columns.
    pub width: u16,
    /// Its rows.
    pub height: u16,
}

impl Place {
    /// The row of the rectangle, from 0, that a cell lies in.
    pub fn row_of(&self, column: u16, row: u16) -> Option<usize> {
        let inside = column.checked_sub(self.x)? < self.width;
        let down = row.checked_sub(self.y)?;
        (inside && down < self.height).then_some(usize::from(down))
    }
}

/// What only a drawn frame knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Rows of the list or of the scrolled body that were visible.
    pub body: usize,
    /// Lines that the scrolled body (detail, trust policy, dialog) has in all.
    pub lines: usize,
    /// Lines above the first visible one: where a page was scrolled to by itself.
    pub top: usize,
    /// Cells of a trust policy's lines that were visible.
    pub columns: usize,
    /// Cells of its longest line.
    pub longest: usize,
    /// Where the rows of a list stand, if one is in view and nothing lies over it.
    pub rows: Option<Place>,
}
