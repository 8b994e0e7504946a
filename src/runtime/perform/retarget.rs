//! Changing an association that exists, and its tags: described again just before, compared with what the plan
//! saw, and stopped if it is not that.

use std::time::Duration;

use super::{Performer, send::POLLS};
use crate::{
    aws::{AssociationUpdate, session::Session},
    domain::{
        association::{Association, Settings},
        fact::Fact,
        failure::{Failure, FailureKind},
        id::{AssociationId, ClusterName, RoleArn},
        plan::{Call, retarget::Tag},
    },
};

impl Performer {
    pub(super) async fn update_association(&self, call: &Call, client_token: &str) -> Result<(), Failure> {
        let Call::UpdatePodIdentityAssociation { cluster, association, service_account, before, after } = call else {
            return Ok(());
        };
        let session = self.session()?;
        let found = session.association(cluster, association).await?;
        let seen = settings(&found, association)?;
        if found.service_account != *service_account {
            return Err(changed(association, format!("+ it is for {} now\n", found.service_account)));
        }
        if seen == *after {
            return Ok(());
        }
        if seen != *before {
            return Err(changed(association, before.difference(&seen)));
        }
        let update = update(before, after, client_token);
        self.until_trusted(&after.role_arn, || session.update_association(cluster, association, &update)).await?;
        wait_until_described(session, cluster, association, after).await
    }

    pub(super) async fn tag_association(&self, call: &Call) -> Result<(), Failure> {
        let Call::TagAssociation { cluster, association, resource_arn, before, after, .. } = call else {
            return Ok(());
        };
        let session = self.session()?;
        let found = session.association(cluster, association).await?;
        let seen = tags(&found, after);
        if seen == *after {
            return Ok(());
        }
        if seen != *before {
            return Err(changed(association, difference(before, &seen)));
        }
        let set = after.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        let set: std::collections::BTreeMap<_, _> = set.collect();
        if !set.is_empty() {
            session.tag_resource(cluster, resource_arn, set).await?;
        }
        let gone: Vec<String> = after.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.clone()).collect();
        if !gone.is_empty() {
            session.untag_resource(cluster, resource_arn, gone).await?;
        }
        Ok(())
    }
}

/// What differs; an empty text takes a target role or a session policy away.
fn update(before: &Settings, after: &Settings, client_token: &str) -> AssociationUpdate {
    let target = after.target_role_arn.as_ref().map_or_else(String::new, RoleArn::to_string);
    AssociationUpdate {
        role_arn: (before.role_arn != after.role_arn).then(|| after.role_arn.clone()),
        target_role_arn: (before.target_role_arn != after.target_role_arn).then_some(target),
        disable_session_tags: (before.disable_session_tags != after.disable_session_tags)
            .then_some(after.disable_session_tags),
        policy: (before.policy != after.policy).then(|| after.policy.as_deref().unwrap_or_default().to_owned()),
        client_request_token: client_token.to_owned(),
    }
}

fn settings(found: &Association, id: &AssociationId) -> Result<Settings, Failure> {
    match &found.detail {
        Fact::Known(detail) => Ok(detail.updatable()),
        _ => Err(Failure::new(
            FailureKind::Server,
            format!("association {id} was not changed"),
            "EKS did not tell what it is now",
            "Try again",
        )),
    }
}

fn tags(found: &Association, keys: &[Tag]) -> Vec<Tag> {
    let known = found.detail.known().map(|detail| &detail.tags);
    let value = |key: &String| known.and_then(|tags| tags.get(key)).cloned();
    keys.iter().map(|(key, _)| (key.clone(), value(key))).collect()
}

fn difference(before: &[Tag], seen: &[Tag]) -> String {
    let line = |sign: char, (key, value): &Tag| value.as_ref().map(|value| format!("{sign} {key}={value}\n"));
    let differing = before.iter().zip(seen).filter(|(one, two)| one != two);
    differing.flat_map(|(one, two)| [line('-', one), line('+', two)]).flatten().collect()
}

/// EKS is eventually consistent: waits until Describe tells the change. If it does not in time, the change was
/// accepted all the same.
async fn wait_until_described(
    session: &Session,
    cluster: &ClusterName,
    id: &AssociationId,
    after: &Settings,
) -> Result<(), Failure> {
    let mut pause = Duration::from_millis(250);
    for _ in 0..POLLS {
        let found = session.association(cluster, id).await?;
        if found.detail.known().is_some_and(|detail| detail.updatable() == *after) {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
    Ok(())
}

/// Somebody else has changed it; the difference to what the plan saw.
pub(super) fn changed(association: &AssociationId, difference: String) -> Failure {
    let failure = Failure::new(
        FailureKind::Conflict,
        format!("association {association} was not changed"),
        "somebody changed it since the plan was made",
        "Look at the difference and make a new plan",
    );
    Failure { difference: Some(difference), ..failure }
}
