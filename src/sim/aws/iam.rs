//! IAM, query protocol: roles, policies, OIDC providers and instance profiles, with
//! IAM's paging, wording and late reads.

pub mod managed;
mod policy;
mod profile;
mod provider;
mod role;
mod simulate;

pub use policy::of_role as policies_of;

use jiff::{SignedDuration, Timestamp};

use super::dispatch::REQUEST_ID;
use super::error::{Failure, Service, unknown_operation};
use super::model::{Role, State};
use super::page::{Page, page};
use super::query::Parameters;
use super::xml::Xml;

/// API version.
pub const VERSION: &str = "2010-05-08";
/// XML namespace.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// What one call works with.
struct Call<'a> {
    state: &'a mut State,
    operation: &'a str,
    parameters: &'a Parameters,
    now: Timestamp,
}

/// Performs an operation.
pub fn perform(state: &mut State, operation: &str, parameters: &Parameters, now: Timestamp) -> Result<String, Failure> {
    let call = Call { state, operation, parameters, now };
    match operation {
        "ListRoles" => role::list(&call),
        "GetRole" => role::get(&call),
        "CreateRole" => role::create(call),
        "DeleteRole" => role::delete(call),
        "UpdateRole" => role::update(call),
        "UpdateAssumeRolePolicy" => role::update_trust(call),
        "TagRole" => role::tag(call),
        "UntagRole" => role::untag(call),
        "ListRoleTags" => role::list_tags(&call),
        "ListAttachedRolePolicies" => policy::list_attached(&call),
        "AttachRolePolicy" => policy::attach(call),
        "DetachRolePolicy" => policy::detach(call),
        "ListRolePolicies" => policy::list_inline(&call),
        "GetRolePolicy" => policy::get_inline(&call),
        "PutRolePolicy" => policy::put_inline(call),
        "DeleteRolePolicy" => policy::delete_inline(call),
        "ListPolicies" => policy::list(&call),
        "GetPolicy" => policy::get(&call),
        "GetPolicyVersion" => policy::get_version(&call),
        "CreatePolicy" => policy::create(call),
        "SimulatePrincipalPolicy" => simulate::principal(&call),
        "SimulateCustomPolicy" => simulate::custom(&call),
        "GetContextKeysForPrincipalPolicy" => simulate::context_keys(&call),
        "ListOpenIDConnectProviders" => Ok(provider::list(&call)),
        "GetOpenIDConnectProvider" => provider::get(&call),
        "CreateOpenIDConnectProvider" => provider::create(call),
        "DeleteOpenIDConnectProvider" => provider::delete(call),
        "AddClientIDToOpenIDConnectProvider" => provider::add_client_id(call),
        "RemoveClientIDFromOpenIDConnectProvider" => provider::remove_client_id(call),
        "ListInstanceProfiles" => profile::list(&call),
        "ListInstanceProfilesForRole" => profile::list_for_role(&call),
        "GetInstanceProfile" => profile::get(&call),
        other => Err(unknown_operation(Service::Iam, other, VERSION)),
    }
}

/// The resource that a refusal for want of a permission names.
pub fn resource(state: &State, parameters: &Parameters) -> String {
    let named = |kind: &str, name: &str| format!("{kind} {name}");
    parameters
        .get("RoleName")
        .map(|name| named("role", name))
        .or_else(|| parameters.get("InstanceProfileName").map(|name| named("instance profile", name)))
        .or_else(|| parameters.get("PolicyArn").map(|arn| named("policy", arn)))
        .or_else(|| parameters.get("OpenIDConnectProviderArn").map(str::to_owned))
        .unwrap_or_else(|| state.iam_arn("role/"))
}

impl Call<'_> {
    fn answer(&self, build: impl FnOnce(&mut Xml)) -> String {
        let mut xml = Xml::default();
        xml.root(&format!("{}Response", self.operation), NAMESPACE, |xml| {
            xml.element(&format!("{}Result", self.operation), build);
            metadata(xml);
        });
        xml.finish()
    }

    /// The answer of a call that has nothing to say.
    fn done(&self) -> Result<String, Failure> {
        let mut xml = Xml::default();
        xml.root(&format!("{}Response", self.operation), NAMESPACE, metadata);
        Ok(xml.finish())
    }

    fn page<T>(&self, items: impl IntoIterator<Item = (String, T)>) -> Result<Page<T>, Failure> {
        let size = self.parameters.number("MaxItems", 100, 1, 1000)?;
        page(items, size, self.parameters.get("Marker"))
            .map_err(|token| Failure::new(400, "ValidationError", format!("Invalid Marker: {token}")))
    }

    /// The role as readers see it.
    fn seen_role(&self, name: &str) -> Result<&Role, Failure> {
        let role = self.state.roles.get(name).and_then(|role| role.seen(self.now, self.delay()));
        role.ok_or_else(|| no_role(name))
    }

    /// Changes the newest version of the role named by the call.
    fn change_role(&mut self, change: impl FnOnce(&mut Role)) -> Result<(), Failure> {
        let name = self.parameters.required("RoleName")?;
        self.state.role(name).ok_or_else(|| no_role(name))?;
        if let Some(role) = self.state.roles.get_mut(name) {
            role.change(self.now, change);
        }
        Ok(())
    }

    fn delay(&self) -> SignedDuration {
        self.state.delays.iam
    }
}

fn metadata(xml: &mut Xml) {
    xml.element("ResponseMetadata", |xml| xml.text("RequestId", REQUEST_ID));
}

/// The end of every page.
fn page_end<T>(xml: &mut Xml, page: &Page<T>) {
    xml.text("IsTruncated", if page.next.is_some() { "true" } else { "false" });
    xml.optional("Marker", page.next.as_deref());
}

fn tag_item(xml: &mut Xml, (key, value): (&String, &String)) {
    xml.text("Key", key);
    xml.text("Value", value);
}

fn no_entity(sentence: String) -> Failure {
    Failure::new(404, "NoSuchEntity", sentence)
}

fn no_role(name: &str) -> Failure {
    no_entity(format!("The role with name {name} cannot be found."))
}

fn exists(sentence: String) -> Failure {
    Failure::new(409, "EntityAlreadyExists", sentence)
}

fn conflict(sentence: &str) -> Failure {
    Failure::new(409, "DeleteConflict", sentence)
}

fn invalid(sentence: impl Into<String>) -> Failure {
    Failure::new(400, "ValidationError", sentence)
}

/// A time as IAM gives it: whole seconds, UTC.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Names of roles and policies: letters, digits and `+=,.@_-`.
fn must_be_a_name(member: &str, name: &str, longest: usize) -> Result<(), Failure> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if !name.is_empty() && name.len() <= longest && name.chars().all(legal) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+ and have length less than or equal to {longest}"
    )))
}

fn must_be_a_path(path: &str) -> Result<(), Failure> {
    let framed = path == "/" || (path.len() > 2 && path.starts_with('/') && path.ends_with('/'));
    if framed && path.bytes().all(|b| (0x21..0x7f).contains(&b)) {
        return Ok(());
    }
    Err(invalid(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
}
