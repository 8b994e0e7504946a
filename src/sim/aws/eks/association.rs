//! The five calls about Pod Identity associations, with what EKS validates, keeps
//! unique and lets arrive late.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::aws::call::Asked;
use crate::sim::aws::error::Failure;
use crate::sim::aws::lagging::Lagging;
use crate::sim::aws::model::{Association, State};
use crate::sim::aws::trust::allows_pod_identity;

use super::{in_use, invalid, not_found, optional, paged, required, seconds, token};

const LONGEST_POLICY: usize = 2048;

/// Lists summaries: no role, no times.
pub fn list(state: &State, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    let namespace = asked.parameters.get("namespace");
    let service_account = asked.parameters.get("serviceAccount");
    let wanted = |association: &Association| {
        namespace.is_none_or(|wanted| wanted == association.namespace)
            && service_account.is_none_or(|wanted| wanted == association.service_account)
    };
    let seen = state
        .associations
        .iter()
        .filter_map(|(id, association)| Some((id.clone(), association.seen(now, state.delays.eks)?)))
        .filter(|(_, association)| wanted(association))
        .map(|(id, association)| (id, summary(state, association)));
    paged(asked, "associations", seen)
}

/// Describes one association.
pub fn describe(state: &State, id: &str, now: Timestamp) -> Result<Value, Failure> {
    let found = state.associations.get(id).and_then(|found| found.seen(now, state.delays.eks));
    let association = found.ok_or_else(|| missing(state, id))?;
    Ok(answer(state, association))
}

/// Creates an association.
pub fn create(state: &mut State, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    if let Some(id) = token::earlier(state, asked)? {
        return latest(state, &id);
    }
    let body = &asked.body;
    let namespace = required(body, "namespace")?.to_owned();
    let service_account = required(body, "serviceAccount")?.to_owned();
    must_be_a_name("namespace", &namespace, 63)?;
    must_be_a_name("serviceAccount", &service_account, 253)?;
    let mut association = Association {
        id: String::new(),
        namespace,
        service_account,
        role_arn: required(body, "roleArn")?.to_owned(),
        target_role_arn: None,
        disable_session_tags: false,
        policy: None,
        owner_arn: None,
        tags: tags(body)?,
        created_at: now,
        modified_at: now,
    };
    apply(&mut association, body)?;
    validate(state, &association, now)?;
    let id = insert(state, association, now)?;
    token::remember(state, asked, &id)?;
    latest(state, &id)
}

/// Puts a valid association into the account, unless there is one already or the
/// quota is reached; gives its id.
pub fn insert(state: &mut State, mut association: Association, now: Timestamp) -> Result<String, Failure> {
    if let Some(existing) = occupant(state, &association, now) {
        return Err(in_use(format!("Association already exists: {existing}")).with("clusterName", &state.cluster.name));
    }
    let live = state.associations.values().filter(|one| one.latest().is_some()).count();
    if live >= state.association_quota {
        let sentence = format!(
            "The maximum number of pod identity associations ({}) for the cluster has been reached.",
            state.association_quota
        );
        return Err(
            Failure::new(400, "ResourceLimitExceededException", sentence).with("clusterName", &state.cluster.name)
        );
    }
    let id = format!("a-{}", state.random.lower(17));
    association.id.clone_from(&id);
    state.associations.insert(id.clone(), Lagging::created(association, now));
    Ok(id)
}

/// The association that holds the service account: also one that was deleted a
/// moment ago, because the deletion has not arrived everywhere.
fn occupant(state: &State, new: &Association, now: Timestamp) -> Option<String> {
    let same = |one: &Association| one.namespace == new.namespace && one.service_account == new.service_account;
    state
        .associations
        .iter()
        .find(|(_, one)| one.latest().is_some_and(same) || one.seen(now, state.delays.eks).is_some_and(same))
        .map(|(id, _)| id.clone())
}

/// Changes role, target role, session tags or session policy.
pub fn update(state: &mut State, id: &str, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    if token::earlier(state, asked)?.is_some() {
        return latest(state, id);
    }
    let body = &asked.body;
    let current = state.associations.get(id).and_then(Lagging::latest);
    let mut association = current.cloned().ok_or_else(|| missing(state, id))?;
    let changing = ["roleArn", "targetRoleArn", "disableSessionTags", "policy"];
    if !changing.iter().any(|member| body.get(member).is_some_and(|value| !value.is_null())) {
        return Err(invalid("At least one of roleArn, targetRoleArn, disableSessionTags and policy must be given."));
    }
    if let Some(role) = optional(body, "roleArn")? {
        association.role_arn = role.to_owned();
    }
    apply(&mut association, body)?;
    validate(state, &association, now)?;
    association.modified_at = now;
    if let Some(stored) = state.associations.get_mut(id) {
        stored.set(Some(association), now);
    }
    token::remember(state, asked, id)?;
    latest(state, id)
}

