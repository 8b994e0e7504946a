//! The cluster's state behind the lock: store, served kinds, and what the controllers
//! have to look at. Writes that come from loading a world leave no work behind.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::budget;
use super::fargate::{self, FargateProfile};
use super::kind::{Kind, Kinds};
use super::meta;
use super::store::{Key, Object, Store};

/// Something for the controllers to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// The nodes have changed: every DaemonSet and every pending pod.
    Nodes,
    /// A workload: resource, namespace, name.
    Owner(Key, String, String),
    /// A pod to be scheduled, started or ended: namespace, name.
    Pod(String, String),
}

/// All that the lock protects.
#[derive(Debug, Default)]
pub struct State {
    /// The objects.
    pub store: Store,
    /// The served kinds.
    pub kinds: Kinds,
    /// What the controllers have not looked at yet.
    pub work: BTreeSet<Work>,
    /// Uids of workloads whose template came or changed through the API; the pods of
    /// all others count as up to date.
    pub rolled: HashSet<String>,
    /// How many controllers run: without one a deletion cannot be graceful.
    pub controllers: usize,
    /// Place of the round robin over nodes.
    pub turn: u64,
    /// How many pod addresses were given out.
    pub addresses: u64,
    /// Which new pods go to Fargate.
    pub fargate: Vec<FargateProfile>,
}

/// How to delete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// At once, without a grace period.
    pub now: bool,
    /// Leave dependents alone.
    pub orphan: bool,
}

/// Workload resources the controllers act on.
pub fn is_workload(key: &Key) -> bool {
    let workloads = ["deployments", "replicasets", "statefulsets", "daemonsets", "jobs"];
    matches!(key.0.as_str(), "apps" | "batch") && workloads.contains(&key.1.as_str())
}

/// The store key of a core resource.
pub fn core(plural: &str) -> Key {
    (String::new(), plural.to_owned())
}

/// The store key of an `apps` resource.
pub fn apps(plural: &str) -> Key {
    ("apps".to_owned(), plural.to_owned())
}

impl State {
    /// Stores an object that came through the API.
    pub fn put(&mut self, kind: &Kind, value: Value) -> Arc<Object> {
        let key = kind.key();
        let before = self.store.get(&key, meta::namespace(&value), meta::name(&value)).cloned();
        let object = self.put_quietly(kind, value);
        self.note_write(&key, before.as_deref(), object.value());
        object
    }

    /// Stores an object without work for the controllers.
    pub fn put_quietly(&mut self, kind: &Kind, value: Value) -> Arc<Object> {
        if kind.plural == "customresourcedefinitions" {
            self.kinds.register(&value);
        }
        self.store.put(&kind.key(), value)
    }

    fn note_write(&mut self, key: &Key, before: Option<&Object>, after: &Value) {
        let old = before.map_or(&Value::Null, Object::value);
        if is_workload(key) {
            if old["spec"]["template"] != after["spec"]["template"] {
                self.rolled.insert(meta::uid(after).to_owned());
            }
            if before.is_none() || old["metadata"]["generation"] != after["metadata"]["generation"] {
                self.work.insert(owner_work(key, after));
            }
        }
        if *key == budget::key() && old["metadata"]["generation"] != after["metadata"]["generation"] {
            self.work.insert(owner_work(key, after));
        }
        self.note_pod_or_node(key, before.is_none(), after);
        self.note_owner(after);
    }

    /// The budgets of a namespace have to count its pods again.
    fn note_budgets(&mut self, namespace: &str) {
        let budgets = self.store.list(&budget::key(), namespace);
        let work: Vec<Work> = budgets.map(|one| owner_work(&budget::key(), one.value())).collect();
        self.work.extend(work);
    }

    fn note_pod_or_node(&mut self, key: &Key, is_new: bool, object: &Value) {
        if *key == core("pods") {
            let (namespace, name) = (meta::namespace(object), meta::name(object));
            self.work.insert(Work::Pod(namespace.to_owned(), name.to_owned()));
            self.note_budgets(namespace);
        } else if *key == core("nodes") && is_new {
            self.work.insert(Work::Nodes);
        }
    }

