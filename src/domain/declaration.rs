//! Declarations: a service account says, by an annotation or a label, which association it should have
//! (findings, DECLARED-DIFFERS). What is declared is compared with what EKS has; nothing is changed here.

use std::collections::BTreeSet;

use super::{
    arn::Arn,
    association::Association,
    fact::Fact,
    id::{AssociationId, Namespace, RoleArn, ServiceAccountId},
    inventory::Inventory,
    service_account::Declaration,
};

/// How a declaration and the association compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The association is there with the declared role.
    Met,
    /// Declared, and there is no association.
    Missing(RoleArn),
    /// Declared, and the association has another role.
    Different {
        /// The declared role.
        wanted: RoleArn,
        /// The role it has.
        has: RoleArn,
        /// The association.
        association: AssociationId,
    },
    /// An association that its service account does not declare, in a namespace that uses declarations.
    Undeclared(AssociationId),
    /// What is declared cannot be an association, and why; it is never applied.
    Wrong(String),
    /// It cannot be told, and why.
    Unknown(String),
}

impl Standing {
    /// What differs, in a sentence about its service account; `None` where nothing does or nothing is known.
    pub fn sentence(&self, id: &ServiceAccountId) -> Option<String> {
        match self {
            Self::Met | Self::Unknown(_) => None,
            Self::Missing(role) => Some(format!("{id} declares role {}, and has no association", name(role))),
            Self::Different { wanted, has, association } => Some(format!(
                "{id} declares role {}, and its association {association} has {}",
                name(wanted),
                name(has)
            )),
            Self::Undeclared(association) => {
                Some(format!("{id} has association {association} and declares none, as others in its namespace do"))
            }
            Self::Wrong(why) => Some(format!("{id} declares what cannot be: {why}")),
        }
    }
}

fn name(role: &RoleArn) -> &str {
    role.as_str().rsplit('/').next().unwrap_or_else(|| role.as_str())
}

impl Inventory {
    /// How a service account's declaration stands; `None` where nothing is declared and nothing needs to be.
    pub fn declaration_of(&self, id: &ServiceAccountId) -> Option<Standing> {
        let declared = self.service_account(id).and_then(|account| account.declared.as_deref());
        match declared {
            Some(declaration) => Some(self.standing(id, declaration)),
            None => {
                let association = self.association_of(id).filter(|found| found.owner_arn.is_none())?;
                let uses = self.namespaces_with_declarations().contains(&id.namespace);
                uses.then(|| Standing::Undeclared(association.id.clone()))
            }
        }
    }

    /// Every service account that declares, or should, with how it stands; by namespace and name.
    pub fn declarations(&self) -> Vec<(ServiceAccountId, Standing)> {
        let using = self.namespaces_with_declarations();
        if using.is_empty() {
            return Vec::new();
        }
        let accounts = self.known_service_accounts().filter(|account| account.declared.is_some());
        let mut ids: BTreeSet<&ServiceAccountId> = accounts.map(|account| &account.id).collect();
        ids.extend(self.known_associations().map(|found| &found.service_account));
        let standing = |id: &ServiceAccountId| Some((id.clone(), self.declaration_of(id)?));
        ids.into_iter().filter(|id| using.contains(&id.namespace)).filter_map(standing).collect()
    }

    fn namespaces_with_declarations(&self) -> BTreeSet<Namespace> {
        let declaring = self.known_service_accounts().filter(|account| account.declared.is_some());
        declaring.map(|account| account.id.namespace.clone()).collect()
    }

    fn standing(&self, id: &ServiceAccountId, declaration: &Declaration) -> Standing {
        let wanted = match self.declared_role(declaration) {
            Ok(role) => role,
            Err(standing) => return standing,
        };
        match self.association_fact(id) {
            Fact::Known(association) => compared(association, wanted),
            Fact::Loading => Standing::Unknown("associations have not been listed yet".to_owned()),
            Fact::Unknown(failure) => Standing::Unknown(format!("{}: {}", failure.what, failure.why)),
            Fact::Absent => match self.unlisted_associations() {
                Some(why) => Standing::Unknown(why),
                None => Standing::Missing(wanted),
            },
        }
    }

    /// The role that is declared, in the cluster's account.
    fn declared_role(&self, declaration: &Declaration) -> Result<RoleArn, Standing> {
        let Some(cluster) = self.cluster().known() else {
            return Err(Standing::Unknown("the cluster has not been described".to_owned()));
        };
        let (partition, account) = (cluster.arn.partition(), cluster.account());
        let by_arn = declaration.role_arn.as_deref().map(|text| {
            let arn = Arn::role(text).map_err(|error| Standing::Wrong(error.to_string()))?;
            if arn.account() != account || arn.partition() != partition {
                let (theirs, ours) = (arn.account(), &account);
                return Err(Standing::Wrong(format!(
                    "{arn} is in account {theirs}, the cluster in {ours}; EKS takes only roles of its own account"
                )));
            }
            Ok(RoleArn::from(arn.as_str()))
        });
        let by_arn = by_arn.transpose()?;
        let Some(label) = declaration.role.as_deref() else {
            return by_arn.ok_or_else(|| Standing::Wrong("nothing is declared".to_owned()));
        };
        match by_arn {
            Some(arn) if name(&arn) == label => Ok(arn),
            Some(arn) => Err(Standing::Wrong(format!(
                "its annotation names {}, its label {label}: keep one of them",
                name(&arn)
            ))),
            None => {
                let known = self.known_roles().find(|role| role.name.as_str() == label);
                let path = || format!("arn:{partition}:iam::{account}:role/{label}");
                Ok(known.map_or_else(|| path().into(), |role| RoleArn::from(role.arn.as_str())))
            }
        }
    }

    fn unlisted_associations(&self) -> Option<String> {
        let action = "eks:ListPodIdentityAssociations";
        let gap = self.gaps().into_iter().find(|gap| gap.failure.action.as_deref() == Some(action));
        gap.map(|gap| format!("{}: {}", gap.failure.what, gap.failure.why))
    }
}

fn compared(association: &Association, wanted: RoleArn) -> Standing {
    match &association.detail {
        Fact::Known(detail) if detail.role_arn == wanted => Standing::Met,
        Fact::Known(detail) => {
            Standing::Different { wanted, has: detail.role_arn.clone(), association: association.id.clone() }
        }
        Fact::Unknown(failure) => Standing::Unknown(format!("{}: {}", failure.what, failure.why)),
        Fact::Loading | Fact::Absent => Standing::Unknown(format!("{} has not been described yet", association.id)),
    }
}

#[cfg(test)]
mod tests;
