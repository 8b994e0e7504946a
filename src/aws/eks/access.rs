//! Access entries of nodes: the last source of node roles, read only where no better one answers
//! (identity-resolution 3.4, source 6).

use aws_sdk_eks::types;
use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, PAGE, on, turn};
use crate::{
    aws::session::Session,
    domain::{
        failure::{Failure, FailureKind},
        id::ClusterName,
        node::AccessEntry,
    },
};

impl Session {
    /// ListAccessEntries, and DescribeAccessEntry of those that are roles: the ones of node types.
    ///
    /// # Errors
    /// `Denied`, and the failures of every call.
    pub async fn access_entries(&self, cluster: &ClusterName) -> Result<Vec<AccessEntry>, Failure> {
        let call = on("eks:ListAccessEntries", cluster, "cannot list access entries".to_owned());
        let mut principals = Vec::new();
        let mut token = None;
        loop {
            let request = self.eks.list_access_entries().cluster_name(cluster.as_str()).max_results(PAGE);
            let page = self.perform(&call, request.set_next_token(token.clone()).send()).await?;
            principals.extend(page.access_entries().iter().filter(|arn| arn.contains(":role/")).cloned());
            if !turn(&mut token, page.next_token()) {
                break;
            }
        }
        let reads = stream::iter(principals).map(|arn| self.access_entry(cluster, arn)).buffered(AT_ONCE);
        reads.try_filter_map(|entry| async move { Ok(entry) }).try_collect().await
    }

    /// One of a person, or one that is deleted between list and describe, is none.
    async fn access_entry(&self, cluster: &ClusterName, principal: String) -> Result<Option<AccessEntry>, Failure> {
        let call = on("eks:DescribeAccessEntry", cluster, format!("cannot read the access entry of {principal}"));
        let request = self.eks.describe_access_entry().cluster_name(cluster.as_str()).principal_arn(&principal);
        let answer = match self.perform(&call, request.send()).await {
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(None),
            answer => answer?,
        };
        let kind = answer.access_entry().and_then(types::AccessEntry::r#type).filter(|kind| *kind != "STANDARD");
        Ok(kind.map(|kind| AccessEntry { role_arn: principal.as_str().into(), kind: kind.into() }))
    }
}
