//! What each kind of row offers to a filter. What a row does not carry itself (images, the nodes of
//! a workload's pods) is looked up in the inventory, and only when a term asks for it.

use super::{Field, Fields};
use crate::domain::{
    finding::{Finding, Subject},
    id::{PodId, ServiceAccountId},
    identity::Mechanism,
    inventory::Inventory,
    node::NodeKind,
    row::{AssociationRow, NamespaceRow, NodeRow, PodRow, RoleRow, ServiceAccountRow, WorkloadRow},
};

/// A row together with the inventory it comes from, so that `image:`, `node:` and `now:` find what the row itself
/// does not carry.
#[derive(Clone, Copy, Debug)]
pub struct Within<'a, R> {
    /// The row.
    pub row: &'a R,
    /// Where it comes from.
    pub inventory: &'a Inventory,
}

impl<'a, R> Within<'a, R> {
    /// Joins the two.
    pub fn new(row: &'a R, inventory: &'a Inventory) -> Self {
        Self { row, inventory }
    }
}

type Each<'a> = &'a mut dyn FnMut(&str);

fn images(inventory: &Inventory, pod: &PodId, each: Each<'_>) {
    for container in inventory.pod(pod).into_iter().flat_map(|pod| &pod.spec.containers) {
        each(&container.image);
    }
}

/// Codes or severities of the findings that concern an object.
fn of_findings<'a>(found: impl IntoIterator<Item = &'a Finding>, field: Field, each: Each<'_>) {
    found.into_iter().for_each(|finding| finding.field(field, each));
}

macro_rules! as_they_are {
    ($($row:ty: $findings:ident($id:ident)),*) => {$(
        impl Fields for Within<'_, $row> {
            fn field(&self, field: Field, each: Each<'_>) {
                match field {
                    Field::Code | Field::Severity => {
                        of_findings(self.inventory.$findings(&self.row.$id), field, each);
                    }
                    _ => self.row.field(field, each),
                }
            }

            fn text(&self, out: &mut String) {
                self.row.text(out);
            }
        }
    )*};
}

as_they_are!(
    NamespaceRow: findings_of_namespace(name),
    RoleRow: findings_of_role(arn),
    AssociationRow: findings_of_service_account(service_account),
    NodeRow: findings_of_node(name)
);

impl Fields for Finding {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Namespace => self.subject.namespace().into_iter().for_each(each),
            Field::Code => each(self.code.name),
            Field::Severity => each(self.severity.word()),
            Field::Kind => each(self.subject.kind()),
            Field::Name => each(&self.subject.name()),
            Field::ServiceAccount => match &self.subject {
                Subject::ServiceAccount(id) | Subject::Association(_, id) => each(id.name.as_str()),
                _ => {}
            },
            Field::Role => {
                if let Subject::Role(arn) = &self.subject {
                    each(arn.as_str());
                }
            }
            Field::Node => {
                if let Subject::Node(name) = &self.subject {
                    each(name.as_str());
                }
            }
            Field::Now | Field::Next | Field::State | Field::Image => {}
        }
    }

    fn text(&self, out: &mut String) {
        segments(out, &[self.code.name, " ", &self.subject.to_string(), " ", &self.message]);
    }
}

fn segments(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

fn role_segment(out: &mut String, arn: Option<&str>) {
    if let Some(arn) = arn {
        segments(out, &[" ", arn.rsplit('/').next().unwrap_or(arn)]);
    }
}

impl Fields for WorkloadRow {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Namespace => each(self.id.namespace.as_str()),
            Field::ServiceAccount => each(self.service_account.name.as_str()),
            Field::Role => self.role.iter().for_each(|role| each(role.as_str())),
            Field::Now => each(self.now.word()),
            Field::Next => each(self.next.word()),
            Field::State => each(self.state.word()),
            Field::Kind => each(self.id.kind.short()),
            Field::Name => each(self.id.name.as_str()),
            Field::Node | Field::Image | Field::Code | Field::Severity => {}
        }
    }

    fn text(&self, out: &mut String) {
        let id = &self.id;
        segments(out, &[id.namespace.as_str(), "/", id.kind.short(), "/", id.name.as_str()]);
        if self.service_account.name.as_str() != id.name.as_str() {
            segments(out, &[" ", self.service_account.name.as_str()]);
        }
        role_segment(out, self.role.as_ref().map(|role| role.as_str()));
    }
}

impl Fields for Within<'_, WorkloadRow> {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Image => images(self.inventory, &self.row.worst, each),
            Field::Node => {
                let pods = self.inventory.pods_of_workload(&self.row.id);
                pods.iter().flat_map(|pod| &pod.node).for_each(|node| each(node.as_str()));
            }
            Field::Code | Field::Severity => {
                of_findings(self.inventory.findings_of_workload(&self.row.id), field, each);
            }
            _ => self.row.field(field, each),
        }
    }

    fn text(&self, out: &mut String) {
        self.row.text(out);
    }
}

impl Fields for PodRow {
    fn field(&self, field: Field, each: Each<'_>) {
        let now = &self.resolution.now;
        match field {
            Field::Namespace => each(self.id.namespace.as_str()),
            Field::ServiceAccount => each(self.service_account.name.as_str()),
            Field::Role => now.role_arn.iter().chain(&now.target_role_arn).for_each(|role| each(role.as_str())),
            Field::Node => self.node.iter().for_each(|node| each(node.as_str())),
            Field::Now => each(now.mechanism.word()),
            Field::Next => each(self.resolution.next.mechanism.word()),
            Field::State => each(self.resolution.state.word()),
            Field::Kind => each(self.workload.kind.short()),
            Field::Name => each(self.id.name.as_str()),
            Field::Image | Field::Code | Field::Severity => {}
        }
    }

