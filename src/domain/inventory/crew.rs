//! The pods of a cluster with their indexes: by service account, node and workload. What replicas
//! share is kept once; it decides nothing about identities.

use std::{hash::BuildHasher, mem, sync::Arc};

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::domain::{
    fact::Fact,
    failure::Failure,
    id::{NodeName, PodId, ServiceAccountId},
    identity::Resolution,
    workload::{Phase, Pod, PodSpec, WorkloadId, WorkloadKind},
};

/// A pod's place in the store; reused after it is gone.
pub type Place = u32;

/// All pods.
#[derive(Debug, Default)]
pub struct Crew {
    state: Fact<()>,
    failure: Option<Arc<Failure>>,
    entries: Vec<Option<Entry>>,
    free: Vec<Place>,
    /// By the hash of a pod's id, which stands in its entry only.
    places: HashTable<Place>,
    accounts: FxHashMap<ServiceAccountId, Vec<Place>>,
    nodes: FxHashMap<NodeName, Vec<Place>>,
    workloads: FxHashMap<WorkloadId, Vec<Place>>,
    texts: FxHashSet<Arc<str>>,
    specs: FxHashSet<Arc<PodSpec>>,
    in_kube_system: usize,
}

/// A pod with its answer.
#[derive(Debug)]
pub struct Entry {
    /// The pod.
    pub pod: Pod,
    /// Its answer, `None` until it was resolved.
    pub resolution: Option<Arc<Resolution>>,
}

/// What a changed pod touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Where it stands, unless it is gone.
    pub place: Option<Place>,
    /// The nodes whose agent or metadata proxy it may be.
    pub nodes: Vec<NodeName>,
    /// The workload and service account that it left.
    pub left: Option<(WorkloadId, ServiceAccountId)>,
}

impl Crew {
    /// Whether the list was read.
    pub fn state(&self) -> &Fact<()> {
        &self.state
    }

