//! A plan in words, as the command that would do the same, and as JSON.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    API_VERSION, Redactor,
    export::{self, Format},
    json as writer, text,
};
use crate::domain::{
    inventory::Inventory,
    plan::{
        Affected, Call, Confirmation, Plan, Precondition, Step,
        owner::{Owned, owned},
        retarget::Tag,
        role_name,
    },
    trust::edit::difference,
};

/// The call as its API spells it, e.g. `eks:CreatePodIdentityAssociation`.
pub fn call_name(call: &Call) -> &'static str {
    match call {
        Call::CreatePodIdentityAssociation { .. } => "eks:CreatePodIdentityAssociation",
        Call::DeletePodIdentityAssociation { .. } => "eks:DeletePodIdentityAssociation",
        Call::AnnotateServiceAccount { .. } => "patch serviceaccounts",
        Call::CreateAddon { .. } => "eks:CreateAddon",
        Call::DeleteAddon { .. } => "eks:DeleteAddon",
        Call::EvictPod { .. } => "create pods/eviction",
        Call::RestartWorkload { .. } => "patch workloads",
        Call::UpdateAssumeRolePolicy { .. } => "iam:UpdateAssumeRolePolicy",
        Call::UpdatePodIdentityAssociation { .. } => "eks:UpdatePodIdentityAssociation",
        Call::TagAssociation { after, .. } if after.iter().all(|(_, value)| value.is_none()) => "eks:UntagResource",
        Call::TagAssociation { .. } => "eks:TagResource",
    }
}

/// The arguments of the call, by the names of its API.
pub fn arguments(call: &Call) -> Value {
    match call {
        Call::CreatePodIdentityAssociation { .. } => create_arguments(call),
        Call::DeletePodIdentityAssociation { cluster, association, .. } => {
            json!({"clusterName": cluster, "associationId": association})
        }
        Call::AnnotateServiceAccount { service_account, after, .. } => json!({
            "namespace": service_account.namespace,
            "name": service_account.name,
            "annotations": {"eks.amazonaws.com/role-arn": after},
        }),
        Call::CreateAddon { cluster, addon } | Call::DeleteAddon { cluster, addon } => {
            json!({"clusterName": cluster, "addonName": addon})
        }
        Call::EvictPod { pod, uid, .. } => json!({"namespace": pod.namespace, "name": pod.name, "uid": uid}),
        Call::RestartWorkload { workload, .. } => json!({
            "namespace": workload.namespace,
            "kind": workload.kind.short(),
            "name": workload.name,
        }),
        Call::UpdatePodIdentityAssociation { .. } => update_arguments(call),
        Call::TagAssociation { resource_arn, after, .. } => {
            let set: Map<String, Value> =
                after.iter().filter_map(|(key, value)| Some((key.clone(), json!(value.as_ref()?)))).collect();
            let gone: Vec<&str> =
                after.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str()).collect();
            match set.is_empty() {
                true => json!({"resourceArn": resource_arn, "tagKeys": gone}),
                false => json!({"resourceArn": resource_arn, "tags": set}),
            }
        }
        Call::UpdateAssumeRolePolicy { role_arn, after, .. } => {
            json!({"roleName": role_name(role_arn), "policyDocument": after})
        }
    }
}

fn update_arguments(call: &Call) -> Value {
    let Call::UpdatePodIdentityAssociation { cluster, association, before, after, .. } = call else {
        return Value::Null;
    };
    let mut arguments = json!({"clusterName": cluster, "associationId": association});
    if before.role_arn != after.role_arn {
        arguments["roleArn"] = json!(after.role_arn);
    }
    if before.target_role_arn != after.target_role_arn {
        arguments["targetRoleArn"] = json!(after.target_role_arn.as_ref().map_or("", |arn| arn.as_str()));
    }
    if before.disable_session_tags != after.disable_session_tags {
        arguments["disableSessionTags"] = json!(after.disable_session_tags);
    }
    if before.policy != after.policy {
        arguments["policy"] = json!(after.policy.as_deref().unwrap_or_default());
    }
    arguments
}

