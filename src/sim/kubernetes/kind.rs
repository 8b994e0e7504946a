//! Kinds as data: what the simulated API server serves, and how. Custom resource
//! definitions add more at run time.

use std::sync::Arc;

use serde_json::Value;

use super::column::{self, Column};

/// One served kind.
#[derive(Clone, Debug)]
pub struct Kind {
    /// API group, empty for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind name, as `Pod`.
    pub kind: String,
    /// Resource name in paths, as `pods`.
    pub plural: String,
    /// Singular name.
    pub singular: String,
    /// Short names of kubectl.
    pub short: Vec<String>,
    /// Categories of kubectl, as `all`.
    pub categories: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether status is a subresource (a write to the object leaves it alone).
    pub status: bool,
    /// Whether there is a scale subresource.
    pub scale: bool,
    /// Whether it is one of the API's own and not a custom resource: it has strategic merge patches and lists by
    /// key, and elements of its lists do not repeat its type.
    pub built_in: bool,
    /// Columns of its Table representation.
    pub columns: Vec<Column>,
}

impl Kind {
    /// `group/version`, or the version alone for core.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Key of the store: group and resource name.
    pub fn key(&self) -> (String, String) {
        (self.group.clone(), self.plural.clone())
    }

    /// `pods` or `deployments.apps`, as messages write it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// All kinds served at the moment.
#[derive(Clone, Debug)]
pub struct Kinds {
    kinds: Vec<Arc<Kind>>,
}

/// group, version, kind, plural, short names, flags: `n`amespaced, `s`tatus, s`c`ale, `a`ll, `x` custom.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const BUILT_IN: &[Row] = &[
    ("", "v1", "Namespace", "namespaces", "ns", "s"),
    ("", "v1", "ServiceAccount", "serviceaccounts", "sa", "n"),
    ("", "v1", "Pod", "pods", "po", "nsa"),
    ("", "v1", "Node", "nodes", "no", "s"),
    ("", "v1", "ConfigMap", "configmaps", "cm", "n"),
    ("", "v1", "Event", "events", "ev", "n"),
    ("", "v1", "Secret", "secrets", "", "n"),
    ("", "v1", "Service", "services", "svc", "nsa"),
    ("", "v1", "PersistentVolume", "persistentvolumes", "pv", "s"),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "ns"),
    ("", "v1", "Endpoints", "endpoints", "ep", "n"),
    ("apps", "v1", "Deployment", "deployments", "deploy", "nsca"),
    ("apps", "v1", "ReplicaSet", "replicasets", "rs", "nsca"),
    ("apps", "v1", "StatefulSet", "statefulsets", "sts", "nsca"),
    ("apps", "v1", "DaemonSet", "daemonsets", "ds", "nsa"),
    ("apps", "v1", "ControllerRevision", "controllerrevisions", "", "n"),
    ("batch", "v1", "Job", "jobs", "", "nsa"),
    ("batch", "v1", "CronJob", "cronjobs", "cj", "nsa"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol", "n"),
    ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", "ns"),
    ("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "", ""),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "crd,crds", "s"),
    ("events.k8s.io", "v1", "Event", "events", "ev", "n"),
    ("karpenter.sh", "v1", "NodePool", "nodepools", "", "sx"),
    ("karpenter.sh", "v1", "NodeClaim", "nodeclaims", "", "sx"),
    ("karpenter.k8s.aws", "v1", "EC2NodeClass", "ec2nodeclasses", "ec2nc,ec2ncs", "sx"),
    ("eks.amazonaws.com", "v1", "NodeClass", "nodeclasses", "", "sx"),
    ("vpcresources.k8s.aws", "v1beta1", "SecurityGroupPolicy", "securitygrouppolicies", "sgp", "nx"),
    ("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", "cnp", "nsx"),
    ("networking.k8s.aws", "v1alpha1", "ClusterNetworkPolicy", "clusternetworkpolicies", "", "x"),
    ("policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy", "clusternetworkpolicies", "", "sx"),
    ("cilium.io", "v2", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", "ccnp", "sx"),
];

impl Default for Kinds {
    /// The built-in kinds and the usual add-ons' on EKS.
    fn default() -> Self {
        Self { kinds: BUILT_IN.iter().map(|row| Arc::new(built_in(row))).collect() }
    }
}

fn built_in(row: &Row) -> Kind {
    let (group, version, kind, plural, short, flags) = *row;
    let has = |flag: char| flags.contains(flag);
    Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        singular: kind.to_lowercase(),
        short: short.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        categories: if has('a') { vec!["all".to_owned()] } else { Vec::new() },
        namespaced: has('n'),
        status: has('s'),
        scale: has('c'),
        built_in: !has('x'),
        columns: column::columns_of(group, plural),
    }
}

impl Kinds {
    /// The kind served under a path.
    pub fn by_resource(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        self.kinds.iter().find(|k| k.group == group && k.version == version && k.plural == plural).cloned()
    }

    /// Whether a group has any kind.
    pub fn is_served(&self, group: &str) -> bool {
        self.kinds.iter().any(|kind| kind.group == group)
    }

    /// The kind of an object by its `apiVersion` and `kind`.
    pub fn by_object(&self, api_version: &str, kind: &str) -> Option<Arc<Kind>> {
        self.kinds.iter().find(|k| k.kind == kind && k.api_version() == api_version).cloned()
    }

    /// The kind stored under group and resource name, in any version.
    pub fn by_key(&self, group: &str, plural: &str) -> Option<Arc<Kind>> {
        self.kinds.iter().find(|k| k.group == group && k.plural == plural).cloned()
    }

    /// All kinds, in a stable order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.kinds.iter()
    }

    /// Registers what a CustomResourceDefinition defines, in place of an earlier definition.
    pub fn register(&mut self, definition: &Value) {
        let group = definition["spec"]["group"].as_str().unwrap_or_default();
        let versions = definition["spec"]["versions"].as_array();
        for version in versions.into_iter().flatten().filter(|v| v["served"] != false) {
            let Some(kind) = custom(definition, version) else {
                continue;
            };
            self.kinds.retain(|k| !(k.group == group && k.plural == kind.plural && k.version == kind.version));
            self.kinds.push(Arc::new(kind));
        }
    }

    /// Forgets a custom kind whose definition was deleted.
    pub fn unregister(&mut self, definition: &Value) {
        let group = &definition["spec"]["group"];
        let plural = &definition["spec"]["names"]["plural"];
        self.kinds.retain(|k| k.built_in || !(*group == k.group.as_str() && *plural == k.plural.as_str()));
    }
}

fn custom(definition: &Value, version: &Value) -> Option<Kind> {
    let spec = &definition["spec"];
    let names = &spec["names"];
    let kind = names["kind"].as_str()?;
    Some(Kind {
        group: spec["group"].as_str()?.to_owned(),
        version: version["name"].as_str()?.to_owned(),
        kind: kind.to_owned(),
        plural: names["plural"].as_str()?.to_owned(),
        singular: names["singular"].as_str().map_or_else(|| kind.to_lowercase(), str::to_owned),
        short: words(&names["shortNames"]),
        categories: words(&names["categories"]),
        namespaced: spec["scope"] != "Cluster",
        status: !version["subresources"]["status"].is_null(),
        scale: false,
        built_in: false,
        columns: column::custom_columns(version),
    })
}

fn words(value: &Value) -> Vec<String> {
    let words = value.as_array().into_iter().flatten();
    words.filter_map(Value::as_str).map(str::to_owned).collect()
}
