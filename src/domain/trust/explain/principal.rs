//! Why a statement's principal does not cover the caller.

use super::super::arn;
use super::super::decision::Decision;
use super::super::document::{Document, Statement};
use super::super::evaluate::Query;
use super::super::principal::{Principal, PrincipalKind};
use super::super::request::{Caller, Mechanism, PODS_SERVICE, Request};
use super::super::truth::Truth;
use super::near::{distance, normalised_issuer, placeholder};
use super::{Subject, caller_name, quoted_list};

/// Explains the principal of the nearest statement.
pub(super) fn explain(
    decision: Decision,
    document: &Document,
    statement: &Statement,
    query: &Query<'_>,
    subject: &Subject<'_>,
) -> Decision {
    let wanted = caller_name(&query.caller);
    let named: Vec<&str> = statement.principals.iter().map(|principal| principal.value.as_str()).collect();
    let decision = decision.at(statement.index, statement.principal_span).compared(named.join(", "), wanted);
    let placed = statement.principals.iter().find_map(|p| Some((p, placeholder(&p.value)?)));
    if let Some((principal, left_over)) = placed {
        return left_over_placeholder(decision, principal, left_over, subject);
    }
    match (subject.request, query.caller.as_ref()) {
        (Some(request), Caller::Federated(_)) => federated(decision, document, statement, request, subject),
        (_, Caller::Service(service)) => serviced(decision, statement, service, subject, document),
        (_, Caller::Aws { arn, .. }) => association_role(decision, statement, arn, query, subject),
        _ => other(decision, &named, wanted, subject),
    }
}

fn left_over_placeholder(
    decision: Decision,
    principal: &Principal,
    left_over: &str,
    subject: &Subject<'_>,
) -> Decision {
    let mut decision = decision.code("TRUST-PLACEHOLDER");
    decision.span = Some(principal.span);
    decision.reason = format!("{} still holds the placeholder {left_over}.", subject.policy());
    decision
}

fn other(mut decision: Decision, named: &[&str], wanted: &str, subject: &Subject<'_>) -> Decision {
    decision.reason = format!("{} trusts {}, not {wanted}.", subject.policy(), quoted_list(named));
    decision
}

fn federated(
    mut decision: Decision,
    document: &Document,
    statement: &Statement,
    request: &Request,
    subject: &Subject<'_>,
) -> Decision {
    let ours = normalised_issuer(request.cluster.issuer_host_path());
    let providers = statement.principals.iter().filter(|p| p.value.contains("oidc") || p.value.contains('/'));
    let nearest = providers.min_by_key(|p| distance(&normalised_issuer(&p.value), &ours).unwrap_or(usize::MAX));
    if statement.principals.is_empty() {
        return other(decision, &[], &request.provider_arn(), subject);
    }
    let Some(provider) = nearest else {
        return no_provider(decision, document, statement, subject);
    };
    decision.span = Some(provider.span);
    let decision = decision.compared(&provider.value, request.provider_arn());
    let (policy, value) = (subject.policy(), super::shortened(&provider.value));
    if normalised_issuer(&provider.value) == ours {
        return same_issuer(decision, provider, request, subject);
    }
    let close = distance(&normalised_issuer(&provider.value), &ours).is_some_and(|d| d <= 4);
    let mut decision = decision.code("IRSA-FOREIGN-ISSUER");
    decision.reason =
        format!("{policy} trusts {value}, which is not the OIDC provider of cluster {}.", request.cluster.name);
    decision.hint(Some(if close {
        format!("Did you mean {}? It differs in a few characters.", request.provider_arn())
    } else {
        format!("This cluster's provider is {}.", request.provider_arn())
    }))
}