    fn text(&self, out: &mut String) {
        segments(out, &[self.id.namespace.as_str(), "/", self.id.name.as_str()]);
        segments(out, &[" ", self.service_account.name.as_str()]);
        role_segment(out, self.resolution.now.role_arn.as_ref().map(|role| role.as_str()));
    }
}

impl Fields for Within<'_, PodRow> {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Image => images(self.inventory, &self.row.id, each),
            Field::Code | Field::Severity => of_findings(self.inventory.findings_of_pod(&self.row.id), field, each),
            _ => self.row.field(field, each),
        }
    }

    fn text(&self, out: &mut String) {
        self.row.text(out);
    }
}

impl Fields for ServiceAccountRow {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Namespace => each(self.id.namespace.as_str()),
            Field::ServiceAccount | Field::Name => each(self.id.name.as_str()),
            Field::Role => {
                let roles = [&self.next_role_arn, &self.association_role_arn, &self.annotation_role_arn];
                roles.into_iter().flatten().for_each(|role| each(role.as_str()));
            }
            Field::Next => each(self.next.word()),
            Field::State => each(self.state.word()),
            Field::Node | Field::Now | Field::Image | Field::Kind | Field::Code | Field::Severity => {}
        }
    }

    fn text(&self, out: &mut String) {
        segments(out, &[self.id.namespace.as_str(), "/", self.id.name.as_str()]);
        role_segment(out, self.next_role_arn.as_ref().map(|role| role.as_str()));
    }
}

fn of_service_account(inventory: &Inventory, id: &ServiceAccountId, field: Field, each: Each<'_>) {
    for pod in inventory.pods_of_service_account(id) {
        Within::new(&pod, inventory).field(field, each);
    }
}

impl Fields for Within<'_, ServiceAccountRow> {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Now | Field::Node | Field::Image | Field::Kind => {
                of_service_account(self.inventory, &self.row.id, field, each);
            }
            Field::Code | Field::Severity => {
                of_findings(self.inventory.findings_of_service_account(&self.row.id), field, each);
            }
            _ => self.row.field(field, each),
        }
    }

    fn text(&self, out: &mut String) {
        self.row.text(out);
    }
}

impl Fields for NamespaceRow {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Namespace | Field::Name => each(self.name.as_str()),
            Field::Now => self.mechanisms.iter().for_each(|(mechanism, _)| each(mechanism.word())),
            Field::State if self.states.is_empty() => each(self.state.word()),
            Field::State => self.states.iter().for_each(|(state, _)| each(state.word())),
            _ => {}
        }
    }

    fn text(&self, out: &mut String) {
        out.push_str(self.name.as_str());
    }
}

impl Fields for RoleRow {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Namespace => self.used_by.iter().for_each(|user| each(user.service_account.namespace.as_str())),
            Field::ServiceAccount => self.used_by.iter().for_each(|user| each(user.service_account.name.as_str())),
            Field::Role => each(self.arn.as_str()),
            Field::Name => each(self.name.as_str()),
            Field::Now => self.mechanisms.iter().for_each(|mechanism| each(mechanism.word())),
            Field::State => each(self.state.word()),
            Field::Node | Field::Next | Field::Image | Field::Kind | Field::Code | Field::Severity => {}
        }
    }

    fn text(&self, out: &mut String) {
        out.push_str(self.arn.as_str());
        for user in &self.used_by {
            let id = &user.service_account;
            segments(out, &[" ", id.namespace.as_str(), "/", id.name.as_str()]);
        }
    }
}

impl Fields for AssociationRow {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Namespace => each(self.service_account.namespace.as_str()),
            Field::ServiceAccount => each(self.service_account.name.as_str()),
            Field::Role => self.role_arn.iter().chain(&self.target_role_arn).for_each(|role| each(role.as_str())),
            Field::Name => each(self.id.as_str()),
            Field::Next => each(Mechanism::PodIdentity.word()),
            Field::State => each(self.verdict.word()),
            Field::Node | Field::Now | Field::Image | Field::Kind | Field::Code | Field::Severity => {}
        }
    }

    fn text(&self, out: &mut String) {
        let id = &self.service_account;
        segments(out, &[id.namespace.as_str(), "/", id.name.as_str(), " ", self.id.as_str()]);
        role_segment(out, self.role_arn.as_ref().map(|role| role.as_str()));
    }
}

impl Fields for NodeRow {
    fn field(&self, field: Field, each: Each<'_>) {
        match field {
            Field::Node | Field::Name => each(self.name.as_str()),
            Field::Role => self.role_arn.iter().for_each(|role| each(role.as_str())),
            Field::Kind => each(kind_word(self.kind)),
            _ => {}
        }
    }

    fn text(&self, out: &mut String) {
        segments(out, &[self.name.as_str(), " ", kind_word(self.kind)]);
        role_segment(out, self.role_arn.as_ref().map(|role| role.as_str()));
    }
}

fn kind_word(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Managed => "managed",
        NodeKind::SelfManaged => "self-managed",
        NodeKind::Karpenter => "karpenter",
        NodeKind::Auto => "auto",
        NodeKind::Fargate => "fargate",
        NodeKind::Hybrid => "hybrid",
    }
}
