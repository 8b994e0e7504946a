//! One statement by itself: how it stands to a call, and the element that decides that. For
//! stepping through a policy, where the question is not which statement comes nearest.

use super::super::action::ActionElement;
use super::super::decision::{Decision, Verdict};
use super::super::document::{Document, Effect, Statement};
use super::super::evaluate::{Query, matches};
use super::super::truth::Truth;
use super::{
    Failing, Nearest, Subject, capitalised, condition, deciding_span, denied_by, nearness, principal, quoted_list,
    refused, same_kind, statement_at, unsettled_statement,
};

/// How a statement stands to a call. `Allow` where nothing in it stands in the way (it allows, or it
/// is a Deny that does not match), `Deny` where it does not allow or where it denies.
pub(in super::super) fn statement(document: &Document, statement: &Statement, query: &Query<'_>) -> Decision {
    let subject = Subject::new(query);
    let in_here = |at: Option<usize>| at == Some(statement.index);
    if let Some(refusal) = document.refusals().iter().find(|refusal| in_here(statement_at(document, refusal))) {
        return refused(document, refusal);
    }
    let truths: Vec<(&str, Truth)> =
        query.actions.iter().map(|action| (*action, matches(statement, query, action))).collect();
    let matched = truths.iter().find(|(_, truth)| *truth == Truth::True).map(|(action, _)| *action);
    let denies = statement.effect == Some(Effect::Deny);
    match (matched, Truth::any(truths.iter().map(|(_, truth)| truth.clone()))) {
        (Some(action), _) if denies => denied_by(statement, action, query, &subject),
        (Some(_), _) => allowing(statement, &truths, &subject),
        (None, Truth::Unknown(keys)) => {
            let question = format!("Whether {} matches depends on {}", statement.label(), keys.join(", "));
            unsettled_statement(statement, query, Verdict::Depends(keys), &question)
        }
        (None, _) if denies => spared(statement, query, &subject),
        (None, _) => not_allowing(document, statement, query, &subject),
    }
}

/// What a statement says, for nobody in particular: `Statement 2 allows sts:AssumeRole to
/// ec2.amazonaws.com under 1 condition.`
pub(in super::super) fn described(statement: &Statement) -> String {
    let verb = match statement.effect {
        Some(Effect::Allow) => "allows",
        Some(Effect::Deny) => "denies",
        None => "has no effect on",
    };
    let named: Vec<&str> = statement.principals.iter().map(|principal| principal.value.as_str()).collect();
    let under = match statement.conditions.len() {
        0 => String::new(),
        1 => " under 1 condition".to_owned(),
        more => format!(" under {more} conditions"),
    };
    let covered = statement.action.as_ref().map_or_else(|| "nothing".to_owned(), covered);
    format!("{} {verb} {covered} to {}{under}.", capitalised(&statement.label()), quoted_list(&named))
}

/// The actions of a statement, as a sentence names them.
fn covered(element: &ActionElement) -> String {
    let listed: Vec<&str> = element.actions.iter().map(|action| action.text.as_str()).collect();
    if element.negated { format!("everything but {}", quoted_list(&listed)) } else { quoted_list(&listed) }
}

/// All calls, or those of them that it allows.
fn allowing(statement: &Statement, truths: &[(&str, Truth)], subject: &Subject<'_>) -> Decision {
    let of = |wanted: bool| -> Vec<&str> {
        truths.iter().filter(|(_, truth)| (*truth == Truth::True) == wanted).map(|(action, _)| *action).collect()
    };
    let (allowed, rest) = (of(true), of(false));
    let label = capitalised(&statement.label());
    let reason = if rest.is_empty() {
        format!("{label} admits {}.", subject.who)
    } else {
        let (allowed, rest) = (quoted_list(&allowed), quoted_list(&rest));
        format!("{label} allows {allowed} to {}; {rest} needs another statement.", subject.who)
    };
    Decision::new(Verdict::Allow, reason).at(statement.index, deciding_span(statement))
}