/// The cluster's issuer, but not as the provider's ARN in the role's account.
fn same_issuer(decision: Decision, provider: &Principal, request: &Request, subject: &Subject<'_>) -> Decision {
    let wanted = request.provider_arn();
    let policy = subject.policy();
    let (code, reason) = match arn::account(&provider.value) {
        Some(account) if account != request.role.account() => (
            "IRSA-FOREIGN-ISSUER",
            format!(
                "{policy} trusts the OIDC provider of account {account}, but STS looks for it in the role's account {}.",
                request.role.account()
            ),
        ),
        _ if provider.kind != PrincipalKind::Federated => (
            "CONDITION-KEY-TYPO",
            format!("{policy} names the OIDC provider as {} instead of Federated.", provider.kind.name()),
        ),
        _ if provider.value.contains("https://") => (
            "CONDITION-KEY-TYPO",
            format!("{policy} names the OIDC provider with https://, which its ARN does not have."),
        ),
        _ => ("CONDITION-KEY-TYPO", format!("{policy} names this cluster's OIDC provider, but not by its ARN.")),
    };
    let mut decision = decision.code(code).hint(Some(format!("Did you mean {wanted}?")));
    decision.reason = reason;
    decision
}

/// No statement names an OIDC provider.
fn no_provider(mut decision: Decision, document: &Document, statement: &Statement, subject: &Subject<'_>) -> Decision {
    let names = |service: &str| document.statements().iter().flat_map(|s| &s.principals).any(|p| p.value == service);
    let policy = subject.policy();
    let aws = statement.principals.iter().any(|principal| principal.kind == PrincipalKind::Aws);
    decision.reason = if names(PODS_SERVICE) {
        format!("{policy} is written for EKS Pod Identity; it trusts no OIDC provider, which IRSA needs.")
    } else if aws {
        format!(
            "{policy} trusts AWS accounts or roles, which never covers a pod's web identity; no OIDC provider is trusted."
        )
    } else {
        let named: Vec<&str> = statement.principals.iter().map(|p| p.value.as_str()).collect();
        format!("{policy} trusts {} and no OIDC provider, which IRSA needs.", quoted_list(&named))
    };
    decision.code("TRUST-LOST")
}

fn serviced(
    mut decision: Decision,
    statement: &Statement,
    service: &str,
    subject: &Subject<'_>,
    document: &Document,
) -> Decision {
    let named: Vec<&str> = statement.principals.iter().map(|p| p.value.as_str()).collect();
    let irsa = document.statements().iter().flat_map(|s| &s.principals).any(|p| p.value.contains("oidc-provider/"));
    let policy = subject.policy();
    decision.reason = match subject.mechanism() {
        Some(Mechanism::PodIdentity) if irsa => {
            format!("{policy} is written for IRSA; EKS Pod Identity needs a statement for {service}.")
        }
        _ if named.contains(&service) => format!("{policy} does not name {service} under Service."),
        _ => format!("{policy} trusts {}, not {service}.", quoted_list(&named)),
    };
    let near = statement.principals.iter().find(|p| p.value.ends_with("eks.amazonaws.com") || p.value == service);
    let hint = near.map(|principal| match principal.kind {
        PrincipalKind::Service => {
            format!("Did you mean {service} where {} stands?", principal.value)
        }
        kind => format!("{service} stands under {}; it belongs under Service.", kind.name()),
    });
    let decision = decision.hint(hint);
    match subject.mechanism() {
        Some(Mechanism::PodIdentity) => decision.code("PI-TRUST-INVALID"),
        _ => decision,
    }
}

fn association_role(
    mut decision: Decision,
    statement: &Statement,
    role: &str,
    query: &Query<'_>,
    subject: &Subject<'_>,
) -> Decision {
    let named: Vec<&str> = statement.principals.iter().map(|p| p.value.as_str()).collect();
    let delegated = statement.principals.iter().any(|principal| principal.covers(&query.caller) != Truth::False);
    let without_path = statement
        .principals
        .iter()
        .find(|p| arn::role_name(&p.value) == arn::role_name(role) && arn::account(&p.value) == arn::account(role));
    let name = arn::role_name(role);
    decision.reason = if delegated {
        format!(
            "{} leaves it to the policies of {name}, and those do not allow it to assume {}.",
            subject.policy(),
            subject.role
        )
    } else {
        format!("{} trusts {}, not {role}.", subject.policy(), quoted_list(&named))
    };
    let near = without_path.filter(|_| !delegated);
    let hint = near.map(|p| format!("Did you mean {role} where {} stands? A role's path is part of its ARN.", p.value));
    let decision = decision.hint(hint);
    if subject.request.is_some() { decision.code("PI-TARGET-CHAIN") } else { decision }
}