    /// The controlling owner has to look at what happened to its dependent.
    fn note_owner(&mut self, object: &Value) {
        let Some(owner) = meta::controller(object) else {
            return;
        };
        let text = |key: &str| owner[key].as_str().unwrap_or_default();
        if let Some(kind) = self.kinds.by_object(text("apiVersion"), text("kind"))
            && is_workload(&kind.key())
        {
            let namespace = meta::namespace(object).to_owned();
            self.work.insert(Work::Owner(kind.key(), namespace, text("name").to_owned()));
        }
    }

    /// Deletes an object and what depends on it: marks it if something has to happen
    /// first (finalizers, a pod's grace period), removes it otherwise. The answer is
    /// the object as it was left.
    pub fn delete(&mut self, kind: &Kind, place: (&str, &str), how: Deletion, now: Timestamp) -> Option<Arc<Object>> {
        let object = self.store.get(&kind.key(), place.0, place.1)?.clone();
        if self.has_to_wait(kind, object.value(), how) {
            return Some(self.mark_deleted(kind, &object, now));
        }
        self.remove(kind, &object, how, now)
    }

    fn has_to_wait(&self, kind: &Kind, object: &Value, how: Deletion) -> bool {
        let has_finalizers = meta::items(&object["metadata"]["finalizers"]).next().is_some();
        let is_pod = kind.key() == core("pods");
        let runs = is_pod && !object["spec"]["nodeName"].is_null() && self.controllers > 0;
        has_finalizers || (runs && !how.now)
    }

    fn mark_deleted(&mut self, kind: &Kind, object: &Arc<Object>, now: Timestamp) -> Arc<Object> {
        if meta::is_terminating(object.value()) {
            return Arc::clone(object);
        }
        let mut value = object.value().clone();
        let grace = meta::int(&value["spec"]["terminationGracePeriodSeconds"], 0);
        meta::set(&mut value, &["metadata"], "deletionTimestamp", meta::time(now));
        meta::set(&mut value, &["metadata"], "deletionGracePeriodSeconds", grace);
        self.put(kind, value)
    }

    /// Removes an object for good, and its dependents.
    fn remove(&mut self, kind: &Kind, object: &Object, how: Deletion, now: Timestamp) -> Option<Arc<Object>> {
        let value = object.value();
        let (namespace, name) = (meta::namespace(value), meta::name(value));
        let removed = self.store.remove(&kind.key(), namespace, name);
        self.note_owner(value);
        self.rolled.remove(meta::uid(value));
        match kind.plural.as_str() {
            "namespaces" => self.empty_namespace(name, now),
            "customresourcedefinitions" => self.forget_kind(value, now),
            "pods" => {
                self.note_budgets(namespace);
                fargate::remove_node_of(self, value);
            }
            "events" | "configmaps" | "secrets" => {}
            _ => self.release(value, how, now),
        }
        removed
    }

    fn empty_namespace(&mut self, namespace: &str, now: Timestamp) {
        let how = Deletion { now: true, orphan: true };
        for (kind, object) in self.select(namespace, |_| true) {
            self.remove(&kind, &object, how, now);
        }
    }

