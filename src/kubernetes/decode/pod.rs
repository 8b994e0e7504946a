//! Pods into the slim type. Replicas of one template end up sharing one `PodSpec`.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    metadata::{Unreadable, required},
    owner, raw,
    text::Text,
};
use crate::{
    domain::{
        id::{Namespace, PodId, PodName},
        version::Version,
        workload::{Container, ContainerKind, Environment, EnvironmentSource, Mount, Phase, Pod, PodSpec, TokenVolume},
    },
    kubernetes::intern::{Specs, Strings},
};

/// Decodes pods; remembers the texts and templates it has seen so that equal ones are shared.
#[derive(Default)]
pub(in crate::kubernetes) struct Decoder {
    strings: Strings,
    specs: Specs,
}

/// The volume that every pod has, named with a random suffix: it would make all replicas differ.
const DEFAULT_TOKEN: &str = "kube-api-access-";

/// Labels that differ between the replicas of one template.
const OWN_LABELS: [&str; 2] = ["statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"];

impl Decoder {
    /// One pod from its JSON.
    pub fn pod(&mut self, json: &str) -> Result<Pod, Unreadable> {
        let raw: raw::Pod<'_> = serde_json::from_str(json)?;
        let name = required(&raw.metadata.name, "metadata.name")?.to_owned();
        let namespace: Namespace = self.strings.get(required(&raw.metadata.namespace, "metadata.namespace")?).into();
        let created_at: Timestamp = required(&raw.metadata.creation_timestamp, "metadata.creationTimestamp")?
            .parse()
            .map_err(|_| Unreadable::Field("metadata.creationTimestamp"))?;
        Ok(Pod {
            id: PodId::new(namespace.clone(), PodName::from(&*name)),
            uid: (&*raw.metadata.uid).into(),
            version: Version::read(&raw.metadata.resource_version),
            created_at,
            terminating: !raw.metadata.deletion_timestamp.is_empty(),
            phase: phase(&raw.status.phase),
            ready: raw.status.is_ready(),
            crashing: raw.status.is_crashing(),
            node: (!raw.spec.node_name.is_empty()).then(|| self.strings.get(&raw.spec.node_name).into()),
            workload: owner::workload(&raw.metadata, namespace, created_at, &mut self.strings),
            spec: self.spec(raw, &name),
        })
    }

    /// A pod template from its JSON: what pods of it have before anything is injected.
    pub fn template(&mut self, json: &str) -> Result<Arc<PodSpec>, Unreadable> {
        Ok(self.spec(serde_json::from_str(json)?, ""))
    }

    fn spec(&mut self, raw: raw::Pod<'_>, name: &str) -> Arc<PodSpec> {
        let hidden: Vec<String> = default_tokens(&raw.spec.volumes);
        let labels = raw.metadata.labels.0.iter().filter(|(key, _)| !OWN_LABELS.contains(&&**key));
        let annotations = raw.metadata.annotations.0.iter().filter(|(key, _)| is_identity(key));
        let spec = PodSpec {
            service_account: self.strings.get(or_default_account(&raw.spec.service_account_name)).into(),
            host_network: raw.spec.host_network,
            windows: raw.spec.node_selector.get("kubernetes.io/os") == Some("windows")
                || &*raw.spec.os.name == "windows",
            node_port_80: takes_port_80(&raw.spec),
            fs_group: raw.spec.security_context.fs_group.is_some(),
            claims: self.claims(&raw.spec.volumes, name),
            labels: self.shared(labels),
            annotations: self.shared(annotations),
            token_volumes: self.tokens(&raw.spec.volumes, &hidden),
            containers: self.containers(raw.spec, &hidden),
        };
        self.specs.get(spec)
    }

