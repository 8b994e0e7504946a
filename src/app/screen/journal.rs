//! The journal of changes as a page: newest first, one operation selected, its steps in view.

/// The page.
#[derive(Clone, Debug, Default)]
pub struct JournalScreen {
    /// Which operation is selected, counted from the newest.
    pub cursor: usize,
}

/// What a person wants of the journal, while it is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Plan the undoing of this operation, or of the newest that can be undone.
    Undo(Option<String>),
    /// Plan the rest of this operation, or of the newest that was interrupted or failed.
    Resume(Option<String>),
}
