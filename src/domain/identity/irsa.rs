//! The hops of IAM roles for service accounts: token, provider, audience, trust policy, role
//! (identity-resolution 0.1, 5).

use std::sync::Arc;

use super::{
    admission::{self, Asking, walk_arn, walk_role},
    environment::{Setting, Settings, Token},
    facts::Facts,
    resolve::{Moment, Subject},
    trail::{Trail, reason, resting},
};
use crate::domain::{
    fact::Fact,
    id::RoleArn,
    identity::{HopKind, Verdict},
    provider::Provider,
};

/// The role of a web identity pair, as it is written in the environment.
pub fn role_arn(settings: &Settings) -> Option<RoleArn> {
    match &settings.role_arn {
        Setting::Text(arn) => Some(Arc::clone(arn).into()),
        Setting::Hidden | Setting::Unset => None,
    }
}

/// Walks all hops.
pub fn walk(facts: &Facts, subject: &Subject<'_>, settings: &Settings, moment: Moment, trail: &mut Trail) {
    trail.hop(HopKind::Pod, || subject.title());
    let role = role_arn(settings);
    walk_token(subject, settings, moment, trail);
    let asked = match &role {
        Some(arn) => walk_arn(facts, trail, arn, "AWS_ROLE_ARN").then_some(arn),
        None => {
            let message = "AWS_ROLE_ARN is set from elsewhere, so the role cannot be told.";
            trail.fail(
                Verdict::Depends,
                "role ARN",
                || "valueFrom".to_owned(),
                resting(None, message, "value of AWS_ROLE_ARN"),
            );
            None
        }
    };
    walk_annotation(facts, subject, role.as_ref(), trail);
    let audience = audience(&settings.token);
    walk_provider(facts, asked, audience, trail);
    if let Some(arn) = asked {
        walk_role(facts, trail, (arn, facts.role(arn)), subject.account, &Asking::Irsa(audience.unwrap_or_default()));
    }
}

fn audience(token: &Token) -> Option<&str> {
    match token {
        Token::Projected(audience) | Token::SubPath(audience) => audience.as_deref(),
        Token::Missing | Token::Unseen => Some(super::injection::DEFAULT_AUDIENCE),
    }
}

fn walk_token(subject: &Subject<'_>, settings: &Settings, moment: Moment, trail: &mut Trail) {
    let name = if moment == Moment::Now { "injected" } else { "injects" };
    let linux_path = matches!(&settings.token_file, Setting::Text(path) if path.starts_with("/var/run/"));
    if subject.node.windows && linux_path && !subject.spec.windows {
        let message = "The pod runs on Windows but its token path is Linux's: without the node selector kubernetes.io/os the webhook cannot tell.";
        trail.fail(
            Verdict::Broken,
            "token file",
            || "Linux path on Windows".to_owned(),
            reason(Some("WINDOWS-SELECTOR"), message),
        );
    }
    match &settings.token {
        Token::Projected(_) => trail.ok(name, || "AWS_ROLE_ARN, token file".to_owned()),
        Token::Missing => {
            let message = "AWS_WEB_IDENTITY_TOKEN_FILE points to a path where no token is mounted.";
            trail.fail(
                Verdict::Broken,
                "token file",
                || "not mounted".to_owned(),
                reason(Some("STALE-IRSA-ENV"), message),
            );
        }
        Token::SubPath(_) => {
            let message = "The token is mounted through a subPath and is never refreshed: it works until it expires.";
            let found = resting(Some("SUBPATH-TOKEN"), message, "age of the token");
            trail.fail(Verdict::Depends, "token file", || "through a subPath".to_owned(), found);
        }
        Token::Unseen => {
            let message = "What stands in the token file cannot be read from here.";
            trail.fail(
                Verdict::Depends,
                "token file",
                || "not a projected token".to_owned(),
                resting(None, message, "token file"),
            );
        }
    }
}

fn walk_annotation(facts: &Facts, subject: &Subject<'_>, role: Option<&RoleArn>, trail: &mut Trail) {
    trail.hop(HopKind::ServiceAccount, || subject.account.to_string());
    let account = facts.service_accounts.get(subject.account);
    match account.known().map(|account| account.role_arn.as_ref()) {
        Some(Some(annotated)) if Some(annotated) == role => {
            trail.ok("annotation", || format!("role/{}", admission::short(annotated)));
        }
        Some(Some(annotated)) => {
            trail.ok("annotation", || format!("now role/{}: for new pods", admission::short(annotated)))
        }
        Some(None) => trail.ok("annotation", || "none now: from the environment".to_owned()),
        None => trail.unasked("annotation", "cannot be read"),
    }
}

fn walk_provider(facts: &Facts, role: Option<&RoleArn>, audience: Option<&str>, trail: &mut Trail) {
    trail.hop(HopKind::Provider, || provider_subject(facts));
    if let Some(account) = role.and_then(|arn| admission::foreign_account(facts, arn)) {
        return walk_foreign_provider(&account, trail);
    }
    match facts.provider() {
        Fact::Known(provider) => walk_audience(provider, audience, trail),
        Fact::Loading => trail.waiting("provider"),
        Fact::Absent => {
            let issuer = facts.cluster.known().and_then(|cluster| cluster.issuer_path()).unwrap_or("unknown");
            let message = format!("The account has no IAM OIDC provider for this cluster's issuer {issuer}.");
            trail.fail(
                Verdict::Broken,
                "provider",
                || "none for this issuer".to_owned(),
                reason(Some("IRSA-NO-PROVIDER"), message),
            );
        }
        Fact::Unknown(failure) => {
            let message = "Whether the account has an OIDC provider for this cluster cannot be read.";
            let action = admission::action(&failure, "iam:ListOpenIDConnectProviders");
            trail.fail(Verdict::Unknown, "provider", || "cannot be read".to_owned(), resting(None, message, &*action));
        }
    }
}

/// The provider has to stand in the role's account (5.1), and of another account it cannot be read.
fn walk_foreign_provider(account: &str, trail: &mut Trail) {
    let message = format!(
        "The role belongs to account {account}: that account needs an OIDC provider for this cluster's issuer, which cannot be read from here."
    );
    let found = resting(None, message, format!("OIDC provider in account {account}"));
    trail.fail(Verdict::Depends, "provider", || format!("in account {account}"), found);
    trail.unasked("audience", "in the role's account");
}

fn provider_subject(facts: &Facts) -> String {
    let issuer = facts.cluster.known().and_then(|cluster| cluster.issuer_path()).unwrap_or_default();
    let tail: String = issuer.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("..{tail}, this cluster's")
}

fn walk_audience(provider: &Provider, audience: Option<&str>, trail: &mut Trail) {
    let shown = audience.unwrap_or("the API server's");
    match (&provider.client_ids, audience) {
        (Some(accepted), Some(audience)) if accepted.iter().any(|id| **id == *audience) => {
            trail.ok("audience", || audience.to_owned());
        }
        (Some(accepted), _) => {
            let list = accepted.iter().map(|id| &**id).collect::<Vec<_>>().join(", ");
            let message = format!(
                "The token's audience is {shown}; the OIDC provider accepts {}.",
                if list.is_empty() { "none" } else { &list }
            );
            trail.fail(Verdict::Broken, "audience", || shown.to_owned(), reason(Some("IRSA-AUDIENCE"), message));
        }
        (None, _) => {
            let message = "Which audiences the OIDC provider accepts cannot be read.";
            trail.fail(
                Verdict::Unknown,
                "audience",
                || shown.to_owned(),
                resting(None, message, "iam:GetOpenIDConnectProvider"),
            );
        }
    }
}
