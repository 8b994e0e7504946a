//! Every plan of the program, made on one small world.

use std::sync::Arc;

use jiff::SignedDuration;
use rolecall::{
    domain::{
        inventory::Inventory,
        journal::History,
        plan::{
            self, Call, Plan,
            associate::{self, AssociateRequest},
            migrate::{self, MigrateRequest, Stage, Which},
            restart::Canary,
            retarget::{self, RetargetRequest},
            trust::{self, Narrow, TrustEdit, TrustRequest},
        },
        workload::{WorkloadId, WorkloadKind},
    },
    sim::world::World,
};

use crate::bench::{arn, sa, start};

/// A plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Associate,
    Dissociate,
    Annotate,
    Retarget,
    TrustAllow,
    TrustRemove,
    InstallAgent,
    Restart,
    Migrate,
    EndAnnotations,
    EndStatements,
    UndoAssociate,
    UndoDissociate,
    UndoInstall,
}

impl Kind {
    /// What has to be done before it: an undo needs an operation.
    pub fn after(self) -> Option<Self> {
        match self {
            Self::UndoAssociate => Some(Self::Associate),
            Self::UndoDissociate => Some(Self::Dissociate),
            Self::UndoInstall => Some(Self::InstallAgent),
            _ => None,
        }
    }

    pub fn world(self) -> Arc<World> {
        let text = include_str!("world.yaml");
        let text = match self {
            Self::InstallAgent | Self::UndoInstall => {
                text.replace("  addons: [{ name: eks-pod-identity-agent }]\n", "")
            }
            _ => text.to_owned(),
        };
        World::from_yaml(&text, start()).unwrap()
    }

    /// The plan, which nothing speaks against.
    pub fn plan(self, inventory: &Inventory, history: &History) -> Plan {
        let plan = self.made(inventory, history);
        assert_eq!(plan.refusal(), None, "{self:?}");
        plan
    }

    fn made(self, inventory: &Inventory, history: &History) -> Plan {
        let edits = |role: &str, edit: TrustEdit| {
            trust::plan(inventory, &TrustRequest { role_arn: arn(role), edits: vec![edit] }, start()).unwrap()
        };
        let migrated = |account: &str, stage: Stage| {
            let which = Which::Accounts(vec![sa(account)]);
            migrate::plan(
                inventory,
                &MigrateRequest { which, stage, soak: SignedDuration::ZERO, canary: Canary::First },
                start(),
            )
            .unwrap()
        };
        match self {
            Self::Associate => {
                let new = AssociateRequest::new(sa("shop/fresh"), arn("orders"));
                let new = AssociateRequest { fix_trust: Some(Narrow::Cluster), tags: vec![tag("team", "shop")], ..new };
                associate::plan(inventory, &new, start()).unwrap()
            }
            Self::Dissociate => plan::dissociate::plan(inventory, &sa("shop/api").into()).unwrap(),
            Self::Annotate => plan::annotate::plan(inventory, &sa("shop/fresh"), Some(arn("fresh")), start()).unwrap(),
            Self::Retarget => retarget::plan(inventory, &retargeted(), start()).unwrap(),
            Self::TrustAllow => edits("orders", TrustEdit::AdmitIrsa(sa("shop/fresh"))),
            Self::TrustRemove => edits("orders", TrustEdit::RemoveIrsa(sa("shop/invoices"))),
            Self::InstallAgent => plan::agent::plan(inventory).unwrap(),
            Self::Restart => plan::restart::plan(inventory, &deployment("web"), Canary::First).unwrap(),
            Self::Migrate => migrated("shop/web", Stage::Move),
            Self::EndAnnotations => migrated("shop/moved", Stage::RemoveAnnotations),
            Self::EndStatements => migrated("shop/done", Stage::RemoveStatements),
            Self::UndoAssociate | Self::UndoDissociate | Self::UndoInstall => {
                plan::undo::plan(inventory, history.last_undoable().unwrap(), start()).unwrap()
            }
        }
    }
}

fn retargeted() -> RetargetRequest {
    RetargetRequest {
        role_arn: Some(arn("billing")),
        disable_session_tags: Some(true),
        policy: Some(Some(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned())),
        tags: vec![tag("team", "search"), tag("owner", "search")],
        untag: vec!["stage".to_owned()],
        ..RetargetRequest::new(sa("shop/api"))
    }
}

fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

pub fn deployment(name: &str) -> WorkloadId {
    WorkloadId { namespace: "shop".into(), kind: WorkloadKind::Deployment, name: name.into() }
}

/// The request by which a call changes something, as faults name it. A new call has to be put here, and then
/// into the table.
pub fn operation(call: &Call) -> &'static str {
    match call {
        Call::CreatePodIdentityAssociation { .. } => "eks:CreatePodIdentityAssociation",
        Call::DeletePodIdentityAssociation { .. } => "eks:DeletePodIdentityAssociation",
        Call::UpdatePodIdentityAssociation { .. } => "eks:UpdatePodIdentityAssociation",
        Call::TagAssociation { after, .. } if after.iter().all(|(_, value)| value.is_none()) => "eks:UntagResource",
        Call::TagAssociation { .. } => "eks:TagResource",
        Call::CreateAddon { .. } => "eks:CreateAddon",
        Call::DeleteAddon { .. } => "eks:DeleteAddon",
        Call::UpdateAssumeRolePolicy { .. } => "iam:UpdateAssumeRolePolicy",
        Call::AnnotateServiceAccount { .. } => "serviceaccounts:patch",
        Call::EvictPod { .. } => "pods/eviction:create",
        Call::RestartWorkload { .. } => "deployments:patch",
    }
}
