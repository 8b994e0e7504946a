//! Who could become which role: every service account that a trust policy admits, by which
//! statement, whether or not it uses the role; and the reverse. The trust engine's indexes are
//! asked, so the cost is not roles × service accounts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Inventory;
use crate::domain::{
    cluster::Cluster,
    id::{RoleArn, ServiceAccountId},
    identity::{
        Mechanism,
        admission::{self, Asking},
        injection::DEFAULT_AUDIENCE,
    },
    role::Role,
    trust::{
        self, Document, Effect, PODS_SERVICE,
        who::{Grant, Subjects, admitted},
    },
};

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// IRSA or EKS Pod Identity.
    pub mechanism: Mechanism,
    /// Index of the statement that allows.
    pub statement: Option<usize>,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Condition keys that it depends on; empty if it is sure.
    pub depends_on: Vec<String>,
}

impl Way {
    /// `irsa, statement 2 (Pods)`, with what it depends on.
    pub fn words(&self) -> String {
        let statement = self.statement.map(|index| format!(", statement {}", index + 1)).unwrap_or_default();
        let sid = self.sid.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
        let keys = if self.depends_on.is_empty() {
            String::new()
        } else {
            format!(", depends on {}", self.depends_on.join(", "))
        };
        format!("{}{statement}{sid}{keys}", self.mechanism.word())
    }
}

/// A service account that a role admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Who.
    pub service_account: ServiceAccountId,
    /// How; never empty.
    pub ways: Vec<Way>,
}

/// The service accounts of the cluster, indexed once for any number of roles.
pub struct Gate<'i> {
    inventory: &'i Inventory,
    cluster: &'i Cluster,
    ids: Vec<ServiceAccountId>,
    subjects: Subjects,
    now: Timestamp,
}

impl Inventory {
    /// Everybody who could ask. `None` while the cluster is not known.
    pub fn gate(&self, now: Timestamp) -> Option<Gate<'_>> {
        self.gate_for(self.service_accounts().into_iter().map(|row| row.id).collect(), now)
    }

    /// One who could ask.
    pub fn gate_of(&self, id: &ServiceAccountId, now: Timestamp) -> Option<Gate<'_>> {
        self.gate_for(vec![id.clone()], now)
    }

    fn gate_for(&self, mut ids: Vec<ServiceAccountId>, now: Timestamp) -> Option<Gate<'_>> {
        let cluster = self.facts.cluster.known()?;
        ids.sort();
        let subject = |id: &ServiceAccountId| trust::who::ServiceAccount {
            namespace: id.namespace.to_string(),
            name: id.name.to_string(),
            audience: self.service_account(id).and_then(|account| account.audience.as_deref()).map(str::to_owned),
        };
        let subjects = Subjects::new(ids.iter().map(subject).collect());
        Some(Gate { inventory: self, cluster, ids, subjects, now })
    }

    /// The role that the caller's session is of, if it is one of the account that is known.
    pub fn caller_role(&self) -> Option<RoleArn> {
        let caller = self.facts.caller.known()?;
        let (_, session) = caller.arn.split_once(":assumed-role/")?;
        let name = session.split('/').next()?;
        let found = self.known_roles().find(|role| role.name.as_str() == name && role.arn.account() == caller.account);
        found.map(|role| RoleArn::from(role.arn.as_str()))
    }

    /// Whom a role trusts besides the pods of this cluster, each once.
    pub fn other_principals(&self, arn: &RoleArn) -> Vec<String> {
        let role = self.role(arn);
        let Some(document) = role.known().and_then(|role| role.trust.document.as_ref().ok()) else { return Vec::new() };
        let issuer = self.facts.cluster.known().and_then(|cluster| cluster.issuer.as_deref()).unwrap_or_default();
        let provider = format!(":oidc-provider/{}", issuer.trim_start_matches("https://"));
        let ours = |value: &str| value == PODS_SERVICE || (!issuer.is_empty() && value.ends_with(&provider));
        let allowing = document.statements().iter().filter(|statement| statement.effect == Some(Effect::Allow));
        let values = allowing.flat_map(|statement| &statement.principals).map(|principal| principal.value.clone());
        values.filter(|value| !ours(value)).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Gate<'_> {
    /// The service accounts that a role admits, by name.
    pub fn admissions(&self, role: &Role) -> Vec<Admission> {
        let Ok(document) = &role.trust.document else { return Vec::new() };
        let mut ways: BTreeMap<usize, Vec<Way>> = BTreeMap::new();
        self.collect(role, document, Mechanism::Irsa, &Asking::Irsa(DEFAULT_AUDIENCE), &mut ways);
        self.collect(role, document, Mechanism::PodIdentity, &Asking::PodIdentity(true), &mut ways);
        let admission = |(index, ways): (usize, Vec<Way>)| Admission { service_account: self.ids[index].clone(), ways };
        ways.into_iter().map(admission).collect()
    }

    fn collect(
        &self,
        role: &Role,
        document: &Document,
        mechanism: Mechanism,
        asking: &Asking<'_>,
        ways: &mut BTreeMap<usize, Vec<Way>>,
    ) {
        let template = admission::request(self.cluster, role, &ServiceAccountId::new("", ""), asking, self.now);
        let grants = admitted(document, &template, &self.subjects);
        let arn = RoleArn::from(role.arn.as_str());
        for (index, id) in self.ids.iter().enumerate() {
            let grant = match mechanism {
                Mechanism::PodIdentity if self.is_special(id, &arn) => self.asked(id, &arn),
                _ => grants.grant(index).cloned(),
            };
            if let Some(Grant { statement, depends_on }) = grant {
                let sid = statement.and_then(|index| document.statements().get(index)?.sid.clone());
                ways.entry(index).or_default().push(Way { mechanism, statement, sid, depends_on });
            }
        }
    }

    /// An association without session tags, or with this role as its target, asks in its own way.
    fn is_special(&self, id: &ServiceAccountId, role: &RoleArn) -> bool {
        let detail = self.inventory.facts.association_detail(id);
        detail.is_some_and(|detail| detail.disable_session_tags || detail.target_role_arn.as_ref() == Some(role))
    }

    fn asked(&self, id: &ServiceAccountId, role: &RoleArn) -> Option<Grant> {
        let decision = self.inventory.trust_decision(role, id, Mechanism::PodIdentity, self.now)?;
        let depends_on = match decision.verdict {
            trust::Verdict::Allow => Vec::new(),
            trust::Verdict::Depends(keys) => keys,
            _ => return None,
        };
        Some(Grant { statement: decision.statement, depends_on })
    }
}
