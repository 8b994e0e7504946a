//! What a plan comes down to for those who write wanted states instead of calls: associations, roles,
//! add-ons, what goes away, and what is left to be said in a comment.

use jiff::Timestamp;

use crate::domain::{
    arn::Arn,
    association::AssociationDetail,
    fact::Fact,
    id::{AccountId, AssociationId, Region, RoleArn, ServiceAccountId},
    inventory::Inventory,
    plan::{
        Call, Plan, Step,
        retarget::Tag,
        trust::{Narrow, narrowing},
    },
    trust::{self, edit},
};

/// The role of an association, or its target role.
const PODS_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;

/// An association as it should be.
pub(super) struct Association<'a> {
    /// For whom.
    pub service_account: &'a ServiceAccountId,
    /// It is there already, under this id and ARN.
    pub existing: Option<(&'a AssociationId, &'a str)>,
    /// The role, in the cluster's account.
    pub role_arn: &'a RoleArn,
    /// The second hop.
    pub target_role_arn: Option<&'a RoleArn>,
    /// No session tags.
    pub disable_session_tags: bool,
    /// Session policy, JSON text.
    pub policy: Option<&'a str>,
    /// Its tags.
    pub tags: Vec<(&'a str, &'a str)>,
}

/// An association that goes away.
pub(super) struct Removed<'a> {
    /// Of whom.
    pub service_account: &'a ServiceAccountId,
    /// Its id.
    pub id: &'a AssociationId,
    /// What it is now, if that was read.
    pub detail: Option<&'a AssociationDetail>,
}

/// A role whose trust policy the plan writes.
pub(super) struct Role {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `/team/`, if not `/`.
    pub path: Option<String>,
    /// It is there already.
    pub exists: bool,
    /// The whole trust policy, JSON text.
    pub trust: String,
    /// Longest session, in seconds, if it was read.
    pub max_session_seconds: Option<u32>,
}

/// A step that only a command can express.
pub(super) struct Left<'a> {
    /// What it does.
    pub what: &'a str,
    /// The command that does it.
    pub command: &'a str,
    /// Who else writes the object.
    pub written_by: Option<String>,
}

/// All of it.
pub(super) struct Wanted<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Name of the cluster.
    pub cluster: String,
    /// Its region.
    pub region: Option<Region>,
    /// Its account.
    pub account: Option<AccountId>,
    /// Roles, before the associations that need them.
    pub roles: Vec<Role>,
    /// Associations that should be.
    pub associations: Vec<Association<'a>>,
    /// Associations that should not be any more.
    pub removed: Vec<Removed<'a>>,
    /// Add-ons to install.
    pub addons: Vec<&'a str>,
    /// The rest.
    pub left: Vec<Left<'a>>,
}

impl<'a> Wanted<'a> {
    /// Reads a plan against what is known.
    pub fn of(plan: &'a Plan, inventory: &'a Inventory) -> Self {
        let (cluster, target) = (inventory.cluster().known(), inventory.target());
        let name = cluster.map(|cluster| &cluster.name).or(target.cluster.as_ref());
        let mut wanted = Self {
            plan,
            cluster: name.map(ToString::to_string).unwrap_or_default(),
            region: cluster.map(|cluster| cluster.region()).or_else(|| target.region.clone()),
            account: cluster.map(|cluster| cluster.account()).or_else(|| target.account.clone()),
            roles: Vec::new(),
            associations: Vec::new(),
            removed: Vec::new(),
            addons: Vec::new(),
            left: Vec::new(),
        };
        for step in &plan.steps {
            wanted.take(step, inventory);
        }
        wanted.add_new_roles(inventory);
        wanted
    }

