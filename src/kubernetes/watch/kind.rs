//! The kinds that are followed: where they live, how they are decoded, which changes they become.

use std::sync::Arc;

use crate::{
    domain::{
        change::Change,
        fact::Fact,
        id::Namespace,
        node::Node,
        service_account::{DeclarationKeys, ServiceAccount},
        workload::Pod,
    },
    kubernetes::{
        decode::{metadata, metadata::Unreadable, node, pod},
        intern::Strings,
    },
};

/// One kind of object that is listed and watched.
pub(super) trait Kind: Send + 'static {
    /// What one object becomes.
    type Object: Clone + Send + Sync;
    /// Its name in paths and permissions.
    const RESOURCE: &'static str;
    /// Where its group lives.
    const GROUP: &'static str = "/api/v1";
    /// The connection is judged by it.
    const LEADS: bool = false;
    /// Who may not read all of them reads those of one namespace. Not for what stands beside other objects: what
    /// is not seen of it would look as if it were not there.
    const NARROWS: bool = false;
    /// The server may lack it: its CustomResourceDefinition is absent where nobody installed it.
    const OPTIONAL: bool = false;
    /// An older version of its group, for servers that lack the newer.
    const OLDER_GROUP: Option<&'static str> = None;
    /// Nothing but `metadata` is asked for.
    const METADATA_ONLY: bool = false;
    /// Objects of the first listing are handed on before it is complete.
    const PROGRESSIVE: bool = true;

    /// Reads one object.
    fn decode(&mut self, json: &str) -> Result<Self::Object, Unreadable>;
    /// It is new or changed.
    fn changed(&mut self, object: Self::Object) -> Change;
    /// It is gone.
    fn gone(&mut self, object: Self::Object) -> Change;
    /// This is all there is.
    fn all(&mut self, objects: Fact<Vec<Self::Object>>) -> Change;
}

/// Pods.
#[derive(Default)]
pub(super) struct Pods(pod::Decoder);

impl Kind for Pods {
    type Object = Pod;
    const RESOURCE: &'static str = "pods";
    const NARROWS: bool = true;
    const LEADS: bool = true;

    fn decode(&mut self, json: &str) -> Result<Pod, Unreadable> {
        self.0.pod(json)
    }

    fn changed(&mut self, pod: Pod) -> Change {
        Change::Pod(pod)
    }

    fn gone(&mut self, pod: Pod) -> Change {
        Change::PodGone(pod.id)
    }

    fn all(&mut self, pods: Fact<Vec<Pod>>) -> Change {
        Change::Pods(pods)
    }
}

/// Service accounts, by their metadata.
pub(super) struct ServiceAccounts {
    keys: Arc<DeclarationKeys>,
    strings: Strings,
}

impl ServiceAccounts {
    pub fn new(keys: Arc<DeclarationKeys>) -> Self {
        Self { keys, strings: Strings::default() }
    }
}

impl Kind for ServiceAccounts {
    type Object = ServiceAccount;
    const RESOURCE: &'static str = "serviceaccounts";
    const NARROWS: bool = true;
    const METADATA_ONLY: bool = true;

    fn decode(&mut self, json: &str) -> Result<ServiceAccount, Unreadable> {
        metadata::service_account(json, &mut self.strings, &self.keys)
    }

    fn changed(&mut self, account: ServiceAccount) -> Change {
        Change::ServiceAccount(account)
    }

    fn gone(&mut self, account: ServiceAccount) -> Change {
        Change::ServiceAccountGone(account.id)
    }

    fn all(&mut self, accounts: Fact<Vec<ServiceAccount>>) -> Change {
        Change::ServiceAccounts(accounts)
    }
}

/// Namespaces, by their metadata.
#[derive(Default)]
pub(super) struct Namespaces(Strings);

impl Kind for Namespaces {
    type Object = Namespace;
    const RESOURCE: &'static str = "namespaces";
    const METADATA_ONLY: bool = true;

    fn decode(&mut self, json: &str) -> Result<Namespace, Unreadable> {
        metadata::namespace(json, &mut self.0)
    }

    fn changed(&mut self, namespace: Namespace) -> Change {
        Change::Namespace(namespace)
    }

    fn gone(&mut self, namespace: Namespace) -> Change {
        Change::NamespaceGone(namespace)
    }

    fn all(&mut self, namespaces: Fact<Vec<Namespace>>) -> Change {
        Change::Namespaces(namespaces)
    }
}

/// Nodes.
#[derive(Default)]
pub(super) struct Nodes(Strings);

impl Kind for Nodes {
    type Object = Node;
    const RESOURCE: &'static str = "nodes";

    fn decode(&mut self, json: &str) -> Result<Node, Unreadable> {
        node::node(json, &mut self.0)
    }

    fn changed(&mut self, node: Node) -> Change {
        Change::Node(node)
    }

    fn gone(&mut self, node: Node) -> Change {
        Change::NodeGone(node.name)
    }

    fn all(&mut self, nodes: Fact<Vec<Node>>) -> Change {
        Change::Nodes(nodes)
    }
}
