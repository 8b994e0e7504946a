//! IAM roles with their trust policies.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{arn::Arn, id::RoleName, trust};

/// One role of the cluster's account, as ListRoles or GetRole gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its ARN, path included.
    pub arn: Arn,
    /// Its name.
    pub name: RoleName,
    /// The trust policy.
    pub trust: Arc<TrustPolicy>,
    /// Tags; ListRoles does not give them.
    pub tags: Option<BTreeMap<String, String>>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Longest session, in seconds.
    pub max_session_seconds: Option<u32>,
}

/// A trust policy: the decoded text as IAM returned it, and what was made of it.
#[derive(Debug)]
pub struct TrustPolicy {
    /// URL-decoded, otherwise byte for byte.
    pub text: Arc<str>,
    /// The parsed document, or where it is broken.
    pub document: Result<trust::Document, trust::SyntaxError>,
}

impl TrustPolicy {
    /// Parses a decoded document; a broken one is kept with its error.
    pub fn parse(text: &str) -> Self {
        Self { text: text.into(), document: trust::Document::parse(text) }
    }
}

impl PartialEq for TrustPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
