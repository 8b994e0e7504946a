//! A role in detail, on demand: tags, boundary, last use, and its permission policies. Documents that
//! their name explains are not read.

use std::sync::Arc;

use aws_sdk_iam::types;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::{
    aws::{
        failure::{Call, incomplete},
        pace::Service,
        session::Session,
    },
    domain::{
        fact::Fact,
        failure::{Failure, FailureKind},
        id::RoleName,
        permission::{Policy, PolicyDocument, RoleAbout, RoleDetail, is_known_by_name},
    },
};

/// Documents of one role at the same time; the pace limits them further.
const AT_ONCE: usize = 4;

/// Which documents are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Those whose names do not say enough.
    Unknown,
    /// All.
    Whole,
}

type Document = Fact<Arc<PolicyDocument>>;

fn on(action: &'static str, role: &RoleName, what: &str) -> Call {
    Call::new(Service::Iam, action, format!("role {role}"), format!("cannot read {what} of role {role}"))
}

fn fact<T>(answer: Result<T, Failure>) -> Fact<T> {
    match answer {
        Err(failure) if failure.kind == FailureKind::NotFound => Fact::Absent,
        answer => answer.into(),
    }
}

impl Session {
    /// GetRole, ListAttachedRolePolicies, ListRolePolicies and the documents behind them. Each call that
    /// is refused makes only its own part unknown.
    pub async fn role_detail(&self, name: &RoleName) -> RoleDetail {
        self.detail(name, Extent::Unknown).await
    }

    /// The same with the documents of all policies, also of those whose names say enough elsewhere.
    pub async fn whole_role_detail(&self, name: &RoleName) -> RoleDetail {
        self.detail(name, Extent::Whole).await
    }

    async fn detail(&self, name: &RoleName, extent: Extent) -> RoleDetail {
        let (about, attached, inline) = tokio::join!(self.about(name), self.attached(name, extent), self.inline(name));
        let (about, attached, inline) = (fact(about), fact(attached), fact(inline));
        let boundary = match about.known().and_then(|about| about.boundary_arn.clone()) {
            Some(arn) => Some(self.managed(arn, extent).await),
            None => None,
        };
        RoleDetail { about, attached, inline, boundary }
    }

    async fn about(&self, name: &RoleName) -> Result<RoleAbout, Failure> {
        let call = on("iam:GetRole", name, "tags and boundary");
        let answer = self.perform(&call, self.iam.get_role().role_name(name.as_str()).send()).await?;
        answer.role().map(about).ok_or_else(|| incomplete(&call.what, "role"))
    }

    async fn attached(&self, name: &RoleName, extent: Extent) -> Result<Vec<Policy>, Failure> {
        let call = on("iam:ListAttachedRolePolicies", name, "the attached policies");
        let mut arns: Vec<Arc<str>> = Vec::new();
        let mut marker = None;
        loop {
            let request = self.iam.list_attached_role_policies().role_name(name.as_str());
            let page = self.perform(&call, request.set_marker(marker.clone()).send()).await?;
            arns.extend(page.attached_policies().iter().filter_map(|policy| policy.policy_arn().map(Arc::from)));
            let next = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
            if next.is_none() || next == marker {
                break;
            }
            marker = next;
        }
        Ok(stream::iter(arns).map(|arn| self.managed(arn, extent)).buffered(AT_ONCE).collect().await)
    }

    /// A managed policy with its document, where that is wanted.
    async fn managed(&self, arn: Arc<str>, extent: Extent) -> Policy {
        let says_enough = extent == Extent::Unknown && is_known_by_name(&arn);
        let document = if says_enough { Fact::Absent } else { document(self.default_version(&arn).await) };
        Policy { name: arn.rsplit('/').next().unwrap_or_default().into(), arn: Some(arn), document }
    }

    async fn default_version(&self, arn: &str) -> Result<String, Failure> {
        let what = format!("cannot read policy {arn}");
        let call = Call::new(Service::Iam, "iam:GetPolicy", arn, &what);
        let answer = self.perform(&call, self.iam.get_policy().policy_arn(arn).send()).await?;
        let version = answer.policy().and_then(types::Policy::default_version_id);
        let version = version.ok_or_else(|| incomplete(&what, "default version"))?;
        let call = Call::new(Service::Iam, "iam:GetPolicyVersion", arn, &what);
        let request = self.iam.get_policy_version().policy_arn(arn).version_id(version);
        let answer = self.perform(&call, request.send()).await?;
        let text = answer.policy_version().and_then(types::PolicyVersion::document);
        text.map(str::to_owned).ok_or_else(|| incomplete(&what, "document"))
    }

    async fn inline(&self, name: &RoleName) -> Result<Vec<Policy>, Failure> {
        let call = on("iam:ListRolePolicies", name, "the inline policies");
        let mut names: Vec<String> = Vec::new();
        let mut marker = None;
        loop {
            let request = self.iam.list_role_policies().role_name(name.as_str());
            let page = self.perform(&call, request.set_marker(marker.clone()).send()).await?;
            names.extend(page.policy_names().iter().cloned());
            let next = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
            if next.is_none() || next == marker {
                break;
            }
            marker = next;
        }
        Ok(stream::iter(names).map(|policy| self.inline_policy(name, policy)).buffered(AT_ONCE).collect().await)
    }

    async fn inline_policy(&self, role: &RoleName, name: String) -> Policy {
        let call = on("iam:GetRolePolicy", role, &format!("inline policy {name}"));
        let request = self.iam.get_role_policy().role_name(role.as_str()).policy_name(&name);
        let answer = self.perform(&call, request.send()).await;
        let document = document(answer.map(|answer| answer.policy_document().to_owned()));
        Policy { name: name.into(), arn: None, document }
    }
}

/// Documents come URL-encoded.
fn document(answer: Result<String, Failure>) -> Document {
    match answer {
        Ok(text) => {
            let text = percent_decode_str(&text).decode_utf8_lossy();
            PolicyDocument::parse(&text)
                .map_or_else(|| Fact::Unknown(Arc::new(no_policy())), |parsed| Fact::Known(Arc::new(parsed)))
        }
        Err(failure) => Fact::Unknown(Arc::new(failure)),
    }
}

fn no_policy() -> Failure {
    Failure::new(
        FailureKind::Invalid,
        "cannot understand a permission policy",
        "its document is no policy",
        "Look at it in the IAM console",
    )
}

fn about(raw: &types::Role) -> RoleAbout {
    let last_used = raw.role_last_used().and_then(types::RoleLastUsed::last_used_date);
    RoleAbout {
        tags: raw.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect(),
        boundary_arn: raw
            .permissions_boundary()
            .and_then(types::AttachedPermissionsBoundary::permissions_boundary_arn)
            .map(Arc::from),
        last_used: last_used.and_then(|at| Timestamp::from_second(at.secs()).ok()),
    }
}
