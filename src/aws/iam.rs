//! IAM: roles with their trust policies, OIDC providers, instance profiles.

use std::sync::Arc;

use aws_sdk_iam::types;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::{
    failure::{Call, incomplete},
    pace::Service,
    session::Session,
};
use crate::domain::{
    arn::Arn,
    fact::Fact,
    failure::{Failure, FailureKind},
    id::{RoleArn, RoleName},
    provider::Provider,
    role::{Role, TrustPolicy},
};

mod policy;
mod simulate;
mod trust;

/// The most IAM gives in one page.
const PAGE: i32 = 1_000;

impl Session {
    /// ListRoles, all pages: every role of the account with its trust policy, without tags.
    ///
    /// # Errors
    /// `Denied` without `iam:ListRoles`, and the failures of every call.
    pub async fn roles(&self) -> Result<Vec<Role>, Failure> {
        let call = Call::new(Service::Iam, "iam:ListRoles", "*", "cannot list roles");
        let mut roles = Vec::new();
        let mut marker = None;
        loop {
            let request = self.iam_lists.list_roles().max_items(PAGE).set_marker(marker.clone());
            let page = self.perform(&call, request.send()).await?;
            roles.extend(page.roles().iter().filter_map(role));
            let next = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
            if next.is_none() || next == marker {
                return Ok(roles);
            }
            marker = next;
        }
    }

    /// GetRole, with tags. `Absent` when IAM says that the caller's own account has no such role.
    pub async fn role(&self, name: &RoleName) -> Fact<Role> {
        let what = format!("cannot read role {name}");
        let call = Call::new(Service::Iam, "iam:GetRole", format!("role {name}"), what);
        match self.perform(&call, self.iam.get_role().role_name(name.as_str()).send()).await {
            Ok(answer) => answer
                .role()
                .and_then(role)
                .map_or_else(|| Fact::Unknown(Arc::new(incomplete(&call.what, "role"))), Fact::Known),
            Err(failure) if failure.kind == FailureKind::NotFound => Fact::Absent,
            Err(failure) => Fact::Unknown(Arc::new(failure)),
        }
    }

    /// ListOpenIDConnectProviders, and of each its client ids, where they may be read.
    ///
    /// # Errors
    /// `Denied` without `iam:ListOpenIDConnectProviders`, and the failures of every call.
    pub async fn providers(&self) -> Result<Vec<Provider>, Failure> {
        let call = Call::new(Service::Iam, "iam:ListOpenIDConnectProviders", "*", "cannot list OIDC providers");
        let answer = self.perform(&call, self.iam_lists.list_open_id_connect_providers().send()).await?;
        let arns: Vec<Arn> =
            answer.open_id_connect_provider_list().iter().filter_map(|entry| entry.arn()?.parse().ok()).collect();
        let reads = arns.into_iter().map(|arn| async move {
            let client_ids = self.client_ids(&arn).await.ok();
            Provider { arn, client_ids }
        });
        Ok(futures::future::join_all(reads).await)
    }

    /// GetOpenIDConnectProvider: the audiences that a provider accepts.
    ///
    /// # Errors
    /// `Denied`, `NotFound`, and the failures of every call.
    pub async fn client_ids(&self, arn: &Arn) -> Result<Vec<Arc<str>>, Failure> {
        let what = format!("cannot read OIDC provider {arn}");
        let call = Call::new(Service::Iam, "iam:GetOpenIDConnectProvider", arn.as_str(), what);
        let request = self.iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn.as_str());
        let answer = self.perform(&call, request.send()).await?;
        Ok(answer.client_id_list().iter().map(|id| Arc::from(id.as_str())).collect())
    }

    /// GetInstanceProfile: the role of an instance profile, by the profile's ARN. `Absent` if the
    /// profile does not exist or has no role.
    pub async fn instance_profile(&self, arn: &str) -> Fact<RoleArn> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let call =
            Call::new(Service::Iam, "iam:GetInstanceProfile", arn, format!("cannot read instance profile {name}"));
        match self.perform(&call, self.iam.get_instance_profile().instance_profile_name(name).send()).await {
            Ok(answer) => {
                let roles = answer.instance_profile().map(types::InstanceProfile::roles).unwrap_or_default();
                roles.first().map_or(Fact::Absent, |role| Fact::Known(role.arn().into()))
            }
            Err(failure) if failure.kind == FailureKind::NotFound => Fact::Absent,
            Err(failure) => Fact::Unknown(Arc::new(failure)),
        }
    }
}

/// A role as IAM gives it; one whose ARN is none is left out.
fn role(raw: &types::Role) -> Option<Role> {
    let arn: Arn = raw.arn().parse().ok()?;
    let trust = percent_decode_str(raw.assume_role_policy_document().unwrap_or_default()).decode_utf8_lossy();
    let tags = raw.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    Some(Role {
        arn,
        name: raw.role_name().into(),
        trust: Arc::new(TrustPolicy::parse(&trust)),
        // ListRoles never gives tags, GetRole leaves the field out when there are none.
        tags: (!raw.tags().is_empty()).then(|| tags.collect()),
        created_at: Timestamp::from_second(raw.create_date().secs()).ok(),
        max_session_seconds: raw.max_session_duration().and_then(|seconds| u32::try_from(seconds).ok()),
    })
}
