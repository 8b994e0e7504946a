//! STS: who asks, and whom it makes of a token.

use aws_sdk_sts::config::retry::RetryConfig;

use super::{
    failure::{Call, incomplete},
    pace::Service,
    session::Session,
};
use crate::domain::{
    cluster::Caller,
    failure::Failure,
    id::{Region, RoleArn},
    proof::Assumed,
    secret::Secret,
};

impl Session {
    /// GetCallerIdentity, which needs no permission.
    ///
    /// # Errors
    /// `Credentials` if there are none or they have ended; `Unreachable`.
    pub async fn caller(&self) -> Result<Caller, Failure> {
        let call = Call::new(Service::Sts, "sts:GetCallerIdentity", "*", "cannot find out who you are to AWS");
        let answer = self.perform(&call, self.sts.get_caller_identity().send()).await?;
        let (Some(arn), Some(account)) = (answer.arn(), answer.account()) else {
            return Err(incomplete(&call.what, "caller"));
        };
        Ok(Caller { arn: arn.into(), account: account.into() })
    }
}

/// Seconds of a session that nobody uses: the shortest there is.
const SHORTEST: i32 = 900;

impl Session {
    /// AssumeRoleWithWebIdentity, which nobody signs, in `region`: whom STS makes of a service account token. The
    /// credentials of the answer are dropped unread. Sent once: whoever proves tries again at the pace of proofs.
    ///
    /// # Errors
    /// `Denied` where the trust policy refuses or there is no such role; the failures of every call.
    pub async fn assume_with_token(
        &self,
        region: &Region,
        role: &RoleArn,
        session_name: &str,
        token: Secret,
    ) -> Result<Assumed, Failure> {
        let what = "STS gives no credentials";
        let call = Call::new(Service::StsUnsigned, "sts:AssumeRoleWithWebIdentity", role.as_str(), what);
        let there = aws_sdk_sts::config::Region::new(region.to_string());
        let there = aws_sdk_sts::config::Builder::new().region(there).retry_config(RetryConfig::disabled());
        let request = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(role.as_str())
            .role_session_name(session_name)
            .duration_seconds(SHORTEST)
            .web_identity_token(token.expose())
            .customize()
            .config_override(there);
        let answer = self.perform(&call, request.send()).await?;
        let arn = answer.assumed_role_user().map(|user| user.arn()).ok_or_else(|| incomplete(&call.what, "role"))?;
        Ok(Assumed { arn: arn.into(), association: None })
    }
}
