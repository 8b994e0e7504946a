//! What IAM may well have saved and what is not meant all the same: the checks of Access Analyzer for
//! role trust policies, the keys a caller never carries, principals that IAM refuses by what they name
//! (trust-evaluation 3.4 to 3.9, 6, 9). None of them is a finding of its own.

use std::collections::BTreeSet;

use super::super::action::Action;
use super::super::arn;
use super::super::condition::Condition;
use super::super::document::{Document, Effect, Statement, Version};
use super::super::explain::shortened;
use super::super::json::Span;
use super::super::operator::{Comparison, Quantifier};
use super::super::principal::{Principal, PrincipalKind};
use super::super::request::PODS_SERVICE;
use super::super::variable;
use super::{Linter, Severity, is_claim, without_its_key};

const CODE: &str = "TRUST-PITFALL";
const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
const SAML: &str = "sts:AssumeRoleWithSAML";
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Issuers that all customers of a service share, and the claim that a statement for them has to look
/// at (IAM User Guide, identity-provider controls for shared OIDC providers).
const SHARED_ISSUERS: [(&str, &str); 10] = [
    ("token.actions.githubusercontent.com", "sub"),
    ("oidc-configuration.audit-log.githubusercontent.com", "sub"),
    ("gitlab.com", "sub"),
    ("app.terraform.io", "sub"),
    ("agent.buildkite.com", "sub"),
    ("oidc.codefresh.io", "sub"),
    ("proidc.upbound.io", "sub"),
    ("scalr.io", "sub"),
    ("api.pulumi.com/oidc", "aud"),
    ("cognito-identity.amazonaws.com", "aud"),
];

/// The issuer of a principal that is an OIDC provider, or the domain of an older one.
pub(super) fn issuer(principal: &str) -> &str {
    principal.split_once(":oidc-provider/").map_or(principal, |(_, issuer)| issuer)
}

/// Whether all customers of a service share it.
pub(super) fn is_shared(principal: &str) -> bool {
    SHARED_ISSUERS.iter().any(|(shared, _)| issuer(principal).eq_ignore_ascii_case(shared))
}

/// Whom a statement is for and by what they come, worked out once however many conditions it has.
struct Callers {
    nobody: bool,
    federated: bool,
    only_federated: bool,
    only_pods: bool,
    assume_role: bool,
    web_identity: bool,
    saml: bool,
}

impl Callers {
    fn of(statement: &Statement) -> Self {
        let principals = &statement.principals;
        let federated = |principal: &Principal| principal.kind == PrincipalKind::Federated;
        Self {
            nobody: principals.is_empty(),
            federated: principals.iter().any(federated),
            only_federated: principals.iter().all(federated),
            only_pods: principals.iter().all(|p| p.kind == PrincipalKind::Service && p.value == PODS_SERVICE),
            assume_role: statement.covers(ASSUME_ROLE),
            web_identity: statement.covers(WEB_IDENTITY),
            saml: statement.covers(SAML),
        }
    }

    /// How a principal comes in, and whether the statement covers that.
    fn way(&self, principal: &Principal) -> (&'static str, &'static str, bool) {
        match principal.kind {
            PrincipalKind::Federated if principal.value.contains(":saml-provider/") => {
                ("a SAML provider", SAML, self.saml)
            }
            PrincipalKind::Federated => ("a web identity", WEB_IDENTITY, self.web_identity),
            PrincipalKind::Service => ("a service", ASSUME_ROLE, self.assume_role),
            PrincipalKind::Aws => ("a role, user or account", ASSUME_ROLE, self.assume_role),
        }
    }
}

impl Linter {
    pub(super) fn pitfalls(&mut self, document: &Document) {
        self.partitions(document);
        for statement in document.statements() {
            self.empty_lists(statement, document);
            self.patterns_of_actions(statement);
            self.services(statement);
            let callers = Callers::of(statement);
            if statement.effect == Some(Effect::Allow) {
                self.actions_of_principals(statement, &callers);
                self.shared_issuers(statement);
            }
            for condition in &statement.conditions {
                self.types(condition);
                self.literal_variables(condition, document.version());
                self.keys_of_callers(condition, statement, &callers);
            }
        }
    }

