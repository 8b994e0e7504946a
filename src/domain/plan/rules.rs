//! What EKS takes in an association, so that bad input is refused before any call, with the rule
//! (identity-resolution 4.3, 4.4).

use super::precondition as check;
use crate::domain::{arn::Arn, failure::Failure, id::RoleArn, inventory::Inventory};

/// Longest session policy, in characters (4.4).
pub const POLICY_LIMIT: usize = 2_048;
/// Tags that an association may have.
const TAG_LIMIT: usize = 50;

/// What an association is asked to have.
pub struct Asked<'a> {
    /// The role, in the cluster's account.
    pub role_arn: &'a RoleArn,
    /// The second hop.
    pub target_role_arn: Option<&'a RoleArn>,
    /// No session tags are sent.
    pub disable_session_tags: bool,
    /// Session policy.
    pub policy: Option<&'a str>,
    /// Tags of the association.
    pub tags: &'a [(String, String)],
}

impl Asked<'_> {
    /// Holds it against the rules.
    ///
    /// # Errors
    /// ARNs of the wrong kind, account or partition, session policies that break their rules, and tags that
    /// AWS would refuse.
    pub fn validate(&self, inventory: &Inventory) -> Result<(), Failure> {
        let role = check::role_arn(inventory, self.role_arn)?;
        own_account(inventory, &role)?;
        if let Some(target) = self.target_role_arn {
            check::role_arn(inventory, target)?;
        }
        if let Some(policy) = self.policy {
            session_policy(policy, self.disable_session_tags)?;
        }
        tags(self.tags)
    }
}

fn own_account(inventory: &Inventory, role: &Arn) -> Result<(), Failure> {
    match check::home(inventory) {
        Some(account) if account != role.account() => Err(check::usage(
            format!("{role} cannot be the role of an association here"),
            format!(
                "it is in account {}, the cluster in {account}; EKS takes only roles of its own account",
                role.account()
            ),
            "Associate a role of the cluster's account and name this one as target role",
        )),
        _ => Ok(()),
    }
}

fn session_policy(policy: &str, tags_disabled: bool) -> Result<(), Failure> {
    let what = "the session policy cannot be used";
    let length = policy.chars().count();
    if length > POLICY_LIMIT {
        let why = format!("it has {length} characters, EKS takes {POLICY_LIMIT}");
        return Err(check::usage(what, why, "Shorten it, or narrow the role's own policies"));
    }
    if !tags_disabled {
        let why = "EKS takes one only if session tags are off";
        return Err(check::usage(what, why, "Add --no-session-tags; conditions on the tags then no longer match"));
    }
    match serde_json::from_str::<serde_json::Value>(policy) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err(check::usage(what, "it is no JSON object", "Give a policy document")),
        Err(error) => Err(check::usage(what, format!("it is no JSON: {error}"), "Give a policy document")),
    }
}

fn tags(tags: &[(String, String)]) -> Result<(), Failure> {
    let refuse = |why: String| Err(check::usage("these tags cannot be used", why, "Change or leave out the tag"));
    if tags.len() > TAG_LIMIT {
        return refuse(format!("there are {}, EKS takes {TAG_LIMIT}", tags.len()));
    }
    for (index, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return refuse(format!("`{key}`: a key has 1 to 128 characters, a value at most 256"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return refuse(format!("`{key}`: keys that begin with aws: belong to AWS"));
        }
        if tags[..index].iter().any(|(other, _)| other == key) {
            return refuse(format!("`{key}` is given twice"));
        }
    }
    Ok(())
}