fn create_arguments(call: &Call) -> Value {
    let Call::CreatePodIdentityAssociation {
        cluster,
        service_account,
        role_arn,
        target_role_arn,
        disable_session_tags,
        policy,
        tags,
    } = call
    else {
        return Value::Null;
    };
    let mut arguments = json!({
        "clusterName": cluster,
        "namespace": service_account.namespace,
        "serviceAccount": service_account.name,
        "roleArn": role_arn,
    });
    if let Some(target) = target_role_arn {
        arguments["targetRoleArn"] = json!(target);
    }
    if *disable_session_tags {
        arguments["disableSessionTags"] = json!(true);
    }
    if let Some(policy) = policy {
        arguments["policy"] = json!(policy);
    }
    if !tags.is_empty() {
        let tags: Map<String, Value> = tags.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        arguments["tags"] = Value::Object(tags);
    }
    arguments
}

/// What changes of an object that exists, before and after.
fn diff(call: &Call) -> Value {
    match call {
        Call::AnnotateServiceAccount { before, after, .. } => json!({"before": before, "after": after}),
        Call::UpdatePodIdentityAssociation { before, after, .. } => json!({"before": before, "after": after}),
        Call::TagAssociation { before, after, .. } => json!({"before": tags(before), "after": tags(after)}),
        Call::UpdateAssumeRolePolicy { before, after, .. } => {
            json!({"before": before, "after": after, "text": difference(before, after)})
        }
        _ => Value::Null,
    }
}

/// Tags as a map; `null`: not set.
fn tags(tags: &[Tag]) -> Map<String, Value> {
    tags.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanItem<'a> {
    api_version: &'static str,
    id: String,
    kind: &'static str,
    subject: &'a str,
    steps: Vec<StepItem<'a>>,
    preconditions: &'a [Precondition],
    affects: Vec<AffectedItem<'a>>,
    inverse: &'a str,
    confirmation: Option<&'a str>,
    refused: Option<&'a str>,
    restarts: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    lost: &'a [String],
    exports: Value,
    owned: Vec<Owned>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepItem<'a> {
    call: &'static str,
    arguments: Value,
    diff: Value,
    summary: &'a str,
    command: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AffectedItem<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    pods: u32,
    falls_to: &'a str,
}

impl<'a> From<&'a Step> for StepItem<'a> {
    fn from(step: &'a Step) -> Self {
        Self {
            call: call_name(&step.call),
            arguments: arguments(&step.call),
            diff: diff(&step.call),
            summary: &step.summary,
            command: &step.command,
        }
    }
}

impl<'a> From<&'a Affected> for AffectedItem<'a> {
    fn from(affected: &'a Affected) -> Self {
        let workload = &affected.workload;
        Self {
            kind: workload.kind.short(),
            namespace: workload.namespace.as_str(),
            name: workload.name.as_str(),
            pods: affected.pods,
            falls_to: &affected.falls_to,
        }
    }
}

/// The plan as the contract names it.
pub fn json(plan: &Plan, inventory: &Inventory, redactor: Option<&Redactor>) -> String {
    let item = PlanItem {
        api_version: API_VERSION,
        id: format!("{}:{}", plan.kind.word(), plan.subject),
        kind: plan.kind.word(),
        subject: &plan.subject,
        steps: plan.steps.iter().map(StepItem::from).collect(),
        preconditions: &plan.preconditions,
        affects: plan.affects.iter().map(AffectedItem::from).collect(),
        inverse: &plan.inverse,
        confirmation: match &plan.confirmation {
            Confirmation::Enter => None,
            Confirmation::Type(text) => Some(text),
        },
        refused: plan.refusal().map(|refusal| refusal.detail.as_str()),
        restarts: plan.restarts.iter().map(|workload| format!("{}/{workload}", workload.namespace)).collect(),
        lost: &plan.lost,
        exports: exports(plan, inventory),
        owned: owned(plan, inventory),
    };
    writer::pretty(&item, redactor)
}