    fn pitfall(&mut self, span: Span, severity: Severity, message: String) {
        self.add(span, CODE, severity, message);
    }

    /// `Invalid principal in policy`: accounts of another partition.
    fn partitions(&mut self, document: &Document) {
        let principals = document.statements().iter().flat_map(|statement| &statement.principals);
        let placed: Vec<(Span, &str)> = principals.filter_map(|p| Some((p.span, arn::part(&p.value, 1)?))).collect();
        let Some((_, first)) = placed.first() else { return };
        for (span, partition) in placed.iter().filter(|(_, partition)| partition != first) {
            let message =
                format!("IAM refuses principals of another partition: this is of {partition}, the first is of {first}");
            self.pitfall(*span, Severity::Warning, message);
        }
    }

    /// 3.9.
    fn empty_lists(&mut self, statement: &Statement, document: &Document) {
        let refused = |span: Span| {
            document.refusals().iter().any(|lint| lint.span.start < span.end && span.start < lint.span.end)
        };
        let is_empty = |condition: &&Condition| condition.values.is_empty() && !refused(condition.values_span);
        if statement.principals.is_empty()
            && statement.principal_span != statement.span
            && !refused(statement.principal_span)
        {
            let message = "no principal is named, so this statement is for nobody".to_owned();
            self.pitfall(statement.principal_span, Severity::Warning, message);
        }
        if let Some(action) =
            statement.action.as_ref().filter(|action| action.actions.is_empty() && !refused(action.value))
        {
            let covers = if action.negated { "every action" } else { "no action" };
            self.pitfall(action.value, Severity::Warning, format!("an empty list covers {covers}"));
        }
        for condition in statement.conditions.iter().filter(is_empty) {
            let effect = match (condition.operator.quantifier, condition.operator.if_exists) {
                (Some(Quantifier::ForAnyValue), _) => "never holds",
                (Some(Quantifier::ForAllValues), _) | (None, true) => "holds only where the key is missing",
                (None, false) => "has no documented effect",
            };
            let message = format!("{} with an empty list {effect}", condition.operator.name);
            self.pitfall(condition.values_span, Severity::Warning, message);
        }
    }

    /// Validators disagree on whether IAM saves these.
    fn patterns_of_actions(&mut self, statement: &Statement) {
        let Some(element) = &statement.action else { return };
        if element.negated {
            let message = "whether IAM saves NotAction in a trust policy is disputed; list the actions".to_owned();
            self.pitfall(element.span, Severity::Notice, message);
        }
        let pattern = |action: &&Action| action.text.contains(['*', '?']) && action.foreign_service().is_none();
        for action in element.actions.iter().filter(pattern) {
            let text = shortened(&action.text);
            let message =
                format!("whether IAM saves the pattern {text} in a trust policy is disputed; list the actions");
            self.pitfall(action.span, Severity::Notice, message);
        }
    }

    /// `Invalid principal in policy`: unknown services.
    fn services(&mut self, statement: &Statement) {
        const DOMAINS: [&str; 4] = [".amazonaws.", ".aws.internal", ".ic.gov", ".sgov.gov"];
        for principal in statement.principals.iter().filter(|p| p.kind == PrincipalKind::Service) {
            let known = DOMAINS.iter().any(|domain| principal.value.contains(domain));
            if !known && !principal.value.contains("oidc-provider/") {
                let value = shortened(&principal.value);
                let message =
                    format!("IAM refuses services it does not know: {value} is not like <service>.amazonaws.com");
                self.pitfall(principal.span, Severity::Warning, message);
            }
        }
    }

    /// Access Analyzer's "mismatched action for principal".
    fn actions_of_principals(&mut self, statement: &Statement, callers: &Callers) {
        if !(callers.assume_role || callers.web_identity || callers.saml) {
            return;
        }
        for principal in &statement.principals {
            let (caller, needed, covered) = callers.way(principal);
            if !covered {
                let value = shortened(&principal.value);
                let message =
                    format!("{caller} comes by {needed}, which this statement does not cover: {value} never gets in");
                self.pitfall(statement.action_span(), Severity::Warning, message);
            }
        }
    }

