//! Problems of a trust policy that show without knowing who asks: what IAM refuses to
//! save, and the pitfalls that silently let in nobody or everybody.

mod pitfall;

use std::collections::HashSet;

use super::condition::Condition;
use super::context::is_multi_valued;
use super::document::{Document, Effect, Statement};
use super::explain::{distance, placeholder, shortened};
use super::json::Span;
use super::operator::{Comparison, Quantifier};
use super::principal::PrincipalKind;
use super::request::PODS_SERVICE;

/// How bad a lint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Hygiene.
    Notice,
    /// Security, or likely trouble.
    Warning,
    /// IAM refuses it, or calls fail.
    Error,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// The element.
    pub span: Span,
    /// The finding's code, `TRUST-REFUSED` for what IAM would not save, `TRUST-PITFALL` for what is no
    /// finding by itself.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
}

/// `ACLSizePerRole` of an account that never asked for more, in characters.
pub const DEFAULT_LENGTH_QUOTA: usize = 2048;

/// A save-time refusal (`MalformedPolicyDocument`).
pub(super) fn refused(span: Span, message: String) -> Lint {
    Lint { span, code: "TRUST-REFUSED", severity: Severity::Error, message }
}

/// All problems, in document order, with the default length quota.
pub fn lints(document: &Document) -> Vec<Lint> {
    lints_for(document, DEFAULT_LENGTH_QUOTA)
}

/// All problems, in document order; `quota` is the account's quota of characters.
pub fn lints_for(document: &Document, quota: usize) -> Vec<Lint> {
    let mut found = Linter { lints: document.refusals().to_vec() };
    found.duplicates(document);
    found.length(document, quota);
    for statement in document.statements() {
        found.placeholders(statement);
        found.actions(statement);
        found.principals(statement);
        let trusted = trusted_issuers(statement);
        for condition in &statement.conditions {
            found.condition(condition, statement, &trusted);
        }
        if statement.effect == Some(Effect::Allow) {
            found.openness(statement);
        }
    }
    found.pod_identity(document);
    found.also_ec2(document);
    found.pitfalls(document);
    found.lints.sort_by_key(|lint| lint.span);
    found.lints
}

/// Nobody reads more; a hostile document could hold millions.
const MOST_LINTS: usize = 1000;

struct Linter {
    lints: Vec<Lint>,
}

impl Linter {
    fn is_full(&self) -> bool {
        self.lints.len() >= MOST_LINTS
    }

    fn add(&mut self, span: Span, code: &'static str, severity: Severity, message: String) {
        if !self.is_full() {
            self.lints.push(Lint { span, code, severity, message });
        }
    }

    fn duplicates(&mut self, document: &Document) {
        let mut places = document.places();
        let mut duplicates: Vec<_> = document.duplicates().take(MOST_LINTS).collect();
        duplicates.sort_by_key(|duplicate| duplicate.first);
        for duplicate in duplicates {
            let name = shortened(&duplicate.name);
            let (line, column) = places.at(duplicate.first.start);
            let effect = match duplicate.documented {
                true if name == "Effect" => "in a stored policy the last one counts",
                true => "in a stored policy they are merged",
                false if name.to_lowercase().ends_with(":sub") => {
                    "which one counts is undefined; write it once with a list of both service accounts"
                }
                false => "which one counts is undefined",
            };
            let message = format!(
                "{name} stands here again (first at line {line}, column {column}): IAM refuses to save it, and {effect}"
            );
            self.add(duplicate.again, "TRUST-REFUSED", Severity::Error, message);
        }
    }

    fn length(&mut self, document: &Document, quota: usize) {
        let size = document.size();
        let severity = match size {
            _ if size > quota => Severity::Error,
            _ if size * 10 > quota * 8 => Severity::Notice,
            _ => return,
        };
        let message = format!("{size} of {quota} characters are used (white space does not count)");
        self.add(Span { start: 0, end: 0 }, "TRUST-QUOTA", severity, message);
    }

    fn placeholders(&mut self, statement: &Statement) {
        let principals = statement.principals.iter().map(|p| (p.span, p.value.as_str()));
        let keys = statement.conditions.iter().map(|c| (c.key_span, c.key.as_str()));
        let values = statement.conditions.iter().flat_map(|c| &c.values).map(|v| (v.span, v.text.as_str()));
        for (span, text) in principals.chain(keys).chain(values) {
            if let Some(left_over) = placeholder(text) {
                let message = format!("the placeholder {} was never filled in", shortened(left_over));
                self.add(span, "TRUST-PLACEHOLDER", Severity::Error, message);
            }
        }
    }

