//! Calls as commands of the AWS CLI and kubectl: the same call, quoted for a POSIX shell,
//! with region and context named so that it cannot reach another cluster.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Call, affected::role_name, retarget::Tag};
use crate::domain::{
    association::Settings,
    id::{PodId, RoleArn, ServiceAccountId},
    inventory::Inventory,
    service_account::PREFIX,
    workload::{WorkloadId, WorkloadKind},
};

/// One word of a POSIX shell: as it is where that is safe, else in single quotes.
pub fn shell_quoted(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

struct Command(String);

impl Command {
    fn new(program: &str) -> Self {
        Self(program.to_owned())
    }

    fn word(mut self, word: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(&shell_quoted(word));
        self
    }

    fn option(self, name: &str, value: &str) -> Self {
        self.word(name).word(value)
    }

    fn option_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.option(name, value),
            None => self,
        }
    }
}

/// The command that makes exactly this call.
pub(super) fn command(inventory: &Inventory, call: &Call) -> String {
    let command = match call {
        Call::CreatePodIdentityAssociation { .. } => create_association(inventory, call),
        Call::DeletePodIdentityAssociation { cluster, association, .. } => {
            aws(inventory, "delete-pod-identity-association", cluster.as_str())
                .option("--association-id", association.as_str())
        }
        Call::AnnotateServiceAccount { service_account, after, .. } => {
            annotate(inventory, service_account, after.as_ref().map(|role| role.as_str()))
        }
        Call::CreateAddon { cluster, addon } => {
            aws(inventory, "create-addon", cluster.as_str()).option("--addon-name", addon)
        }
        Call::DeleteAddon { cluster, addon } => {
            aws(inventory, "delete-addon", cluster.as_str()).option("--addon-name", addon)
        }
        Call::EvictPod { pod, .. } => evict(inventory, pod),
        Call::RestartWorkload { workload, .. } => kubectl(inventory)
            .option("--namespace", workload.namespace.as_str())
            .word("rollout")
            .word("restart")
            .word(&kubectl_name(workload)),
        Call::UpdatePodIdentityAssociation { cluster, association, before, after, .. } => {
            let command = aws(inventory, "update-pod-identity-association", cluster.as_str())
                .option("--association-id", association.as_str());
            update_association(command, before, after)
        }
        Call::TagAssociation { resource_arn, after, .. } => tag_association(inventory, resource_arn, after),
        Call::UpdateAssumeRolePolicy { role_arn, after, .. } => Command::new("aws iam")
            .word("update-assume-role-policy")
            .option("--role-name", role_name(role_arn))
            .option("--policy-document", after),
    };
    command.0
}

fn aws(inventory: &Inventory, operation: &str, cluster: &str) -> Command {
    eks(inventory, operation).option("--cluster-name", cluster)
}

fn eks(inventory: &Inventory, operation: &str) -> Command {
    let known = inventory.cluster().known().map(|cluster| cluster.region());
    let region = known.or_else(|| inventory.target().region.clone());
    let command = Command::new("aws eks").word(operation);
    command.option_if("--region", region.as_ref().map(|region| region.as_str()))
}

/// What differs; an empty text takes a target role or session policy away.
fn update_association(mut command: Command, before: &Settings, after: &Settings) -> Command {
    if before.role_arn != after.role_arn {
        command = command.option("--role-arn", after.role_arn.as_str());
    }
    if before.target_role_arn != after.target_role_arn {
        command = command.option("--target-role-arn", after.target_role_arn.as_ref().map_or("", RoleArn::as_str));
    }
    if before.disable_session_tags != after.disable_session_tags {
        let flag = if after.disable_session_tags { "--disable-session-tags" } else { "--no-disable-session-tags" };
        command = command.word(flag);
    }
    if before.policy != after.policy {
        command = command.option("--policy", after.policy.as_deref().unwrap_or_default());
    }
    command
}

fn tag_association(inventory: &Inventory, arn: &str, after: &[Tag]) -> Command {
    let set: Vec<(String, String)> =
        after.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    if !set.is_empty() {
        return eks(inventory, "tag-resource").option("--resource-arn", arn).option("--tags", &tags_argument(&set));
    }
    let command = eks(inventory, "untag-resource").option("--resource-arn", arn).word("--tag-keys");
    after.iter().fold(command, |command, (key, _)| command.word(key))
}

fn kubectl(inventory: &Inventory) -> Command {
    Command::new("kubectl").option_if("--context", inventory.target().context.as_deref())
}

fn create_association(inventory: &Inventory, call: &Call) -> Command {
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
        return Command::new("aws eks");
    };
    let command = aws(inventory, "create-pod-identity-association", cluster.as_str())
        .option("--namespace", service_account.namespace.as_str())
        .option("--service-account", service_account.name.as_str())
        .option("--role-arn", role_arn.as_str())
        .option_if("--target-role-arn", target_role_arn.as_ref().map(|role| role.as_str()));
    let command = if *disable_session_tags { command.word("--disable-session-tags") } else { command };
    let command = command.option_if("--policy", policy.as_deref());
    if tags.is_empty() { command } else { command.option("--tags", &tags_argument(tags)) }
}

/// The shorthand where it can say it, JSON where a character would mean something else there.
fn tags_argument(tags: &[(String, String)]) -> String {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:/+@-".contains(&byte));
    if tags.iter().all(|(key, value)| plain(key) && plain(value) && !value.is_empty()) {
        let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        return pairs.join(",");
    }
    let map: Map<String, Value> = tags.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    Value::Object(map).to_string()
}

fn annotate(inventory: &Inventory, service_account: &ServiceAccountId, after: Option<&str>) -> Command {
    let command = kubectl(inventory)
        .option("--namespace", service_account.namespace.as_str())
        .word("annotate")
        .word("serviceaccount")
        .word(service_account.name.as_str());
    match after {
        Some(role) => command.word(&format!("{PREFIX}role-arn={role}")).word("--overwrite"),
        None => command.word(&format!("{PREFIX}role-arn-")),
    }
}

/// kubectl has no word for one eviction.
fn evict(inventory: &Inventory, pod: &PodId) -> Command {
    let (namespace, name) = (pod.namespace.as_str(), pod.name.as_str());
    let metadata = serde_json::json!({"name": name, "namespace": namespace});
    let eviction = serde_json::json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata});
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction");
    let create = kubectl(inventory).word("create").option("--raw", &path).option("-f", "-");
    Command(format!("echo {} | {}", shell_quoted(&eviction.to_string()), create.0))
}

fn kubectl_name(workload: &WorkloadId) -> String {
    let kind = match workload.kind {
        WorkloadKind::Deployment => "deployment",
        WorkloadKind::StatefulSet => "statefulset",
        WorkloadKind::DaemonSet => "daemonset",
        _ => workload.kind.short(),
    };
    format!("{kind}/{}", workload.name)
}