    fn forget_kind(&mut self, definition: &Value, now: Timestamp) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let spec = &definition["spec"];
        let key = (text(&spec["group"]), text(&spec["names"]["plural"]));
        if let Some(kind) = self.kinds.by_key(&key.0, &key.1) {
            let objects: Vec<_> = self.store.list(&key, "").cloned().collect();
            for object in objects {
                self.remove(&kind, &object, Deletion { now: true, orphan: true }, now);
            }
        }
        self.kinds.unregister(definition);
    }

    /// The garbage collector: dependents go with their owner, or lose the reference.
    fn release(&mut self, owner: &Value, how: Deletion, now: Timestamp) {
        let uid = meta::uid(owner).to_owned();
        let is_dependent =
            |object: &Value| meta::items(&object["metadata"]["ownerReferences"]).any(|o| o["uid"] == uid.as_str());
        for (kind, object) in self.select(meta::namespace(owner), is_dependent) {
            if how.orphan {
                let mut value = object.value().clone();
                meta::list(&mut value, &["metadata"], "ownerReferences").retain(|o| o["uid"] != uid.as_str());
                self.put(&kind, value);
            } else {
                let place = (meta::namespace(object.value()), meta::name(object.value()));
                self.delete(&kind, place, how, now);
            }
        }
    }

    /// Objects of all kinds, in one namespace (all for an empty one).
    fn select(&self, namespace: &str, is_wanted: impl Fn(&Value) -> bool) -> Vec<(Arc<Kind>, Arc<Object>)> {
        let mut found = Vec::new();
        for key in self.store.keys() {
            let Some(kind) = self.kinds.by_key(&key.0, &key.1) else {
                continue;
            };
            let objects = self.store.list(&key, namespace);
            let wanted = objects.filter(|object| is_wanted(object.value()));
            found.extend(wanted.map(|object| (Arc::clone(&kind), Arc::clone(object))));
        }
        found
    }

    /// Finishes a deletion whose grace is over.
    pub fn finish(&mut self, kind: &Kind, object: &Object, now: Timestamp) {
        self.remove(kind, object, Deletion { now: true, orphan: false }, now);
    }

    /// Gives a new object what the server gives it: uid, creation time, generation.
    pub fn stamp(&mut self, kind: &Kind, value: &mut Value, now: Timestamp) {
        let uid = self.store.next_uid();
        meta::default(value, &["metadata"], "uid", uid);
        meta::default(value, &["metadata"], "creationTimestamp", meta::time(now));
        if has_generation(kind, value) {
            meta::default(value, &["metadata"], "generation", 1);
        }
    }

    /// Creates a namespace with its default service account, unless it is there.
    pub fn ensure_namespace(&mut self, name: &str, now: Timestamp) {
        if !name.is_empty() && self.store.get(&core("namespaces"), "", name).is_none() {
            let value = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            self.load_namespace(value, now);
        }
    }

    /// Stores a namespace as it is, completed, with its default service account.
    pub fn load_namespace(&mut self, mut value: Value, now: Timestamp) {
        let Some(kind) = self.kinds.by_key("", "namespaces") else {
            return;
        };
        complete_namespace(&mut value);
        self.stamp(&kind, &mut value, now);
        let namespace = self.put_quietly(&kind, value);
        self.ensure_default_account(namespace.value(), now);
    }

    /// The service account `default` that every namespace gets.
    pub fn ensure_default_account(&mut self, namespace: &Value, now: Timestamp) {
        let name = meta::name(namespace);
        let Some(kind) = self.kinds.by_key("", "serviceaccounts") else {
            return;
        };
        if self.store.get(&kind.key(), name, "default").is_none() {
            let mut value = json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": name,
                    "creationTimestamp": namespace["metadata"]["creationTimestamp"]},
            });
            self.stamp(&kind, &mut value, now);
            self.put_quietly(&kind, value);
        }
    }
}

fn owner_work(key: &Key, object: &Value) -> Work {
    let (namespace, name) = (meta::namespace(object), meta::name(object));
    Work::Owner(key.clone(), namespace.to_owned(), name.to_owned())
}

/// Label, finalizer and phase of a namespace.
pub fn complete_namespace(value: &mut Value) {
    let name = meta::name(value).to_owned();
    meta::set(value, &["metadata", "labels"], "kubernetes.io/metadata.name", name);
    meta::default(value, &["spec"], "finalizers", json!(["kubernetes"]));
    meta::default(value, &["status"], "phase", "Active");
}

/// Whether the server counts generations of this kind.
pub fn has_generation(kind: &Kind, value: &Value) -> bool {
    let without = ["namespaces", "nodes", "services"];
    let is_counted = !kind.group.is_empty() || !without.contains(&kind.plural.as_str());
    is_counted && !value["spec"].is_null()
}
