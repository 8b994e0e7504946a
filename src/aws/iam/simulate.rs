//! IAM's policy simulator: what a role's policies say of one action, and what a document alone says of it.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType, Position, Statement,
};

use crate::{
    aws::{
        failure::{Call, incomplete},
        pace::Service,
        session::Session,
    },
    domain::{
        access::{ContextKey, ContextKind, Decision, Inquiry, Matched, Simulated},
        failure::Failure,
        id::RoleArn,
    },
};

impl Session {
    /// SimulatePrincipalPolicy for the role of an inquiry.
    ///
    /// # Errors
    /// `Denied` without `iam:SimulatePrincipalPolicy`; `NotFound` for a role that IAM does not know here; the
    /// failures of every call.
    pub async fn simulate_role(&self, inquiry: &Inquiry) -> Result<Simulated, Failure> {
        let what = format!("cannot simulate the policies of {}", inquiry.role);
        let call = Call::new(Service::Iam, "iam:SimulatePrincipalPolicy", inquiry.role.as_str(), what);
        let request = self
            .iam
            .simulate_principal_policy()
            .policy_source_arn(inquiry.role.as_str())
            .action_names(&inquiry.action)
            .set_resource_arns(inquiry.resource.clone().map(|resource| vec![resource]))
            .set_context_entries(Some(entries(&inquiry.context)));
        let answer = self.perform(&call, request.send()).await?;
        answer.evaluation_results().first().map(simulated).ok_or_else(|| incomplete(&call.what, "result"))
    }

    /// GetContextKeysForPrincipalPolicy: the keys that the policies of a role name; those of an organization's policies
    /// are not among them.
    ///
    /// # Errors
    /// `Denied` without `iam:GetContextKeysForPrincipalPolicy`; the failures of every call.
    pub async fn context_keys(&self, role: &RoleArn) -> Result<BTreeSet<String>, Failure> {
        let what = format!("cannot read which keys the policies of {role} name");
        let call = Call::new(Service::Iam, "iam:GetContextKeysForPrincipalPolicy", role.as_str(), what);
        let request = self.iam.get_context_keys_for_principal_policy().policy_source_arn(role.as_str());
        let answer = self.perform(&call, request.send()).await?;
        Ok(answer.context_key_names().iter().cloned().collect())
    }

    /// SimulateCustomPolicy for one document.
    ///
    /// # Errors
    /// `Denied` without `iam:SimulateCustomPolicy`; `Invalid` for a document that is no policy; the failures of every call.
    pub async fn simulate_document(&self, inquiry: &Inquiry, document: &str) -> Result<Simulated, Failure> {
        let call = Call::new(Service::Iam, "iam:SimulateCustomPolicy", "*", "cannot simulate the session policy");
        let request = self
            .iam
            .simulate_custom_policy()
            .policy_input_list(document)
            .action_names(&inquiry.action)
            .set_resource_arns(inquiry.resource.clone().map(|resource| vec![resource]))
            .set_context_entries(Some(entries(&inquiry.context)));
        let answer = self.perform(&call, request.send()).await?;
        answer.evaluation_results().first().map(simulated).ok_or_else(|| incomplete(&call.what, "result"))
    }
}

fn entries(context: &[ContextKey]) -> Vec<ContextEntry> {
    let kind = |kind| match kind {
        ContextKind::Text => ContextKeyTypeEnum::String,
        ContextKind::Truth => ContextKeyTypeEnum::Boolean,
        ContextKind::Time => ContextKeyTypeEnum::Date,
    };
    let entry = |key: &ContextKey| {
        ContextEntry::builder()
            .context_key_name(&key.name)
            .context_key_values(&key.value)
            .context_key_type(kind(key.kind))
            .build()
    };
    context.iter().map(entry).collect()
}

/// What is asked is one resource: its own result counts where there is one, since 2026 only the most restrictive of
/// all stands above it.
fn simulated(result: &EvaluationResult) -> Simulated {
    let organization = result.organizations_decision_detail().map(|detail| detail.allowed_by_organizations());
    let whole = result.permissions_boundary_decision_detail();
    match result.resource_specific_results() {
        [one] => Simulated {
            decision: decision(one.eval_resource_decision()),
            matched: one.matched_statements().iter().map(matched).collect(),
            missing: one.missing_context_values().iter().cloned().collect(),
            boundary: one
                .permissions_boundary_decision_detail()
                .or(whole)
                .map(|detail| detail.allowed_by_permissions_boundary()),
            organization,
        },
        _ => Simulated {
            decision: decision(result.eval_decision()),
            matched: result.matched_statements().iter().map(matched).collect(),
            missing: result.missing_context_values().iter().cloned().collect(),
            boundary: whole.map(|detail| detail.allowed_by_permissions_boundary()),
            organization,
        },
    }
}

fn decision(decision: &PolicyEvaluationDecisionType) -> Decision {
    match decision {
        PolicyEvaluationDecisionType::Allowed => Decision::Allowed,
        PolicyEvaluationDecisionType::ExplicitDeny => Decision::ExplicitDeny,
        _ => Decision::ImplicitDeny,
    }
}

fn matched(statement: &Statement) -> Matched {
    let number = |number: i32| usize::try_from(number).unwrap_or_default();
    Matched {
        policy: statement.source_policy_id().unwrap_or_default().to_owned(),
        kind: statement.source_policy_type().map_or("none", |kind| kind.as_str()).to_owned(),
        start: statement.start_position().map_or((0, 0), |at: &Position| (number(at.line()), number(at.column()))),
    }
}
