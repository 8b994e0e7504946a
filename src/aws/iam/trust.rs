//! Writing the trust policy of a role. IAM has no compare-and-swap: whoever writes read it a moment ago.

use crate::{
    aws::{failure::Call, pace::Service, session::Session},
    domain::{
        failure::{Failure, FailureKind},
        id::RoleName,
    },
};

impl Session {
    /// UpdateAssumeRolePolicy: replaces the whole trust policy. Sent twice, the same text is the same policy.
    ///
    /// # Errors
    /// `Invalid` if IAM refuses the document or it is too long, `NotFound`, `Denied`, and the failures of
    /// every call.
    pub async fn update_trust(&self, name: &RoleName, document: &str) -> Result<(), Failure> {
        let what = format!("cannot write the trust policy of {name}");
        let call = Call::new(Service::Iam, "iam:UpdateAssumeRolePolicy", format!("role {name}"), what);
        let request = self.iam.update_assume_role_policy().role_name(name.as_str()).policy_document(document);
        self.perform(&call, request.send()).await.map(drop).map_err(explained)
    }
}

/// The refusals that have a cause of their own (trust-evaluation 9).
fn explained(mut failure: Failure) -> Failure {
    match failure.code.as_deref() {
        Some("LimitExceeded") => {
            failure.kind = FailureKind::Invalid;
            failure.next =
                "Raise the quota `Role trust policy length` (L-C07B4B0D), or take something out first".to_owned();
        }
        Some("MalformedPolicyDocument") if failure.why.contains("principal") => {
            failure.next = "A principal of the policy does not exist any more: take it out by hand first".to_owned();
        }
        _ => {}
    }
    failure
}
