//! Permission policies: attached and inline ones of roles, managed ones by ARN.
//! Documents go out URL-encoded.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::aws::error::Failure;
use crate::sim::aws::lagging::Lagging;
use crate::sim::aws::model::{ManagedPolicy, Role, State};
use crate::sim::aws::query::encode;
use crate::sim::aws::xml::Xml;

use super::{Call, exists, managed, must_be_a_name, must_be_a_path, no_entity, no_role, page_end, time};

/// Managed policies attached to a role.
pub fn list_attached(call: &Call<'_>) -> Result<String, Failure> {
    let role = call.seen_role(call.parameters.required("RoleName")?)?;
    let prefix = call.parameters.get("PathPrefix").unwrap_or("/");
    let attached = role.attached.iter().filter(|arn| path_of(arn).starts_with(prefix));
    let page = call.page(attached.map(|arn| (arn.clone(), arn)))?;
    Ok(call.answer(|xml| {
        xml.list("AttachedPolicies", "member", &page.items, |xml, arn| {
            xml.text("PolicyName", name_of(arn));
            xml.text("PolicyArn", arn);
        });
        page_end(xml, &page);
    }))
}

fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn path_of(arn: &str) -> &str {
    let resource = arn.split_once(":policy").map_or("/", |(_, resource)| resource);
    resource.rfind('/').map_or("/", |at| &resource[..=at])
}

/// Attaches a managed policy.
pub fn attach(mut call: Call<'_>) -> Result<String, Failure> {
    let arn = call.parameters.required("PolicyArn")?.to_owned();
    let role = call.parameters.required("RoleName")?;
    call.state.role(role).ok_or_else(|| no_role(role))?;
    if find(call.state, &arn).is_none() {
        return Err(no_entity(format!("Policy {arn} does not exist or is not attachable.")));
    }
    call.change_role(|role| {
        role.attached.insert(arn);
    })?;
    call.done()
}

/// Detaches a managed policy.
pub fn detach(mut call: Call<'_>) -> Result<String, Failure> {
    let arn = call.parameters.required("PolicyArn")?.to_owned();
    let name = call.parameters.required("RoleName")?;
    let role = call.state.role(name).ok_or_else(|| no_role(name))?;
    if !role.attached.contains(&arn) {
        return Err(no_entity(format!("Policy {arn} was not found.")));
    }
    call.change_role(|role| {
        role.attached.remove(&arn);
    })?;
    call.done()
}

/// Names of inline policies.
pub fn list_inline(call: &Call<'_>) -> Result<String, Failure> {
    let role = call.seen_role(call.parameters.required("RoleName")?)?;
    let page = call.page(role.inline.keys().map(|name| (name.clone(), name)))?;
    Ok(call.answer(|xml| {
        xml.texts("PolicyNames", "member", page.items.iter().copied());
        page_end(xml, &page);
    }))
}

/// One inline policy.
pub fn get_inline(call: &Call<'_>) -> Result<String, Failure> {
    let role = call.seen_role(call.parameters.required("RoleName")?)?;
    let name = call.parameters.required("PolicyName")?;
    let document = role.inline.get(name).ok_or_else(|| no_inline(name))?;
    Ok(call.answer(|xml| {
        xml.text("RoleName", &role.name);
        xml.text("PolicyName", name);
        xml.text("PolicyDocument", &encode(document));
    }))
}

fn no_inline(name: &str) -> Failure {
    no_entity(format!("The role policy with name {name} cannot be found."))
}

/// Adds or replaces an inline policy.
pub fn put_inline(mut call: Call<'_>) -> Result<String, Failure> {
    let name = call.parameters.required("PolicyName")?.to_owned();
    must_be_a_name("policyName", &name, 128)?;
    let document = call.parameters.required("PolicyDocument")?.to_owned();
    must_be_a_document(&document)?;
    call.change_role(|role| {
        role.inline.insert(name, document);
    })?;
    call.done()
}

/// Deletes an inline policy.
pub fn delete_inline(mut call: Call<'_>) -> Result<String, Failure> {
    let name = call.parameters.required("PolicyName")?.to_owned();
    let role = call.parameters.required("RoleName")?;
    let held = call.state.role(role).ok_or_else(|| no_role(role))?;
    if !held.inline.contains_key(&name) {
        return Err(no_inline(&name));
    }
    call.change_role(|role| {
        role.inline.remove(&name);
    })?;
    call.done()
}

/// The coarse checks of a permission policy; its grammar is not this account's point.
fn must_be_a_document(document: &str) -> Result<(), Failure> {
    let refused = |sentence: &str| Err(Failure::new(400, "MalformedPolicyDocument", sentence));
    let Ok(Value::Object(policy)) = serde_json::from_str(document) else {
        return refused("This policy contains invalid Json");
    };
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return refused("Syntax errors in policy."),
    };
    if statements.iter().any(|one| one.get("Principal").is_some()) {
        return refused("Policy document should not specify a principal.");
    }
    let has = |one: &Value, a: &str, b: &str| one.get(a).is_some() || one.get(b).is_some();
    if statements.iter().any(|one| !has(one, "Action", "NotAction") || one.get("Effect").is_none()) {
        return refused("Syntax errors in policy.");
    }
    if statements.iter().any(|one| !has(one, "Resource", "NotResource")) {
        return refused("Policy statement must contain resources.");
    }
    Ok(())
}

