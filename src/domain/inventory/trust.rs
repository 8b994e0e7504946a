//! What trust policies answer the service accounts of the cluster.

use jiff::Timestamp;

use super::Inventory;
use crate::domain::{
    id::{RoleArn, ServiceAccountId},
    identity::{
        Mechanism,
        admission::{self, Asking},
        injection::DEFAULT_AUDIENCE,
    },
    trust,
};

impl Inventory {
    /// What the trust policy of a role answers a service account; `None` if it cannot be asked.
    pub fn trust_decision(
        &self,
        role: &RoleArn,
        id: &ServiceAccountId,
        mechanism: Mechanism,
        now: Timestamp,
    ) -> Option<trust::Decision> {
        let (document, request) = self.trust_question(role, id, mechanism, now)?;
        Some(trust::evaluate(document, &request))
    }

    /// What one statement of it answers.
    pub fn statement_decision(
        &self,
        role: &RoleArn,
        statement: usize,
        (id, mechanism): (&ServiceAccountId, Mechanism),
        now: Timestamp,
    ) -> Option<trust::Decision> {
        let (document, request) = self.trust_question(role, id, mechanism, now)?;
        trust::evaluate_statement(document, statement, &request)
    }

    fn trust_question(
        &self,
        role: &RoleArn,
        id: &ServiceAccountId,
        mechanism: Mechanism,
        now: Timestamp,
    ) -> Option<(&trust::Document, trust::Request)> {
        let document = self.facts.role(role).known()?.trust.document.as_ref().ok()?;
        Some((document, self.trust_request(role, id, mechanism, now)?))
    }

    /// What the trust policy of a role is asked when a service account comes to it by a mechanism; `None` while the
    /// role or the cluster is not known, and for what asks no policy.
    pub fn trust_request(
        &self,
        role: &RoleArn,
        id: &ServiceAccountId,
        mechanism: Mechanism,
        now: Timestamp,
    ) -> Option<trust::Request> {
        let (facts, cluster) = (&self.facts, self.facts.cluster.known()?);
        let found = *facts.role(role).known()?;
        let detail = facts.association_detail(id);
        let session_tags = detail.is_none_or(|detail| !detail.disable_session_tags);
        let audience = self.service_account(id).and_then(|account| account.audience.as_deref());
        let asking = match (mechanism, detail) {
            (Mechanism::PodIdentity, Some(detail)) if detail.target_role_arn.as_ref() == Some(role) => {
                Asking::Target { source: &detail.role_arn, session_tags }
            }
            (Mechanism::PodIdentity, _) => Asking::PodIdentity(session_tags),
            (Mechanism::Irsa, _) => Asking::Irsa(audience.unwrap_or(DEFAULT_AUDIENCE)),
            (Mechanism::NodeRole, _) => Asking::Node,
            _ => return None,
        };
        Some(admission::request(cluster, found, id, &asking, now))
    }
}