/// A Deny that does not match, and why not.
fn spared(statement: &Statement, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let (who, label) = (&subject.who, capitalised(&statement.label()));
    let verdict = Decision::new(Verdict::Allow, String::new());
    let nearest = nearest(statement, query);
    let (mut decision, because) = match nearest.map(|nearest| nearest.failing) {
        Some(Failing::Condition(failing)) => {
            let carried = condition::carried(failing, query).unwrap_or_else(|| "no such key".to_owned());
            let wish = condition::wish(failing);
            let carried = super::shortened(&carried).to_owned();
            (
                verdict.at(statement.index, failing.values_span),
                format!("it does so only if {wish}; the call carries {carried}"),
            )
        }
        Some(Failing::Action) => {
            let covered = statement.action.as_ref().map_or_else(|| "nothing".to_owned(), covered);
            (verdict.at(statement.index, statement.action_span()), format!("it is about {covered}"))
        }
        _ => {
            let named: Vec<&str> = statement.principals.iter().map(|principal| principal.value.as_str()).collect();
            (verdict.at(statement.index, statement.principal_span), format!("it is about {}", quoted_list(&named)))
        }
    };
    decision.reason = format!("{label} does not deny {who}: {because}.");
    decision
}

/// What fails first in it, of the call that comes nearest.
fn nearest<'s, 'q: 's>(statement: &'s Statement, query: &Query<'q>) -> Option<Nearest<'s>> {
    let near = query.actions.iter().copied().filter_map(|action| nearness(statement, query, action));
    near.min_by_key(|nearest| nearest.cost)
}