    fn take(&mut self, step: &'a Step, inventory: &'a Inventory) {
        match &step.call {
            Call::CreatePodIdentityAssociation {
                service_account,
                role_arn,
                target_role_arn,
                disable_session_tags,
                policy,
                tags,
                ..
            } => self.associations.push(Association {
                service_account,
                existing: existing(inventory, service_account),
                role_arn,
                target_role_arn: target_role_arn.as_ref(),
                disable_session_tags: *disable_session_tags,
                policy: policy.as_deref(),
                tags: tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            }),
            Call::DeletePodIdentityAssociation { association, service_account, .. } => {
                let detail = inventory.association(association).and_then(|found| found.detail.known());
                self.removed.push(Removed { service_account, id: association, detail });
            }
            Call::CreateAddon { addon, .. } => self.addons.push(addon),
            Call::AnnotateServiceAccount { service_account, .. } => {
                let object = inventory.service_account(service_account);
                let managers = object.map(|object| object.managers.join(", ")).filter(|names| !names.is_empty());
                self.left.push(Left { what: &step.summary, command: &step.command, written_by: managers });
            }
            Call::UpdatePodIdentityAssociation { service_account, after, .. } => {
                let tags = existing_tags(inventory, service_account);
                self.associations.push(Association {
                    service_account,
                    existing: existing(inventory, service_account),
                    role_arn: &after.role_arn,
                    target_role_arn: after.target_role_arn.as_ref(),
                    disable_session_tags: after.disable_session_tags,
                    policy: after.policy.as_deref(),
                    tags,
                });
            }
            Call::TagAssociation { association, after, .. } => self.retag(association, after, inventory),
            Call::UpdateAssumeRolePolicy { role_arn, after, .. } => {
                let known = inventory.role(role_arn);
                let longest = known.known().and_then(|role| role.max_session_seconds);
                self.roles.extend(Arn::role(role_arn.as_str()).map(|arn| Role::new(arn, true, after.clone(), longest)));
            }
            Call::EvictPod { .. } | Call::RestartWorkload { .. } | Call::DeleteAddon { .. } => {
                self.left.push(Left { what: &step.summary, command: &step.command, written_by: None });
            }
        }
    }

    /// An association that is only tagged stands here as it is, with its tags as they will be.
    fn retag(&mut self, id: &AssociationId, after: &'a [Tag], inventory: &'a Inventory) {
        let Some(found) = inventory.association(id) else { return };
        let Some(detail) = found.detail.known() else { return };
        let account = &found.service_account;
        if !self.associations.iter().any(|one| one.service_account == account) {
            self.associations.push(Association {
                service_account: account,
                existing: existing(inventory, account),
                role_arn: &detail.role_arn,
                target_role_arn: detail.target_role_arn.as_ref(),
                disable_session_tags: detail.disable_session_tags,
                policy: detail.policy.as_deref(),
                tags: existing_tags(inventory, account),
            });
        }
        for one in self.associations.iter_mut().filter(|one| one.service_account == account) {
            one.tags.retain(|(key, _)| !after.iter().any(|(changed, _)| changed == key));
            one.tags.extend(after.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_deref()?))));
        }
    }

    /// Roles of associations that IAM does not know yet.
    fn add_new_roles(&mut self, inventory: &Inventory) {
        let mut new: Vec<(&RoleArn, Vec<&Association<'_>>)> = Vec::new();
        for association in &self.associations {
            let arn = association.role_arn;
            let is_planned = self.roles.iter().any(|role| role.arn.as_str() == arn.as_str());
            if is_planned || !matches!(inventory.role(arn), Fact::Absent) {
                continue;
            }
            match new.iter_mut().find(|(known, _)| *known == arn) {
                Some((_, users)) => users.push(association),
                None => new.push((arn, vec![association])),
            }
        }
        let roles = new.iter().filter_map(|(arn, users)| new_role(inventory, arn, users));
        self.roles.extend(roles.collect::<Vec<_>>());
    }

    /// What the text is for, as the first lines say it.
    pub fn heading(&self) -> Vec<String> {
        let place = [
            Some(format!("cluster {}", self.cluster)),
            self.region.as_ref().map(|region| format!("region {region}")),
            self.account.as_ref().map(|account| format!("account {account}")),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        let mut lines = vec![format!("rolecall {} {}: {}", self.plan.kind.word(), self.plan.subject, place.join(", "))];
        if let Some(refusal) = self.plan.refusal() {
            lines.push(format!("As things stand this does not work: {}: {}", refusal.what, refusal.detail));
        }
        lines
    }

    /// What the format does not say, and the commands that do it.
    pub fn rest(&self, format: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for left in &self.left {
            lines.push(format!("{format} cannot say this step: {}", left.what));
            lines
                .extend(left.written_by.iter().map(|who| format!("{who} writes that object: change it there instead")));
            lines.push(format!("  {}", left.command));
        }
        let names: Vec<String> =
            self.plan.restarts.iter().map(|workload| format!("{}/{workload}", workload.namespace)).collect();
        if !names.is_empty() {
            lines.push(format!("Running pods keep what they have until they are restarted: {}", names.join(", ")));
        }
        lines
    }

    /// The role of this ARN, if the plan writes it.
    pub fn role(&self, arn: &RoleArn) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn.as_str() == arn.as_str())
    }
}