    /// Why the last read failed.
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        self.failure.as_ref()
    }

    /// Number of pods.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether any pod of kube-system can be seen.
    pub fn sees_kube_system(&self) -> bool {
        self.in_kube_system > 0
    }

    /// The place of a pod.
    pub fn place(&self, id: &PodId) -> Option<Place> {
        self.places.find(hash(id), |place| is_at(&self.entries, *place, id)).copied()
    }

    /// The entry at a place.
    pub fn entry(&self, place: Place) -> Option<&Entry> {
        self.entries.get(place as usize)?.as_ref()
    }

    /// The entry at a place, to be given its answer.
    pub fn entry_mut(&mut self, place: Place) -> Option<&mut Entry> {
        self.entries.get_mut(place as usize)?.as_mut()
    }

    /// The entry of a pod.
    pub fn get(&self, id: &PodId) -> Option<&Entry> {
        self.entry(self.place(id)?)
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    /// The entries at some places.
    pub fn at<'a>(&'a self, places: &'a [Place]) -> impl Iterator<Item = &'a Entry> {
        places.iter().filter_map(|place| self.entry(*place))
    }

    /// Pods by service account.
    pub fn accounts(&self) -> &FxHashMap<ServiceAccountId, Vec<Place>> {
        &self.accounts
    }

    /// Pods by workload.
    pub fn workloads(&self) -> &FxHashMap<WorkloadId, Vec<Place>> {
        &self.workloads
    }

    /// The pods of a service account.
    pub fn of_account(&self, account: &ServiceAccountId) -> &[Place] {
        self.accounts.get(account).map_or(&[], Vec::as_slice)
    }

    /// The pods on a node.
    pub fn on_node(&self, node: &NodeName) -> &[Place] {
        self.nodes.get(node).map_or(&[], Vec::as_slice)
    }

    /// Nodes that pods are on.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.nodes.keys()
    }

    /// All distinct specs, and perhaps some that no pod has any more.
    pub fn specs(&self) -> impl Iterator<Item = &Arc<PodSpec>> {
        self.specs.iter()
    }

    /// Puts a new or changed pod; `None` if nothing changed.
    pub fn put(&mut self, mut pod: Pod) -> Option<Touched> {
        self.share_spec(&mut pod.spec);
        self.put_shared(pod)
    }

    fn put_shared(&mut self, mut pod: Pod) -> Option<Touched> {
        self.share_texts(&mut pod);
        let Some(place) = self.place(&pod.id) else { return Some(self.add(pod)) };
        let entry = self.entry_mut(place)?;
        if entry.pod == pod {
            return None;
        }
        let old = mem::replace(&mut entry.pod, pod);
        entry.resolution = None;
        self.unlink(&old, place);
        self.link(place);
        let mut nodes = watched_node(&old);
        nodes.extend(self.entry(place).map(|entry| watched_node(&entry.pod)).unwrap_or_default());
        let left = (old.workload.clone(), old.service_account());
        Some(Touched { place: Some(place), nodes, left: Some(left) })
    }

    fn add(&mut self, pod: Pod) -> Touched {
        let nodes = watched_node(&pod);
        let hash_of_id = hash(&pod.id);
        let entry = Some(Entry { pod, resolution: None });
        let place = match self.free.pop() {
            Some(place) => {
                self.entries[place as usize] = entry;
                place
            }
            None => {
                self.entries.push(entry);
                Place::try_from(self.entries.len() - 1).unwrap_or(Place::MAX)
            }
        };
        let entries = &self.entries;
        self.places.insert_unique(hash_of_id, place, |place| hash_at(entries, *place));
        self.link(place);
        Touched { place: Some(place), nodes, left: None }
    }

    /// Removes a pod.
    pub fn remove(&mut self, id: &PodId) -> Option<Touched> {
        let found = self.places.find_entry(hash(id), |place| is_at(&self.entries, *place, id)).ok()?;
        let (place, _) = found.remove();
        let entry = self.entries.get_mut(place as usize)?.take()?;
        self.unlink(&entry.pod, place);
        self.free.push(place);
        let left = (entry.pod.workload.clone(), entry.pod.service_account());
        Some(Touched { place: None, nodes: watched_node(&entry.pod), left: Some(left) })
    }

    /// Takes over a re-list at once. `None` if it brought no list.
    pub fn replace(&mut self, answer: Fact<Vec<Pod>>) -> Option<Vec<Touched>> {
        self.failure = answer.failure().cloned();
        let pods = match answer {
            Fact::Known(pods) => pods,
            Fact::Absent => Vec::new(),
            other => {
                self.state.update(other.map_known(|_| ()));
                return None;
            }
        };
        self.state = Fact::Known(());
        let mut touched: Vec<Touched> = self.gone(&pods).iter().filter_map(|id| self.remove(id)).collect();
        self.reserve(pods.len());
        // Replicas that arrive with one spec need not be compared one by one.
        let mut known: FxHashMap<usize, (Arc<PodSpec>, Arc<PodSpec>)> = FxHashMap::default();
        for mut pod in pods {
            let address = Arc::as_ptr(&pod.spec).addr();
            if let Some((_, shared)) = known.get(&address) {
                pod.spec = Arc::clone(shared);
            } else {
                let given = Arc::clone(&pod.spec);
                self.share_spec(&mut pod.spec);
                known.insert(address, (given, Arc::clone(&pod.spec)));
            }
            touched.extend(self.put_shared(pod));
        }
        Some(touched)
    }

    fn gone(&self, pods: &[Pod]) -> Vec<PodId> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let kept: FxHashSet<&PodId> = pods.iter().map(|pod| &pod.id).collect();
        self.entries().map(|entry| &entry.pod.id).filter(|id| !kept.contains(*id)).cloned().collect()
    }

    fn reserve(&mut self, pods: usize) {
        let more = pods.saturating_sub(self.places.len());
        self.entries.reserve_exact(more.saturating_sub(self.free.len()));
        let entries = &self.entries;
        self.places.reserve(more, |place| hash_at(entries, *place));
    }

    /// Drops specs and texts that nothing uses any more.
    pub fn sweep(&mut self) {
        self.specs.retain(|spec| Arc::strong_count(spec) > 1);
        self.texts.retain(|text| Arc::strong_count(text) > 1);
    }

    fn link(&mut self, place: Place) {
        let Some(Entry { pod, .. }) = self.entries.get(place as usize).and_then(Option::as_ref) else { return };
        self.in_kube_system += usize::from(is_kube_system(pod));
        self.accounts.entry(pod.service_account()).or_default().push(place);
        if let Some(node) = &pod.node {
            push(&mut self.nodes, node, place);
        }
        push(&mut self.workloads, &pod.workload, place);
    }

    fn unlink(&mut self, pod: &Pod, place: Place) {
        self.in_kube_system -= usize::from(is_kube_system(pod));
        pull(&mut self.accounts, &pod.service_account(), place);
        if let Some(node) = &pod.node {
            pull(&mut self.nodes, node, place);
        }
        pull(&mut self.workloads, &pod.workload, place);
    }

    fn share_texts(&mut self, pod: &mut Pod) {
        pod.id.namespace = self.text(pod.id.namespace.shared()).into();
        pod.workload.namespace = pod.id.namespace.clone();
        pod.workload.name = self.text(pod.workload.name.shared()).into();
        pod.node = pod.node.take().map(|node| self.text(node.shared()).into());
    }

    fn share_spec(&mut self, spec: &mut Arc<PodSpec>) {
        match self.specs.get(&**spec) {
            Some(known) => *spec = Arc::clone(known),
            None => {
                self.specs.insert(Arc::clone(spec));
            }
        }
    }

    fn text(&mut self, text: Arc<str>) -> Arc<str> {
        if let Some(known) = self.texts.get(&*text) {
            return Arc::clone(known);
        }
        self.texts.insert(Arc::clone(&text));
        text
    }
}

