//! The live object of the pod identity webhook, whose selectors decide what is injected
//! (identity-resolution 1.1: read it, never assume it).

use std::{collections::BTreeMap, sync::Arc};

/// One webhook of a MutatingWebhookConfiguration that injects pod identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Name of the configuration object.
    pub configuration: Arc<str>,
    /// Name of the webhook, `iam-for-pods.amazonaws.com` on EKS.
    pub name: Arc<str>,
    /// Which namespaces' pods it sees.
    pub namespace_selector: Selector,
    /// Which pods it sees.
    pub object_selector: Selector,
    /// It calls a service in the cluster: a self-hosted install.
    pub self_hosted: bool,
    /// `failurePolicy`: what happens to pods while it cannot be called.
    pub failure_policy: Option<Arc<str>>,
    /// `clientConfig.caBundle`: base64 of the certificates that its server is checked by.
    pub authority: Option<Arc<str>>,
}

/// A Kubernetes label selector; empty selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// All of these labels with these values.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// All of these expressions.
    pub expressions: Vec<Requirement>,
}

/// One expression of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: Arc<str>,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub values: Vec<Arc<str>>,
}

/// Operators of a label selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The value is one of the list.
    In,
    /// The label is absent or its value none of the list.
    NotIn,
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl Selector {
    /// Whether labels are selected.
    pub fn matches(&self, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}
