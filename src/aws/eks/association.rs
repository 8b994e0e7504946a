//! EKS Pod Identity associations (identity-resolution 4.3). The list gives no roles: each needs one
//! describe.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_eks::types;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::{PAGE, on, turn};
use crate::{
    aws::{failure::incomplete, session::Session},
    domain::{
        association::{Association, AssociationDetail},
        fact::Fact,
        failure::{Failure, FailureKind},
        id::{AssociationId, ClusterName, RoleArn, ServiceAccountId},
    },
};

/// What CreatePodIdentityAssociation is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAssociation {
    /// Whom it is for; need not exist yet.
    pub service_account: ServiceAccountId,
    /// The role, in the cluster's account.
    pub role_arn: RoleArn,
    /// The role assumed in a second hop.
    pub target_role_arn: Option<RoleArn>,
    /// Send no session tags.
    pub disable_session_tags: bool,
    /// Session policy; only without session tags.
    pub policy: Option<Arc<str>>,
    /// Tags of the association; need `eks:TagResource`.
    pub tags: BTreeMap<String, String>,
    /// The same token for a repeated call makes EKS create only one.
    pub client_request_token: String,
}

impl NewAssociation {
    /// The plain case: one role, nothing else.
    pub fn new(service_account: ServiceAccountId, role_arn: RoleArn, client_request_token: impl Into<String>) -> Self {
        Self {
            service_account,
            role_arn,
            target_role_arn: None,
            disable_session_tags: false,
            policy: None,
            tags: BTreeMap::new(),
            client_request_token: client_request_token.into(),
        }
    }
}

impl Session {
    /// ListPodIdentityAssociations, all pages, without details.
    ///
    /// # Errors
    /// `Denied`, `NotFound` for the cluster, and the failures of every call.
    pub async fn associations(&self, cluster: &ClusterName) -> Result<Vec<Association>, Failure> {
        let mut all = Vec::new();
        self.each_association_page(cluster, |page| all.extend(page)).await?;
        Ok(all)
    }

    /// As [`Session::associations`], handing on every page as it comes.
    ///
    /// # Errors
    /// As [`Session::associations`]; pages handed on before stay valid.
    pub async fn each_association_page(
        &self,
        cluster: &ClusterName,
        mut page: impl FnMut(Vec<Association>),
    ) -> Result<(), Failure> {
        self.list(cluster, None, &mut page).await
    }

    /// The associations of one service account: none or one.
    ///
    /// # Errors
    /// As [`Session::associations`].
    pub async fn associations_of(
        &self,
        cluster: &ClusterName,
        service_account: &ServiceAccountId,
    ) -> Result<Vec<Association>, Failure> {
        let mut all = Vec::new();
        self.list(cluster, Some(service_account), &mut |page| all.extend(page)).await?;
        Ok(all)
    }

    async fn list(
        &self,
        cluster: &ClusterName,
        of: Option<&ServiceAccountId>,
        page: &mut impl FnMut(Vec<Association>),
    ) -> Result<(), Failure> {
        let call = on("eks:ListPodIdentityAssociations", cluster, "cannot list associations".to_owned());
        let mut token = None;
        loop {
            let request = self
                .eks
                .list_pod_identity_associations()
                .cluster_name(cluster.as_str())
                .set_namespace(of.map(|id| id.namespace.to_string()))
                .set_service_account(of.map(|id| id.name.to_string()))
                .max_results(PAGE)
                .set_next_token(token.clone());
            let answer = self.perform(&call, request.send()).await?;
            page(answer.associations().iter().filter_map(summary).collect());
            if !turn(&mut token, answer.next_token()) {
                return Ok(());
            }
        }
    }

    /// DescribePodIdentityAssociation: the whole association, its detail known.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, and the failures of every call.
    pub async fn association(&self, cluster: &ClusterName, id: &AssociationId) -> Result<Association, Failure> {
        let call = on("eks:DescribePodIdentityAssociation", cluster, format!("cannot read association {id}"));
        let request = self.eks.describe_pod_identity_association();
        let request = request.cluster_name(cluster.as_str()).association_id(id.as_str());
        let answer = self.perform(&call, request.send()).await?;
        answer.association().and_then(whole).ok_or_else(|| incomplete(&call.what, "association"))
    }

