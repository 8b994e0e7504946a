//! One evaluation case as a JSON line in, one verdict as JSON out (`trust eval`).

use serde_json::{Value, json};

use super::arn;
use super::decision::{Decision, Verdict};
use super::document::Document;
use super::evaluate::{evaluate, evaluate_raw};
use super::request::{Caller, Cluster, ContextValue, Mechanism, Organization, RawRequest, Request, Role};

/// Evaluates one case: `id`, `mechanism`, `policy` (text), `request`, optional `quota`.
///
/// # Errors
/// A sentence when the line is no JSON object or a field is missing or of the wrong type.
pub fn eval_case(line: &str) -> Result<Value, String> {
    let case: Value = serde_json::from_str(line).map_err(|error| format!("the case is not JSON: {error}"))?;
    let id = case.get("id").cloned().unwrap_or(Value::Null);
    let policy = text(&case, "policy")?;
    let request = case.get("request").ok_or("the case has no request")?;
    let mechanism = text(&case, "mechanism")?;
    let document = match Document::parse(policy) {
        Ok(document) => document,
        Err(error) => {
            let answer = output(&id, "invalid", &[], &error.to_string());
            return Ok(placed(answer, (error.line, error.column)));
        }
    };
    let quota = case.get("quota").and_then(Value::as_u64);
    if let Some(quota) = quota
        && document.size() as u64 > quota
    {
        let reason = format!("{} characters exceed the trust policy quota of {quota}.", document.size());
        return Ok(output(&id, "invalid", &[], &reason));
    }
    let decision = match mechanism {
        "raw" => evaluate_raw(&document, &raw_request(request)?),
        name => evaluate(&document, &request_of(mechanism_of(name)?, request)?),
    };
    Ok(decided(&id, &document, &decision))
}

fn decided(id: &Value, document: &Document, decision: &Decision) -> Value {
    let keys: &[String] = match &decision.verdict {
        Verdict::Depends(keys) => keys,
        _ => &[],
    };
    let value = output(id, decision.verdict.name(), keys, &decision.reason);
    match decision.span {
        Some(span) => placed(value, document.line_column(span.start)),
        None => value,
    }
}

fn placed(mut value: Value, (line, column): (usize, usize)) -> Value {
    value["line"] = json!(line);
    value["column"] = json!(column);
    value
}

fn output(id: &Value, verdict: &str, depends_on: &[String], reason: &str) -> Value {
    json!({ "id": id, "verdict": verdict, "depends_on": depends_on, "reason": reason })
}

fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str, String> {
    let found = value.get(field).ok_or_else(|| format!("{field} is missing"))?;
    found.as_str().ok_or_else(|| format!("{field} is not a string"))
}

fn optional(value: &Value, field: &str) -> Option<String> {
    value.get(field).and_then(Value::as_str).map(str::to_owned)
}

fn mechanism_of(name: &str) -> Result<Mechanism, String> {
    match name {
        "irsa" => Ok(Mechanism::Irsa),
        "pod-identity" => Ok(Mechanism::PodIdentity),
        "pod-identity-target" => Ok(Mechanism::PodIdentityTarget),
        "node" => Ok(Mechanism::Node),
        other => Err(format!("{other} is no mechanism: irsa, pod-identity, pod-identity-target, node, raw")),
    }
}

fn request_of(mechanism: Mechanism, request: &Value) -> Result<Request, String> {
    let cluster = request.get("cluster").ok_or("request.cluster is missing")?;
    let now = text(request, "now")?;
    let now = now.parse().map_err(|error| format!("request.now is no time stamp: {error}"))?;
    let mut role = Role::new(text(request, "role_arn")?);
    role.tags = request
        .get("role_tags")
        .and_then(Value::as_object)
        .map(|tags| tags.iter().map(|(name, value)| (name.clone(), scalar(value))).collect());
    let cluster = Cluster::new(text(cluster, "name")?, text(cluster, "arn")?, text(cluster, "issuer")?);
    let mut built =
        Request::node(role, cluster, now).of(text(request, "namespace")?, text(request, "service_account")?);
    built.mechanism = mechanism;
    if let Some(region) = optional(request, "region") {
        built.region = region;
    }
    built.pod_name = optional(request, "pod_name");
    built.pod_uid = optional(request, "pod_uid");
    built.audience = optional(request, "audience");
    built.session_tags = request.get("session_tags").and_then(Value::as_bool).unwrap_or(true);
    built.organization = organization(request.get("org_id"));
    built.ec2_principal = optional(request, "ec2_principal");
    built.source_role_arn = optional(request, "source_role_arn");
    built.source_role_allows = request.get("source_role_allows").and_then(Value::as_bool);
    Ok(built)
}

fn organization(value: Option<&Value>) -> Organization {
    match value {
        Some(Value::Null) => Organization::None,
        Some(Value::String(id)) if id != "unknown" => Organization::Id(id.clone()),
        _ => Organization::Unknown,
    }
}

fn raw_request(request: &Value) -> Result<RawRequest, String> {
    let principal = request.get("principal").ok_or("request.principal is missing")?;
    let context = request.get("context").and_then(Value::as_object);
    Ok(RawRequest {
        caller: raw_caller(request, principal)?,
        action: text(request, "action")?.to_owned(),
        context: context
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), context_value(value)))
            .collect(),
        role_arn: optional(request, "role_arn").unwrap_or_default(),
    })
}

fn raw_caller(request: &Value, principal: &Value) -> Result<Caller, String> {
    let value = text(principal, "value")?;
    match text(principal, "type")? {
        "Service" => Ok(Caller::Service(value.to_owned())),
        "Federated" => Ok(Caller::Federated(value.to_owned())),
        "AWS" => Ok(raw_aws_caller(request, principal, value)),
        other => Err(format!("{other} is no principal type: AWS, Service or Federated")),
    }
}

/// A role, user or session; a session without `role_arn` is taken for a role without a path.
fn raw_aws_caller(request: &Value, principal: &Value, value: &str) -> Caller {
    let account = optional(principal, "account").or_else(|| arn::account(value).map(str::to_owned)).unwrap_or_default();
    let session = arn::part(value, 5).and_then(|resource| resource.strip_prefix("assumed-role/")?.split_once('/'));
    let partition = arn::part(value, 1).unwrap_or("aws");
    let of_session = session.map(|(role, _)| format!("arn:{partition}:iam::{account}:role/{role}"));
    Caller::Aws {
        arn: optional(principal, "role_arn").or(of_session).unwrap_or_else(|| value.to_owned()),
        session: session.map(|(_, name)| name.to_owned()),
        same_account: optional(request, "account").is_none_or(|role_account| role_account == account),
        account,
        may_call: Some(request.get("source_role_allows").and_then(Value::as_bool).unwrap_or(true)),
    }
}

fn context_value(value: &Value) -> ContextValue {
    match value {
        Value::Array(values) => ContextValue::Many(values.iter().map(scalar).collect()),
        other => ContextValue::One(scalar(other)),
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
