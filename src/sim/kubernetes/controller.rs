//! The controllers' loop: takes what writes left to look at, asks the controller
//! concerned, does what it says; and starts and ends pods after the settle delay.
//! It sleeps until something is written or due.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::api::Api;
use super::kubelet::{self, Step};
use super::request::Target;
use super::state::{State, Work, core};
use super::status::Failure;
use super::store::Key;
use super::workload::Action;
use super::write::{self, Options};
use super::{budget, daemon, deployment, job, meta, replica, schedule, stateful};

/// What failed is tried again after this time.
const RETRY: Duration = Duration::from_secs(1);
const FAR: Duration = Duration::from_secs(86_400);

/// While it lives, the cluster counts as having controllers.
struct Presence(Api);

impl Presence {
    fn new(api: Api) -> Self {
        api.commit(|state| state.controllers += 1);
        Self(api)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.commit(|state| state.controllers = state.controllers.saturating_sub(1));
    }
}

#[derive(Default)]
struct Timers {
    due: BTreeMap<(Instant, u64), Due>,
    waiting: HashSet<(String, Step)>,
    again: BTreeSet<Work>,
    count: u64,
}

enum Due {
    Pod { uid: String, place: (String, String), step: Step },
    Again(Work),
}

impl Timers {
    fn add(&mut self, after: Duration, due: Due) {
        if let Due::Pod { uid, step, .. } = &due
            && !self.waiting.insert((uid.clone(), *step))
        {
            return;
        }
        if let Due::Again(work) = &due
            && !self.again.insert(work.clone())
        {
            return;
        }
        self.count += 1;
        self.due.insert((Instant::now() + after, self.count), due);
    }

    fn next(&self) -> Instant {
        self.due.keys().next().map_or_else(|| Instant::now() + FAR, |(at, _)| *at)
    }

    /// The first that is due by now.
    fn take(&mut self) -> Option<Due> {
        let entry = self.due.first_entry()?;
        if entry.key().0 > Instant::now() {
            return None;
        }
        let due = entry.remove();
        match &due {
            Due::Pod { uid, step, .. } => drop(self.waiting.remove(&(uid.clone(), *step))),
            Due::Again(work) => drop(self.again.remove(work)),
        }
        Some(due)
    }
}

/// Runs until dropped.
pub async fn run(api: Api) {
    let mut changes = api.changes();
    let presence = Presence::new(api);
    let api = &presence.0;
    let mut timers = Timers::default();
    loop {
        changes.mark_unchanged();
        while let Some(work) = api.commit(|state| state.work.pop_first()) {
            look(api, work, &mut timers);
            tokio::task::yield_now().await;
        }
        while let Some(due) = timers.take() {
            fire(api, due);
        }
        tokio::select! {
            moved = changes.changed() => if moved.is_err() { return },
            () = sleep_until(timers.next()) => {}
        }
    }
}

fn look(api: &Api, work: Work, timers: &mut Timers) {
    match &work {
        Work::Nodes => api.commit(everything_on_nodes),
        Work::Pod(namespace, name) => look_at_pod(api, namespace, name, timers),
        Work::Owner(key, namespace, name) => {
            let actions = api.read(|state| reconcile(api, state, key, namespace, name));
            let failed = actions.into_iter().filter(|action| act(api, action).is_err()).count();
            if failed > 0 {
                timers.add(RETRY, Due::Again(work));
            }
        }
    }
}

/// New nodes concern DaemonSets and pods without a node.
fn everything_on_nodes(state: &mut State) {
    let key = super::state::apps("daemonsets");
    let place = |value: &Value| (meta::namespace(value).to_owned(), meta::name(value).to_owned());
    let sets: Vec<_> = state.store.list(&key, "").map(|set| place(set.value())).collect();
    let pods = state.store.list(&core("pods"), "");
    let pending = pods.filter(|pod| kubelet::next_step(pod.value()) == Some(Step::Schedule));
    let pending: Vec<_> = pending.map(|pod| place(pod.value())).collect();
    state.work.extend(sets.into_iter().map(|(namespace, name)| Work::Owner(key.clone(), namespace, name)));
    state.work.extend(pending.into_iter().map(|(namespace, name)| Work::Pod(namespace, name)));
}

/// What the owner's controller says.
pub fn reconcile(api: &Api, state: &State, key: &Key, namespace: &str, name: &str) -> Vec<Action> {
    let Some(object) = state.store.get(key, namespace, name) else {
        return Vec::new();
    };
    let (object, now) = (object.value(), meta::time(api.now()));
    match key.1.as_str() {
        "deployments" => deployment::reconcile(state, object, &now),
        "replicasets" => replica::reconcile(state, object),
        "statefulsets" => stateful::reconcile(state, object),
        "daemonsets" => daemon::reconcile(state, object),
        "jobs" => job::reconcile(state, object, &now),
        "poddisruptionbudgets" => budget::reconcile(state, object, &now),
        _ => Vec::new(),
    }
}

