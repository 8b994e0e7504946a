//! Changing an EKS Pod Identity association that exists, and its tags.

use std::collections::BTreeMap;

use super::on;
use crate::{
    aws::session::Session,
    domain::{
        failure::Failure,
        id::{AssociationId, ClusterName, RoleArn},
    },
};

/// What UpdatePodIdentityAssociation is asked for; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssociationUpdate {
    /// Another role, in the cluster's account.
    pub role_arn: Option<RoleArn>,
    /// Another target role; an empty text takes it away.
    pub target_role_arn: Option<String>,
    /// Whether session tags are left out.
    pub disable_session_tags: Option<bool>,
    /// Another session policy; an empty text takes it away.
    pub policy: Option<String>,
    /// The same token for a repeated call makes EKS change it once.
    pub client_request_token: String,
}

impl Session {
    /// UpdatePodIdentityAssociation. Agents go on with the credentials they have cached.
    ///
    /// # Errors
    /// `Invalid` if EKS refuses the role's trust policy, `NotFound`, `Denied` (also for `iam:PassRole`), and
    /// the failures of every call.
    pub async fn update_association(
        &self,
        cluster: &ClusterName,
        id: &AssociationId,
        update: &AssociationUpdate,
    ) -> Result<(), Failure> {
        let call = on("eks:UpdatePodIdentityAssociation", cluster, format!("cannot change association {id}"));
        let request = self
            .eks
            .update_pod_identity_association()
            .cluster_name(cluster.as_str())
            .association_id(id.as_str())
            .set_role_arn(update.role_arn.as_ref().map(RoleArn::to_string))
            .set_target_role_arn(update.target_role_arn.clone())
            .set_disable_session_tags(update.disable_session_tags)
            .set_policy(update.policy.clone())
            .client_request_token(&update.client_request_token);
        self.perform(&call, request.send()).await.map(drop).map_err(super::association::explained)
    }

    /// TagResource: sets these tags and leaves all others.
    ///
    /// # Errors
    /// `Invalid` over 50 tags, `NotFound`, `Denied`, and the failures of every call.
    pub async fn tag_resource(
        &self,
        cluster: &ClusterName,
        arn: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let call = on("eks:TagResource", cluster, format!("cannot tag {arn}"));
        let request = self.eks.tag_resource().resource_arn(arn).set_tags(Some(tags.into_iter().collect()));
        self.perform(&call, request.send()).await.map(drop)
    }

    /// UntagResource: takes tags with these keys away.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, and the failures of every call.
    pub async fn untag_resource(&self, cluster: &ClusterName, arn: &str, keys: Vec<String>) -> Result<(), Failure> {
        let call = on("eks:UntagResource", cluster, format!("cannot untag {arn}"));
        let request = self.eks.untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
        self.perform(&call, request.send()).await.map(drop)
    }
}
