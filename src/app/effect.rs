//! What is to be done outside, as data that a test can compare: no closures, no channels.

use std::fmt;

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
    /// Ask IAM and CloudTrail no further: nobody waits for the answer.
    StopAsking,
    /// Read AWS no further: nobody waits for it.
    StopReading(ClusterId),
    /// Make no further call of a proof.
    StopProofs,
    /// Read which contexts there are; answered by `Contexts`.
    ListContexts,
    /// Connect to another cluster; answered by its changes, or by `ClusterRefused`.
    OpenCluster {
        /// Under this id.
        cluster: ClusterId,
        /// Which one.
        choice: Choice,
    },
    /// Stop an operation before its next step.
    Cancel(OperationId),
    /// Read the journal; answered by `Journal`.
    ReadJournal,
    /// Hand a text to the clipboard; answered by `Copied` or `CopyFailed`.
    Copy(String),
    /// Take the wheel and clicks from the terminal, or leave them to it.
    Mouse(bool),
    /// Hand the terminal to another program and come back; answered by `Returned`.
    StepAside(Outing),
    /// Leave the terminal, stop the process group, come back; answered by `Resumed`.
    Suspend,
    /// Clear the screen and draw everything.
    Redraw,
    /// Leave.
    Quit,
}

/// Which cluster is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// A context of the kubeconfig.
    pub context: Option<String>,
    /// The EKS cluster, where no context tells it.
    pub cluster: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The AWS profile.
    pub profile: Option<String>,
}

impl fmt::Display for Choice {
    /// The context, or the terms: `cluster:acme region:eu-west-1`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = [("cluster", &self.cluster), ("region", &self.region), ("profile", &self.profile)];
        let named = terms.into_iter().filter_map(|(term, value)| Some(format!("{term}:{}", value.as_ref()?)));
        let words: Vec<String> = self.context.iter().cloned().chain(named).collect();
        out.write_str(&words.join(" "))
    }
}

/// What another program does with the terminal meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outing {
    /// Log in to AWS: the words of the command.
    Login(Vec<String>),
    /// Read a text in the person's editor or pager.
    Read(String),
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
