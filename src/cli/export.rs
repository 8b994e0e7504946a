//! `-o aws-cli|terraform|eksctl|cloudformation|ack` of every command that changes something: the plan is
//! printed as text for somebody else's hands, and nothing is done.

use super::{Exit, Global, Output, complain, print};
use crate::{
    domain::{failure::Failure, inventory::Inventory, plan::Plan},
    report::{
        Redactor,
        export::{self, Format},
    },
};

impl Output {
    /// The format of plans that this is, if it is one.
    pub(super) fn export(self) -> Option<Format> {
        match self {
            Self::AwsCli => Some(Format::AwsCli),
            Self::Terraform => Some(Format::Terraform),
            Self::Eksctl => Some(Format::Eksctl),
            Self::Cloudformation => Some(Format::CloudFormation),
            Self::Ack => Some(Format::Ack),
            _ => None,
        }
    }
}

/// Prints the plan in the format that was asked for; `None` if none of these was.
///
/// # Errors
/// The text cannot be written.
pub(super) fn printed(global: &Global, plan: &Plan, inventory: &Inventory) -> Result<Option<Exit>, Failure> {
    let Some(format) = global.output.and_then(Output::export) else { return Ok(None) };
    let text = export::text(plan, inventory, format);
    print(&if global.redact { Redactor::new(inventory).text(&text) } else { text })?;
    let Some(refusal) = plan.refusal() else { return Ok(Some(Exit::Done)) };
    complain(&format!("rolecall: as things stand this does not work: {}: {}", refusal.what, refusal.detail));
    Ok(Some(Exit::Refused))
}
