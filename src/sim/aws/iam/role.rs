//! Roles: their trust policies go out URL-encoded and come in as plain JSON.

use std::collections::{BTreeMap, BTreeSet};

use crate::sim::aws::error::Failure;
use crate::sim::aws::lagging::Lagging;
use crate::sim::aws::model::Role;
use crate::sim::aws::query::encode;
use crate::sim::aws::trust::{Surroundings, refuse};
use crate::sim::aws::xml::Xml;

use super::{Call, conflict, exists, invalid, must_be_a_name, must_be_a_path, no_role, page_end, tag_item, time};

const MOST_TAGS: usize = 50;

/// Roles in name order, without tags and last use, as IAM lists them.
pub fn list(call: &Call<'_>) -> Result<String, Failure> {
    let prefix = call.parameters.get("PathPrefix").unwrap_or("/");
    let seen = call
        .state
        .roles
        .iter()
        .filter_map(|(name, role)| Some((name.clone(), role.seen(call.now, call.delay())?)))
        .filter(|(_, role)| role.path.starts_with(prefix));
    let page = call.page(seen)?;
    Ok(call.answer(|xml| {
        xml.list("Roles", "member", &page.items, |xml, role| brief(xml, role));
        page_end(xml, &page);
    }))
}

/// One role with tags, boundary and last use.
pub fn get(call: &Call<'_>) -> Result<String, Failure> {
    let role = call.seen_role(call.parameters.required("RoleName")?)?;
    Ok(call.answer(|xml| xml.element("Role", |xml| full(xml, role))))
}

/// The members that lists of roles give.
pub fn brief(xml: &mut Xml, role: &Role) {
    xml.text("Path", &role.path);
    xml.text("RoleName", &role.name);
    xml.text("RoleId", &role.id);
    xml.text("Arn", &role.arn);
    xml.text("CreateDate", &time(role.created_at));
    xml.text("AssumeRolePolicyDocument", &encode(&role.trust));
    xml.optional("Description", role.description.as_deref());
    xml.text("MaxSessionDuration", &role.max_session.to_string());
}

fn full(xml: &mut Xml, role: &Role) {
    brief(xml, role);
    if let Some(boundary) = &role.boundary {
        xml.element("PermissionsBoundary", |xml| {
            xml.text("PermissionsBoundaryType", "Policy");
            xml.text("PermissionsBoundaryArn", boundary);
        });
    }
    if !role.tags.is_empty() {
        xml.list("Tags", "member", &role.tags, tag_item);
    }
    xml.element("RoleLastUsed", |xml| {
        if let Some((at, region)) = &role.last_used {
            xml.text("LastUsedDate", &time(*at));
            xml.text("Region", region);
        }
    });
}

/// Creates a role if its trust policy can be saved.
pub fn create(call: Call<'_>) -> Result<String, Failure> {
    let mut role = new_role(&call)?;
    role.id = format!("AROA{}", call.state.random.upper(17));
    let answer = call.answer(|xml| xml.element("Role", |xml| created(xml, &role)));
    let Call { state, now, .. } = call;
    let name = role.name.clone();
    match state.roles.get_mut(&name) {
        Some(stored) => stored.set(Some(role), now),
        None => {
            state.roles.insert(name, Lagging::created(role, now));
        }
    }
    Ok(answer)
}

fn created(xml: &mut Xml, role: &Role) {
    brief(xml, role);
    if !role.tags.is_empty() {
        xml.list("Tags", "member", &role.tags, tag_item);
    }
}

fn new_role(call: &Call<'_>) -> Result<Role, Failure> {
    let name = call.parameters.required("RoleName")?;
    must_be_a_name("roleName", name, 64)?;
    let path = call.parameters.get("Path").unwrap_or("/");
    must_be_a_path(path)?;
    if let Some(existing) = call.state.roles.keys().find(|other| other.eq_ignore_ascii_case(name))
        && call.state.role(existing).is_some()
    {
        return Err(exists(format!("Role with name {name} already exists.")));
    }
    let trust = call.parameters.required("AssumeRolePolicyDocument")?;
    refuse_trust(call, trust)?;
    Ok(Role {
        path: path.to_owned(),
        name: name.to_owned(),
        id: String::new(),
        arn: call.state.iam_arn(&format!("role{path}{name}")),
        trust: trust.to_owned(),
        description: call.parameters.get("Description").map(str::to_owned),
        max_session: max_session(call)?,
        boundary: call.parameters.get("PermissionsBoundary").map(str::to_owned),
        tags: call.parameters.tags(),
        last_used: None,
        created_at: call.now,
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
    })
}