/// Deletes an association; add-on owned ones too, as EKS does.
pub fn delete(state: &mut State, id: &str, now: Timestamp) -> Result<Value, Failure> {
    let answer = latest(state, id)?;
    if let Some(stored) = state.associations.get_mut(id) {
        stored.set(None, now);
    }
    Ok(answer)
}

fn latest(state: &State, id: &str) -> Result<Value, Failure> {
    let found = state.associations.get(id).and_then(Lagging::latest);
    found.map(|found| answer(state, found)).ok_or_else(|| missing(state, id))
}

fn missing(state: &State, id: &str) -> Failure {
    let cluster = &state.cluster.name;
    not_found(format!("Association not found: {id}")).with("clusterName", cluster)
}

/// The members that create and update share; an empty text removes.
fn apply(association: &mut Association, body: &Value) -> Result<(), Failure> {
    let kept = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    if let Some(target) = optional(body, "targetRoleArn")? {
        association.target_role_arn = kept(target);
    }
    if let Some(policy) = optional(body, "policy")? {
        association.policy = kept(policy);
    }
    match body.get("disableSessionTags") {
        None | Some(Value::Null) => {}
        Some(Value::Bool(disable)) => association.disable_session_tags = *disable,
        Some(_) => return Err(invalid("disableSessionTags is not a boolean")),
    }
    Ok(())
}

/// What EKS looks at when an association is saved: the role exists in the cluster's
/// account and lets EKS in, the session policy is short and allowed.
pub fn validate(state: &State, association: &Association, now: Timestamp) -> Result<(), Failure> {
    let account = account_of_role(&association.role_arn)
        .ok_or_else(|| invalid(format!("Invalid role ARN: {}", association.role_arn)))?;
    if account != state.account {
        return Err(invalid("Cross-account pass role is not allowed."));
    }
    let role = state
        .seen_role_by_arn(&association.role_arn, now)
        .ok_or_else(|| invalid("Role provided in the request does not exist."))?;
    if !allows_pod_identity(&role.trust) {
        return Err(invalid(
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
        ));
    }
    if let Some(target) = &association.target_role_arn
        && account_of_role(target).is_none()
    {
        return Err(invalid(format!("Invalid target role ARN: {target}")));
    }
    validate_policy(association)
}

fn validate_policy(association: &Association) -> Result<(), Failure> {
    let Some(policy) = &association.policy else {
        return Ok(());
    };
    if !association.disable_session_tags {
        return Err(invalid("A session policy can only be set when disableSessionTags is true."));
    }
    if policy.chars().count() > LONGEST_POLICY {
        return Err(invalid(format!("The session policy is longer than {LONGEST_POLICY} characters.")));
    }
    match serde_json::from_str::<Value>(policy) {
        Ok(Value::Object(_)) => Ok(()),
        _ => Err(invalid("The session policy is not a valid JSON policy document.")),
    }
}

/// The account of `arn:PARTITION:iam::ACCOUNT:role/NAME`.
fn account_of_role(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else {
        return None;
    };
    let named = resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    let numbered = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    (named && numbered).then_some(account)
}

fn must_be_a_name(member: &str, name: &str, longest: usize) -> Result<(), Failure> {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    if name.len() <= longest && name.bytes().all(legal) {
        return Ok(());
    }
    Err(invalid(format!("The {member} '{name}' is not a valid Kubernetes name.")))
}

fn tags(body: &Value) -> Result<BTreeMap<String, String>, Failure> {
    match body.get("tags") {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(tags) => super::tag::parse(tags),
    }
}

fn summary(state: &State, association: &Association) -> Value {
    let mut summary = json!({
        "clusterName": state.cluster.name,
        "namespace": association.namespace,
        "serviceAccount": association.service_account,
        "associationArn": arn(state, association),
        "associationId": association.id,
    });
    if let Some(owner) = &association.owner_arn {
        summary["ownerArn"] = owner.clone().into();
    }
    summary
}

fn answer(state: &State, association: &Association) -> Value {
    let mut full = summary(state, association);
    full["roleArn"] = association.role_arn.clone().into();
    full["tags"] = json!(association.tags);
    full["createdAt"] = seconds(association.created_at);
    full["modifiedAt"] = seconds(association.modified_at);
    full["disableSessionTags"] = association.disable_session_tags.into();
    if let Some(target) = &association.target_role_arn {
        full["targetRoleArn"] = target.clone().into();
        full["externalId"] = external_id(state, association).into();
    }
    if let Some(policy) = &association.policy {
        full["policy"] = policy.clone().into();
    }
    json!({ "association": full })
}

/// The ARN of an association.
pub fn arn(state: &State, association: &Association) -> String {
    let Association { id, .. } = association;
    state.regional_arn("eks", &format!("podidentityassociation/{}/{id}", state.cluster.name))
}

/// What EKS passes as `sts:ExternalId` to a target role.
pub fn external_id(state: &State, association: &Association) -> String {
    let State { region, account, cluster, .. } = state;
    let Association { namespace, service_account, .. } = association;
    format!("{region}/{account}/{}/{namespace}/{service_account}", cluster.name)
}
