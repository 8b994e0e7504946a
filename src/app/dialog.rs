//! What lies over a page and takes the keys. Dialogs stack: unlocking lies over the plan it is for.

pub mod access;
pub mod account_form;
pub mod changed;
pub mod clusters;
pub mod confirm;
pub mod copy;
pub mod options_form;
pub mod palette;
pub mod prove;
pub mod request;
pub mod restart;
pub mod role_form;
pub mod unlock;
pub mod why;

use super::{command::Context, field::Field, operation::OperationId, screen::Scroll};
use access::AccessForm;
use account_form::AccountForm;
use changed::ChangedForm;
use clusters::Clusters;
use confirm::Confirm;
use copy::CopyMenu;
use options_form::OptionsForm;
use palette::Palette;
use prove::ProveForm;
use restart::RestartOffer;
use role_form::RoleForm;
use unlock::Unlock;
use why::Why;

/// One dialog.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// All keys, from the command table.
    Help(Scroll),
    /// All commands by words.
    Palette(Palette),
    /// Which service account.
    Account(Box<AccountForm>),
    /// Which role: for an association or for the IRSA annotation.
    Role(Box<RoleForm>),
    /// Everything an association can have.
    Options(Box<OptionsForm>),
    /// A plan, to be confirmed.
    Confirm(Box<Confirm>),
    /// Unlocking this account and context.
    Unlock(Unlock),
    /// An operation at work, or over.
    Operation(OperationId, Scroll),
    /// Which workloads to restart.
    Restart(RestartOffer),
    /// What live proofs will do, to be confirmed.
    Prove(Box<ProveForm>),
    /// What changed, and what failed.
    Changed(Box<ChangedForm>),
    /// What an identity may do.
    Access(Box<AccessForm>),
    /// An AWS error, pasted.
    Why(Box<Why>),
    /// What can be copied.
    Copy(CopyMenu),
    /// Which cluster comes into view.
    Clusters(Box<Clusters>),
}

impl Dialog {
    /// The text field that has the focus.
    pub fn field(&self) -> Option<&Field> {
        match self {
            Self::Palette(palette) => Some(&palette.field),
            Self::Why(why) => Some(&why.field),
            Self::Access(form) => Some(&form.field),
            Self::Clusters(picker) => Some(&picker.field),
            Self::Account(form) => Some(&form.field),
            Self::Role(form) => form.focused(),
            Self::Options(form) => form.focused(),
            Self::Confirm(confirm) => confirm.typed.as_ref().map(|typed| &typed.field),
            Self::Unlock(unlock) => unlock.typed.as_ref().map(|typed| &typed.field),
            Self::Prove(form) => form.typed.as_ref().map(|typed| &typed.field),
            Self::Help(_) | Self::Operation(..) | Self::Restart(_) | Self::Changed(_) | Self::Copy(_) => None,
        }
    }

    /// The text field that has the focus.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        match self {
            Self::Palette(palette) => Some(&mut palette.field),
            Self::Why(why) => Some(&mut why.field),
            Self::Access(form) => Some(&mut form.field),
            Self::Clusters(picker) => Some(&mut picker.field),
            Self::Account(form) => Some(&mut form.field),
            Self::Role(form) => form.focused_mut(),
            Self::Options(form) => form.focused_mut(),
            Self::Confirm(confirm) => confirm.typed.as_mut().map(|typed| &mut typed.field),
            Self::Unlock(unlock) => unlock.typed.as_mut().map(|typed| &mut typed.field),
            Self::Prove(form) => form.typed.as_mut().map(|typed| &mut typed.field),
            Self::Help(_) | Self::Operation(..) | Self::Restart(_) | Self::Changed(_) | Self::Copy(_) => None,
        }
    }

    /// Which keys apply.
    pub fn context(&self) -> Context {
        if self.field().is_some() { Context::Text } else { Context::Dialog }
    }

    /// How far it is scrolled, if its body scrolls.
    pub fn scroll_mut(&mut self) -> Option<&mut Scroll> {
        match self {
            Self::Help(scroll) | Self::Operation(_, scroll) => Some(scroll),
            Self::Confirm(confirm) => Some(&mut confirm.scroll),
            Self::Access(form) => Some(&mut form.scroll),
            Self::Changed(form) => Some(&mut form.scroll),
            Self::Palette(_)
            | Self::Account(_)
            | Self::Role(_)
            | Self::Options(_)
            | Self::Unlock(_)
            | Self::Restart(_)
            | Self::Prove(_)
            | Self::Why(_)
            | Self::Copy(_)
            | Self::Clusters(_) => None,
        }
    }
}

/// A text that must be typed before something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What must be typed.
    pub wanted: String,
    /// What was typed so far.
    pub field: Field,
}

impl Typed {
    /// Asks for a text.
    pub fn new(wanted: impl Into<String>) -> Self {
        Self { wanted: wanted.into(), field: Field::default() }
    }

    /// Whether it stands there, spaces around it aside.
    pub fn is_right(&self) -> bool {
        self.field.text().trim() == self.wanted
    }
}
