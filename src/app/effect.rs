//! What is to be done outside, as data that a test can compare: no closures, no channels.

use super::operation::OperationId;
use crate::domain::{
    access::Inquiry,
    id::{ClusterId, RoleName, ServiceAccountId},
    inventory::Wanted,
    plan::Plan,
    proof::Intent,
    trail,
};

/// One thing to do outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Read facts that rows need: `selected` first of all (one filtered list and one describe), then `wanted` in its order.
    Read {
        /// Of which cluster.
        cluster: ClusterId,
        /// What nobody has read yet, rows on screen first.
        wanted: Wanted,
        /// The service account in view, if its association is not known in full.
        selected: Option<ServiceAccountId>,
    },
    /// Read again what was read before; answered by `Message::AwsRead` with this generation.
    Refresh {
        /// Of which cluster.
        cluster: ClusterId,
        /// Which reading this is.
        generation: u64,
        /// How much of it.
        extent: Extent,
    },
    /// Perform a plan step by step, re-reading before each write; answered by `OperationStepped` and `OperationFinished`.
    Apply {
        /// Of which cluster.
        cluster: ClusterId,
        /// The operation.
        operation: OperationId,
        /// The plan as it was confirmed.
        plan: Plan,
        /// Idempotency token, the same for every retry of this operation; step `n` adds `-n`.
        client_token: String,
    },
    /// Ask IAM what somebody may do; answered by `Ruled`.
    AskAccess {
        /// Of which cluster.
        cluster: ClusterId,
        /// What is asked.
        inquiry: Inquiry,
    },
    /// Look events up in CloudTrail; answered by `LookedUp`.
    LookUp {
        /// Of which cluster.
        cluster: ClusterId,
        /// Whom they are about.
        subject: trail::Subject,
        /// What is asked.
        lookups: Vec<trail::Lookup>,
    },
    /// Make these proofs; answered by `Proven` for each and `ProofsEnded`.
    Prove {
        /// Of which cluster.
        cluster: ClusterId,
        /// What was confirmed.
        intents: Vec<Intent>,
        /// Most calls a second.
        pace: u32,
    },
    /// Make no further call of a proof.
    StopProofs,
    /// Stop an operation before its next step.
    Cancel(OperationId),
    /// Read the journal; answered by `Journal`.
    ReadJournal,
    /// Hand a text to the clipboard; answered by `Copied` or `CopyFailed`.
    Copy(String),
    /// Leave the terminal, stop the process group, come back; answered by `Resumed`.
    Suspend,
    /// Clear the screen and draw everything.
    Redraw,
    /// Leave.
    Quit,
}

/// How much is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything of AWS.
    Everything,
    /// What one change touched: this service account's associations, and add-ons.
    ServiceAccount(ServiceAccountId),
    /// The add-ons.
    AddOns,
    /// One role.
    Role(RoleName),
}
