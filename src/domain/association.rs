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

/// Everything of an association that a call can set; what else it has, EKS gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationSettings {
    /// The role, in the cluster's account.
    pub role_arn: RoleArn,
    /// The role assumed in a second hop, in any account.
    pub target_role_arn: Option<RoleArn>,
    /// No session tags are sent.
    pub disable_session_tags: bool,
    /// Session policy, JSON text.
    pub policy: Option<Arc<str>>,
    /// Tags of the association.
    pub tags: BTreeMap<String, String>,
}

impl AssociationDetail {
    /// What of it a call can set.
    pub fn settings(&self) -> AssociationSettings {
        AssociationSettings {
            role_arn: self.role_arn.clone(),
            target_role_arn: self.target_role_arn.clone(),
            disable_session_tags: self.disable_session_tags,
            policy: self.policy.clone(),
            tags: self.tags.clone(),
        }
    }
}

impl AssociationSettings {
    /// How these differ from others, one clause each: `role a, not b`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let role = |arn: Option<&RoleArn>| arn.map_or_else(|| "none".to_owned(), ToString::to_string);
        let mut found = Vec::new();
        if self.role_arn != other.role_arn {
            found.push(format!("role {}, not {}", self.role_arn, other.role_arn));
        }
        if self.target_role_arn != other.target_role_arn {
            let (now, then) = (role(self.target_role_arn.as_ref()), role(other.target_role_arn.as_ref()));
            found.push(format!("target role {now}, not {then}"));
        }
        if self.disable_session_tags != other.disable_session_tags {
            found.push(format!(
                "session tags {}",
                if self.disable_session_tags { "off, not on" } else { "on, not off" }
            ));
        }
        if self.policy != other.policy {
            found.push("another session policy".to_owned());
        }
        if self.tags != other.tags {
            found.push(format!("tags {:?}, not {:?}", self.tags, other.tags));
        }
        found
    }
}
