//! The gates of a migration: what has to hold before there is an association, because from then on every new
//! pod uses it (experience part 5, identity-resolution 2.7, 4.4 to 4.6).

use super::Precondition;
use crate::domain::{
    fact::Fact,
    id::{RoleArn, ServiceAccountId},
    identity::{Mechanism, Verdict},
    inventory::{AgentState, Inventory},
    permission::Permission,
    row::PodRow,
    service_account::ServiceAccount,
};

/// The AWS CLI knows Pod Identity since 2.15.0, and in its first major version since 1.30.0 (2.7).
const CLI: [(u32, u32); 2] = [(1, 30), (2, 15)];

/// Whether a service account has an association with this role already.
pub(super) fn is_moved(inventory: &Inventory, id: &ServiceAccountId, role: &RoleArn) -> bool {
    let detail = inventory.association_of(id).and_then(|found| found.detail.known());
    detail.is_some_and(|detail| detail.role_arn == *role)
}

/// What a live proof of its association said, if somebody made one: a refusal is a gate.
pub(super) fn live(inventory: &Inventory, id: &ServiceAccountId) -> Option<Precondition> {
    let proof = inventory.proof_of_service_account(id)?;
    let is_it = proof.identity.mechanism == Mechanism::PodIdentity;
    let proven = is_it.then_some(&proof.proven)?;
    let ok = match proven.verdict {
        Verdict::Ok => Some(true),
        Verdict::Broken => Some(false),
        _ => None,
    };
    let what = "AWS gave its pods' credentials when it was proven live";
    Some(Precondition::required(what, ok, format!("{}: {}", proven.at, proven.message)))
}

/// The gates that only a migration has.
pub(super) fn own(inventory: &Inventory, account: &ServiceAccount, role: &RoleArn) -> Vec<Precondition> {
    let pods = inventory.pods_of_service_account(&account.id);
    let mut checks = vec![
        not_default(account),
        no_addon(inventory, role),
        agent(inventory, &pods),
        sdk(inventory, &pods),
        chain(inventory, role),
        session_tags(inventory, &account.id, &pods),
        others(inventory, &account.id),
    ];
    checks.extend(left_behind(&pods));
    checks
}

/// Every pod without a service account of its own would get the role too.
fn not_default(account: &ServiceAccount) -> Precondition {
    let what = "it is not the default service account";
    match account.id.name.as_str() {
        "default" => {
            let why = "every pod of the namespace that names none would become the role: give the workload its own";
            Precondition::required(what, Some(false), why)
        }
        name => Precondition::required(what, Some(true), name),
    }
}

/// The role of an add-on is changed through the add-on (4.4).
fn no_addon(inventory: &Inventory, role: &RoleArn) -> Precondition {
    let what = "no add-on uses the role";
    match inventory.add_ons() {
        Fact::Known(addons) => {
            match addons.iter().find(|addon| addon.service_account_role_arn.as_ref() == Some(role)) {
                Some(addon) => {
                    let detail =
                        format!("add-on {} does: move it with UpdateAddon --pod-identity-associations", addon.name);
                    Precondition::required(what, Some(false), detail)
                }
                None => Precondition::required(what, Some(true), "none does"),
            }
        }
        _ => Precondition::required(what, None, "add-ons have not been read"),
    }
}

/// Without an agent on its node a new pod fails: for a migration that is a gate, not a remark.
fn agent(inventory: &Inventory, pods: &[PodRow]) -> Precondition {
    let what = "the agent is ready on every node that its pods use";
    let nodes: std::collections::BTreeSet<_> = pods.iter().filter_map(|pod| pod.node.clone()).collect();
    let missing: Vec<&str> =
        nodes.iter().filter(|node| inventory.agent_on(node) == "missing").map(|node| node.as_str()).collect();
    if inventory.agent() == AgentState::Missing {
        return Precondition::required(what, Some(false), "it runs nowhere: install the add-on eks-pod-identity-agent");
    }
    if !missing.is_empty() {
        return Precondition::required(what, Some(false), format!("missing on {}", missing.join(", ")));
    }
    let known = nodes.iter().all(|node| matches!(inventory.agent_on(node), "ready" | "built-in"));
    let detail = format!("{} nodes", nodes.len());
    Precondition::required(what, if known { Some(true) } else { None }, detail)
}

/// The version of an image of the AWS CLI, if the image is one and its tag tells it.
fn cli_version(image: &str) -> Option<Option<(u32, u32)>> {
    let path = image.split('@').next().unwrap_or(image);
    let (name, tag) = path.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((path, ""));
    if !(name.ends_with("amazon/aws-cli") || name.ends_with("aws-cli/aws-cli")) {
        return None;
    }
    let mut parts = tag.split('.').map(str::parse);
    Some(match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    })
}

fn is_too_old((major, minor): (u32, u32)) -> bool {
    CLI.iter().any(|(of, least)| *of == major && minor < *least)
}

