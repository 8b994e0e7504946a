//! The hops of EKS Pod Identity: token, association, agent on the node, trust policy, role and the
//! second hop (identity-resolution 0.1, 4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};

use super::{
    admission::{self, Asking, walk_arn, walk_role},
    barrier,
    environment::{Settings, Token},
    facts::Facts,
    injection::{POD_IDENTITY_AUDIENCE, Proposal, Supposed},
    node_role::Agent,
    resolve::{Moment, Subject},
    trail::{Trail, reason, resting},
};
use crate::domain::{
    association::{Association, AssociationDetail},
    cluster::Cluster,
    fact::Fact,
    failure::Failure,
    id::{AssociationId, RoleArn},
    identity::{HopKind, Verdict},
    network::foreign::Address,
    permission::{ASSUME_FOR_POD_IDENTITY, Permission},
    role::Role,
};

/// Where the agent listens, port 80 (4.1).
const AGENT_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23));

/// The same in IPv6 clusters: `fd00:ec2::23`.
const AGENT_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23));

/// What the association says: for the fields of an identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub association: Option<AssociationId>,
    /// Its role.
    pub role: Option<RoleArn>,
    /// Role of the second hop.
    pub target: Option<RoleArn>,
}

/// How long credentials of an association stay in use after it changed (4.4).
pub fn lifetime(detail: &AssociationDetail) -> SignedDuration {
    if detail.target_role_arn.is_some() { SignedDuration::from_mins(59) } else { SignedDuration::from_hours(6) }
}

/// Until when pods that are older than its last change may still use what it said before.
pub fn cached_until(detail: &AssociationDetail) -> Option<Timestamp> {
    detail.modified_at?.checked_add(lifetime(detail)).ok()
}

/// Walks all hops.
pub fn walk(facts: &Facts, subject: &Subject<'_>, settings: &Settings, moment: Moment, trail: &mut Trail) -> Grant {
    trail.hop(HopKind::Pod, || subject.title());
    walk_token(settings, trail);
    trail.hop(HopKind::Association, || subject.account.to_string());
    if let (Supposed::With(proposal), Moment::Next) = (&subject.supposed, moment) {
        return walk_supposed(facts, subject, proposal, trail);
    }
    match facts.association(subject.account) {
        Fact::Known(association) => walk_association(facts, subject, association, moment, trail),
        Fact::Absent => {
            let message = format!(
                "There is no association for {} any more; credentials of these pods end when the cached ones expire.",
                subject.account
            );
            trail.fail(Verdict::Broken, "association", || "none".to_owned(), reason(Some("ASSOC-GONE"), message));
            walk_agent(facts, subject, trail);
            Grant::default()
        }
        Fact::Loading => {
            trail.waiting("association");
            Grant::default()
        }
        Fact::Unknown(failure) => {
            let message = "Associations cannot be read.";
            let action = admission::action(&failure, "eks:ListPodIdentityAssociations");
            trail.fail(
                Verdict::Unknown,
                "association",
                || "cannot be read".to_owned(),
                resting(None, message, &*action),
            );
            walk_agent(facts, subject, trail);
            Grant::default()
        }
    }
}

/// Whether an association works, apart from nodes; `None` while an answer that decides is missing.
pub fn judge(facts: &Facts, subject: &Subject<'_>, association: &Association) -> Option<(Verdict, Option<String>)> {
    let mut trail = Trail::default();
    walk_platform(facts, &mut trail);
    match &association.detail {
        Fact::Known(detail) => walk_roles(facts, subject, detail, &mut trail),
        Fact::Loading | Fact::Absent => return None,
        Fact::Unknown(failure) => undescribed(association, failure, &mut trail),
    }
    if trail.is_loading() {
        return None;
    }
    let verdict = trail.verdict();
    Some((verdict, trail.take_reasons().into_iter().next().map(|reason| reason.message)))
}

