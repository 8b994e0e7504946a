//! The trust engine from outside: all evaluation cases, agreement with a second, naive
//! evaluator written here from the specification, and the promises of edits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::error::Error;

use proptest::prelude::*;
use rolecall::domain::trust::edit::{self, EditError, Narrowing};
use rolecall::domain::trust::{
    Caller, Cluster, ContextValue, Document, RawRequest, Request, Role, Verdict, eval_case, evaluate, evaluate_raw,
    verdict,
};
use serde_json::{Value, json};

const CASES: &str = include_str!("trust/cases.jsonl");

fn keys(value: &Value) -> Vec<String> {
    let mut keys: Vec<String> =
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
    keys.sort();
    keys
}

#[test]
fn every_case_gets_an_accepted_verdict_and_the_expected_keys() -> Result<(), Box<dyn Error>> {
    let mut wrong = Vec::new();
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line)?;
        let result = eval_case(line)?;
        let expected = &case["expected"];
        let accepted = keys(&expected["accept"]).contains(&result["verdict"].as_str().unwrap_or_default().to_owned());
        let depends = expected["depends_on"].is_null() || keys(&expected["depends_on"]) == keys(&result["depends_on"]);
        if !accepted || !depends || result["id"] != case["id"] {
            wrong.push(format!("{} {}: {result} expected {expected}", case["id"], case["title"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(CASES.lines().count(), 299);
    Ok(())
}

#[test]
fn every_case_has_a_reason_and_every_denial_a_mark() -> Result<(), Box<dyn Error>> {
    for line in CASES.lines() {
        let result = eval_case(line)?;
        assert!(result["reason"].as_str().is_some_and(|reason| reason.len() > 10), "{result}");
        let marked = result["line"].is_number() && result["column"].is_number();
        let placed = matches!(result["verdict"].as_str(), Some("deny" | "allow"));
        let no_allow = result["reason"].as_str().is_some_and(|reason| reason.contains("no Allow statement"));
        assert!(marked || !placed || no_allow, "{result}");
    }
    Ok(())
}

#[test]
fn a_line_that_is_no_case_gets_a_sentence() {
    assert!(eval_case("{").is_err_and(|error| error.contains("not JSON")));
    assert!(eval_case("{}").is_err_and(|error| error.contains("policy is missing")));
    let case = json!({"policy": "{}", "mechanism": "telepathy", "request": {}}).to_string();
    assert!(eval_case(&case).is_err_and(|error| error.contains("telepathy")));
}

// A second evaluator, over the generated model instead of the text: recursive globs,
// no shared code. Only known keys, so it is two-valued.

#[derive(Clone, Debug)]
struct Model {
    statements: Vec<ModelStatement>,
}

#[derive(Clone, Debug)]
struct ModelStatement {
    allow: bool,
    service: &'static str,
    not_action: bool,
    actions: Vec<&'static str>,
    conditions: Vec<ModelCondition>,
}

#[derive(Clone, Debug)]
struct ModelCondition {
    quantifier: &'static str,
    base: &'static str,
    if_exists: bool,
    key: &'static str,
    values: Vec<&'static str>,
}

type Context = Vec<(&'static str, Vec<&'static str>)>;

impl Model {
    fn text(&self) -> String {
        let statements: Vec<Value> = self.statements.iter().map(ModelStatement::json).collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }

    fn allows(&self, service: &str, action: &str, context: &Context) -> bool {
        let matching =
            |allow: bool| self.statements.iter().any(|s| s.allow == allow && s.matches(service, action, context));
        matching(true) && !matching(false)
    }
}

impl ModelStatement {
    fn json(&self) -> Value {
        let mut conditions = serde_json::Map::new();
        for condition in &self.conditions {
            let suffix = if condition.if_exists { "IfExists" } else { "" };
            let name = format!("{}{}{suffix}", condition.quantifier, condition.base);
            let operator = conditions.entry(name).or_insert_with(|| json!({}));
            // The same key under the same operator would replace itself: the first stays.
            if operator[condition.key].is_null() {
                operator[condition.key] = json!(condition.values);
            }
        }
        let action = if self.not_action { "NotAction" } else { "Action" };
        json!({
            "Effect": if self.allow { "Allow" } else { "Deny" },
            "Principal": {"Service": self.service},
            action: self.actions,
            "Condition": conditions,
        })
    }

    /// Conditions as they end up in the text: the first of equal operator and key.
    fn effective(&self) -> Vec<&ModelCondition> {
        let mut kept: Vec<&ModelCondition> = Vec::new();
        for condition in &self.conditions {
            let same = |k: &&&ModelCondition| {
                (k.quantifier, k.base, k.if_exists, k.key)
                    == (condition.quantifier, condition.base, condition.if_exists, condition.key)
            };
            if !kept.iter().any(|known| same(&known)) {
                kept.push(condition);
            }
        }
        kept
    }

    fn matches(&self, service: &str, action: &str, context: &Context) -> bool {
        let listed = self.actions.iter().any(|a| naive_glob(&a.to_lowercase(), &action.to_lowercase()));
        self.service == service && listed != self.not_action && self.effective().iter().all(|c| c.holds(context))
    }
}

impl ModelCondition {
    fn holds(&self, context: &Context) -> bool {
        let Some((_, request)) = context.iter().find(|(key, _)| key.eq_ignore_ascii_case(self.key)) else {
            return self.if_exists
                || self.quantifier == "ForAllValues:"
                || (self.quantifier.is_empty() && self.negated());
        };
        let mut passes = request.iter().map(|value| self.values.iter().any(|p| self.fits(p, value)) != self.negated());
        if self.quantifier == "ForAnyValue:" { passes.any(|pass| pass) } else { passes.all(|pass| pass) }
    }

    fn negated(&self) -> bool {
        self.base.contains("Not")
    }

    fn fits(&self, policy: &str, value: &str) -> bool {
        match self.base {
            "StringEquals" | "StringNotEquals" => policy == value,
            "StringEqualsIgnoreCase" => policy.to_lowercase() == value.to_lowercase(),
            "StringLike" | "StringNotLike" => naive_glob(policy, value),
            "NumericLessThan" => {
                matches!((value.parse::<i64>(), policy.parse::<i64>()), (Ok(v), Ok(p)) if v < p)
            }
            _ => {
                let (p, v): (Vec<&str>, Vec<&str>) = (policy.splitn(6, ':').collect(), value.splitn(6, ':').collect());
                p.len() == 6 && v.len() == 6 && p.iter().zip(v).all(|(p, v)| naive_glob(p, v))
            }
        }
    }
}

fn naive_glob(pattern: &str, text: &str) -> bool {
    let rest = |text: &str| text.chars().skip(1).collect::<String>();
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => naive_glob(&rest(pattern), text) || (!text.is_empty() && naive_glob(pattern, &rest(text))),
        Some('?') => !text.is_empty() && naive_glob(&rest(pattern), &rest(text)),
        Some(c) => text.starts_with(c) && naive_glob(&rest(pattern), &rest(text)),
    }
}

const VALUES: [&str; 12] = [
    "a",
    "A",
    "ab",
    "a*",
    "?b",
    "*",
    "5",
    "10",
    "arn:aws:eks:r:1:cluster/a",
    "arn:aws:eks:*:1:cluster/*",
    "arn:aws:eks:*cluster/a",
    "a:b:c",
];
const KEYS: [&str; 4] = ["aws:RequestTag/k", "aws:SourceArn", "sts:ExternalId", "AWS:requesttag/K"];
const ACTIONS: [&str; 5] = ["sts:AssumeRole", "sts:assumerole*", "sts:Tag*", "sts:?ssumeRole", "sts:*"];
const BASES: [&str; 8] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericLessThan",
    "ArnLike",
    "ArnNotEquals",
];

prop_compose! {
    fn condition()(
        quantifier in prop::sample::select(vec!["", "", "ForAllValues:", "ForAnyValue:"]),
        base in prop::sample::select(BASES.to_vec()),
        if_exists in prop::bool::weighted(0.2),
        key in prop::sample::select(KEYS[..3].to_vec()),
        values in prop::collection::vec(prop::sample::select(VALUES.to_vec()), 1..4),
    ) -> ModelCondition {
        // Undocumented corners have no naive answer: `…IfExists` with ForAnyValue, a lone star as ARN.
        let if_exists = if_exists && quantifier != "ForAnyValue:";
        let base = if base.starts_with("Arn") && values.contains(&"*") { "StringLike" } else { base };
        ModelCondition { quantifier, base, if_exists, key, values }
    }
}

prop_compose! {
    fn statement()(
        allow in prop::bool::weighted(0.7),
        service in prop::sample::select(vec!["a.amazonaws.com", "a.amazonaws.com", "b.amazonaws.com"]),
        not_action in prop::bool::weighted(0.2),
        actions in prop::collection::vec(prop::sample::select(ACTIONS.to_vec()), 1..3),
        conditions in prop::collection::vec(condition(), 0..3),
    ) -> ModelStatement {
        ModelStatement { allow, service, not_action, actions, conditions }
    }
}

fn model() -> impl Strategy<Value = Model> {
    prop::collection::vec(statement(), 1..5).prop_map(|statements| Model { statements })
}

fn context() -> impl Strategy<Value = Context> {
    let value = prop::sample::select(VALUES.to_vec());
    prop::collection::vec(prop::option::of(value), 3).prop_map(|values| {
        let present = |(key, value): (&&'static str, Option<&'static str>)| Some((*key, vec![value?]));
        KEYS[1..].iter().zip(values).filter_map(present).collect()
    })
}

fn raw(context: &Context, action: &str) -> RawRequest {
    let one = |(key, values): &(&str, Vec<&str>)| ((*key).to_owned(), ContextValue::One(values.concat()));
    RawRequest {
        caller: Caller::Service("a.amazonaws.com".to_owned()),
        action: action.to_owned(),
        context: context.iter().map(one).collect(),
        role_arn: "arn:aws:iam::111122223333:role/r".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_naive_evaluator_agrees(model in model(), context in context(), tag in any::<bool>()) {
        let action = if tag { "sts:TagSession" } else { "sts:AssumeRole" };
        let document = Document::parse(&model.text()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let found = evaluate_raw(&document, &raw(&context, action)).verdict;
        let expected = model.allows("a.amazonaws.com", action, &context);
        prop_assert_eq!(found == Verdict::Allow, expected, "{}", model.text());
        prop_assert!(!matches!(found, Verdict::Depends(_) | Verdict::Invalid), "{:?}", found);
    }

    #[test]
    fn adding_a_deny_never_allows_more(model in model(), mut deny in statement(), context in context()) {
        deny.allow = false;
        let ask = |model: &Model| Document::parse(&model.text()).map(|d| evaluate_raw(&d, &raw(&context, "sts:AssumeRole")).verdict);
        let without = ask(&model);
        let mut more = model.clone();
        more.statements.push(deny);
        let with = ask(&more);
        prop_assert!(with != Ok(Verdict::Allow) || without == Ok(Verdict::Allow));
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        if let Ok(document) = Document::parse(&text) {
            evaluate(&document, &request("shop", "api"));
        }
    }

    #[test]
    fn an_edit_does_what_it_promised_and_undo_gives_the_bytes_back(
        subjects in prop::collection::vec("[a-c]{1,2}", 1..4),
        layout in 0..3usize,
        name in "[a-d]{1,2}",
    ) {
        let document = irsa_document(&subjects, layout)?;
        let request = request("shop", &name);
        let edit = edit::admit(&document, &request).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let after = Document::parse(&edit.after).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(verdict(&after, &request), Verdict::Allow);
        for kept in &subjects {
            prop_assert_eq!(verdict(&after, &self::request("shop", kept)), Verdict::Allow);
        }
        prop_assert_eq!(edit.undo(&edit.after), Ok(document.text()));
        let again = edit::admit(&after, &request).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(again.is_empty());
        match edit::remove(&after, &request) {
            Ok(removed) => {
                let gone = Document::parse(&removed.after).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert_eq!(verdict(&gone, &request), Verdict::Deny { explicit: false });
            }
            Err(error) => prop_assert_eq!(error, EditError::LastStatement),
        }
    }

    #[test]
    fn adding_pod_identity_keeps_every_other_byte(subjects in prop::collection::vec("[a-c]{1,2}", 1..4), layout in 0..3usize) {
        let document = irsa_document(&subjects, layout)?;
        let mut request = request("shop", "api");
        request.mechanism = rolecall::domain::trust::Mechanism::PodIdentity;
        let edit = edit::add_pod_identity_statement(Some(&document), &Narrowing::default(), &request)
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        let kept = edit.after.len() - edit.before.len();
        let inserted_once = (0..edit.before.len()).any(|at| {
            edit.after.get(..at) == edit.before.get(..at) && edit.after.get(at + kept..) == edit.before.get(at..)
        });
        prop_assert!(inserted_once);
    }
}

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/4A1F0C9B7D3E58264A1F0C9B7D3E5826";

fn request(namespace: &str, name: &str) -> Request {
    let cluster = Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", ISSUER);
    let role = Role::new("arn:aws:iam::111122223333:role/shop");
    Request::irsa(role, cluster, namespace, name, jiff::Timestamp::UNIX_EPOCH)
}

fn irsa_document(names: &[String], layout: usize) -> Result<Document, TestCaseError> {
    let subjects: Vec<String> = names.iter().map(|name| format!("system:serviceaccount:shop:{name}")).collect();
    let value = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{ISSUER}:sub"): subjects}},
    }]});
    let text = match layout {
        0 => value.to_string(),
        1 => format!("{value:#}"),
        _ => value.to_string().replace(",\"", ", \"").replace("\":", "\": "),
    };
    Document::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))
}
