//! EKS Pod Identity associations, as the EKS API 2017-11-01 gives them.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    fact::Fact,
    id::{AssociationId, RoleArn, ServiceAccountId},
};

/// Most associations of one cluster, as EKS documents it; older pages say 1,000 (identity-resolution 4.4).
pub const QUOTA: usize = 5_000;

/// One association. The list call gives everything but `detail` (ListPodIdentityAssociations
/// carries no role), which needs one Describe a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// `a-…`.
    pub id: AssociationId,
    /// Its own ARN.
    pub arn: Arc<str>,
    /// Whom it is for; neither needs to exist.
    pub service_account: ServiceAccountId,
    /// The add-on that owns it, if one does: change it through the add-on.
    pub owner_arn: Option<Arc<str>>,
    /// What only Describe tells.
    pub detail: Fact<AssociationDetail>,
}

/// What DescribePodIdentityAssociation adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociationDetail {
    /// The role, in the cluster's account.
    pub role_arn: RoleArn,
    /// The role assumed in a second hop, in any account.
    pub target_role_arn: Option<RoleArn>,
    /// `sts:ExternalId` of the second hop.
    pub external_id: Option<Arc<str>>,
    /// No session tags are sent.
    pub disable_session_tags: bool,
    /// Session policy, JSON text of at most 2,048 characters.
    pub policy: Option<Arc<str>>,
    /// Tags of the association.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub modified_at: Option<Timestamp>,
}

/// What UpdatePodIdentityAssociation can change of an association.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The role, in the cluster's account.
    pub role_arn: RoleArn,
    /// The role assumed in a second hop, in any account.
    pub target_role_arn: Option<RoleArn>,
    /// No session tags are sent.
    pub disable_session_tags: bool,
    /// Session policy, JSON text.
    pub policy: Option<Arc<str>>,
}

/// Everything of an association that a call can set; what else it has, EKS gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationSettings {
    /// What an update can change.
    #[serde(flatten)]
    pub updatable: Settings,
    /// Tags of the association, which have calls of their own.
    pub tags: BTreeMap<String, String>,
}

impl AssociationDetail {
    /// What of it an update can change.
    pub fn updatable(&self) -> Settings {
        Settings {
            role_arn: self.role_arn.clone(),
            target_role_arn: self.target_role_arn.clone(),
            disable_session_tags: self.disable_session_tags,
            policy: self.policy.clone(),
        }
    }

    /// What of it a call can set.
    pub fn settings(&self) -> AssociationSettings {
        AssociationSettings { updatable: self.updatable(), tags: self.tags.clone() }
    }
}

impl Settings {
    /// As `- name value` and `+ name value`, what differs from other settings.
    pub fn difference(&self, other: &Self) -> String {
        let ours = self.members();
        let mut lines = String::new();
        for ((name, before), (_, after)) in ours.iter().zip(other.members()).filter(|(one, two)| one.1 != two.1) {
            lines.extend(before.iter().map(|value| format!("- {name}  {value}\n")));
            lines.extend(after.iter().map(|value| format!("+ {name}  {value}\n")));
        }
        lines
    }

    /// Its members by the names of the API; `None`: not set.
    pub fn members(&self) -> [(&'static str, Option<String>); 4] {
        [
            ("roleArn", Some(self.role_arn.to_string())),
            ("targetRoleArn", self.target_role_arn.as_ref().map(ToString::to_string)),
            ("disableSessionTags", Some(self.disable_session_tags.to_string())),
            ("policy", self.policy.as_deref().map(str::to_owned)),
        ]
    }
}

impl AssociationSettings {
    /// How these differ from others, one clause each: `role a, not b`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let role = |arn: Option<&RoleArn>| arn.map_or_else(|| "none".to_owned(), ToString::to_string);
        let (ours, theirs) = (&self.updatable, &other.updatable);
        let mut found = Vec::new();
        if ours.role_arn != theirs.role_arn {
            found.push(format!("role {}, not {}", ours.role_arn, theirs.role_arn));
        }
        if ours.target_role_arn != theirs.target_role_arn {
            let (now, then) = (role(ours.target_role_arn.as_ref()), role(theirs.target_role_arn.as_ref()));
            found.push(format!("target role {now}, not {then}"));
        }
        if ours.disable_session_tags != theirs.disable_session_tags {
            found.push(format!(
                "session tags {}",
                if ours.disable_session_tags { "off, not on" } else { "on, not off" }
            ));
        }
        if ours.policy != theirs.policy {
            found.push("another session policy".to_owned());
        }
        if self.tags != other.tags {
            found.push(format!("tags {:?}, not {:?}", self.tags, other.tags));
        }
        found
    }
}