fn undescribed(association: &Association, failure: &Failure, trail: &mut Trail) {
    let message = format!("The role of association {} cannot be read.", association.id);
    let action = admission::action(failure, "eks:DescribePodIdentityAssociation");
    trail.fail(Verdict::Unknown, "role", || "cannot be read".to_owned(), resting(None, message, &*action));
}

fn walk_supposed(facts: &Facts, subject: &Subject<'_>, proposal: &Proposal, trail: &mut Trail) -> Grant {
    trail.ok("association", || "as planned".to_owned());
    walk_platform(facts, trail);
    walk_agent(facts, subject, trail);
    walk_roles(facts, subject, &proposal.detail, trail);
    let detail = &proposal.detail;
    Grant { association: None, role: Some(detail.role_arn.clone()), target: detail.target_role_arn.clone() }
}

/// The role as it would be: with its edited trust policy, where a plan supposes one.
fn supposed_role<'a>(facts: &'a Facts, subject: &'a Subject<'_>, arn: &RoleArn) -> Fact<&'a Role> {
    match &subject.supposed {
        Supposed::With(proposal) => match &proposal.edited {
            Some(role) if role.arn.as_str() == arn.as_str() => Fact::Known(role),
            _ => facts.role(arn),
        },
        Supposed::Live | Supposed::Without => facts.role(arn),
    }
}

fn walk_token(settings: &Settings, trail: &mut Trail) {
    let what = "AWS_CONTAINER_CREDENTIALS_FULL_URI, token file";
    match &settings.authorization {
        Token::Projected(Some(audience)) if **audience == *POD_IDENTITY_AUDIENCE => {
            trail.ok("injected", || what.to_owned())
        }
        Token::Projected(audience) | Token::SubPath(audience) if audience.as_deref() != Some(POD_IDENTITY_AUDIENCE) => {
            let shown = audience.as_deref().unwrap_or("the API server's").to_owned();
            let message =
                format!("The audience of the token is {shown}; the agent accepts only {POD_IDENTITY_AUDIENCE}.");
            trail.fail(Verdict::Broken, "token file", || format!("audience {shown}"), reason(None, message));
        }
        Token::Projected(_) | Token::SubPath(_) => {
            let message = "The token is mounted through a subPath and is never refreshed: it works until it expires.";
            let found = resting(Some("SUBPATH-TOKEN"), message, "age of the token");
            trail.fail(Verdict::Depends, "token file", || "through a subPath".to_owned(), found);
        }
        Token::Unseen => walk_unseen_token(trail),
        Token::Missing if settings.authorization_text => walk_unseen_token(trail),
        Token::Missing => {
            let message = "AWS_CONTAINER_CREDENTIALS_FULL_URI is set without a token file that is mounted: the agent refuses such calls.";
            trail.fail(Verdict::Broken, "token file", || "not mounted".to_owned(), reason(None, message));
        }
    }
}

fn walk_unseen_token(trail: &mut Trail) {
    let message = "What the container sends to the agent as its token cannot be read from here.";
    trail.fail(
        Verdict::Depends,
        "token file",
        || "not a projected token".to_owned(),
        resting(None, message, "token file"),
    );
}

fn walk_association(
    facts: &Facts,
    subject: &Subject<'_>,
    association: &Association,
    moment: Moment,
    trail: &mut Trail,
) -> Grant {
    trail.ok("association", || association.id.to_string());
    walk_platform(facts, trail);
    let mut grant = Grant { association: Some(association.id.clone()), role: None, target: None };
    let detail = match &association.detail {
        Fact::Known(detail) => detail,
        Fact::Loading | Fact::Absent => {
            trail.waiting("role");
            walk_agent(facts, subject, trail);
            return grant;
        }
        Fact::Unknown(failure) => {
            undescribed(association, failure, trail);
            walk_agent(facts, subject, trail);
            return grant;
        }
    };
    grant.role = Some(detail.role_arn.clone());
    grant.target.clone_from(&detail.target_role_arn);
    if moment == Moment::Now && subject.age.stale {
        walk_cache(association, detail, trail);
    }
    walk_agent(facts, subject, trail);
    walk_roles(facts, subject, detail, trail);
    grant
}