    fn shared<'p>(&mut self, pairs: impl Iterator<Item = &'p (Text<'p>, Text<'p>)>) -> BTreeMap<Arc<str>, Arc<str>> {
        pairs.map(|(key, value)| (self.strings.get(key), self.strings.get(value))).collect()
    }

    fn containers(&mut self, spec: raw::Spec<'_>, hidden: &[String]) -> Vec<Container> {
        let raw::Spec { init_containers, containers, ephemeral_containers, security_context, .. } = spec;
        let first = init_containers.into_iter().map(|container| (initial_kind(&container), container));
        let normal = containers.into_iter().map(|container| (ContainerKind::Container, container));
        let late = ephemeral_containers.into_iter().map(|container| (ContainerKind::Ephemeral, container));
        let all = first.chain(normal).chain(late);
        all.map(|(kind, raw)| self.container(kind, raw, &security_context, hidden)).collect()
    }

    fn container(
        &mut self,
        kind: ContainerKind,
        raw: raw::Container<'_>,
        of_pod: &raw::SecurityContext,
        hidden: &[String],
    ) -> Container {
        let mounts = raw.volume_mounts.iter().filter(|mount| !hidden.iter().any(|name| **name == *mount.name));
        Container {
            name: self.strings.get(&raw.name).into(),
            kind,
            image: self.strings.get(&raw.image),
            mounts: mounts.map(|mount| self.mount(mount)).collect(),
            environment_sources: raw.env_from.iter().filter_map(|source| self.source(source)).collect(),
            non_root: is_non_root(&raw.security_context, of_pod),
            environment: Environment::new(raw.env.0),
        }
    }

    /// The claims that replicas share: those of a StatefulSet end with the name of their pod and would make all
    /// replicas differ.
    fn claims(&mut self, volumes: &[raw::Volume<'_>], pod: &str) -> Vec<Arc<str>> {
        let own = format!("-{pod}");
        let named = volumes.iter().filter_map(|volume| volume.persistent_volume_claim.as_ref());
        let shared = named.map(|claim| &claim.claim_name).filter(|name| !name.is_empty() && !name.ends_with(&own));
        shared.map(|name| self.strings.get(name)).collect()
    }

    fn mount(&mut self, raw: &raw::Mount<'_>) -> Mount {
        Mount {
            volume: self.strings.get(&raw.name),
            path: self.strings.get(&raw.mount_path),
            sub_path: !raw.sub_path.is_empty() || !raw.sub_path_expr.is_empty(),
        }
    }

    fn source(&mut self, raw: &raw::EnvironmentSource<'_>) -> Option<EnvironmentSource> {
        let (reference, secret) = match (&raw.secret_ref, &raw.config_map_ref) {
            (Some(reference), _) => (reference, true),
            (None, Some(reference)) => (reference, false),
            (None, None) => return None,
        };
        let prefix = self.strings.get(&raw.prefix);
        Some(EnvironmentSource { prefix, name: self.strings.get(&reference.name), secret })
    }

    fn tokens(&mut self, volumes: &[raw::Volume<'_>], hidden: &[String]) -> Vec<TokenVolume> {
        let mut tokens = Vec::new();
        for volume in volumes.iter().filter(|volume| !hidden.iter().any(|name| **name == *volume.name)) {
            let sources = volume.projected.iter().flat_map(|projected| &projected.sources);
            for token in sources.filter_map(|source| source.service_account_token.as_ref()) {
                tokens.push(TokenVolume {
                    name: self.strings.get(&volume.name),
                    path: self.strings.get(&token.path),
                    audience: (!token.audience.is_empty()).then(|| self.strings.get(&token.audience)),
                });
            }
        }
        tokens
    }
}

fn default_tokens(volumes: &[raw::Volume<'_>]) -> Vec<String> {
    let names = volumes.iter().map(|volume| &*volume.name).filter(|name| name.starts_with(DEFAULT_TOKEN));
    names.map(str::to_owned).collect()
}

fn initial_kind(container: &raw::Container<'_>) -> ContainerKind {
    if &*container.restart_policy == "Always" { ContainerKind::Sidecar } else { ContainerKind::Init }
}

/// The container's own context decides before the pod's; user 0 is root.
fn is_non_root(own: &raw::SecurityContext, of_pod: &raw::SecurityContext) -> bool {
    let user = own.run_as_user.or(of_pod.run_as_user);
    let asked = own.run_as_non_root.or(of_pod.run_as_non_root);
    user.map_or(asked == Some(true), |user| user != 0)
}

/// On the host's network the port of a container is the node's.
fn takes_port_80(spec: &raw::Spec<'_>) -> bool {
    let ports = spec.init_containers.iter().chain(&spec.containers).flat_map(|container| &container.ports);
    ports.into_iter().any(|port| port.host_port == Some(80) || spec.host_network && port.container_port == Some(80))
}

fn is_identity(annotation: &str) -> bool {
    annotation.starts_with("eks.amazonaws.com/") || annotation.starts_with("iam.amazonaws.com/")
}

fn or_default_account(name: &str) -> &str {
    if name.is_empty() { "default" } else { name }
}

fn phase(text: &str) -> Phase {
    match text {
        "Pending" => Phase::Pending,
        "Running" => Phase::Running,
        "Succeeded" => Phase::Succeeded,
        "Failed" => Phase::Failed,
        _ => Phase::Unknown,
    }
}
