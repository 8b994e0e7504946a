//! What every part of a frame needs: the theme, the model, and the words for keys. Borrowed,
//! never changed.

use jiff::Timestamp;

use crate::{
    app::{
        availability,
        cluster::ClusterView,
        command::{Command, Context},
        model::Model,
        wait::Awaited,
    },
    config::theme::Theme,
    domain::inventory::{FixAction, Inventory},
    ui::style::Paint,
};

/// The circumstances of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The theme.
    pub paint: Paint<'a>,
    /// The program.
    pub model: &'a Model,
}

impl<'a> Scene<'a> {
    /// The circumstances of a frame.
    pub fn new(model: &'a Model, theme: &'a Theme) -> Self {
        Self { paint: Paint::new(theme), model }
    }

    /// The cluster in view.
    pub fn cluster(&self) -> &'a ClusterView {
        self.model.cluster()
    }

    /// Everything known about it.
    pub fn inventory(&self) -> &'a Inventory {
        self.model.inventory()
    }

    /// The time of the frame.
    pub fn now(&self) -> Timestamp {
        self.model.now
    }

    /// Glyphs come from ASCII only.
    pub fn ascii(&self) -> bool {
        self.model.settings.ascii
    }

    /// What is said of something that is awaited, once it is late: `IAM is being asked, 4 s; Esc stops it`.
    pub fn sign(&self, awaited: Awaited) -> Option<String> {
        let words = self.model.waits.iter().find(|wait| wait.awaited == awaited)?.words()?;
        let key = self.key(self.model.context(), Command::Back);
        Some(key.map_or(words.clone(), |key| format!("{words}; {key} stops it")))
    }

    /// The first key of a command in a context, as it is shown.
    pub fn key(&self, context: Context, command: Command) -> Option<String> {
        self.model.keys.label(command, context)
    }

    /// The key that does what a fix asks for.
    pub fn fix_key(&self, action: FixAction) -> Option<String> {
        self.key(Context::List, availability::command_for(action)?)
    }
}
