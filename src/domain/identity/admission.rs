//! Whether roles let a service account in: the trust policy and the existence of a role as hops,
//! judged by the trust evaluator (identity-resolution 4.6, 5.2).

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    facts::Facts,
    trail::{Trail, reason, resting},
};
use crate::domain::{
    arn::Arn,
    cluster::Cluster,
    fact::Fact,
    failure::Failure,
    id::{RoleArn, ServiceAccountId},
    identity::{HopKind, Reason, Verdict},
    permission::RoleDetail,
    role::Role,
    trust::{self, Decision, Request},
};

/// Who asks a role in.
#[derive(Clone, Debug)]
pub enum Asking<'a> {
    /// A pod with a web identity token of this audience.
    Irsa(&'a str),
    /// EKS for an association; whether it sends session tags.
    PodIdentity(bool),
    /// The session of an association's role, for the second hop.
    Target {
        /// The association's role.
        source: &'a RoleArn,
        /// Session tags are sent.
        session_tags: bool,
    },
    /// EC2, for a node.
    Node,
}

/// What the trust policy of a role answers. `None` if its document cannot be parsed.
pub fn decide(
    cluster: &Cluster,
    role: &Role,
    account: &ServiceAccountId,
    asking: &Asking<'_>,
    now: Timestamp,
) -> Option<Decision> {
    let document = role.trust.document.as_ref().ok()?;
    Some(trust::evaluate(document, &request(cluster, role, account, asking, now)))
}

/// The question of a service account to a role, as the trust engine takes it.
pub fn request(
    cluster: &Cluster,
    role: &Role,
    account: &ServiceAccountId,
    asking: &Asking<'_>,
    now: Timestamp,
) -> Request {
    let tags = role.tags.as_ref().map(|tags| tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect());
    let asked = trust::Role { arn: role.arn.as_str().to_owned(), tags };
    let home =
        trust::Cluster::new(cluster.name.as_str(), cluster.arn.as_str(), cluster.issuer.as_deref().unwrap_or_default());
    let (namespace, name) = (account.namespace.as_str(), account.name.as_str());
    match asking {
        Asking::Irsa(audience) => {
            let mut request = Request::irsa(asked, home, namespace, name, now);
            request.audience = Some((*audience).to_owned());
            request
        }
        Asking::PodIdentity(session_tags) => {
            let mut request = Request::pod_identity(asked, home, namespace, name, now);
            request.session_tags = *session_tags;
            request
        }
        Asking::Target { source, session_tags } => {
            let mut request = Request::pod_identity_target(asked, home, namespace, name, source.as_str(), now);
            request.session_tags = *session_tags;
            request
        }
        Asking::Node => Request::node(asked, home, now),
    }
}

/// Walks the trust policy and the role as it is, or as a plan would have it. The ARN must have been judged by
/// [`walk_arn`] before.
pub fn walk_role(
    facts: &Facts,
    trail: &mut Trail,
    (arn, role): (&RoleArn, Fact<&Role>),
    account: &ServiceAccountId,
    asking: &Asking<'_>,
) {
    if matches!(asking, Asking::Target { .. }) {
        trail.hop(HopKind::TargetRole, || short(arn));
    } else {
        trail.hop(HopKind::TrustPolicy, || trust_subject(facts, &role, account, asking));
    }
    match &role {
        Fact::Known(role) => walk_trust(facts, trail, role, account, asking),
        Fact::Absent => trail.unasked("document", "there is no such role"),
        Fact::Loading => trail.waiting("document"),
        Fact::Unknown(failure) => {
            let (verdict, found) = unread(arn, facts, failure, asking);
            trail.fail(verdict, "document", || "cannot be read".to_owned(), found);
        }
    }
    if !matches!(asking, Asking::Target { .. }) {
        trail.hop(HopKind::Role, || short(arn));
    }
    match role {
        Fact::Known(_) => {
            trail.ok("exists", || arn.to_string());
            trail.unasked("permissions", &permissions(facts, arn));
        }
        Fact::Absent => {
            let message = format!("IAM knows no role {arn}.");
            trail.fail(Verdict::Broken, "exists", || "no such role".to_owned(), reason(Some("ROLE-MISSING"), message));
        }
        Fact::Loading => trail.waiting("exists"),
        Fact::Unknown(_) => trail.unasked("exists", "cannot be read"),
    }
}

/// The names of its policies, once somebody looked at the role.
fn permissions(facts: &Facts, arn: &RoleArn) -> String {
    let names: Vec<&str> =
        facts.role_detail(arn).into_iter().flat_map(RoleDetail::policies).map(|policy| &*policy.name).collect();
    if names.is_empty() { "not read".to_owned() } else { names.join(", ") }
}

fn trust_subject(facts: &Facts, role: &Fact<&Role>, account: &ServiceAccountId, asking: &Asking<'_>) -> String {
    let (Fact::Known(role), Some(cluster)) = (role, facts.cluster.known()) else { return String::new() };
    let Ok(document) = &role.trust.document else { return role.name.to_string() };
    let statement = decide(cluster, role, account, asking, facts.now).and_then(|decision| decision.statement);
    match statement {
        Some(index) => format!("statement {} of {}", index + 1, document.statements().len()),
        None => format!("{} statements", document.statements().len()),
    }
}