fn walk_cache(association: &Association, detail: &AssociationDetail, trail: &mut Trail) {
    let Some(until) = cached_until(detail) else { return };
    let until = until.round(jiff::Unit::Second).unwrap_or(until);
    let message = format!(
        "Association {} changed after these pods started; they may use cached credentials until {until}.",
        association.id
    );
    let found = resting(Some("PI-STALE-CREDS"), message, format!("cached credentials until {until}"));
    trail.fail(Verdict::Depends, "credentials", || format!("cached until {until}"), found);
}

fn walk_roles(facts: &Facts, subject: &Subject<'_>, detail: &AssociationDetail, trail: &mut Trail) {
    let role = &detail.role_arn;
    let session_tags = !detail.disable_session_tags;
    if !walk_arn(facts, trail, role, "The association's role") {
        return;
    }
    let found = supposed_role(facts, subject, role);
    walk_role(facts, trail, (role, found), subject.account, &Asking::PodIdentity(session_tags));
    let Some(target) = &detail.target_role_arn else { return };
    if walk_arn(facts, trail, target, "The association's target role") {
        walk_second_hop(facts, role, target, session_tags, trail);
        let found = facts.role(target);
        walk_role(facts, trail, (target, found), subject.account, &Asking::Target { source: role, session_tags });
    }
}

/// Whether the association's role may assume the target, with the tags that EKS passes on (4.6).
fn walk_second_hop(facts: &Facts, role: &RoleArn, target: &RoleArn, session_tags: bool, trail: &mut Trail) {
    const NAME: &str = "second hop";
    let actions: &[&str] = if session_tags { &["sts:AssumeRole", "sts:TagSession"] } else { &["sts:AssumeRole"] };
    for action in actions {
        let may = format!("perform {action} on {target}");
        match facts.permission(role, action, target.as_str()) {
            Permission::Allowed(by) => trail.ok(NAME, || format!("{action} by {by}")),
            Permission::Loading => trail.unasked(NAME, "not read yet"),
            Permission::NotAllowed | Permission::Denied(_) => {
                let message = format!("{} may not {may}: its own policies do not allow it.", admission::short(role));
                trail.fail(
                    Verdict::Broken,
                    NAME,
                    || format!("{action} not allowed"),
                    reason(Some("PI-TARGET-CHAIN"), message),
                );
            }
            Permission::Depends(on) => {
                let message = format!("Whether {} may {may} depends on {on}.", admission::short(role));
                trail.fail(Verdict::Depends, NAME, || on.to_string(), resting(Some("PI-TARGET-CHAIN"), message, &*on));
            }
            Permission::Unknown(missing) => {
                let message = format!("What {} may do cannot be read.", admission::short(role));
                trail.fail(Verdict::Unknown, NAME, || "cannot be read".to_owned(), resting(None, message, &*missing));
            }
        }
    }
}

fn walk_agent(facts: &Facts, subject: &Subject<'_>, trail: &mut Trail) {
    trail.hop(HopKind::Agent, || subject.node_title());
    let agent = if subject.spec.windows { Agent::Unsupported("Windows") } else { subject.node.agent };
    match agent {
        Agent::Ready | Agent::BuiltIn => {
            trail.ok("agent", || agent.word().to_owned());
            walk_agent_permission(&subject.node.agent_permission, trail);
            let ipv6 = facts.cluster.known().is_some_and(|cluster| cluster.ipv6);
            let address = Address { ip: if ipv6 { AGENT_V6 } else { AGENT_V4 }, of_host: true };
            barrier::walk(facts, subject, address, "PI-NETPOL", "the Pod Identity agent", trail);
            barrier::walk_groups(facts, subject, trail);
        }
        Agent::Loading => trail.waiting("agent"),
        Agent::Unknown => {
            let message = "Whether the Pod Identity agent runs on this node cannot be seen.";
            trail.fail(
                Verdict::Unknown,
                "agent",
                || "cannot be seen".to_owned(),
                resting(None, message, "list pods in kube-system"),
            );
        }
        Agent::Some => {
            let message = "The Pod Identity agent is ready on some nodes only.";
            trail.fail(
                Verdict::Depends,
                "agent",
                || "on some nodes".to_owned(),
                resting(Some("PI-AGENT-DOWN"), message, "the node"),
            );
        }
        Agent::Missing | Agent::NotReady | Agent::Unsupported(_) => no_agent(agent, trail),
    }
}