fn max_session(call: &Call<'_>) -> Result<u32, Failure> {
    let seconds = call.parameters.number("MaxSessionDuration", 3600, 3600, 43_200)?;
    Ok(u32::try_from(seconds).unwrap_or(3600))
}

fn refuse_trust(call: &Call<'_>, trust: &str) -> Result<(), Failure> {
    let state = &*call.state;
    let around = Surroundings {
        account: &state.account,
        partition: &state.partition,
        quota: state.trust_quota,
        role_exists: &|arn| state.role_by_arn(arn).is_some(),
    };
    refuse(trust, &around)
}

/// Deletes a role that nothing hangs on.
pub fn delete(call: Call<'_>) -> Result<String, Failure> {
    let name = call.parameters.required("RoleName")?;
    let role = call.state.role(name).ok_or_else(|| no_role(name))?;
    if !role.attached.is_empty() {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if !role.inline.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    if call.state.profiles.values().any(|profile| profile.role.as_deref() == Some(name)) {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    let answer = call.done();
    if let Some(stored) = call.state.roles.get_mut(name) {
        stored.set(None, call.now);
    }
    answer
}

/// Changes description and longest session.
pub fn update(mut call: Call<'_>) -> Result<String, Failure> {
    let description = call.parameters.get("Description").map(str::to_owned);
    let longest = call.parameters.get("MaxSessionDuration").map(|_| max_session(&call)).transpose()?;
    call.change_role(|role| {
        role.description = description.or_else(|| role.description.take());
        role.max_session = longest.unwrap_or(role.max_session);
    })?;
    Ok(call.answer(|_| {}))
}

/// Replaces the trust policy if it can be saved.
pub fn update_trust(mut call: Call<'_>) -> Result<String, Failure> {
    let name = call.parameters.required("RoleName")?;
    call.state.role(name).ok_or_else(|| no_role(name))?;
    let trust = call.parameters.required("PolicyDocument")?.to_owned();
    refuse_trust(&call, &trust)?;
    call.change_role(|role| role.trust = trust)?;
    call.done()
}

/// Adds tags.
pub fn tag(mut call: Call<'_>) -> Result<String, Failure> {
    let tags = call.parameters.tags();
    let name = call.parameters.required("RoleName")?;
    let held = call.state.role(name).ok_or_else(|| no_role(name))?;
    let new = tags.keys().filter(|key| !held.tags.contains_key(*key)).count();
    if held.tags.len() + new > MOST_TAGS {
        return Err(Failure::new(
            409,
            "LimitExceeded",
            format!("The number of tags has reached the maximum limit of {MOST_TAGS}."),
        ));
    }
    if tags.keys().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(Failure::new(400, "InvalidInput", "Tag keys cannot start with aws:"));
    }
    call.change_role(|role| role.tags.extend(tags))?;
    call.done()
}

/// Removes tags.
pub fn untag(mut call: Call<'_>) -> Result<String, Failure> {
    let keys = call.parameters.list("TagKeys");
    if keys.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must not be null",
        ));
    }
    call.change_role(|role| role.tags.retain(|key, _| !keys.contains(key)))?;
    call.done()
}

/// Lists tags.
pub fn list_tags(call: &Call<'_>) -> Result<String, Failure> {
    let role = call.seen_role(call.parameters.required("RoleName")?)?;
    let page = call.page(role.tags.iter().map(|tag| (tag.0.clone(), tag)))?;
    Ok(call.answer(|xml| {
        xml.list("Tags", "member", page.items.iter().copied(), tag_item);
        page_end(xml, &page);
    }))
}
