//! What comes from the cluster, the account and the clock. Only what can be seen asks for a frame.

use std::sync::Arc;

use crate::app::{
    cluster::Link,
    effect::{Effect, Extent, Outing},
    lock::Lock,
    message::{AwsRead, Configured},
    model::Model,
    toast::ToastKind,
    wake,
};
use crate::{
    config::problem::Problem,
    domain::{change::Change, failure::Failure, id::ClusterId},
};

/// As many changes may wait while the view is frozen; then it thaws by itself.
const HELD: usize = 50_000;

/// A batch of changes; while the view is frozen they wait.
pub(super) fn changed(model: &mut Model, id: ClusterId, changes: Vec<Change>) {
    let (now, frozen) = (model.now, model.frozen.is_some());
    let Some(cluster) = model.cluster_of(id) else { return };
    if frozen {
        cluster.held.extend(changes);
        if cluster.held.len() > HELD {
            model.frozen = None;
            thaw(model);
            model.say(ToastKind::Notice, "the view moves again: too much changed while it was frozen");
        }
        return;
    }
    let visible = cluster.inventory.apply(changes, now);
    if visible {
        model.touch();
    }
    protect(model);
}

/// Whether names must be typed follows from the context's or the cluster's name, as soon as they are known.
fn protect(model: &mut Model) {
    let settings = &model.settings;
    for cluster in &mut model.clusters {
        cluster.protected = settings.is_protected(&cluster.title()) || settings.is_protected(&cluster.name());
    }
}

/// Lets in everything that waited.
pub(super) fn thaw(model: &mut Model) {
    let now = model.now;
    for cluster in &mut model.clusters {
        let held = std::mem::take(&mut cluster.held);
        cluster.inventory.apply(held, now);
    }
    protect(model);
    model.touch();
}

/// The connection to Kubernetes has another state.
pub(super) fn linked(model: &mut Model, id: ClusterId, link: Link) {
    let Some(cluster) = model.cluster_of(id) else { return };
    if cluster.kubernetes != link {
        cluster.kubernetes = link;
        model.touch();
    }
}

/// A reading of AWS came to its end. That its age is nothing again is shown with the next frame, not by one of its own.
pub(super) fn aws_was_read(model: &mut Model, id: ClusterId, read: AwsRead) {
    let Some(cluster) = model.cluster_of(id).filter(|cluster| cluster.aws.generation <= read.generation) else {
        return;
    };
    let first = cluster.aws.tried_at.is_none();
    let visible = first || cluster.aws.failure != read.failure;
    (cluster.aws.reading, cluster.aws.asked_for) = (false, false);
    cluster.aws.tried_at = Some(read.at);
    if read.failure.is_none() {
        cluster.aws.read_at = Some(read.at);
    }
    cluster.aws.failure = read.failure;
    if visible {
        model.touch();
    }
}

/// Number of calls so far: shown with the next frame.
pub(super) fn counted(model: &mut Model, id: ClusterId, calls: usize) {
    if let Some(cluster) = model.cluster_of(id) {
        cluster.calls = calls;
    }
}

/// Something failed that a person should read.
pub(super) fn failed(model: &mut Model, failure: Arc<Failure>) {
    let now = model.now;
    model.toasts.fail(failure, now);
    model.touch();
}

/// What was told as failed works: that is no longer said, and how it is now is.
pub(super) fn mended(model: &mut Model, failure: &Failure, now: String) {
    model.toasts.take_back(failure);
    model.say(ToastKind::Success, now);
}

/// Another program gave the terminal back. After a login what failed is tried again.
pub(super) fn returned(model: &mut Model, outing: &Outing, failure: Option<Arc<Failure>>) {
    model.touch();
    model.emit(Effect::Redraw);
    match (outing, failure) {
        (_, Some(failure)) => failed(model, failure),
        (Outing::Login(_), None) => {
            model.say(ToastKind::Success, "logged in: AWS is read again");
            let cluster = model.cluster_mut();
            let (id, generation) = (cluster.id, cluster.begin_reading());
            model.emit(Effect::Refresh { cluster: id, generation, extent: Extent::Everything });
        }
        (Outing::Read(_), None) => {}
    }
}

/// Configuration files are wrong.
pub(super) fn misconfigured(model: &mut Model, problems: Vec<Problem>) {
    for problem in &problems {
        model.say(ToastKind::Failure, problem.to_string());
    }
    model.problems = problems;
}

/// The files were read again. What a session began with stays: filter, write, and the mouse as it was toggled; a cluster
/// whose context becomes read-only is locked for good.
pub(super) fn configured(model: &mut Model, configured: Configured) {
    let Configured { settings, keys, problems, .. } = configured;
    for cluster in &mut model.clusters {
        let context = cluster.inventory.target().context.as_deref();
        if settings.within(context.unwrap_or_default()).read_only {
            cluster.lock = Lock::ReadOnly;
        }
    }
    (model.settings, model.keys) = (settings, keys);
    model.pending.clear();
    protect(model);
    match problems.is_empty() {
        true => {
            model.problems.clear();
            model.say(ToastKind::Success, "the configuration was read again");
        }
        false => misconfigured(model, problems),
    }
}

/// The time that was asked for has come.
pub(super) fn woken(model: &mut Model) {
    let now = model.now;
    let mut visible = model.toasts.expire(now) | wake::ages_changed(model);
    let frozen = model.frozen.is_some();
    let mut locked = Vec::new();
    for cluster in &mut model.clusters {
        if cluster.lock.expire(now) {
            locked.push(cluster.title());
        }
        visible |= !frozen && cluster.inventory.settle(now);
        visible |= matches!(&cluster.kubernetes, Link::Retrying { at, .. } if wake::is_counted_down(*at, now));
    }
    for title in locked {
        model.say(ToastKind::Notice, format!("{title} is locked again"));
    }
    if visible {
        model.touch();
    }
    read_again(model);
}

/// Readings of AWS whose interval is over.
fn read_again(model: &mut Model) {
    let due = |index: &usize| wake::reading(model, &model.clusters[*index]).is_some_and(|at| at <= model.now);
    let due: Vec<usize> = (0..model.clusters.len()).filter(due).collect();
    for index in due {
        let cluster = &mut model.clusters[index];
        let (id, generation) = (cluster.id, cluster.begin_reading());
        model.emit(Effect::Refresh { cluster: id, generation, extent: Extent::Everything });
    }
}
