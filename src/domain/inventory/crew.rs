//! The pods of a cluster with their indexes: by service account, node and workload. What replicas
//! share is kept once (their texts are shared by the adapters); it decides nothing about identities.

use std::{hash::BuildHasher, mem, sync::Arc};

use hashbrown::{HashTable, hash_table};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::domain::{
    fact::Fact,
    failure::Failure,
    id::{NodeName, PodId, ServiceAccountId},
    identity::{Resolution, node_role::NodeFacts},
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
    /// By a part of them that is quick to hash.
    specs: HashTable<Arc<PodSpec>>,
    in_kube_system: usize,
}

/// A pod with its answer.
#[derive(Debug)]
pub struct Entry {
    /// The pod.
    pub pod: Pod,
    /// What is known of its node; `None` while it has none.
    pub node: Option<Arc<NodeFacts>>,
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

    /// Whether the pods were read, and why the last read failed.
    pub fn told(&self) -> (Fact<()>, Option<Arc<Failure>>) {
        (self.state.clone(), self.failure.clone())
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

    /// Tells the pods on a node what is known of it.
    pub fn tell_node(&mut self, node: &NodeName, facts: &Arc<NodeFacts>) {
        for place in self.nodes.get(node).into_iter().flatten() {
            if let Some(entry) = self.entries.get_mut(*place as usize).and_then(Option::as_mut) {
                entry.node = Some(Arc::clone(facts));
            }
        }
    }

    /// All distinct specs, and perhaps some that no pod has any more.
    pub fn specs(&self) -> impl Iterator<Item = &Arc<PodSpec>> {
        self.specs.iter()
    }

    /// Puts a new or changed pod; `None` if nothing changed, or if something newer is known.
    pub fn put(&mut self, mut pod: Pod) -> Option<Touched> {
        self.share_spec(&mut pod.spec);
        match self.seat(pod) {
            Seated::New(touched) => {
                self.link(touched.place.as_slice());
                Some(touched)
            }
            Seated::Known(place, pod) if self.is_newer_at(place, &pod) => None,
            Seated::Known(place, pod) => self.renew(place, pod),
        }
    }

    /// Whether what stands at a place is newer than what just came about the same pod.
    fn is_newer_at(&self, place: Place, pod: &Pod) -> bool {
        self.entry(place).is_some_and(|known| pod.version.is_before(known.pod.version))
    }

    /// Stores a pod that is new; one that is known is handed back with its place.
    fn seat(&mut self, pod: Pod) -> Seated {
        let entries = &self.entries;
        let same = |place: &Place| is_at(entries, *place, &pod.id);
        let vacant = match self.places.entry(hash(&pod.id), same, |place| hash_at(entries, *place)) {
            hash_table::Entry::Occupied(known) => return Seated::Known(*known.get(), pod),
            hash_table::Entry::Vacant(vacant) => vacant,
        };
        let place = self.free.pop().unwrap_or_else(|| Place::try_from(entries.len()).unwrap_or(Place::MAX));
        vacant.insert(place);
        let touched = Touched { place: Some(place), nodes: watched_node(&pod), left: None };
        let entry = Some(Entry { pod, node: None, resolution: None });
        match self.entries.get_mut(place as usize) {
            Some(free) => *free = entry,
            None => self.entries.push(entry),
        }
        Seated::New(touched)
    }

    /// Puts a pod in the place of its older self; `None` if nothing changed.
    fn renew(&mut self, place: Place, pod: Pod) -> Option<Touched> {
        let entry = self.entry_mut(place)?;
        entry.pod.version = pod.version;
        if entry.pod == pod {
            return None;
        }
        let mut nodes = watched_node(&pod);
        let old = mem::replace(entry, Entry { pod, node: None, resolution: None }).pod;
        self.unlink(&old, place);
        self.link(&[place]);
        nodes.splice(0..0, watched_node(&old));
        let left = (old.workload.clone(), old.service_account());
        Some(Touched { place: Some(place), nodes, left: Some(left) })
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

    /// Takes over a re-list at once, if it brought a list, and tells what each difference touches.
    pub fn replace(&mut self, answer: Fact<Vec<Pod>>, mut tell: impl FnMut(Touched)) {
        self.failure = answer.failure().cloned();
        let pods = match answer {
            Fact::Known(pods) => pods,
            Fact::Absent => Vec::new(),
            other => {
                self.state.update(other.map_known(|_| ()));
                return;
            }
        };
        self.state = Fact::Known(());
        self.gone(&pods).iter().filter_map(|id| self.remove(id)).for_each(&mut tell);
        self.reserve(pods.len());
        let (mut known, mut fresh) = (FxHashMap::default(), Vec::new());
        for mut pod in pods {
            self.share_again(&mut pod.spec, &mut known);
            match self.seat(pod) {
                Seated::New(touched) => {
                    fresh.extend(touched.place);
                    tell(touched);
                }
                Seated::Known(place, pod) => {
                    self.link(&mem::take(&mut fresh));
                    self.renew(place, pod).into_iter().for_each(&mut tell);
                }
            }
        }
        self.link(&fresh);
    }

    /// Shares a spec; replicas that arrive with one need not be compared one by one. `known` holds those that
    /// arrived, so that their addresses stay theirs, with what they are shared as.
    fn share_again(&mut self, spec: &mut Arc<PodSpec>, known: &mut FxHashMap<usize, [Arc<PodSpec>; 2]>) {
        let address = Arc::as_ptr(spec).addr();
        if let Some([given, shared]) = known.get(&address) {
            if !Arc::ptr_eq(given, shared) {
                *spec = Arc::clone(shared);
            }
            return;
        }
        let given = Arc::clone(spec);
        self.share_spec(spec);
        known.insert(address, [given, Arc::clone(spec)]);
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

    /// Drops specs that nothing uses any more.
    pub fn sweep(&mut self) {
        self.specs.retain(|spec| Arc::strong_count(spec) > 1);
    }

    /// How many of some places, from the first, hold replicas: pods of one workload with one spec, which the API
    /// server lists one after another.
    pub fn replicas(&self, places: &[Place]) -> usize {
        let mut entries = places.iter().map(|place| self.entry(*place));
        let Some(first) = entries.next().flatten() else { return places.len().min(1) };
        let is_replica = |entry: Option<&Entry>| entry.is_some_and(|entry| is_replica(&first.pod, &entry.pod));
        1 + entries.take_while(|entry| is_replica(*entry)).count()
    }

    fn link(&mut self, mut places: &[Place]) {
        while !places.is_empty() {
            let (replicas, others) = places.split_at(self.replicas(places));
            self.link_replicas(replicas);
            places = others;
        }
    }

    fn link_replicas(&mut self, places: &[Place]) {
        let Some(first) = places.first() else { return };
        let Some(Entry { pod, .. }) = self.entries.get(*first as usize).and_then(Option::as_ref) else { return };
        self.in_kube_system += if is_kube_system(pod) { places.len() } else { 0 };
        push(&mut self.accounts, &pod.service_account(), places);
        push(&mut self.workloads, &pod.workload, places);
        for place in places {
            let entry = self.entries.get(*place as usize).and_then(Option::as_ref);
            if let Some(node) = entry.and_then(|entry| entry.pod.node.as_ref()) {
                push(&mut self.nodes, node, &[*place]);
            }
        }
    }

    fn unlink(&mut self, pod: &Pod, place: Place) {
        self.in_kube_system -= usize::from(is_kube_system(pod));
        pull(&mut self.accounts, &pod.service_account(), place);
        if let Some(node) = &pod.node {
            pull(&mut self.nodes, node, place);
        }
        pull(&mut self.workloads, &pod.workload, place);
    }

    fn share_spec(&mut self, spec: &mut Arc<PodSpec>) {
        let same = |known: &Arc<PodSpec>| known == spec;
        match self.specs.entry(spec_hash(spec), same, |known| spec_hash(known)) {
            hash_table::Entry::Occupied(known) => *spec = Arc::clone(known.get()),
            hash_table::Entry::Vacant(vacant) => drop(vacant.insert(Arc::clone(spec))),
        }
    }
}

/// A pod that was put.
enum Seated {
    /// It is new.
    New(Touched),
    /// Its place is known; it may have changed.
    Known(Place, Pod),
}

fn hash(id: &PodId) -> u64 {
    FxBuildHasher.hash_one(id)
}

/// Specs that agree in these mostly agree in everything: a revision has a label of its own.
fn spec_hash(spec: &PodSpec) -> u64 {
    FxBuildHasher.hash_one((&spec.service_account, &spec.labels))
}

fn hash_at(entries: &[Option<Entry>], place: Place) -> u64 {
    entries.get(place as usize).and_then(Option::as_ref).map_or(0, |entry| hash(&entry.pod.id))
}

fn is_at(entries: &[Option<Entry>], place: Place, id: &PodId) -> bool {
    entries.get(place as usize).and_then(Option::as_ref).is_some_and(|entry| entry.pod.id == *id)
}

fn push<K: Clone + Eq + std::hash::Hash>(index: &mut FxHashMap<K, Vec<Place>>, key: &K, places: &[Place]) {
    match index.get_mut(key) {
        Some(known) => known.extend_from_slice(places),
        None => {
            index.insert(key.clone(), places.to_vec());
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

/// Texts are shared, so that most comparisons end at addresses.
fn is_replica(one: &Pod, other: &Pod) -> bool {
    Arc::ptr_eq(&one.spec, &other.spec) && one.workload == other.workload
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