/// A role that could not be read: of another account it rests on that account, else a permission is missing.
fn unread(arn: &RoleArn, facts: &Facts, failure: &Failure, asking: &Asking<'_>) -> (Verdict, Reason) {
    let foreign = foreign_account(facts, arn);
    match foreign {
        Some(account) => {
            let code = matches!(asking, Asking::Target { .. }).then_some("PI-TARGET-CHAIN");
            let message =
                format!("{} belongs to account {account}; its trust policy cannot be read from here.", short(arn));
            (Verdict::Depends, resting(code, message, format!("trust policy of {arn}")))
        }
        None => {
            let action = failure.action.as_deref().unwrap_or("iam:GetRole");
            (Verdict::Unknown, resting(None, format!("{} cannot be read: {}.", short(arn), trim(&failure.why)), action))
        }
    }
}

fn trim(text: &str) -> &str {
    text.trim_end_matches('.')
}

/// The account of a role, if it is not the cluster's.
pub fn foreign_account(facts: &Facts, arn: &RoleArn) -> Option<String> {
    let account = Arn::role(arn.as_str()).ok()?.account();
    let cluster = facts.cluster.known()?;
    (cluster.account() != account).then(|| account.to_string())
}

fn walk_trust(facts: &Facts, trail: &mut Trail, role: &Role, account: &ServiceAccountId, asking: &Asking<'_>) {
    let Some(cluster) = facts.cluster.known() else { return trail.waiting("document") };
    let Some(decision) = decide(cluster, role, account, asking, facts.now) else {
        let message = format!("The trust policy of {} cannot be understood.", role.name);
        return trail.fail(
            Verdict::Depends,
            "document",
            || "not valid".to_owned(),
            resting(None, message, "policy document"),
        );
    };
    let name = check_name(asking, decision.code);
    match &decision.verdict {
        trust::Verdict::Allow => trail.ok(name, || format!("admits {}:{}", account.namespace, account.name)),
        trust::Verdict::Deny { .. } => {
            let found = reason(Some(code(asking, decision.code)), decision.reason.clone());
            trail.fail(
                Verdict::Broken,
                name,
                || decision.hint.clone().unwrap_or_else(|| "does not admit it".to_owned()),
                found,
            );
            evidence(trail, &decision);
        }
        trust::Verdict::Depends(keys) => {
            let found = Reason { code: decision.code, message: decision.reason.clone(), depends_on: keys.clone() };
            trail.fail(Verdict::Depends, name, || keys.join(", "), found);
        }
        trust::Verdict::Invalid => {
            let found = resting(decision.code, decision.reason.clone(), "policy document");
            trail.fail(Verdict::Depends, "document", || "IAM would not save it".to_owned(), found);
        }
    }
}

fn evidence(trail: &mut Trail, decision: &Decision) {
    for (label, value) in [("policy", &decision.expected), ("pod", &decision.found)] {
        if let Some(value) = value {
            trail.evidence(label, || value.replace("system:serviceaccount:", "..:"));
        }
    }
}

fn check_name(asking: &Asking<'_>, code: Option<&str>) -> &'static str {
    match code {
        Some("IRSA-AUDIENCE") => "aud",
        Some("IRSA-FOREIGN-ISSUER") => "issuer",
        Some("CONDITION-KEY-TYPO") => "key",
        Some("PI-TRUST-CONDITION") => "condition",
        _ => match asking {
            Asking::Irsa(_) => "sub",
            Asking::PodIdentity(_) | Asking::Node => "service",
            Asking::Target { .. } => "principal",
        },
    }
}

fn code(asking: &Asking<'_>, decided: Option<&'static str>) -> &'static str {
    match asking {
        Asking::Target { .. } => "PI-TARGET-CHAIN",
        Asking::Irsa(_) => decided.unwrap_or("IRSA-SUB-MISMATCH"),
        Asking::PodIdentity(_) | Asking::Node => decided.unwrap_or("PI-TRUST-INVALID"),
    }
}

/// Judges an ARN as it was written: its form, then its partition. False if nothing behind it can be asked.
pub fn walk_arn(facts: &Facts, trail: &mut Trail, arn: &RoleArn, place: &str) -> bool {
    let parsed = match Arn::role(arn.as_str()) {
        Ok(parsed) if has_legal_characters(&parsed) => parsed,
        _ => {
            let message = format!("{place} `{}` is not the ARN of an IAM role.", clip(arn.as_str()));
            trail.fail(Verdict::Broken, "role ARN", || "malformed".to_owned(), reason(Some("ROLE-MISSING"), message));
            return false;
        }
    };
    let Some(cluster) = facts.cluster.known() else { return true };
    let partition = cluster.arn.partition();
    if parsed.partition() == partition {
        return true;
    }
    let message = format!("{place} names partition {}, but this cluster is in {partition}.", clip(parsed.partition()));
    trail.fail(Verdict::Broken, "role ARN", || "another partition".to_owned(), reason(Some("ROLE-MISSING"), message));
    false
}

/// The pattern of 1.5, as far as [`Arn::role`] has not checked it.
fn has_legal_characters(arn: &Arn) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.@+=,".contains(&byte);
    let name = arn.resource().strip_prefix("role/").unwrap_or_default();
    let rest = arn.partition().strip_prefix("aws");
    name.bytes().all(legal)
        && rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

/// The name of a role, or the start of what was written instead.
pub fn short(arn: &RoleArn) -> String {
    let name = Arn::role(arn.as_str()).ok().and_then(|arn| arn.role_name());
    name.map_or_else(|| clip(arn.as_str()), |name| name.to_string())
}

/// The start of a text that may be of any length.
pub fn clip(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text of a failure's missing permission.
pub fn action(failure: &Failure, usual: &str) -> Arc<str> {
    failure.action.as_deref().unwrap_or(usual).into()
}
