//! Writing a trust policy. IAM has no compare-and-swap and is eventually consistent: the policy is read again
//! just before it is written, and the step stops if it is not what the plan saw. That narrows the window in
//! which an edit of somebody else could be lost; it cannot close it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::Performer;
use crate::{
    aws::session::Session,
    domain::{
        arn::Arn,
        fact::Fact,
        failure::{Failure, FailureKind},
        id::{RoleArn, RoleName},
        journal::{History, Observed},
        role::{Writes, Written},
        trust::edit::{difference, is_same},
    },
};

/// How often IAM is asked for what was written, and how long it is waited before: 15 s together.
const LOOKS: u32 = 6;
/// How often EKS is asked again whether the edited role lets it in: 31 s together.
const ATTEMPTS: u32 = 6;

/// Trust policies written from here that IAM may not return yet. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<HashMap<RoleArn, Writes>>>);

impl Memory {
    /// Remembers what was written.
    pub fn remember(&self, role: &RoleArn, written: Written) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.entry(role.clone()).or_default().add(written);
    }

    /// Remembers what the journal says that other processes have written.
    pub fn learn(&self, history: &History, now: Timestamp) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (role, written) in history.written(now) {
            memory.entry(role).or_default().learn(written);
        }
    }

    /// The writes of a role, as long as IAM may still return what was before them.
    pub fn recall(&self, role: &RoleArn, now: Timestamp) -> Writes {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.retain(|_, writes| writes.settle(now));
        memory.get(role).cloned().unwrap_or_default()
    }
}

impl Performer {
    /// The trust policy as it is: what was written from here a moment ago, where IAM still returns what was before.
    pub(super) async fn observe_trust(&self, role: &RoleArn) -> Result<Observed, Failure> {
        let seen = read(self.session()?, role, &name_of(role)?).await?;
        let writes = self.memory.recall(role, self.clock.now());
        Ok(Observed::Trust { document: writes.current(&seen).to_owned() })
    }

    pub(super) async fn write_trust(&self, role: &RoleArn, before: &str, after: &str) -> Result<(), Failure> {
        let session = self.session()?;
        let name = name_of(role)?;
        let seen = read(session, role, &name).await?;
        let writes = self.memory.recall(role, self.clock.now());
        let current = writes.current(&seen);
        if !is_same(current, before) {
            // Somebody made just this edit, or an earlier attempt did.
            let there = is_same(current, after);
            return if there { Ok(()) } else { Err(changed_since(name.as_str(), difference(before, current))) };
        }
        if let Err(failure) = session.update_trust(&name, after).await {
            // The answer may have been lost and not the request.
            let lost = matches!(failure.kind, FailureKind::Server | FailureKind::Unreachable);
            let arrived = lost && read(session, role, &name).await.is_ok_and(|seen| is_same(&seen, after));
            if !arrived {
                return Err(failure);
            }
        }
        let written = Written { before: before.into(), after: after.into(), at: self.clock.now() };
        self.memory.remember(role, written);
        self.wait_until_returned(session, role, &name, after).await;
        Ok(())
    }

    /// Waits until IAM returns what was written. If it does not in time, the write is done all the same: what
    /// is planned next starts from the memory.
    async fn wait_until_returned(&self, session: &Session, role: &RoleArn, name: &RoleName, after: &str) {
        let mut pause = Duration::from_millis(250);
        for _ in 0..LOOKS {
            if read(session, role, name).await.is_ok_and(|seen| is_same(&seen, after)) {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Asks EKS for an association with a role. EKS looks at the trust policy as IAM returns it to EKS: if it
    /// was written from here a moment ago, a refusal is asked again (identity-resolution 4.4). Each attempt has
    /// the same client request token, so that only one takes effect.
    pub(super) async fn until_trusted<T, F>(&self, role: &RoleArn, ask: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut pause = Duration::from_secs(1);
        for _ in 1..ATTEMPTS {
            match ask().await {
                Err(failure) if self.is_late(role, &failure) => tokio::time::sleep(pause).await,
                other => return other,
            }
            pause *= 2;
        }
        ask().await
    }

    fn is_late(&self, role: &RoleArn, failure: &Failure) -> bool {
        let about_trust = failure.why.to_ascii_lowercase().contains("trust policy");
        failure.kind == FailureKind::Invalid
            && about_trust
            && self.memory.recall(role, self.clock.now()) != Writes::default()
    }
}

fn name_of(role: &RoleArn) -> Result<RoleName, Failure> {
    let arn = Arn::role(role.as_str()).ok();
    arn.and_then(|arn| arn.role_name()).ok_or_else(|| {
        Failure::new(FailureKind::Usage, "cannot write a trust policy", format!("{role} is no role"), "Correct the ARN")
    })
}

/// The text of the policy now.
async fn read(session: &Session, role: &RoleArn, name: &RoleName) -> Result<Arc<str>, Failure> {
    let what = || format!("the trust policy of {name} was not written");
    match session.role(name).await {
        Fact::Known(found) if found.arn.as_str() == role.as_str() => Ok(Arc::clone(&found.trust.text)),
        Fact::Unknown(failure) => Err(failure.as_ref().clone()),
        Fact::Known(found) => Err(Failure::new(
            FailureKind::Conflict,
            what(),
            format!("the role of this name is {} now", found.arn),
            "Look at it again and make a new plan",
        )),
        Fact::Absent | Fact::Loading => Err(Failure::new(
            FailureKind::NotFound,
            what(),
            "IAM knows no such role any more",
            "Look at it again and make a new plan",
        )),
    }
}

/// Somebody else has written it; the difference to what the plan saw.
pub(super) fn changed_since(role: &str, difference: String) -> Failure {
    let failure = Failure::new(
        FailureKind::Conflict,
        format!("the trust policy of {role} was not written"),
        "somebody changed it since the plan was made",
        "Look at the difference and make a new plan",
    );
    Failure { difference: Some(difference), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_remembered_as_long_as_iam_may_be_late() {
        let (memory, role) = (Memory::default(), RoleArn::from("arn:aws:iam::111122223333:role/x"));
        memory.remember(&role, Written { before: "{}".into(), after: "{1}".into(), at: Timestamp::UNIX_EPOCH });
        let after = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        assert_eq!(memory.recall(&role, after(59)).current("{}"), "{1}");
        assert_eq!(memory.clone().recall(&role, after(60)).current("{}"), "{}");
    }

    #[test]
    fn what_another_process_wrote_later_is_learnt_and_what_came_before_is_not() {
        let (memory, role) = (Memory::default(), RoleArn::from("arn:aws:iam::111122223333:role/x"));
        let written = |before: &str, after: &str, second: i64| Written {
            before: before.into(),
            after: after.into(),
            at: Timestamp::from_second(second).unwrap(),
        };
        let current = |memory: &Memory| {
            let writes = memory.recall(&role, Timestamp::from_second(20).unwrap());
            writes.current("{}").to_owned()
        };
        let told = |writes: Vec<Written>| {
            let mut memory = memory.0.lock().unwrap();
            writes.into_iter().for_each(|one| memory.entry(role.clone()).or_default().learn(one));
        };
        memory.remember(&role, written("{}", "{1}", 10));
        told(vec![written("{0}", "{}", 5), written("{}", "{1}", 9)]);
        assert_eq!(current(&memory), "{1}");
        told(vec![written("{1}", "{2}", 11)]);
        assert_eq!(current(&memory), "{2}");
    }
}
