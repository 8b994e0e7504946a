//! Who made a call, as AWS writes it: the ARN taken apart, and what the name of the session tells.

use serde::Serialize;

use crate::domain::{
    arn::Arn,
    id::{AccountId, RoleName},
};

/// The caller that an error names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The ARN as written, or `anonymous`.
    pub text: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its account.
    pub account: Option<AccountId>,
    /// The role; the ARN of a session does not carry the role's path.
    pub role: Option<RoleName>,
    /// The name of the session.
    pub session: Option<String>,
}

/// Kinds of principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// A session of a role.
    AssumedRole,
    /// A role.
    Role,
    /// An IAM user.
    User,
    /// A federated user.
    FederatedUser,
    /// The account itself.
    Root,
    /// The request was not signed.
    Anonymous,
    /// Anything else.
    Other,
}

/// Who chose the name of a session, told by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// EKS Pod Identity: `eks-CLUSTER-POD-UUID`, cut to 64 characters (identity-resolution 4.5).
    PodIdentity,
    /// The instance of a node: `i-…`, or `mi-…` of a hybrid node.
    Instance,
    /// An SDK made it up, as with a web identity token without `AWS_ROLE_SESSION_NAME`.
    Sdk,
    /// Chosen by a person or by the application.
    Chosen,
}

impl Principal {
    /// Reads what stands after `User:`.
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim_end_matches([',', ';', ':']);
        let Ok(arn) = text.parse::<Arn>() else {
            let kind =
                if text.eq_ignore_ascii_case("anonymous") { PrincipalKind::Anonymous } else { PrincipalKind::Other };
            return Self { text: text.to_owned(), kind, account: None, role: None, session: None };
        };
        let resource = arn.resource();
        let (first, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let kind = match first {
            "assumed-role" => PrincipalKind::AssumedRole,
            "role" => PrincipalKind::Role,
            "user" => PrincipalKind::User,
            "federated-user" => PrincipalKind::FederatedUser,
            "root" => PrincipalKind::Root,
            _ => PrincipalKind::Other,
        };
        let (role, session) = match kind {
            PrincipalKind::AssumedRole => match rest.split_once('/') {
                Some((role, session)) => (Some(role), Some(session.to_owned())),
                None => (Some(rest), None),
            },
            PrincipalKind::Role => (rest.rsplit('/').next(), None),
            _ => (None, None),
        };
        let account = Some(arn.account()).filter(|account| !account.as_str().is_empty());
        Self { text: text.to_owned(), kind, account, role: role.map(Into::into), session }
    }

    /// What the session's name tells, if there is a session.
    pub fn session_kind(&self) -> Option<SessionKind> {
        self.session.as_deref().map(session_kind)
    }
}

/// Beginnings of the names that SDKs make up.
const SDKS: &[&str] =
    &["botocore-session-", "aws-sdk-", "aws-go-sdk-", "web-identity-token-", "assume-role-", "aws-cli-"];

fn session_kind(name: &str) -> SessionKind {
    let hex = |rest: &str| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Go makes a name of the nanoseconds, other SDKs of the milliseconds.
    let clock = name.len() >= 13 && name.bytes().all(|byte| byte.is_ascii_digit());
    let instance = name.strip_prefix("mi-").or_else(|| name.strip_prefix("i-"));
    if instance.is_some_and(hex) {
        SessionKind::Instance
    } else if name.starts_with("eks-") {
        SessionKind::PodIdentity
    } else if clock || SDKS.iter().any(|sdk| name.starts_with(sdk)) {
        SessionKind::Sdk
    } else {
        SessionKind::Chosen
    }
}
