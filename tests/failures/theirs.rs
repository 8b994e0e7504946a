//! What somebody else does to the very thing that a step is about to change; and what a world is, as far as it
//! can return to what it was.

use std::collections::BTreeMap;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use rolecall::{
    domain::{id::ServiceAccountId, plan::Call},
    sim::{
        aws::{Addon, Association, Lagging},
        world::World,
    },
    wire::full,
};
use serde_json::{Value, json};
use tower::ServiceExt;

const ROLE: &str = "eks.amazonaws.com/role-arn";
const BILLING: &str = "arn:aws:iam::111122223333:role/billing";

/// Somebody else's change, long enough ago that everybody sees it.
pub fn change(world: &World, call: &Call) {
    let at = world.clock.now().checked_sub(SignedDuration::from_secs(30)).unwrap();
    match call {
        Call::UpdateAssumeRolePolicy { role_arn, .. } => edit(world, role_arn.as_str(), at),
        Call::CreatePodIdentityAssociation { service_account, .. } => associate(world, service_account, at),
        Call::DeletePodIdentityAssociation { association, .. }
        | Call::UpdatePodIdentityAssociation { association, .. } => {
            associated(world, association.as_str(), at, |one| one.role_arn = BILLING.replace("billing", "web"));
        }
        Call::TagAssociation { association, after, .. } => {
            let key = after[0].0.clone();
            associated(world, association.as_str(), at, |one| drop(one.tags.insert(key, "theirs".to_owned())));
        }
        Call::AnnotateServiceAccount { service_account, .. } => annotate(world, service_account),
        Call::CreateAddon { addon, .. } => install(world, addon, at),
        Call::DeleteAddon { addon, .. } => world.aws.with(|state| drop(state.addons.remove(addon))),
        Call::EvictPod { pod, .. } => delete(world, &format!("/api/v1/namespaces/{}/pods/{}", pod.namespace, pod.name)),
        Call::RestartWorkload { .. } => {}
    }
}

fn edit(world: &World, role: &str, at: Timestamp) {
    let name = role.rsplit('/').next().unwrap();
    let statement = r#",{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    world.aws.with(|state| {
        state.roles.get_mut(name).unwrap().change(at, |role| role.trust = role.trust.replace("]}", statement));
    });
}

fn associate(world: &World, id: &ServiceAccountId, at: Timestamp) {
    let theirs = Association {
        id: "a-theirs".to_owned(),
        namespace: id.namespace.to_string(),
        service_account: id.name.to_string(),
        role_arn: BILLING.to_owned(),
        target_role_arn: None,
        disable_session_tags: false,
        policy: None,
        owner_arn: None,
        tags: BTreeMap::new(),
        created_at: at,
        modified_at: at,
    };
    world.aws.with(|state| drop(state.associations.insert(theirs.id.clone(), Lagging::created(theirs, at))));
}

fn associated(world: &World, id: &str, at: Timestamp, change: impl FnOnce(&mut Association)) {
    world.aws.with(|state| state.associations.get_mut(id).unwrap().change(at, change));
}

fn annotate(world: &World, id: &ServiceAccountId) {
    let found = world.kubernetes.object("", "serviceaccounts", id.namespace.as_str(), id.name.as_str()).unwrap();
    let mut object = Value::clone(&found);
    object["metadata"]["annotations"][ROLE] = BILLING.into();
    world.kubernetes.load(object).unwrap();
}

fn install(world: &World, name: &str, at: Timestamp) {
    let addon = Addon {
        name: name.to_owned(),
        version: "v1.2.0-eksbuild.1".to_owned(),
        status: "ACTIVE".to_owned(),
        role_arn: None,
        configuration: None,
        issues: Vec::new(),
        tags: BTreeMap::new(),
        created_at: at,
        modified_at: at,
    };
    world.aws.with(|state| drop(state.addons.insert(name.to_owned(), addon)));
}

fn delete(world: &World, path: &str) {
    let request = http::Request::delete(format!("http://kubernetes.default.svc{path}")).body(full("")).unwrap();
    let answer = world.kubernetes_transport().oneshot(request).now_or_never().unwrap();
    assert!(answer.unwrap().status().is_success());
}

/// Everything of a world that can return: each trust policy byte for byte, each association without id and times,
/// each service account, each add-on.
pub fn standing(world: &World) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    world.aws.with(|state| {
        for (name, role) in &state.roles {
            found.insert(format!("role {name}"), role.latest().map(|role| role.trust.clone()).unwrap_or_default());
        }
        for one in state.associations.values().filter_map(Lagging::latest) {
            let Association { role_arn, target_role_arn, disable_session_tags, policy, tags, .. } = one;
            let what = format!("{role_arn} {target_role_arn:?} {disable_session_tags} {policy:?} {tags:?}");
            let name = format!("association of {}/{}", one.namespace, one.service_account);
            assert_eq!(found.insert(name.clone(), what), None, "{name} twice");
        }
        for addon in state.addons.keys() {
            found.insert(format!("add-on {addon}"), "installed".to_owned());
        }
    });
    for mut account in world.kubernetes.snapshot("", "serviceaccounts") {
        let metadata = account["metadata"].as_object_mut().unwrap();
        metadata.retain(|key, _| !["resourceVersion", "managedFields"].contains(&key.as_str()));
        // An annotation that was removed leaves an empty map.
        metadata.retain(|key, value| key != "annotations" || *value != json!({}));
        let id = format!("service account {}/{}", metadata["namespace"], metadata["name"]);
        // The agent's own come and go with it.
        if !id.contains("eks-pod-identity-agent") {
            found.insert(id, account.to_string());
        }
    }
    found
}

/// How often the pod templates were changed.
pub fn rollouts(world: &World) -> BTreeMap<String, Value> {
    let all = world.kubernetes.snapshot("apps", "deployments");
    all.iter().map(|one| (one["metadata"]["name"].to_string(), one["metadata"]["generation"].clone())).collect()
}