    /// Refused at save time since the identity-provider controls; older policies may still be so.
    fn shared_issuers(&mut self, statement: &Statement) {
        for principal in statement.principals.iter().filter(|p| p.kind == PrincipalKind::Federated) {
            let found = SHARED_ISSUERS.iter().find(|(shared, _)| issuer(&principal.value).eq_ignore_ascii_case(shared));
            let Some((shared, claim)) = found else { continue };
            let key = format!("{shared}:{claim}");
            if !statement.conditions.iter().any(|condition| condition.folded_key == key) {
                let message = format!(
                    "all customers of {shared} share this issuer: IAM refuses to save a statement that does not look at {key}"
                );
                self.add(principal.span, "TRUST-REFUSED", Severity::Error, message);
            }
        }
    }

    /// Values that are none of what the operator compares (3.6).
    fn types(&mut self, condition: &Condition) {
        let name = &condition.operator.name;
        let kind = match condition.operator.comparison {
            Comparison::Number(_) => "number",
            Comparison::Date(_) => "date",
            Comparison::Bool | Comparison::Null => "true or false",
            Comparison::Binary => "Base64 text",
            Comparison::IpAddress => "address or block of addresses",
            _ => return,
        };
        for value in condition.values.iter().filter(|value| !value.is_of_its_type()) {
            let message = format!("{} is no {kind}, so {name} never fits it", shortened(&value.text));
            self.pitfall(value.span, Severity::Warning, message);
        }
        let said: BTreeSet<String> = condition.values.iter().map(|value| value.text.to_lowercase()).collect();
        if kind == "true or false" && said.contains("true") && said.contains("false") {
            let message = format!("true and false together say nothing of {}", shortened(&condition.key));
            self.pitfall(condition.values_span, Severity::Warning, message);
        }
    }

    /// 3.8: only with `Version` 2012-10-17.
    fn literal_variables(&mut self, condition: &Condition, version: Version) {
        if version == Version::V2012 || !condition.operator.takes_variables() {
            return;
        }
        for value in &condition.values {
            if let Some(name) = variable::names(&value.text).into_iter().find(|name| name.contains(':')) {
                let message = format!("{name} is ordinary text here: variables need \"Version\": \"2012-10-17\"");
                self.pitfall(value.span, Severity::Warning, message);
            }
        }
    }

    /// Keys that exist, but not in the calls of those whom the statement names (parts 5 to 7).
    fn keys_of_callers(&mut self, condition: &Condition, statement: &Statement, callers: &Callers) {
        let Some(why) = never_carried(condition, callers) else { return };
        let message = format!("{why}, {}", without_its_key(condition, statement));
        self.pitfall(condition.key_span, Severity::Warning, message);
    }
}

fn never_carried(condition: &Condition, callers: &Callers) -> Option<String> {
    let (key, folded) = (shortened(&condition.key), condition.folded_key.as_str());
    if callers.nobody {
        return None;
    }
    if is_claim(folded) && !callers.federated {
        return Some(format!("only web identities carry {key}, and this statement names no OIDC provider"));
    }
    if is_claim(folded) && !callers.web_identity {
        return Some(format!("only {WEB_IDENTITY} carries {key}, and this statement does not cover it"));
    }
    let of_services = ["aws:requesttag/", "aws:tagkeys", "sts:transitivetagkeys", "aws:sourcearn", "aws:sourceaccount"];
    if callers.only_federated && callers.web_identity && of_services.iter().any(|own| folded.starts_with(own)) {
        return Some(format!("a pod that calls STS itself carries no {key}"));
    }
    let tag = folded.strip_prefix("aws:principaltag/")?;
    callers.only_pods.then(|| format!("the tags of EKS are aws:RequestTag/{tag} here, {key} only later"))
}

#[cfg(test)]
mod tests {
    use super::super::super::Document;
    use super::super::lints;

