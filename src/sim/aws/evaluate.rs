//! The simulator's own reading of policies, written from the reference of IAM's policy elements and its
//! evaluation logic: which statements of a document speak for or against a request. It shares nothing
//! with the evaluator of the program, so that the two can disagree.

mod condition;
mod pattern;
mod span;

use std::collections::{BTreeMap, BTreeSet};

use super::document::Json;
pub use pattern::Pattern;
pub use span::span;

/// Keys of a request, in lower case, with their values.
pub type Context = BTreeMap<String, Vec<String>>;

/// Who asks, as trust policies name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A service of AWS: `pods.eks.amazonaws.com`.
    Service(String),
    /// The ARN of an OIDC provider.
    Federated(String),
    /// The ARN of a role.
    Role(String),
}

/// One question.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Who asks; absent where the policy is the asker's own.
    pub principal: Option<&'a Principal>,
    /// `s3:GetObject`
    pub action: &'a str,
    /// What it is asked on; trust policies have no resource.
    pub resource: Option<&'a str>,
    /// What else the request carries.
    pub context: &'a Context,
}

/// What a document says to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Statements that allow, by their index.
    pub allowing: Vec<usize>,
    /// Statements that deny.
    pub denying: Vec<usize>,
    /// Keys that conditions name and the request lacks.
    pub missing: BTreeSet<String>,
}

impl Answer {
    /// Whether it is allowed and not denied.
    pub fn is_allowed(&self) -> bool {
        self.denying.is_empty() && !self.allowing.is_empty()
    }
}

/// What a document says; one that cannot be read says nothing.
pub fn evaluate(text: &str, question: &Question<'_>) -> Answer {
    let mut answer = Answer::default();
    let Ok(document) = Json::parse(text) else { return answer };
    let has_variables = document.get("Version").and_then(Json::text) == Some("2012-10-17");
    let statements = document.get("Statement").map(Json::each).unwrap_or_default();
    for (index, statement) in statements.iter().enumerate() {
        if !concerns(statement, question, has_variables) {
            continue;
        }
        let conditions = condition::Conditions { context: question.context, has_variables };
        let holds = statement.get("Condition").is_none_or(|block| conditions.hold(block, &mut answer.missing));
        match statement.get("Effect").and_then(Json::text) {
            Some("Allow") if holds => answer.allowing.push(index),
            Some("Deny") if holds => answer.denying.push(index),
            _ => {}
        }
    }
    answer
}

/// Every key that conditions and variables of a document name.
pub fn keys(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let Ok(document) = Json::parse(text) else { return keys };
    for statement in document.get("Statement").map(Json::each).unwrap_or_default() {
        let blocks = statement.get("Condition").map(Json::entries).unwrap_or_default();
        keys.extend(blocks.iter().flat_map(|(_, block)| block.entries()).map(|(key, _)| key.clone()));
        for element in ["Resource", "NotResource"] {
            let texts = statement.get(element).map(Json::each).unwrap_or_default();
            keys.extend(texts.iter().filter_map(Json::text).flat_map(pattern::variables));
        }
    }
    keys
}

/// Whether principal, action and resource of a statement are those of the question.
fn concerns(statement: &Json, question: &Question<'_>, has_variables: bool) -> bool {
    let by_principal = question
        .principal
        .is_none_or(|asker| statement.get("Principal").is_some_and(|principal| names(principal, asker)));
    let action =
        |pattern: &str| Pattern::plain(&pattern.to_ascii_lowercase()).fits(&question.action.to_ascii_lowercase());
    let on = question.resource.is_none_or(|resource| {
        let fits = |pattern: &str| match has_variables {
            true => Pattern::read(pattern, question.context).is_some_and(|pattern| pattern.fits(resource)),
            false => Pattern::plain(pattern).fits(resource),
        };
        one_of(statement, "Resource", "NotResource", fits)
    });
    by_principal && on && one_of(statement, "Action", "NotAction", action)
}

/// Whether a list names something, or its opposite does not. A repeated element counts as one list.
fn one_of(statement: &Json, element: &str, opposite: &str, fits: impl Fn(&str) -> bool) -> bool {
    let named = |name: &str| statement.entries().iter().filter(|(key, _)| key == name).count() > 0;
    let any = |name: &str| {
        let lists = statement.entries().iter().filter(|(key, _)| key == name);
        lists.flat_map(|(_, list)| list.each()).filter_map(Json::text).any(&fits)
    };
    any(element) || (named(opposite) && !any(opposite))
}

fn names(principal: &Json, asker: &Principal) -> bool {
    if principal.text() == Some("*") {
        return true;
    }
    let of_kind = |kind: &str| {
        let lists = principal.entries().iter().filter(|(key, _)| key == kind);
        lists.flat_map(|(_, list)| list.each()).filter_map(Json::text).collect::<Vec<_>>()
    };
    match asker {
        Principal::Service(host) => of_kind("Service").contains(&host.as_str()),
        Principal::Federated(arn) => of_kind("Federated").contains(&arn.as_str()),
        Principal::Role(arn) => {
            let account = arn.split(':').nth(4).unwrap_or_default();
            let root = format!(":iam::{account}:root");
            of_kind("AWS").iter().any(|name| *name == "*" || name == arn || *name == account || name.ends_with(&root))
        }
    }
}

#[cfg(test)]
mod tests;