/// The agent asks EKS Auth with the role of its node (4.1).
fn walk_agent_permission(permission: &Permission, trail: &mut Trail) {
    const NAME: &str = "node role";
    let lacks = format!("The role of the node may not perform {ASSUME_FOR_POD_IDENTITY}");
    match permission {
        Permission::Allowed(by) => trail.ok(NAME, || by.to_string()),
        Permission::Loading => trail.unasked(NAME, "not read yet"),
        Permission::NotAllowed => {
            let found = reason(Some("PI-NODE-ROLE-PERM"), format!("{lacks}: no policy of it allows that."));
            trail.fail(Verdict::Broken, NAME, || "may not".to_owned(), found);
        }
        Permission::Denied(by) => {
            let found = reason(Some("PI-NODE-ROLE-PERM"), format!("{lacks}: {by} denies it."));
            trail.fail(Verdict::Broken, NAME, || format!("denied by {by}"), found);
        }
        Permission::Depends(on) => {
            let message =
                format!("Whether the role of the node may perform {ASSUME_FOR_POD_IDENTITY} depends on {on}.");
            trail.fail(Verdict::Depends, NAME, || on.to_string(), resting(None, message, &**on));
        }
        Permission::Unknown(action) => {
            let message = "What the role of the node may do cannot be read.";
            trail.fail(Verdict::Unknown, NAME, || "cannot be read".to_owned(), resting(None, message, &**action));
        }
    }
}

fn no_agent(agent: Agent, trail: &mut Trail) {
    let (code, message) = match agent {
        Agent::Unsupported("Windows") => ("WINDOWS-SELECTOR", "Pod Identity does not work on Windows."),
        Agent::Unsupported(_) => ("PI-FARGATE", "Pod Identity does not work on Fargate: no agent listens there."),
        Agent::NotReady => ("PI-AGENT-DOWN", "The Pod Identity agent on this node is not ready."),
        _ => ("PI-AGENT-DOWN", "No Pod Identity agent runs on this node."),
    };
    trail.fail(Verdict::Broken, "agent", || agent.word().to_owned(), reason(Some(code), message));
}

/// Platform versions before which EKS has no Pod Identity (4.4).
const FIRST_PLATFORMS: [(u32, u32); 8] = [(24, 13), (25, 10), (26, 9), (27, 8), (28, 4), (29, 1), (30, 2), (31, 4)];

fn walk_platform(facts: &Facts, trail: &mut Trail) {
    let Some(cluster) = facts.cluster.known().filter(|cluster| is_too_old(cluster)) else { return };
    let platform = cluster.platform_version.as_deref().unwrap_or("unknown");
    let message = format!("Kubernetes {} on platform {platform} has no Pod Identity yet.", cluster.version);
    trail.fail(Verdict::Broken, "platform", || platform.to_owned(), reason(Some("PLATFORM-TOO-OLD"), message));
}

/// Whether the platform of a cluster has no Pod Identity yet (4.4).
pub fn is_too_old(cluster: &Cluster) -> bool {
    let Some(minor) = cluster.minor() else { return false };
    let platform = cluster.platform_version.as_deref().and_then(|version| version.strip_prefix("eks."));
    let platform = platform.and_then(|number| number.parse::<u32>().ok());
    let first = FIRST_PLATFORMS.iter().find(|(version, _)| *version == minor).map(|(_, first)| *first);
    minor < 24 || first.zip(platform).is_some_and(|(first, platform)| platform < first)
}