fn existing<'a>(inventory: &'a Inventory, id: &ServiceAccountId) -> Option<(&'a AssociationId, &'a str)> {
    inventory.association_of(id).map(|association| (&association.id, association.arn.as_ref()))
}

fn existing_tags<'a>(inventory: &'a Inventory, id: &ServiceAccountId) -> Vec<(&'a str, &'a str)> {
    let detail = inventory.association_of(id).and_then(|association| association.detail.known());
    let tags = detail.into_iter().flat_map(|detail| &detail.tags);
    tags.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

fn new_role(inventory: &Inventory, arn: &RoleArn, users: &[&Association<'_>]) -> Option<Role> {
    let arn = Arn::role(arn.as_str()).ok()?;
    let trust = new_trust(inventory, &arn, users).unwrap_or_else(|| PODS_TRUST.to_owned());
    Some(Role::new(arn, false, trust, None))
}

/// The narrowest trust policy for these service accounts: this cluster and, where session tags are on, these
/// accounts only, one statement a namespace.
fn new_trust(inventory: &Inventory, arn: &Arn, users: &[&Association<'_>]) -> Option<String> {
    let cluster = inventory.cluster().known()?;
    let session_tags = !users.iter().any(|user| user.disable_session_tags);
    let issuer = cluster.issuer.as_deref().unwrap_or_default();
    let mut document: Option<trust::Document> = None;
    for id in users.iter().map(|user| user.service_account) {
        let place = trust::Cluster::new(cluster.name.as_str(), cluster.arn.as_str(), issuer);
        let role = trust::Role { arn: arn.to_string(), tags: None };
        let (namespace, name) = (id.namespace.as_str(), id.name.as_str());
        let request = trust::Request::pod_identity(role, place, namespace, name, Timestamp::UNIX_EPOCH);
        let narrowing = narrowing(Narrow::ServiceAccount, cluster, id, session_tags);
        let made = edit::add_pod_identity_statement(document.as_ref(), &narrowing, &request).ok()?;
        document = Some(trust::Document::parse(&made.after).ok()?);
    }
    document.map(|document| document.text().trim_end().to_owned())
}

impl Role {
    fn new(arn: Arn, exists: bool, trust: String, max_session_seconds: Option<u32>) -> Self {
        let resource = arn.resource().strip_prefix("role").unwrap_or_default().to_owned();
        let (path, name) = resource.rsplit_once('/').unwrap_or(("", &resource));
        let path = (!path.is_empty()).then(|| format!("{path}/"));
        Self { name: name.to_owned(), path, exists, trust: super::honest_json(&trust), max_session_seconds, arn }
    }
}