    /// The detail of an association as a fact: `Absent` once it is deleted.
    pub async fn association_detail(&self, cluster: &ClusterName, id: &AssociationId) -> Fact<AssociationDetail> {
        match self.association(cluster, id).await {
            Ok(association) => association.detail,
            Err(failure) if failure.kind == FailureKind::NotFound => Fact::Absent,
            Err(failure) => Fact::Unknown(Arc::new(failure)),
        }
    }

    /// CreatePodIdentityAssociation.
    ///
    /// # Errors
    /// `Conflict` if the service account has one already, `Invalid` if EKS refuses the role's trust
    /// policy, `Denied` (also for `iam:PassRole`), and the failures of every call.
    pub async fn create_association(
        &self,
        cluster: &ClusterName,
        new: &NewAssociation,
    ) -> Result<AssociationId, Failure> {
        let what = format!("cannot associate {} with {}", new.service_account, new.role_arn);
        let call = on("eks:CreatePodIdentityAssociation", cluster, what);
        let tags = new.tags.iter().map(|(key, value)| (key.clone(), value.clone()));
        let request = self
            .eks
            .create_pod_identity_association()
            .cluster_name(cluster.as_str())
            .namespace(new.service_account.namespace.as_str())
            .service_account(new.service_account.name.as_str())
            .role_arn(new.role_arn.as_str())
            .set_target_role_arn(new.target_role_arn.as_ref().map(RoleArn::to_string))
            .set_disable_session_tags(new.disable_session_tags.then_some(true))
            .set_policy(new.policy.as_deref().map(str::to_owned))
            .set_tags((!new.tags.is_empty()).then(|| tags.collect()))
            .client_request_token(&new.client_request_token);
        let answer = self.perform(&call, request.send()).await.map_err(explained)?;
        let id = answer.association().and_then(types::PodIdentityAssociation::association_id);
        id.map(Into::into).ok_or_else(|| incomplete(&call.what, "association id"))
    }

    /// DeletePodIdentityAssociation. Live sessions go on until they end.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, and the failures of every call.
    pub async fn delete_association(&self, cluster: &ClusterName, id: &AssociationId) -> Result<(), Failure> {
        let call = on("eks:DeletePodIdentityAssociation", cluster, format!("cannot remove association {id}"));
        let request = self.eks.delete_pod_identity_association();
        let request = request.cluster_name(cluster.as_str()).association_id(id.as_str());
        self.perform(&call, request.send()).await.map(drop)
    }
}

/// The refusals of a create that have a cause of their own (identity-resolution 4.4).
pub(super) fn explained(mut failure: Failure) -> Failure {
    if failure.kind == FailureKind::Conflict {
        failure.next =
            "The service account has an association already: look at it, change its role or remove it".to_owned();
    } else if failure.why.to_ascii_lowercase().contains("trust policy") {
        failure.next = "Let the role trust pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession".to_owned();
    }
    failure
}

fn summary(raw: &types::PodIdentityAssociationSummary) -> Option<Association> {
    Some(Association {
        id: raw.association_id()?.into(),
        arn: raw.association_arn().unwrap_or_default().into(),
        service_account: ServiceAccountId::new(raw.namespace()?, raw.service_account()?),
        owner_arn: raw.owner_arn().filter(|arn| !arn.is_empty()).map(Arc::from),
        detail: Fact::Loading,
    })
}

fn whole(raw: &types::PodIdentityAssociation) -> Option<Association> {
    let detail = AssociationDetail {
        role_arn: raw.role_arn()?.into(),
        target_role_arn: raw.target_role_arn().filter(|arn| !arn.is_empty()).map(Into::into),
        external_id: raw.external_id().map(Arc::from),
        disable_session_tags: raw.disable_session_tags().unwrap_or(false),
        policy: raw.policy().filter(|policy| !policy.is_empty()).map(Arc::from),
        tags: raw.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect(),
        created_at: raw.created_at().and_then(timestamp),
        modified_at: raw.modified_at().and_then(timestamp),
    };
    Some(Association {
        id: raw.association_id()?.into(),
        arn: raw.association_arn().unwrap_or_default().into(),
        service_account: ServiceAccountId::new(raw.namespace()?, raw.service_account()?),
        owner_arn: raw.owner_arn().filter(|arn| !arn.is_empty()).map(Arc::from),
        detail: Fact::Known(detail),
    })
}

fn timestamp(raw: &DateTime) -> Option<Timestamp> {
    let nanos = i32::try_from(raw.subsec_nanos()).ok()?;
    Timestamp::new(raw.secs(), nanos).ok()
}
