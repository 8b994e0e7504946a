//! Instance profiles: the name on an instance, and the role in it.

use crate::sim::aws::error::Failure;
use crate::sim::aws::model::{InstanceProfile, State};
use crate::sim::aws::xml::Xml;

use super::{Call, no_entity, page_end, role, time};

/// One instance profile with its role.
pub fn get(call: &Call<'_>) -> Result<String, Failure> {
    let name = call.parameters.required("InstanceProfileName")?;
    let profile = call.state.profiles.get(name);
    let profile = profile.ok_or_else(|| no_entity(format!("Instance Profile {name} cannot be found.")))?;
    Ok(call.answer(|xml| xml.element("InstanceProfile", |xml| describe(xml, call.state, profile))))
}

/// All instance profiles.
pub fn list(call: &Call<'_>) -> Result<String, Failure> {
    let prefix = call.parameters.get("PathPrefix").unwrap_or("/");
    listed(call, |profile| profile.path.starts_with(prefix))
}

/// The instance profiles that hold a role.
pub fn list_for_role(call: &Call<'_>) -> Result<String, Failure> {
    let role = call.parameters.required("RoleName")?;
    call.seen_role(role)?;
    listed(call, |profile| profile.role.as_deref() == Some(role))
}

fn listed(call: &Call<'_>, wanted: impl Fn(&InstanceProfile) -> bool) -> Result<String, Failure> {
    let profiles = call.state.profiles.iter().filter(|(_, profile)| wanted(profile));
    let page = call.page(profiles.map(|(name, profile)| (name.clone(), profile)))?;
    Ok(call.answer(|xml| {
        xml.list("InstanceProfiles", "member", &page.items, |xml, profile| describe(xml, call.state, profile));
        page_end(xml, &page);
    }))
}

fn describe(xml: &mut Xml, state: &State, profile: &InstanceProfile) {
    xml.text("Path", &profile.path);
    xml.text("InstanceProfileName", &profile.name);
    xml.text("InstanceProfileId", &profile.id);
    xml.text("Arn", &profile.arn);
    xml.text("CreateDate", &time(profile.created_at));
    let held = profile.role.as_deref().and_then(|name| state.role(name));
    xml.list("Roles", "member", held, role::brief);
}
