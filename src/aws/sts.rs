//! STS: who asks.

use super::{
    failure::{Call, incomplete},
    pace::Service,
    session::Session,
};
use crate::domain::{cluster::Caller, failure::Failure};

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