/// The document of a managed policy.
pub fn document(state: &State, arn: &str) -> Option<String> {
    find(state, arn).map(|policy| policy.document)
}

/// The policies of a role with their documents: managed ones by ARN, inline ones by name.
pub fn of_role(state: &State, role: &Role) -> Vec<(String, String)> {
    let managed = role.attached.iter().filter_map(|arn| Some((arn.clone(), find(state, arn)?.document)));
    managed.chain(role.inline.clone()).collect()
}

/// A managed policy of this account or of AWS.
fn find(state: &State, arn: &str) -> Option<ManagedPolicy> {
    let own = state.policies.get(arn).cloned();
    own.or_else(|| managed::find(&state.partition, arn))
}

/// Managed policies by scope.
pub fn list(call: &Call<'_>) -> Result<String, Failure> {
    let scope = call.parameters.get("Scope").unwrap_or("All");
    let prefix = call.parameters.get("PathPrefix").unwrap_or("/");
    let only_attached = call.parameters.get("OnlyAttached") == Some("true");
    let own = call.state.policies.values().filter(|_| scope != "AWS").cloned();
    let of_aws = managed::all(&call.state.partition).filter(|_| scope != "Local");
    let mut policies: Vec<(String, ManagedPolicy)> = own
        .chain(of_aws)
        .filter(|policy| policy.path.starts_with(prefix))
        .filter(|policy| !only_attached || attachments(call.state, &policy.arn) > 0)
        .map(|policy| (policy.arn.clone(), policy))
        .collect();
    policies.sort_by(|(one, _), (other, _)| one.cmp(other));
    let page = call.page(policies)?;
    Ok(call.answer(|xml| {
        xml.list("Policies", "member", &page.items, |xml, policy| describe(xml, call.state, policy));
        page_end(xml, &page);
    }))
}

fn attachments(state: &State, arn: &str) -> usize {
    let live = state.roles.values().filter_map(Lagging::latest);
    live.filter(|role| role.attached.contains(arn)).count()
}

fn describe(xml: &mut Xml, state: &State, policy: &ManagedPolicy) {
    xml.text("PolicyName", &policy.name);
    xml.text("PolicyId", &policy.id);
    xml.text("Arn", &policy.arn);
    xml.text("Path", &policy.path);
    xml.text("DefaultVersionId", "v1");
    xml.text("AttachmentCount", &attachments(state, &policy.arn).to_string());
    xml.text("PermissionsBoundaryUsageCount", "0");
    xml.text("IsAttachable", "true");
    xml.optional("Description", policy.description.as_deref());
    xml.text("CreateDate", &time(policy.created_at));
    xml.text("UpdateDate", &time(policy.created_at));
}

/// One managed policy, without its document.
pub fn get(call: &Call<'_>) -> Result<String, Failure> {
    let policy = named(call)?;
    Ok(call.answer(|xml| xml.element("Policy", |xml| describe(xml, call.state, &policy))))
}

/// The document of a managed policy.
pub fn get_version(call: &Call<'_>) -> Result<String, Failure> {
    let policy = named(call)?;
    let version = call.parameters.required("VersionId")?;
    if version != "v1" {
        return Err(no_entity(format!("Policy {} version {version} does not exist or is not attachable.", policy.arn)));
    }
    Ok(call.answer(|xml| {
        xml.element("PolicyVersion", |xml| {
            xml.text("Document", &encode(&policy.document));
            xml.text("VersionId", version);
            xml.text("IsDefaultVersion", "true");
            xml.text("CreateDate", &time(policy.created_at));
        });
    }))
}

fn named(call: &Call<'_>) -> Result<ManagedPolicy, Failure> {
    let arn = call.parameters.required("PolicyArn")?;
    find(call.state, arn).ok_or_else(|| no_entity(format!("Policy {arn} was not found.")))
}

/// Creates a customer managed policy.
pub fn create(call: Call<'_>) -> Result<String, Failure> {
    let name = call.parameters.required("PolicyName")?;
    must_be_a_name("policyName", name, 128)?;
    let path = call.parameters.get("Path").unwrap_or("/");
    must_be_a_path(path)?;
    let document = call.parameters.required("PolicyDocument")?;
    must_be_a_document(document)?;
    let policy = new(call.state, path, name, document, call.now);
    if call.state.policies.contains_key(&policy.arn) {
        return Err(exists(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
    }
    let answer = call.answer(|xml| xml.element("Policy", |xml| describe(xml, call.state, &policy)));
    call.state.policies.insert(policy.arn.clone(), policy);
    Ok(answer)
}

fn new(state: &mut State, path: &str, name: &str, document: &str, now: Timestamp) -> ManagedPolicy {
    ManagedPolicy {
        name: name.to_owned(),
        path: path.to_owned(),
        arn: state.iam_arn(&format!("policy{path}{name}")),
        id: format!("ANPA{}", state.random.upper(17)),
        document: document.to_owned(),
        description: None,
        created_at: now,
    }
}
