//! IAM OIDC providers: what lets STS believe the tokens of a cluster.

use std::sync::Arc;

use super::arn::Arn;

/// One OIDC provider of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// `arn:partition:iam::account:oidc-provider/issuer-without-scheme`.
    pub arn: Arn,
    /// Audiences it accepts (`ClientIDList`); `None` until GetOpenIDConnectProvider answered.
    pub client_ids: Option<Vec<Arc<str>>>,
}

impl Provider {
    /// The issuer without its scheme.
    pub fn issuer(&self) -> &str {
        self.arn.resource().strip_prefix("oidc-provider/").unwrap_or_default()
    }
}
