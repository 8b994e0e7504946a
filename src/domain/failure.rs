//! A failure as a person needs it: what happened, why, and what to do. Built once, where
//! the error of an SDK is met; layers above only show it.

use serde::{Deserialize, Serialize};

/// What kind of failure, so that screens and exit codes need not read sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A permission is missing; `action` and `resource` name it.
    Denied,
    /// Credentials are missing or expired.
    Credentials,
    /// Nothing answered: connection, name resolution, TLS, timeout.
    Unreachable,
    /// The thing asked for does not exist.
    NotFound,
    /// It exists already, or changed since it was read.
    Conflict,
    /// Too many requests.
    Throttled,
    /// The request was refused as invalid.
    Invalid,
    /// Kubeconfig, flags or files are wrong.
    Usage,
    /// The server failed, or answered something that cannot be understood.
    Server,
}

/// One sentence each: what happened, why, what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}: {why}. {next}")]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What happened, e.g. `cannot list roles`.
    pub what: String,
    /// Why, in the words of the server where it gave any.
    pub why: String,
    /// What to do about it.
    pub next: String,
    /// The IAM action or the Kubernetes verb and resource that is missing, e.g. `iam:ListRoles`, `list pods`.
    pub action: Option<String>,
    /// What the action was asked on.
    pub resource: Option<String>,
    /// The error code of AWS or the reason of Kubernetes.
    pub code: Option<String>,
    /// The request id AWS support asks for.
    pub request_id: Option<String>,
    /// Lines to be shown as they are: the difference between what a plan saw and what is there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

impl Failure {
    /// A failure without code or missing permission.
    pub fn new(kind: FailureKind, what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            why: why.into(),
            next: next.into(),
            action: None,
            resource: None,
            code: None,
            request_id: None,
            difference: None,
        }
    }

    /// Names the missing permission.
    #[must_use]
    pub fn missing(mut self, action: impl Into<String>, resource: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self.resource = Some(resource.into());
        self
    }
}
