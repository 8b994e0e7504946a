//! When the program must be woken though nothing happened: the only clock it has.

use jiff::{SignedDuration, Timestamp};

use super::{
    cluster::{ClusterView, Link},
    model::Model,
};

/// Ages on screen are counted in minutes.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The earliest time after `now` at which `Message::Wake` is due. A wake-up draws only if something visible changed.
pub fn next_wake(model: &Model, now: Timestamp) -> Option<Timestamp> {
    let ages = later(model.visible_at, MINUTE);
    let toast = model.toasts.next_expiry();
    let clusters = model.clusters.iter().flat_map(|cluster| times(model, cluster, now));
    let waits = model.waits.iter().filter_map(|wait| wait.next(now));
    let due = clusters.chain(waits).chain([ages, toast].into_iter().flatten());
    due.map(|at| at.max(later(now, SignedDuration::from_millis(1)).unwrap_or(now))).min()
}

fn times(model: &Model, cluster: &ClusterView, now: Timestamp) -> Vec<Timestamp> {
    let frozen = model.frozen.is_some();
    let deadline = if frozen { None } else { cluster.inventory.next_deadline(now) };
    [deadline, cluster.lock.until(), retry(cluster, now), reading(model, cluster)].into_iter().flatten().collect()
}

/// While a retry is less than a minute away its seconds are counted down on screen.
fn retry(cluster: &ClusterView, now: Timestamp) -> Option<Timestamp> {
    match &cluster.kubernetes {
        Link::Retrying { at, .. } if *at > now => {
            let left = at.duration_since(now);
            if left <= MINUTE { Some((*at).min(later(now, SECOND)?)) } else { at.checked_sub(MINUTE).ok() }
        }
        _ => None,
    }
}

/// Whether the seconds until a retry are shown: less than a minute is left.
pub(super) fn is_counted_down(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) <= MINUTE
}

/// When AWS is to be read again.
pub(super) fn reading(model: &Model, cluster: &ClusterView) -> Option<Timestamp> {
    let interval = SignedDuration::from_secs(i64::from(model.settings.aws_interval_seconds.max(10)));
    let last = cluster.aws.tried_at.filter(|_| !cluster.aws.reading)?;
    later(last, interval)
}

pub(super) fn later(at: Timestamp, duration: SignedDuration) -> Option<Timestamp> {
    at.checked_add(duration).ok()
}

/// Whether a minute has passed since something visible changed: ages have.
pub(super) fn ages_changed(model: &Model) -> bool {
    later(model.visible_at, MINUTE).is_some_and(|at| at <= model.now)
}