fn hash(id: &PodId) -> u64 {
    FxBuildHasher.hash_one(id)
}

fn hash_at(entries: &[Option<Entry>], place: Place) -> u64 {
    entries.get(place as usize).and_then(Option::as_ref).map_or(0, |entry| hash(&entry.pod.id))
}

fn is_at(entries: &[Option<Entry>], place: Place, id: &PodId) -> bool {
    entries.get(place as usize).and_then(Option::as_ref).is_some_and(|entry| entry.pod.id == *id)
}

fn push<K: Clone + Eq + std::hash::Hash>(index: &mut FxHashMap<K, Vec<Place>>, key: &K, place: Place) {
    match index.get_mut(key) {
        Some(places) => places.push(place),
        None => {
            index.insert(key.clone(), vec![place]);
        }
    }
}

fn pull<K: Eq + std::hash::Hash>(index: &mut FxHashMap<K, Vec<Place>>, key: &K, place: Place) {
    let Some(places) = index.get_mut(key) else { return };
    if let Some(at) = places.iter().position(|other| *other == place) {
        places.swap_remove(at);
    }
    if places.is_empty() {
        index.remove(key);
    }
}

fn is_kube_system(pod: &Pod) -> bool {
    pod.id.namespace.as_str() == "kube-system"
}

/// A pod of the Pod Identity agent (identity-resolution 4.1).
pub fn is_agent(pod: &Pod) -> bool {
    const AGENT: &str = "eks-pod-identity-agent";
    is_kube_system(pod)
        && (pod.spec.labels.get("app.kubernetes.io/name").is_some_and(|name| &**name == AGENT)
            || pod.workload.kind == WorkloadKind::DaemonSet && pod.workload.name.as_str().starts_with(AGENT))
}

/// A pod of kube2iam or kiam, which answer instead of instance metadata (identity-resolution 3.1).
pub fn is_proxy(pod: &Pod) -> bool {
    let name = pod.workload.name.as_str();
    pod.workload.kind == WorkloadKind::DaemonSet && (name.contains("kube2iam") || name.contains("kiam"))
}

/// A pod beside the agent that takes port 80 of its node, which the agent needs (identity-resolution 4.2).
pub fn takes_port(pod: &Pod) -> bool {
    let lives = !matches!(pod.phase, Phase::Succeeded | Phase::Failed);
    pod.spec.node_port_80 && lives && !is_agent(pod)
}

/// A pod of the VPC CNI that gives pods security groups of their own, in strict mode, which is the default
/// (identity-resolution 4.2).
pub fn gives_strict_groups(pod: &Pod) -> bool {
    let is_cni =
        is_kube_system(pod) && pod.workload.kind == WorkloadKind::DaemonSet && pod.workload.name.as_str() == "aws-node";
    let set = |name: &str, value: &str| {
        let texts = pod.spec.containers.iter().filter_map(|container| container.environment.text(name));
        texts.into_iter().any(|text| text.eq_ignore_ascii_case(value))
    };
    is_cni && set("ENABLE_POD_ENI", "true") && !set("POD_SECURITY_GROUP_ENFORCING_MODE", "standard")
}

fn watched_node(pod: &Pod) -> Vec<NodeName> {
    let decides = is_agent(pod) || is_proxy(pod) || takes_port(pod) || gives_strict_groups(pod);
    let watched = pod.node.is_some() && decides;
    if watched { pod.node.iter().cloned().collect() } else { Vec::new() }
}