fn not_allowing(document: &Document, statement: &Statement, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let verdict = Decision::new(Verdict::Deny { explicit: false }, String::new());
    let label = capitalised(&statement.label());
    let Some(nearest) = nearest(statement, query) else {
        let mut decision = verdict.at(statement.index, statement.span);
        decision.reason = format!("{label} does not match.");
        return decision;
    };
    match nearest.failing {
        Failing::Condition(failing) => {
            condition::explain(verdict.at(statement.index, failing.values_span), failing, query, subject)
        }
        Failing::Principal if same_kind(statement, &query.caller) => {
            principal::explain(verdict, document, statement, query, subject)
        }
        Failing::Principal => {
            let named: Vec<&str> = statement.principals.iter().map(|principal| principal.value.as_str()).collect();
            let wanted = super::caller_name(&query.caller);
            let mut decision = verdict.at(statement.index, statement.principal_span).compared(named.join(", "), wanted);
            decision.reason = format!("{label} is for {}, not for {wanted}.", quoted_list(&named));
            decision
        }
        Failing::Action => {
            let mut decision = verdict.at(statement.index, statement.action_span());
            let covered = statement.action.as_ref().map_or_else(|| "nothing".to_owned(), covered);
            decision.reason = format!("{label} covers {covered}, not {}.", nearest.action);
            decision
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::trust::{
        Cluster, Decision, Document, Request, Role, Verdict, describe_statement, evaluate_statement,
    };

    const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/AB";

    fn irsa() -> Request {
        let cluster = Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", ISSUER);
        let role = Role::new("arn:aws:iam::111122223333:role/app");
        Request::irsa(role, cluster, "shop", "api", "2026-11-23T10:15:00Z".parse().unwrap())
    }

    fn pods() -> Request {
        let Request { role, cluster, now, .. } = irsa();
        Request::pod_identity(role, cluster, "shop", "api", now)
    }

    fn document(statements: &[&str]) -> Document {
        Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))).unwrap()
    }

    fn asked(statements: &[&str], index: usize, request: &Request) -> (Decision, String) {
        let document = document(statements);
        let decision = evaluate_statement(&document, index, request).unwrap();
        let marked = document.slice(decision.span.unwrap()).to_owned();
        assert_eq!(decision.statement, Some(index));
        (decision, marked)
    }

    const EC2: &str = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
    const PODS: &str = r#"{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}"#;
    const HALF: &str =
        r#"{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

    fn closed(condition: &str) -> String {
        format!(
            r#"{{"Sid":"Closed","Effect":"Deny","Principal":{{"Service":"pods.eks.amazonaws.com"}},"Action":"sts:*","Condition":{condition}}}"#
        )
    }

    #[test]
    fn a_statement_for_others_says_for_whom_it_is() {
        let (decision, marked) = asked(&[PODS, EC2], 1, &irsa());
        assert_eq!(decision.verdict, Verdict::Deny { explicit: false });
        let provider = irsa().provider_arn();
        assert_eq!(decision.reason, format!("Statement 2 is for ec2.amazonaws.com, not for {provider}."));
        assert_eq!(marked, r#"{"Service":"ec2.amazonaws.com"}"#);
    }

    #[test]
    fn a_statement_that_admits_says_so() {
        let (decision, _) = asked(&[EC2, PODS], 1, &pods());
        assert_eq!((decision.verdict, decision.reason.as_str()), (Verdict::Allow, "Statement 2 admits shop:api."));
    }

    #[test]
    fn of_two_calls_a_statement_may_allow_one() {
        let (decision, _) = asked(&[HALF], 0, &pods());
        assert_eq!(decision.verdict, Verdict::Allow);
        assert_eq!(
            decision.reason,
            "Statement 1 allows sts:AssumeRole to shop:api; sts:TagSession needs another statement."
        );
    }

    #[test]
    fn a_near_miss_is_explained_as_it_is_for_the_whole_policy() {
        let provider = irsa().provider_arn();
        let text = format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:shop:api-v1"}}}}}}"#
        );
        let (decision, marked) = asked(&[EC2, &text], 1, &irsa());
        assert_eq!(decision.code, Some("IRSA-SUB-MISMATCH"));
        assert_eq!(marked, r#""system:serviceaccount:shop:api-v1""#);
    }

    #[test]
    fn a_deny_says_whether_it_hits_and_why_not() {
        let here = closed(r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#);
        let (decision, _) = asked(&[PODS, &here], 1, &pods());
        assert_eq!(decision.verdict, Verdict::Deny { explicit: true });
        let elsewhere = closed(r#"{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}"#);
        let (decision, marked) = asked(&[PODS, &elsewhere], 1, &pods());
        assert_eq!(decision.verdict, Verdict::Allow);
        assert_eq!(
            decision.reason,
            "Statement 2 (Closed) does not deny shop:api: it does so only if aws:SourceAccount is not 111122223333; \
             the call carries 111122223333."
        );
        assert_eq!(marked, r#""111122223333""#);
        let (decision, _) = asked(&[PODS, &elsewhere], 1, &irsa());
        assert_eq!(decision.reason, "Statement 2 (Closed) does not deny shop:api: it is about pods.eks.amazonaws.com.");
    }

    #[test]
    fn an_open_question_names_its_keys() {
        let asks = closed(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#);
        let (decision, _) = asked(&[PODS, &asks], 1, &pods());
        assert_eq!(decision.verdict, Verdict::Depends(vec!["aws:SourceIp".to_owned()]));
        assert!(decision.reason.ends_with("denies it if aws:SourceIp is in 10.0.0.0/8."), "{}", decision.reason);
    }

    #[test]
    fn what_iam_refuses_in_a_statement_is_said_there_only() {
        let refused = r#"{"Effect":"Allow","Principal":{"Service":"a.b"},"Action":"s3:GetObject"}"#;
        let (decision, marked) = asked(&[PODS, refused], 1, &pods());
        assert_eq!((decision.verdict, marked.as_str()), (Verdict::Invalid, r#""s3:GetObject""#));
        assert_eq!(asked(&[PODS, refused], 0, &pods()).0.verdict, Verdict::Allow);
    }

    #[test]
    fn a_statement_is_described_for_nobody_in_particular() {
        let text = closed(r#"{"Bool":{"aws:SecureTransport":"false"}}"#);
        let document = document(&[EC2, &text, &EC2.replace("Action", "NotAction")]);
        let told: Vec<String> = document.statements().iter().map(describe_statement).collect();
        assert_eq!(
            told,
            [
                "Statement 1 allows sts:AssumeRole to ec2.amazonaws.com.",
                "Statement 2 (Closed) denies sts:* to pods.eks.amazonaws.com under 1 condition.",
                "Statement 3 allows everything but sts:AssumeRole to ec2.amazonaws.com.",
            ]
        );
        assert!(evaluate_statement(&document, 3, &pods()).is_none());
    }
}