/// The plan in every format that others read.
fn exports(plan: &Plan, inventory: &Inventory) -> Value {
    let one = |format: Format| (format.word().to_owned(), json!(export::text(plan, inventory, format)));
    Value::Object(Format::ALL.into_iter().map(one).collect())
}

/// The plan for people.
pub fn text(plan: &Plan, inventory: &Inventory, ascii: bool, redactor: Option<&Redactor>) -> String {
    let nothing = if plan.is_done_already() { ": there is nothing to do" } else { "" };
    let mut lines = vec![format!("{} {}{nothing}", plan.kind.word(), plan.subject), String::new()];
    for (index, step) in plan.steps.iter().enumerate() {
        lines.extend(step_lines(index + 1, step));
    }
    lines.extend(section("CHECKED", plan.preconditions.iter().map(|found| precondition(found, ascii))));
    lines.extend(section("AFFECTS", plan.affects.iter().map(|line| affected(line, ascii))));
    lines.extend(section("OWNED", owned(plan, inventory).iter().map(|owned| format!("  {}", owned.sentence()))));
    lines.extend(section("DOES NOT RETURN", plan.lost.iter().map(|lost| format!("  {lost}"))));
    lines.extend([String::new(), format!("UNDO  {}.", plan.inverse)]);
    if let Some(refusal) = plan.refusal() {
        lines.extend([String::new(), format!("REFUSED  {}: {}", refusal.what, refusal.detail)]);
    } else if !plan.restarts.is_empty() {
        let names: Vec<String> =
            plan.restarts.iter().map(|workload| format!("{}/{workload}", workload.namespace)).collect();
        lines.extend([String::new(), format!("THEN  restart {}", names.join(", "))]);
    }
    let line = |line: String| {
        let line = redactor.map_or(line.clone(), |redactor| redactor.text(&line));
        format!("{}\n", text::printable(line.trim_end()))
    };
    lines.into_iter().map(line).collect()
}

fn section(title: &str, lines: impl Iterator<Item = String>) -> Vec<String> {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    [String::new(), title.to_owned()].into_iter().chain(lines).collect()
}

fn step_lines(number: usize, step: &Step) -> Vec<String> {
    let mut lines = vec![format!("{number}. {}", step.summary), format!("   {}", call_name(&step.call))];
    if let Value::Object(mut arguments) = arguments(&step.call) {
        // Its difference follows, and the command has it whole.
        arguments.remove("policyDocument");
        let width = arguments.keys().map(|key| text::width(key)).max().unwrap_or(0) + 2;
        let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.extend(arguments.iter().map(|(key, one)| format!("     {}{}", text::padded(key, width), value(one))));
    }
    lines.extend(document_lines(&step.call));
    lines.push(format!("   $ {}", step.command));
    lines
}

/// What changes of a document, line by line.
fn document_lines(call: &Call) -> Vec<String> {
    let Call::UpdateAssumeRolePolicy { before, after, .. } = call else { return Vec::new() };
    difference(before, after).lines().map(|line| format!("     {line}")).collect()
}

fn precondition(found: &Precondition, ascii: bool) -> String {
    let glyph = match (found.ok, ascii) {
        (Some(true), false) => "✓",
        (Some(true), true) => "+",
        (Some(false), false) => "✗",
        (Some(false), true) => "x",
        (None, _) => "-",
    };
    format!("  {glyph} {}: {}", found.what, found.detail)
}

fn affected(affected: &Affected, ascii: bool) -> String {
    let (workload, arrow) = (&affected.workload, if ascii { "->" } else { "→" });
    let pods = if affected.pods == 1 { "pod" } else { "pods" };
    format!("  {}/{workload}  {} {pods}  {arrow} {}", workload.namespace, affected.pods, affected.falls_to)
}
