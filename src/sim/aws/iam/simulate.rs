//! The policy simulator of IAM in its shape of 2026: one result for each action whatever the number of
//! resources, the resources' own below it. Of a session it knows nothing, and an organization there is none.

use std::collections::BTreeSet;

use crate::sim::aws::{
    error::Failure,
    evaluate::{Answer, Context, Question, evaluate, keys, span},
    model::Role,
    xml::Xml,
};

use super::{Call, no_entity, page_end, policy};

/// Longest policy that may be passed.
const LONGEST: usize = 131_072;

/// A document that takes part.
struct Source {
    id: String,
    kind: &'static str,
    text: String,
}

/// Everything a simulation works with.
struct Simulation {
    sources: Vec<Source>,
    boundary: Vec<String>,
    actions: Vec<String>,
    resources: Vec<String>,
    context: Context,
}

/// What is decided of one action on one resource.
struct Decided {
    resource: String,
    decision: &'static str,
    matched: Vec<(String, &'static str, Span)>,
    missing: BTreeSet<String>,
    within: Option<bool>,
}

/// Line and column of the first and the last character.
type Span = ((usize, usize), (usize, usize));

/// SimulatePrincipalPolicy, of roles.
pub fn principal(call: &Call<'_>) -> Result<String, Failure> {
    let role = role(call)?;
    let mut sources = of_role(call, role);
    sources.extend(inputs(call)?);
    let given = documents(call, "PermissionsBoundaryPolicyInputList")?;
    let attached = || role.boundary.iter().filter_map(|arn| policy::document(call.state, arn)).collect();
    let boundary = if given.is_empty() { attached() } else { given };
    answer(call, &Simulation { sources, boundary, ..asked(call)? })
}

/// SimulateCustomPolicy: the documents of the call alone.
pub fn custom(call: &Call<'_>) -> Result<String, Failure> {
    call.parameters.required("PolicyInputList.member.1")?;
    let sources = inputs(call)?;
    let boundary = documents(call, "PermissionsBoundaryPolicyInputList")?;
    answer(call, &Simulation { sources, boundary, ..asked(call)? })
}

/// GetContextKeysForPrincipalPolicy.
pub fn context_keys(call: &Call<'_>) -> Result<String, Failure> {
    let mut sources = of_role(call, role(call)?);
    sources.extend(inputs(call)?);
    let names: BTreeSet<String> = sources.iter().flat_map(|source| keys(&source.text)).collect();
    Ok(call.answer(|xml| xml.texts("ContextKeyNames", "member", &names)))
}

fn role<'a>(call: &'a Call<'_>) -> Result<&'a Role, Failure> {
    let arn = call.parameters.required("PolicySourceArn")?;
    if !arn.contains(":iam::") || !arn.contains(":role/") {
        return Err(invalid(format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.")));
    }
    let found = call.state.seen_role_by_arn(arn, call.now);
    found.ok_or_else(|| no_entity(format!("{arn} was not found.")))
}

fn invalid(sentence: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidInput", sentence)
}

fn of_role(call: &Call<'_>, role: &Role) -> Vec<Source> {
    let source = |(name, text): (String, String)| match name.strip_prefix("arn:") {
        Some(arn) => {
            let kind = if arn.contains(":iam::aws:") { "aws-managed" } else { "user-managed" };
            Source { id: arn.rsplit('/').next().unwrap_or_default().to_owned(), kind, text }
        }
        None => Source { id: format!("role_{}_{name}", role.name), kind: "role", text },
    };
    policy::of_role(call.state, role).into_iter().map(source).collect()
}

fn documents(call: &Call<'_>, name: &str) -> Result<Vec<String>, Failure> {
    let documents = call.parameters.list(name);
    match documents.iter().find(|text| text.len() > LONGEST || serde_json::from_str::<serde_json::Value>(text).is_err())
    {
        Some(_) => Err(invalid("Invalid Policy: a policy input is longer than 131072 characters or no JSON")),
        None => Ok(documents),
    }
}

fn inputs(call: &Call<'_>) -> Result<Vec<Source>, Failure> {
    let numbered = (1..).zip(documents(call, "PolicyInputList")?);
    Ok(numbered.map(|(at, text)| Source { id: format!("PolicyInputList.{at}"), kind: "none", text }).collect())
}

fn asked(call: &Call<'_>) -> Result<Simulation, Failure> {
    let actions = call.parameters.list("ActionNames");
    if actions.is_empty() {
        return Err(super::invalid("ActionNames must not be empty"));
    }
    if let Some(odd) = actions.iter().find(|action| !action.contains(':') || action.contains(['*', '?'])) {
        return Err(invalid(format!("Invalid Action: {odd} is not SERVICE:NAME without wildcards")));
    }
    let mut context = Context::new();
    for index in 1.. {
        let entry = format!("ContextEntries.member.{index}");
        let Some(name) = call.parameters.get(&format!("{entry}.ContextKeyName")) else { break };
        call.parameters.required(&format!("{entry}.ContextKeyType"))?;
        let values = call.parameters.list(&format!("{entry}.ContextKeyValues"));
        context.insert(name.to_ascii_lowercase(), values);
    }
    let resources = call.parameters.list("ResourceArns");
    Ok(Simulation { sources: Vec::new(), boundary: Vec::new(), actions, resources, context })
}

impl Simulation {
    fn decide(&self, action: &str, resource: &str) -> Decided {
        let question = Question { principal: None, action, resource: Some(resource), context: &self.context };
        let answers: Vec<(&Source, Answer)> =
            self.sources.iter().map(|source| (source, evaluate(&source.text, &question))).collect();
        let denied = answers.iter().any(|(_, answer)| !answer.denying.is_empty());
        let allowed = answers.iter().any(|(_, answer)| !answer.allowing.is_empty());
        let limits: Vec<Answer> = self.boundary.iter().map(|text| evaluate(text, &question)).collect();
        let within = (!limits.is_empty()).then(|| {
            limits.iter().all(|answer| answer.denying.is_empty()) && limits.iter().any(|one| !one.allowing.is_empty())
        });
        let decision = match (denied, allowed && within != Some(false)) {
            (true, _) => "explicitDeny",
            (false, true) => "allowed",
            (false, false) => "implicitDeny",
        };
        let mut matched = Vec::new();
        for (source, answer) in &answers {
            let decisive = if denied { &answer.denying } else { &answer.allowing };
            for index in decisive {
                matched.extend(span(&source.text, *index).map(|span| (source.id.clone(), source.kind, span)));
            }
        }
        let missing = self.missing();
        Decided { resource: resource.to_owned(), decision, matched, missing, within }
    }

    /// Keys that the policies mention and nobody gave, whichever statement they stand in.
    fn missing(&self) -> BTreeSet<String> {
        let named = self.sources.iter().flat_map(|source| keys(&source.text));
        named.filter(|key| !self.context.contains_key(&key.to_ascii_lowercase())).collect()
    }

    fn every(&self, action: &str) -> Vec<Decided> {
        let resources = if self.resources.is_empty() { vec!["*".to_owned()] } else { self.resources.clone() };
        resources.iter().map(|resource| self.decide(action, resource)).collect()
    }
}

fn answer(call: &Call<'_>, simulation: &Simulation) -> Result<String, Failure> {
    let page = call.page(simulation.actions.iter().map(|action| (action.clone(), action)))?;
    Ok(call.answer(|xml| {
        xml.list("EvaluationResults", "member", &page.items, |xml, action| {
            result(xml, action, &simulation.every(action), simulation.resources.is_empty());
        });
        page_end(xml, &page);
    }))
}

/// The most restrictive decision stands at the top, with the details of each resource below.
fn result(xml: &mut Xml, action: &str, all: &[Decided], of_anything: bool) {
    let rank = |decided: &&Decided| match decided.decision {
        "explicitDeny" => 0,
        "implicitDeny" => 1,
        _ => 2,
    };
    let Some(worst) = all.iter().min_by_key(rank) else { return };
    xml.text("EvalActionName", action);
    xml.text("EvalResourceName", "*");
    xml.text("EvalDecision", worst.decision);
    if of_anything {
        return details(xml, worst);
    }
    xml.list("ResourceSpecificResults", "member", all, |xml, decided| {
        xml.text("EvalResourceName", &decided.resource);
        xml.text("EvalResourceDecision", decided.decision);
        details(xml, decided);
    });
}

fn details(xml: &mut Xml, decided: &Decided) {
    xml.list("MatchedStatements", "member", &decided.matched, |xml, (id, kind, (from, to))| {
        xml.text("SourcePolicyId", id);
        xml.text("SourcePolicyType", kind);
        for (tag, (line, column)) in [("StartPosition", from), ("EndPosition", to)] {
            xml.element(tag, |xml| {
                xml.text("Line", &line.to_string());
                xml.text("Column", &column.to_string());
            });
        }
    });
    xml.texts("MissingContextValues", "member", &decided.missing);
    if let Some(within) = decided.within {
        xml.element("PermissionsBoundaryDecisionDetail", |xml| {
            xml.text("AllowedByPermissionsBoundary", if within { "true" } else { "false" });
        });
    }
}
