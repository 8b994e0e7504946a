//! Identifiers as types, so that a role name cannot be passed where a namespace belongs.
//! Cloning one is a counter; the text is shared.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as the API spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The shared text itself, to be kept without another copy.
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<Arc<str>> for $name {
            fn from(text: Arc<str>) -> Self {
                Self(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, out)
            }
        }
    )*};
}

identifiers! {
    /// Name of a Kubernetes namespace.
    Namespace;
    /// Name of a service account, without its namespace.
    ServiceAccountName;
    /// Name of a pod, without its namespace.
    PodName;
    /// `metadata.uid` of a pod.
    PodUid;
    /// Name of a node object.
    NodeName;
    /// Name of a container within its pod.
    ContainerName;
    /// Name of a workload (deployment, stateful set, …), without its namespace.
    WorkloadName;
    /// Name of an IAM role, without path and ARN.
    RoleName;
    /// A role ARN as somebody wrote it: verbatim, perhaps malformed. Parse it with [`super::arn::Arn`].
    RoleArn;
    /// `a-…`, the id of an EKS Pod Identity association.
    AssociationId;
    /// Name of an EKS cluster.
    ClusterName;
    /// An AWS region such as `eu-west-1`.
    Region;
    /// Twelve digits.
    AccountId;
    /// `i-…`, the id of an EC2 instance.
    InstanceId;
}

/// Which of the clusters on screen; every message, effect and slot carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u16);

/// A service account with its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceAccountId {
    /// The namespace it lives in.
    pub namespace: Namespace,
    /// Its name.
    pub name: ServiceAccountName,
}

/// A pod with its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodId {
    /// The namespace it lives in.
    pub namespace: Namespace,
    /// Its name.
    pub name: PodName,
}

impl ServiceAccountId {
    /// Joins a namespace and a name.
    pub fn new(namespace: impl Into<Namespace>, name: impl Into<ServiceAccountName>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The `sub` claim of its tokens: `system:serviceaccount:NAMESPACE:NAME`.
    pub fn subject(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }
}

impl fmt::Display for ServiceAccountId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.namespace, self.name)
    }
}

impl PodId {
    /// Joins a namespace and a name.
    pub fn new(namespace: impl Into<Namespace>, name: impl Into<PodName>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for PodId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.namespace, self.name)
    }
}
