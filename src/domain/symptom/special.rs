//! Refused calls that mean more than a missing permission: whose credentials they were made with, or
//! which action they are, moves the answer to another hop.

use super::{PrincipalKind, SessionKind, Symptom};
use crate::domain::identity::HopKind;

/// A reading of a denial.
pub(super) struct Special {
    /// The hop to look at.
    pub(super) hop: HopKind,
    /// The code it speaks of.
    pub(super) codes: &'static [&'static str],
    /// What it means.
    pub(super) means: &'static str,
    /// What to do.
    pub(super) todo: &'static str,
}

static AGENT: Special = Special {
    hop: HopKind::Node,
    codes: &["PI-NODE-ROLE-PERM"],
    means: "The role of the node lacks eks-auth:AssumeRoleForPodIdentity: its agent can fetch credentials for no pod.",
    todo: "Attach AmazonEKSWorkerNodePolicy to {role}, or allow it eks-auth:AssumeRoleForPodIdentity on the cluster.",
};
static NODE: Special = Special {
    hop: HopKind::Node,
    codes: &["NODE-ROLE-FALLBACK"],
    means: "The call was made with the role of the node: the pod had no identity of its own.",
    todo: "Give the pod's service account a role by Pod Identity or IRSA; allowing {action} to {role} would allow it to every pod of the node.",
};
static UNSIGNED: Special = Special {
    hop: HopKind::Pod,
    codes: &["IDENTITY-NOT-INJECTED"],
    means: "The request was not signed: the client has no credentials, or does not use them for this call.",
    todo: "Let the client sign with the SDK's default credentials, and check that the pod has an identity.",
};
static TAGS: Special = Special {
    hop: HopKind::TargetRole,
    codes: &["PI-TAGSESSION-CHAIN"],
    means: "EKS Pod Identity tags its sessions, and tags pass on: whoever assumes a further role needs sts:TagSession on both sides.",
    todo: "Allow sts:TagSession in a policy of {role} and in the trust policy of {resource}, or disable session tags on the association.",
};
static FURTHER: Special = Special {
    hop: HopKind::TargetRole,
    codes: &[],
    means: "The application may not go on to the further role: its own policies or the trust policy of that role refuse.",
    todo: "Allow {action} on {resource} in a policy of {role}, and let the trust policy of {resource} admit {role}.",
};
static PASS: Special = Special {
    hop: HopKind::Role,
    codes: &[],
    means: "Handing a role to a service is a permission of its own, and it is missing.",
    todo: "Allow iam:PassRole on {resource} to {role}, limited by iam:PassedToService to the service that gets it.",
};

/// The reading of a denial, if it means more than it says.
pub(super) fn of(symptom: &Symptom) -> Option<&'static Special> {
    let principal = symptom.principal.as_ref().filter(|_| symptom.cause.denial)?;
    let action = symptom.action.as_deref().unwrap_or_default().to_ascii_lowercase();
    if action == "eks-auth:assumeroleforpodidentity" {
        return Some(&AGENT);
    }
    if principal.kind == PrincipalKind::Anonymous {
        return Some(&UNSIGNED);
    }
    if principal.session_kind() == Some(SessionKind::Instance) {
        return Some(&NODE);
    }
    match action.as_str() {
        "sts:tagsession" => Some(&TAGS),
        "sts:assumerole" | "sts:setsourceidentity" => Some(&FURTHER),
        "iam:passrole" => Some(&PASS),
        _ => None,
    }
}
