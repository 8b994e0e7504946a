//! Restarts, one careful step after the other: a canary is evicted and its successor looked at, then the
//! workload rolls by its own strategy, and is waited for before anything else begins (experience part 5).

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Performer;
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        id::{PodId, PodUid},
        journal::Observed,
        plan::Call,
        rollout::{Carried, Progress, successor},
        workload::{Pod, WorkloadId},
    },
    kubernetes::{object, rollout},
};

/// How often a rollout or a successor is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// So long may nothing move: what a Deployment's own progress deadline is by default.
const PATIENCE: Duration = Duration::from_secs(600);
/// So often an eviction is asked again that a budget forbids, five seconds apart.
const ATTEMPTS: u32 = 12;

impl Performer {
    /// What an eviction finds: whether the very pod is there, and when the newest of its workload was made.
    pub(super) async fn observe_pod(&self, workload: &WorkloadId, uid: &PodUid) -> Result<Observed, Failure> {
        let pods = rollout::pods(self.connection()?, workload).await?;
        let is_there = pods.iter().any(|pod| pod.uid == *uid && !pod.terminating);
        let newest = pods.iter().map(|pod| pod.created_at).max().filter(|_| is_there);
        Ok(newest.map_or(Observed::Nothing, |newest| Observed::Pod { newest }))
    }

    /// Evicts one pod and waits until its successor is ready and carries what it should.
    pub(super) async fn evict(
        &self,
        call: &Call,
        before: &Observed,
        stop: &CancellationToken,
    ) -> Result<Observed, Failure> {
        let Call::EvictPod { pod, uid, .. } = call else { return Ok(Observed::Nothing) };
        self.ask_to_evict(pod, uid).await?;
        self.catch_up(call, before, stop).await
    }

    async fn ask_to_evict(&self, pod: &PodId, uid: &PodUid) -> Result<(), Failure> {
        for _ in 1..ATTEMPTS {
            match object::evict(self.connection()?, pod, uid).await {
                Err(failure) if failure.kind == FailureKind::Throttled => tokio::time::sleep(LOOK * 5).await,
                answer => return answer,
            }
        }
        object::evict(self.connection()?, pod, uid).await
    }

    /// Waits for what a step that has arrived brings about. `before` is what it found then.
    pub(super) async fn catch_up(
        &self,
        call: &Call,
        before: &Observed,
        stop: &CancellationToken,
    ) -> Result<Observed, Failure> {
        match (call, before) {
            (Call::EvictPod { workload, expects, .. }, Observed::Pod { newest }) => {
                self.await_successor(workload, *newest, expects.as_ref(), stop).await?;
                Ok(Observed::Nothing)
            }
            (Call::RestartWorkload { workload, expects }, _) => {
                self.await_rollout(workload, expects.as_ref(), stop).await?;
                self.observe(call).await
            }
            (Call::CreatePodIdentityAssociation { .. } | Call::DeletePodIdentityAssociation { .. }, _) => {
                // It may have arrived only a moment ago, and the webhook has to hear of it before pods are replaced.
                tokio::time::sleep(self.settle).await;
                self.observe(call).await
            }
            _ => self.observe(call).await,
        }
    }

    async fn await_successor(
        &self,
        workload: &WorkloadId,
        newest: Timestamp,
        expects: Option<&Carried>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            let pods = rollout::pods(self.connection()?, workload).await?;
            if let Some(pod) = successor(&pods, newest) {
                carries(workload, pod, expects)?;
                if pod.ready {
                    return Ok(());
                }
            }
            pause(stop).await?;
            waited += LOOK;
        }
        Err(late(workload, "the pod that took the place of the canary is not ready after 10 minutes"))
    }

    /// Waits until every pod that is to be replaced is, is available, and carries what it should.
    async fn await_rollout(
        &self,
        workload: &WorkloadId,
        expects: Option<&Carried>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let (mut seen, mut quiet) = (Progress::default(), Duration::ZERO);
        while quiet < PATIENCE {
            let progress = rollout::progress(self.connection()?, workload).await?;
            if let Some(why) = &progress.stuck {
                return Err(late(workload, why));
            }
            if progress.is_complete() && self.all_carry(workload, &progress, expects).await? {
                return Ok(());
            }
            quiet = if progress == seen { quiet + LOOK } else { Duration::ZERO };
            seen = progress;
            pause(stop).await?;
        }
        Err(late(workload, &format!("{} of {} pods are new after 10 quiet minutes", seen.updated, seen.wanted)))
    }

    /// Whether the newest pods carry it; those that keep their pods by a partition need not.
    async fn all_carry(
        &self,
        workload: &WorkloadId,
        progress: &Progress,
        expects: Option<&Carried>,
    ) -> Result<bool, Failure> {
        let Some(expects) = expects else { return Ok(true) };
        let mut pods = rollout::pods(self.connection()?, workload).await?;
        pods.retain(|pod| !pod.terminating);
        pods.sort_by_key(|pod| std::cmp::Reverse(pod.created_at));
        let fresh = pods.iter().take(progress.wanted as usize);
        for pod in fresh.clone() {
            carries(workload, pod, Some(expects))?;
        }
        Ok(fresh.count() >= progress.wanted as usize)
    }
}

/// The next look; not if somebody stops meanwhile.
async fn pause(stop: &CancellationToken) -> Result<(), Failure> {
    tokio::select! {
        () = tokio::time::sleep(LOOK) => Ok(()),
        () = stop.cancelled() => Err(Failure::new(
            FailureKind::Conflict,
            "the plan was stopped",
            "it was cancelled while a restart was waited for; the cluster finishes that by itself",
            "`rolecall history` shows how far it was, `resume` and `undo` finish it",
        )),
    }
}

fn carries(workload: &WorkloadId, pod: &Pod, expects: Option<&Carried>) -> Result<(), Failure> {
    let carried = Carried::of(pod);
    match expects {
        Some(expects) if carried != *expects => Err(Failure::new(
            FailureKind::Conflict,
            format!("the restart of {workload} in {} was stopped", workload.namespace),
            format!("the new pod {} has {carried}, and {expects} was expected", pod.id.name),
            "Look at the pod; what runs has been left as it is",
        )),
        _ => Ok(()),
    }
}

fn late(workload: &WorkloadId, why: &str) -> Failure {
    Failure::new(
        FailureKind::Server,
        format!("{workload} in {} has not restarted", workload.namespace),
        why.to_owned(),
        "Look at its pods and events; `rolecall resume` goes on from here",
    )
}