    fn actions(&mut self, statement: &Statement) {
        const KNOWN: [&str; 7] = [
            "sts:AssumeRole",
            "sts:AssumeRoleWithSAML",
            "sts:AssumeRoleWithWebIdentity",
            "sts:AssumeRoot",
            "sts:TagSession",
            "sts:SetSourceIdentity",
            "sts:SetContext",
        ];
        for action in statement.action.iter().flat_map(|element| &element.actions) {
            if self.is_full() {
                return;
            }
            if action.foreign_service().is_some() || KNOWN.iter().any(|known| action.covers(known)) {
                continue;
            }
            let near = KNOWN.iter().find(|known| distance(&action.text, known).is_some_and(|d| d <= 3));
            let meant = near.map_or(String::new(), |known| format!("; did you mean {known}?"));
            let message = format!("{} is no action that assumes a role{meant}", shortened(&action.text));
            self.add(action.span, "TRUST-LOST", Severity::Warning, message);
        }
    }

    fn principals(&mut self, statement: &Statement) {
        for principal in &statement.principals {
            let value = principal.value.as_str();
            let deleted = ["AROA", "AIDA"].iter().any(|prefix| value.starts_with(prefix));
            if principal.kind == PrincipalKind::Aws && deleted {
                let message = format!("{} is the id of a deleted role or user; it matches nobody", shortened(value));
                self.add(principal.span, "TRUST-LOST", Severity::Notice, message);
            }
            if principal.kind == PrincipalKind::Service && value.contains("oidc-provider/") {
                let message = "an OIDC provider belongs under Federated".to_owned();
                self.add(principal.span, "CONDITION-KEY-TYPO", Severity::Error, message);
            }
            if value.contains("oidc-provider/http") {
                let message = "the ARN of an OIDC provider has no https://".to_owned();
                self.add(principal.span, "CONDITION-KEY-TYPO", Severity::Error, message);
            }
        }
    }

    fn condition(&mut self, condition: &Condition, statement: &Statement, trusted: &HashSet<String>) {
        self.key_spelling(condition, statement, trusted);
        self.values(condition);
        if condition.operator.quantifier.is_none()
            && condition.operator.comparison != Comparison::Null
            && is_multi_valued(&condition.folded_key)
        {
            let message = format!("{} has several values; use ForAllValues: or ForAnyValue:", condition.key);
            self.add(condition.key_span, "CONDITION-KEY-TYPO", Severity::Warning, message);
        }
        if condition.operator.quantifier == Some(Quantifier::ForAllValues) && statement.effect == Some(Effect::Allow) {
            let message = format!("ForAllValues is also true when {} is missing", shortened(&condition.key));
            self.add(condition.operator_span, "TRUST-TOO-OPEN", Severity::Notice, message);
        }
    }

    fn key_spelling(&mut self, condition: &Condition, statement: &Statement, trusted: &HashSet<String>) {
        let key = shortened(&condition.key);
        let problem = match key {
            _ if key.contains("https://") => Some("condition keys carry the issuer without https://".to_owned()),
            _ if key.starts_with("arn:") => Some("condition keys carry the issuer, not the provider's ARN".to_owned()),
            _ if is_claim(key) => foreign_issuer(&condition.folded_key, trusted),
            _ => None,
        };
        if let Some(problem) = problem {
            let message = format!("no call carries {key}: {problem}, {}", without_its_key(condition, statement));
            self.add(condition.key_span, "CONDITION-KEY-TYPO", Severity::Warning, message);
        }
    }

    fn values(&mut self, condition: &Condition) {
        let literal = matches!(condition.operator.comparison, Comparison::Text | Comparison::TextIgnoreCase);
        for value in &condition.values {
            let text = shortened(&value.text);
            if condition.folded_key.ends_with(":aud") && text.contains("serviceaccount") {
                let message = ":aud is the token's audience; a service account belongs under :sub".to_owned();
                self.add(condition.key_span, "AUD-VS-SUB", Severity::Error, message);
            }
            if literal && value.text.replace("${*}", "").replace("${?}", "").contains(['*', '?']) {
                let like = condition.operator.name.replace("EqualsIgnoreCase", "Like").replace("Equals", "Like");
                let message = format!("{} takes the wildcard in {text} literally; use {like}", condition.operator.name);
                self.add(value.span, "WILDCARD-STRINGEQUALS", Severity::Error, message);
            }
            let prefixed =
                text.starts_with("system:serviceaccount:") || text.starts_with(['*', '?']) || text.contains("${");
            if is_eks_subject(&condition.folded_key) && !condition.operator.negated && !prefixed {
                let message = format!("a subject is system:serviceaccount:<namespace>:<name>, not {text}");
                self.add(value.span, "IRSA-SUB-MISMATCH", Severity::Warning, message);
            }
        }
    }