    const KEY: &str = "oidc.eks.eu-west-1.amazonaws.com/id/AB";
    const PODS: &str = r#"{"Service":"pods.eks.amazonaws.com"}"#;
    const BOTH: &str = r#"["sts:AssumeRole","sts:TagSession"]"#;

    fn federated(issuer: &str) -> String {
        format!(r#"{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{issuer}"}}"#)
    }

    /// The pitfalls of one statement, and the elements they stand at.
    fn pitfalls(version: &str, principal: &str, action: &str, condition: &str) -> Vec<(String, String)> {
        let text = format!(
            r#"{{{version}"Statement":{{"Effect":"Allow","Principal":{principal},"Action":{action},"Condition":{condition}}}}}"#
        );
        let document = Document::parse(&text).unwrap();
        let own = |code: &str| matches!(code, "TRUST-PITFALL" | "TRUST-REFUSED");
        let found = lints(&document).into_iter().filter(|lint| own(lint.code));
        found.map(|lint| (document.slice(lint.span).to_owned(), lint.message)).collect()
    }

    fn only(principal: &str, action: &str, condition: &str) -> (String, String) {
        let found = pitfalls(r#""Version":"2012-10-17","#, principal, action, condition);
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    fn is(found: (String, String), at: &str, message: &str) {
        assert_eq!((found.0.as_str(), found.1.as_str()), (at, message));
    }

    #[test]
    fn principals_of_another_partition_are_refused() {
        let two = r#"{"AWS":["arn:aws:iam::111122223333:role/a","arn:aws-cn:iam::111122223333:role/b"]}"#;
        is(
            only(two, r#""sts:AssumeRole""#, "{}"),
            r#""arn:aws-cn:iam::111122223333:role/b""#,
            "IAM refuses principals of another partition: this is of aws-cn, the first is of aws",
        );
    }

    #[test]
    fn services_that_iam_cannot_know_are_refused() {
        is(
            only(r#"{"Service":"ec2.amazon.aws"}"#, r#""sts:AssumeRole""#, "{}"),
            r#""ec2.amazon.aws""#,
            "IAM refuses services it does not know: ec2.amazon.aws is not like <service>.amazonaws.com",
        );
        for service in ["ec2.amazonaws.com", "ec2.amazonaws.com.cn", "eks.amazonaws.com"] {
            assert_eq!(pitfalls("", &format!(r#"{{"Service":"{service}"}}"#), r#""sts:AssumeRole""#, "{}"), []);
        }
    }

    #[test]
    fn empty_lists_say_what_they_do() {
        let said = |operator: &str| only(PODS, BOTH, &format!(r#"{{"{operator}":{{"aws:SourceAccount":[]}}}}"#)).1;
        assert_eq!(said("StringEquals"), "StringEquals with an empty list has no documented effect");
        assert_eq!(
            said("StringEqualsIfExists"),
            "StringEqualsIfExists with an empty list holds only where the key is missing"
        );
        assert_eq!(said("ForAnyValue:StringEquals"), "ForAnyValue:StringEquals with an empty list never holds");
        is(
            only(r#"{"AWS":[]}"#, r#""sts:AssumeRole""#, "{}"),
            r#"{"AWS":[]}"#,
            "no principal is named, so this statement is for nobody",
        );
        is(only(PODS, "[]", "{}"), "[]", "an empty list covers no action");
    }

    #[test]
    fn patterns_of_actions_are_disputed() {
        is(
            only(&federated(KEY), r#""sts:AssumeRoleWithWeb*""#, "{}"),
            r#""sts:AssumeRoleWithWeb*""#,
            "whether IAM saves the pattern sts:AssumeRoleWithWeb* in a trust policy is disputed; list the actions",
        );
    }

    #[test]
    fn an_action_by_which_the_principal_never_comes_is_mismatched() {
        is(
            only(&federated(KEY), r#""sts:AssumeRole""#, "{}"),
            r#""sts:AssumeRole""#,
            &format!(
                "a web identity comes by sts:AssumeRoleWithWebIdentity, which this statement does not cover: \
                 arn:aws:iam::111122223333:oidc-provider/{KEY} never gets in"
            ),
        );
        let said = only(PODS, r#""sts:AssumeRoleWithWebIdentity""#, "{}").1;
        assert!(said.starts_with("a service comes by sts:AssumeRole,"), "{said}");
        let tags = pitfalls("", PODS, r#""sts:TagSession""#, "{}");
        assert_eq!(tags, [], "a statement for the tags alone is no mistake");
    }

    #[test]
    fn a_shared_issuer_needs_its_claim() {
        let github = federated("token.actions.githubusercontent.com");
        let web = r#""sts:AssumeRoleWithWebIdentity""#;
        let aud = r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}"#;
        is(
            only(&github, web, aud),
            r#""arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com""#,
            "all customers of token.actions.githubusercontent.com share this issuer: IAM refuses to save a statement that \
             does not look at token.actions.githubusercontent.com:sub",
        );
        let sub = r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/shop:*"}}"#;
        assert_eq!(pitfalls("", &github, web, sub), []);
        assert_eq!(pitfalls("", &federated(KEY), web, "{}"), [], "an issuer of EKS is nobody else's");
    }

    #[test]
    fn values_of_another_type_never_fit() {
        for (operator, value, kind) in [
            ("NumericEquals", "many", "number"),
            ("DateLessThan", "soon", "date"),
            ("Bool", "yes", "true or false"),
            ("Null", "1", "true or false"),
            ("BinaryEquals", "?", "Base64 text"),
            ("IpAddress", "10.0.0", "address or block of addresses"),
        ] {
            let found = only(PODS, BOTH, &format!(r#"{{"{operator}":{{"aws:SourceIp":"{value}"}}}}"#));
            is(found, &format!("\"{value}\""), &format!("{value} is no {kind}, so {operator} never fits it"));
        }
    }

    #[test]
    fn true_and_false_together_say_nothing() {
        is(
            only(PODS, BOTH, r#"{"Bool":{"aws:SecureTransport":["true",false]}}"#),
            r#"["true",false]"#,
            "true and false together say nothing of aws:SecureTransport",
        );
    }

    #[test]
    fn variables_need_the_newer_version() {
        let condition = r#"{"StringEquals":{"aws:SourceOrgID":"${aws:ResourceOrgID}"}}"#;
        for version in ["", r#""Version":"2008-10-17","#] {
            let found = pitfalls(version, PODS, BOTH, condition);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(
                found[0].1,
                "${aws:ResourceOrgID} is ordinary text here: variables need \"Version\": \"2012-10-17\""
            );
        }
        assert_eq!(pitfalls(r#""Version":"2012-10-17","#, PODS, BOTH, condition), []);
    }

    #[test]
    fn keys_that_the_caller_never_carries_are_named() {
        let sub = format!(r#"{{"StringEquals":{{"{KEY}:sub":"system:serviceaccount:a:b"}}}}"#);
        let web = r#""sts:AssumeRoleWithWebIdentity""#;
        assert_eq!(
            only(PODS, BOTH, &sub).1,
            format!(
                "only web identities carry {KEY}:sub, and this statement names no OIDC provider, so this statement never \
                 matches"
            )
        );
        let tag = r#"{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"a"}}"#;
        assert_eq!(
            only(&federated(KEY), web, tag).1,
            "a pod that calls STS itself carries no aws:RequestTag/kubernetes-namespace, so this statement never matches"
        );
        let negated = r#"{"StringNotEquals":{"aws:SourceAccount":"1"}}"#;
        assert_eq!(
            only(&federated(KEY), web, negated).1,
            "a pod that calls STS itself carries no aws:SourceAccount, so this condition never stops anybody"
        );
        let early = r#"{"StringEquals":{"aws:PrincipalTag/kubernetes-namespace":"a"}}"#;
        assert_eq!(
            only(PODS, BOTH, early).1,
            "the tags of EKS are aws:RequestTag/kubernetes-namespace here, aws:PrincipalTag/kubernetes-namespace only \
             later, so this statement never matches"
        );
    }
}
