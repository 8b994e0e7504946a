//! EKS Auth, REST with JSON: the one operation by which an agent gets credentials for a pod.

use std::fmt;

use aws_smithy_runtime_api::{box_error::BoxError, client::orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{
    direct::{Description, json_refusal},
    failure::Call,
    pace::Service,
    session::Session,
};
use crate::domain::{
    failure::Failure,
    id::{AssociationId, ClusterName},
    proof::Assumed,
    secret::Secret,
};

/// Amazon EKS Auth.
pub(super) const EKS_AUTH: &Description =
    &Description { id: "EKS Auth", name: "eks-auth", version: "2023-11-26", dual_stack: true, refusal: json_refusal };

/// Where and with what it is asked; never to be shown.
struct Asked {
    path: String,
    token: Secret,
}

impl fmt::Debug for Asked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.path)
    }
}

/// Of the answer only what is no secret is ever read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    assumed_role_user: User,
    pod_identity_association: Association,
}

#[derive(Debug, Deserialize)]
struct User {
    arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    association_id: String,
}

impl Session {
    /// AssumeRoleForPodIdentity with a token that is bound to a pod: whom EKS makes of it. The credentials
    /// of the answer are dropped unread. Sent once: whoever proves tries again at the pace of proofs.
    ///
    /// # Errors
    /// `Denied` without `eks-auth:AssumeRoleForPodIdentity`, or where EKS may not assume the association's
    /// role; `NotFound` without an association; the failures of every call.
    pub async fn assume_for_pod(&self, cluster: &ClusterName, token: Secret) -> Result<Assumed, Failure> {
        let on = format!("cluster {cluster}");
        let what = "EKS Auth gives no credentials";
        let call = Call::new(Service::EksAuth, "eks-auth:AssumeRoleForPodIdentity", on, what);
        let cluster = utf8_percent_encode(cluster.as_str(), NON_ALPHANUMERIC);
        let asked = Asked { path: format!("/clusters/{cluster}/assume-role-for-pod-identity"), token };
        let answer = self.eks_auth.send("AssumeRoleForPodIdentity", asked, request, answer);
        let found = self.perform(&call, answer).await?;
        Ok(Assumed {
            arn: found.assumed_role_user.arn.into(),
            association: Some(AssociationId::from(found.pod_identity_association.association_id)),
        })
    }
}

fn request(asked: Asked) -> Result<HttpRequest, BoxError> {
    let body = serde_json::json!({"token": asked.token.expose()}).to_string();
    let request = http::Request::post(asked.path)
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::CONTENT_LENGTH, body.len())
        .body(SdkBody::from(body))?;
    Ok(HttpRequest::try_from(request)?)
}

fn answer(bytes: &[u8]) -> Result<Answer, BoxError> {
    Ok(serde_json::from_slice(bytes)?)
}