    /// Statements that let in more than one workload names.
    fn openness(&mut self, statement: &Statement) {
        let covers = |kind, part: &str| statement.principals.iter().any(|p| p.kind == kind && p.value.contains(part));
        if covers(PrincipalKind::Federated, "oidc") && statement.covers("sts:AssumeRoleWithWebIdentity") {
            self.open_to_subjects(statement);
        }
        if covers(PrincipalKind::Service, PODS_SERVICE) && statement.conditions.is_empty() {
            let message =
                "any service account of any cluster of the account may be associated with this role".to_owned();
            self.add(statement.principal_span, "TRUST-TOO-OPEN", Severity::Notice, message);
        }
        let everybody = statement.principals.iter().find(|p| p.kind == PrincipalKind::Aws && p.value == "*");
        if let Some(everybody) = everybody.filter(|_| statement.conditions.is_empty()) {
            let message = "every AWS account may assume this role".to_owned();
            self.add(everybody.span, "TRUST-TOO-OPEN", Severity::Error, message);
        }
    }

    fn open_to_subjects(&mut self, statement: &Statement) {
        let mut subjects = statement
            .conditions
            .iter()
            .filter(|c| c.folded_key.ends_with(":sub") && !passes_without_key(c) && !c.operator.negated);
        let Some(first) = subjects.next() else {
            let providers = statement.principals.iter().filter(|p| p.kind == PrincipalKind::Federated);
            // Of an issuer that is no cluster's something else is said.
            if providers.clone().count() > 0 && providers.clone().all(|p| pitfall::is_shared(&p.value)) {
                return;
            }
            let message = "no condition on :sub: any service account of the cluster may assume this role".to_owned();
            return self.add(statement.principal_span, "TRUST-TOO-OPEN", Severity::Warning, message);
        };
        for value in &first.values {
            let rest = value.text.trim_start_matches("system:serviceaccount:");
            if first.operator.takes_wildcards() && rest.starts_with('*') {
                let message = format!("{} admits service accounts of every namespace", shortened(&value.text));
                self.add(value.span, "TRUST-TOO-OPEN", Severity::Warning, message);
            }
        }
    }

    fn pod_identity(&mut self, document: &Document) {
        let allowing = |action| {
            document.statements().iter().find(move |s| {
                s.effect == Some(Effect::Allow)
                    && s.covers(action)
                    && s.principals.iter().any(|p| p.kind == PrincipalKind::Service && p.value == PODS_SERVICE)
            })
        };
        if let (Some(statement), None) = (allowing("sts:AssumeRole"), allowing("sts:TagSession")) {
            let message =
                format!("{PODS_SERVICE} may not sts:TagSession, which EKS needs unless session tags are disabled");
            self.add(statement.action_span(), "PI-TRUST-INVALID", Severity::Error, message);
        }
    }

    fn also_ec2(&mut self, document: &Document) {
        let allows = || document.statements().iter().filter(|s| s.effect == Some(Effect::Allow));
        let pods = allows().flat_map(|s| &s.principals).any(|p| p.value == PODS_SERVICE || p.value.contains("oidc"));
        let ec2 = allows().flat_map(|s| &s.principals).find(|p| p.value.starts_with("ec2.amazonaws.com"));
        if let Some(ec2) = ec2.filter(|_| pods) {
            let message =
                "a role for pods that EC2 may assume too: instances with its profile get the same rights".to_owned();
            self.add(ec2.span, "TRUST-ALSO-EC2", Severity::Warning, message);
        }
    }
}

/// What a condition amounts to whose key is never there (trust-evaluation 3.4).
fn without_its_key(condition: &Condition, statement: &Statement) -> &'static str {
    let only_absent = condition.operator.comparison == Comparison::Null;
    match (condition.operator.negated || passes_without_key(condition), statement.effect) {
        _ if only_absent => "so the answer is always the same",
        (true, Some(Effect::Deny)) => "so this Deny always matches",
        (true, _) => "so this condition never stops anybody",
        (false, Some(Effect::Deny)) => "so this Deny never matches",
        (false, _) => "so this statement never matches",
    }
}

fn passes_without_key(condition: &Condition) -> bool {
    condition.operator.if_exists || condition.operator.quantifier == Some(Quantifier::ForAllValues)
}

fn is_claim(key: &str) -> bool {
    key.contains("oidc") && [":sub", ":aud"].iter().any(|claim| key.ends_with(claim))
}

fn is_eks_subject(key: &str) -> bool {
    key.starts_with("oidc.eks") && key.ends_with(":sub")
}

/// The issuers of the OIDC providers that a statement names, in lower case.
fn trusted_issuers(statement: &Statement) -> HashSet<String> {
    let issuer = |value: &str| value.split_once(":oidc-provider/").map(|(_, issuer)| issuer.to_lowercase());
    statement.principals.iter().filter_map(|principal| issuer(&principal.value)).collect()
}

/// A key of an issuer whose provider the statement does not trust.
fn foreign_issuer(folded_key: &str, trusted: &HashSet<String>) -> Option<String> {
    let (issuer, _) = folded_key.rsplit_once(':')?;
    let foreign = !trusted.is_empty() && !trusted.contains(issuer);
    foreign.then(|| "the statement trusts the provider of another issuer".to_owned())
}

#[cfg(test)]
mod save_time;
#[cfg(test)]
mod tests;