/// Does what a controller asks for; what is there or gone already is fine.
fn act(api: &Api, action: &Action) -> Result<(), Failure> {
    let options = Options { manager: "kube-controller-manager".to_owned(), ..Options::default() };
    let result = match action {
        Action::Create(key, value) => {
            let Some(kind) = api.read(|state| state.kinds.by_key(&key.0, &key.1)) else {
                return Ok(());
            };
            write::create(api, &kind, meta::namespace(value), value.clone(), &options).map(drop)
        }
        Action::Scale(key, namespace, name, replicas) => change(api, key, (namespace, name), "", |object| {
            meta::set(object, &["spec"], "replicas", *replicas);
        }),
        Action::Annotate(key, namespace, name, annotation, value) => {
            change(api, key, (namespace, name), "", |object| {
                meta::set(object, &["metadata", "annotations"], annotation, value.as_str());
            })
        }
        Action::Status(key, namespace, name, status) => change(api, key, (namespace, name), "status", |object| {
            meta::set(object, &[], "status", status.clone());
        }),
        Action::Delete(key, namespace, name) => match target(api, key, (namespace, name), "") {
            Some(target) => write::delete(api, &target, &Value::Null, false).map(drop),
            None => Ok(()),
        },
    };
    match result {
        Err(failure) if failure.code == 409 || is_gone(action, &failure) => Ok(()),
        other => other,
    }
}

fn is_gone(action: &Action, failure: &Failure) -> bool {
    failure.code == 404 && !matches!(action, Action::Create(..))
}

fn target(api: &Api, key: &Key, place: (&str, &str), subresource: &str) -> Option<Target> {
    let kind = api.read(|state| state.kinds.by_key(&key.0, &key.1))?;
    Some(Target { kind, namespace: place.0.to_owned(), name: place.1.to_owned(), subresource: subresource.to_owned() })
}

/// Changes an object without leaving a trace in `managedFields`.
fn change(
    api: &Api,
    key: &Key,
    place: (&str, &str),
    part: &str,
    change: impl FnOnce(&mut Value),
) -> Result<(), Failure> {
    let Some(target) = target(api, key, place, part) else {
        return Ok(());
    };
    let changed = write::modify(api, &target, &Options::default(), |old| {
        let mut new = old.clone();
        change(&mut new);
        Ok(new)
    });
    changed.map(drop)
}

fn look_at_pod(api: &Api, namespace: &str, name: &str, timers: &mut Timers) {
    let pod = api.read(|state| state.store.get(&core("pods"), namespace, name).cloned());
    let Some(pod) = pod else { return };
    let delay = api.settle_delay();
    let after = match kubelet::next_step(pod.value()) {
        None => return,
        Some(Step::Schedule) => return bind(api, namespace, name),
        Some(step @ (Step::Start | Step::Remove)) => (delay, step),
        Some(step @ Step::Succeed) => (delay * 2, step),
    };
    let place = (namespace.to_owned(), name.to_owned());
    let uid = meta::uid(pod.value()).to_owned();
    timers.add(after.0, Due::Pod { uid, place, step: after.1 });
}

/// Gives a pod its node, or says that there is none.
fn bind(api: &Api, namespace: &str, name: &str) {
    let now = meta::time(api.now());
    api.commit(|state| {
        let Some(pod) = state.store.get(&core("pods"), namespace, name).cloned() else {
            return;
        };
        let Some(kind) = state.kinds.by_key("", "pods") else {
            return;
        };
        let mut value = pod.value().clone();
        match schedule::place(api, state, pod.value()) {
            Some(node) => meta::set(&mut value, &["spec"], "nodeName", node),
            None => meta::set(&mut value, &[], "status", schedule::unschedulable(pod.value(), &now)),
        }
        if value != *pod.value() {
            state.put(&kind, value);
        }
    });
}

fn fire(api: &Api, due: Due) {
    let now = api.now();
    api.commit(|state| match due {
        Due::Again(work) => {
            state.work.insert(work);
        }
        Due::Pod { uid, place, step } => {
            let Some(pod) = state.store.get(&core("pods"), &place.0, &place.1).cloned() else {
                return;
            };
            if meta::uid(pod.value()) == uid && kubelet::next_step(pod.value()) == Some(step) {
                take_step(api, state, pod.value(), step, now);
            }
        }
    });
}

fn take_step(api: &Api, state: &mut State, pod: &Value, step: Step, now: jiff::Timestamp) {
    let Some(kind) = state.kinds.by_key("", "pods") else {
        return;
    };
    let time = meta::time(now);
    let status = match step {
        Step::Schedule => return,
        Step::Remove => {
            let object = super::store::Object::new(pod.clone());
            return state.finish(&kind, &object, now);
        }
        Step::Start => start(api, state, pod, &time),
        Step::Succeed => kubelet::succeeded(pod, &time),
    };
    let mut value = pod.clone();
    meta::set(&mut value, &[], "status", status);
    state.put(&kind, value);
}

/// The status of a pod that starts now, with an address of its own.
pub fn start(api: &Api, state: &mut State, pod: &Value, time: &str) -> Value {
    state.addresses += 1;
    let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
    let node = state.store.get(&core("nodes"), "", node).map(|node| node.value());
    kubelet::running(pod, node, &kubelet::address(state.addresses, api.facts().ipv6), time)
}