/// SDKs older than Pod Identity fall through to the node's role (2.7). Few images tell their SDK.
fn sdk(inventory: &Inventory, pods: &[PodRow]) -> Precondition {
    let what = "the SDKs in its images know Pod Identity";
    let images = pods.iter().filter_map(|pod| inventory.pod(&pod.id));
    let mut images: Vec<&str> = images.flat_map(|pod| pod.spec.containers.iter().map(|one| &*one.image)).collect();
    images.sort_unstable();
    images.dedup();
    let old = images.iter().find(|image| cli_version(image).flatten().is_some_and(is_too_old));
    if let Some(image) = old {
        let detail = format!("{image} does not: the AWS CLI does since 2.15.0 and 1.30.0");
        return Precondition::required(what, Some(false), detail);
    }
    let told = images.iter().all(|image| cli_version(image).flatten().is_some());
    match (images.is_empty(), told) {
        (true, _) => Precondition::required(what, Some(true), "it has no pods now"),
        (false, true) => Precondition::required(what, Some(true), images.join(", ")),
        (false, false) => {
            let least = "boto3 1.34.41, Java v2 2.21.30, Go v2 of 2023-11-14, JS v3 3.458.0, .NET 3.7.734.0";
            let detail = format!("their images do not tell; at least {least}");
            Precondition::required(what, None, detail)
        }
    }
}

/// A session of Pod Identity carries tags that every role behind it has to let pass (4.5).
fn chain(inventory: &Inventory, role: &RoleArn) -> Precondition {
    let what = "roles that it assumes from there allow sts:TagSession";
    let Some(detail) = inventory.role_detail(role) else {
        return Precondition::required(what, None, "the policies of the role have not been read");
    };
    let rule = "they need sts:TagSession in their trust policies and in this role's policies, or the session tags off";
    match detail.permission("sts:AssumeRole", "arn:aws:iam::*:role/*") {
        Permission::NotAllowed | Permission::Denied(_) => {
            Precondition::required(what, Some(true), "its policies let it assume no other role by a pattern")
        }
        Permission::Allowed(by) | Permission::Depends(by) => {
            Precondition::required(what, None, format!("{by} lets it assume others: {rule}"))
        }
        Permission::Unknown(action) => Precondition::required(what, None, format!("{action} is missing; {rule}")),
        Permission::Loading => Precondition::required(what, None, "not read yet"),
    }
}

/// The six session tags take most of the packed space (4.5): long names may not fit.
fn session_tags(inventory: &Inventory, id: &ServiceAccountId, pods: &[PodRow]) -> Precondition {
    let what = "its session tags fit";
    let cluster =
        inventory.cluster().known().map_or(0, |cluster| cluster.name.as_str().len() + cluster.arn.as_str().len());
    let pod = pods.iter().map(|pod| pod.id.name.as_str().len()).max().unwrap_or(0);
    let size = cluster + id.namespace.as_str().len() + id.name.as_str().len() + pod + 36;
    // A session's tags may have 256 characters each; what counts is their packed sum, which AWS does not publish.
    match size {
        ..=400 => Precondition::advisory(what, Some(true), format!("{size} characters")),
        _ => {
            let detail = format!("{size} characters: PackedPolicyTooLarge is possible, --no-session-tags avoids it");
            Precondition::advisory(what, None, detail)
        }
    }
}

/// Operators that read the annotation of other service accounts, by their images (4.6, findings ESO-SERVICEACCOUNTREF).
const READERS: [(&str, &str); 3] = [
    ("external-secrets", "a SecretStore that names it in serviceAccountRef"),
    ("secrets-store-csi-driver-provider-aws", "a SecretProviderClass without usePodIdentity"),
    ("mountpoint-s3-csi-driver", "a volume with authenticationSource: pod"),
];

/// Who else may use the annotation: custom resources are not read here.
fn others(inventory: &Inventory, id: &ServiceAccountId) -> Precondition {
    let what = "nobody else reads its annotation";
    let runs = |image: &str| {
        inventory.workloads().iter().any(|row| {
            let pods = inventory.pods_of_workload(&row.id);
            let pod = pods.first().and_then(|pod| inventory.pod(&pod.id));
            pod.is_some_and(|pod| pod.spec.containers.iter().any(|one| one.image.contains(image)))
        })
    };
    let found: Vec<&str> = READERS.iter().filter(|(image, _)| runs(image)).map(|(_, who)| *who).collect();
    match found.is_empty() {
        true => Precondition::advisory(what, Some(true), "no operator that does runs here"),
        false => Precondition::advisory(what, None, format!("look for {} of {id}", found.join(", and "))),
    }
}

/// Pods that a restart does not reach keep IRSA until they are recreated.
fn left_behind(pods: &[PodRow]) -> Option<Precondition> {
    let stays = |pod: &&PodRow| pod.resolution.now.mechanism == Mechanism::Irsa && !pod.workload.kind.can_restart();
    let mut names: Vec<String> = pods.iter().filter(stays).map(|pod| pod.workload.to_string()).collect();
    names.sort();
    names.dedup();
    let detail = format!("{}: never restarted from here, they keep IRSA until they are recreated", names.join(", "));
    (!names.is_empty()).then(|| Precondition::advisory("all of its pods can be restarted", Some(false), detail))
}
