//! Naming and picking a role: a name or an ARN as somebody typed it, and every role of the
//! account judged for one service account, so that the picker shows which ones are ready.

use jiff::Timestamp;

use super::precondition as check;
use crate::domain::{
    arn::Arn,
    failure::{Failure, FailureKind},
    id::{AccountId, RoleArn, RoleName, ServiceAccountId},
    identity::Mechanism,
    inventory::Inventory,
    trust::Verdict,
};

/// Whether a role could be associated as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// Its trust policy admits the service account.
    Ready,
    /// Its trust policy does not, and why.
    NeedsTrustEdit(String),
    /// It cannot be told, and why.
    Unknown(String),
    /// It lives in another account: at most a target role.
    OtherAccount,
}

impl Judgement {
    /// In a few words, as the picker shows it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NeedsTrustEdit(_) => "needs a trust edit",
            Self::Unknown(_) => "unknown",
            Self::OtherAccount => "other account",
        }
    }

    /// Why, where there is something to say.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NeedsTrustEdit(reason) | Self::Unknown(reason) => Some(reason),
            Self::Ready => None,
            Self::OtherAccount => Some("only as a target role"),
        }
    }
}

/// A role in the picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleCandidate {
    /// Its ARN.
    pub arn: RoleArn,
    /// Its name.
    pub name: RoleName,
    /// Whether it could be associated.
    pub judgement: Judgement,
}

/// Every role of the account, and those of other accounts that something names; ready ones first.
/// Service-linked roles are left out: nobody can pass them.
pub fn role_candidates(inventory: &Inventory, id: &ServiceAccountId, now: Timestamp) -> Vec<RoleCandidate> {
    let passable = inventory.known_roles().filter(|role| !role.arn.resource().starts_with("role/aws-service-role/"));
    let mut candidates: Vec<RoleCandidate> = passable
        .map(|role| {
            let arn = RoleArn::from(role.arn.as_str());
            RoleCandidate { judgement: judge(inventory, &arn, id, now), name: role.name.clone(), arn }
        })
        .collect();
    let account = account(inventory);
    let elsewhere = inventory.roles().into_iter().filter(|row| row.account.is_some() && row.account != account);
    candidates.extend(elsewhere.map(|row| RoleCandidate {
        arn: row.arn,
        name: row.name,
        judgement: Judgement::OtherAccount,
    }));
    candidates.sort_by(|a, b| (rank(&a.judgement), &a.name).cmp(&(rank(&b.judgement), &b.name)));
    candidates
}

fn rank(judgement: &Judgement) -> u8 {
    match judgement {
        Judgement::Ready => 0,
        Judgement::Unknown(_) => 1,
        Judgement::NeedsTrustEdit(_) => 2,
        Judgement::OtherAccount => 3,
    }
}

fn judge(inventory: &Inventory, arn: &RoleArn, id: &ServiceAccountId, now: Timestamp) -> Judgement {
    match inventory.trust_decision(arn, id, Mechanism::PodIdentity, now) {
        None => Judgement::Unknown("its trust policy could not be read".to_owned()),
        Some(decision) => match decision.verdict {
            Verdict::Allow => Judgement::Ready,
            Verdict::Deny { .. } => Judgement::NeedsTrustEdit(decision.reason),
            Verdict::Depends(_) | Verdict::Invalid => Judgement::Unknown(decision.reason),
        },
    }
}

fn account(inventory: &Inventory) -> Option<AccountId> {
    let known = inventory.cluster().known().map(|cluster| cluster.account());
    known.or_else(|| inventory.target().account.clone())
}

/// A role's ARN from its name or ARN as somebody typed it.
///
/// # Errors
/// The text is neither, or no role has that name; then the nearest names are told.
pub fn name_role(inventory: &Inventory, text: &str) -> Result<RoleArn, Failure> {
    let text = text.trim();
    if text.starts_with("arn:") {
        let arn = Arn::role(text).map_err(|error| {
            check::usage("this is no role", error.to_string(), "Give the ARN or the name of an IAM role")
        })?;
        return Ok(RoleArn::from(arn.as_str()));
    }
    if !is_role_name(text) {
        let why = "the name of a role is 1 to 64 letters, digits and _+=,.@-";
        return Err(check::usage(format!("`{text}` cannot be a role"), why, "Give the ARN or the name of an IAM role"));
    }
    let known = inventory.known_roles().find(|role| role.name.as_str() == text);
    match known {
        Some(role) => Ok(RoleArn::from(role.arn.as_str())),
        None => unlisted(inventory, text),
    }
}

/// A name with or without its path.
fn is_role_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// Where no role could be listed, the name is taken at its word in the cluster's account.
fn unlisted(inventory: &Inventory, name: &str) -> Result<RoleArn, Failure> {
    if inventory.known_roles().next().is_none()
        && let Some(cluster) = inventory.cluster().known()
    {
        let (partition, account) = (cluster.arn.partition(), cluster.account());
        return Ok(RoleArn::from(format!("arn:{partition}:iam::{account}:role/{name}")));
    }
    let nearest = nearest(inventory, name);
    let next = if nearest.is_empty() {
        "`rolecall get roles` shows those that exist; a role of another account needs its ARN".to_owned()
    } else {
        format!("Did you mean {}?", nearest.join(", "))
    };
    let what = format!("there is no role `{name}`");
    Err(Failure::new(FailureKind::NotFound, what, "no role of the cluster's account has this name", next))
}

fn nearest(inventory: &Inventory, name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = inventory
        .known_roles()
        .map(|role| (strsim::damerau_levenshtein(&role.name.as_str().to_ascii_lowercase(), &lower), role.name.as_str()))
        .filter(|(distance, known)| *distance <= 1 + name.len() / 4 || known.to_ascii_lowercase().contains(&lower))
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, known)| format!("`{known}`")).collect()
}
