//! The document of a permission policy. Conditions are not evaluated: a statement that has one
//! may apply or not.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::trust::Glob;

/// A parsed permission policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    text: Box<str>,
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Patterns,
    resources: Patterns,
    /// Keys of its condition, empty without one.
    condition_keys: Vec<String>,
    /// The first value that it compares each with.
    condition_values: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Patterns {
    /// `NotAction`, `NotResource`.
    negated: bool,
    texts: Vec<String>,
}

/// What one document says about one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Allows,
    Denies,
    /// An Allow applies only under conditions; what on.
    MayAllow(String),
    /// The same of a Deny.
    MayDeny(String),
    Silent,
}

impl Reading {
    /// Which of two statements decides.
    fn weight(&self) -> u8 {
        match self {
            Self::Silent => 0,
            Self::MayAllow(_) => 1,
            Self::Allows => 2,
            Self::MayDeny(_) => 3,
            Self::Denies => 4,
        }
    }
}

enum Match {
    Yes,
    No,
    Maybe(String),
}

impl PolicyDocument {
    /// Parses a document; `None` if it is no policy.
    pub fn parse(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let statements = match document.get("Statement")? {
            Value::Array(all) => all.iter().map(Statement::parse).collect::<Option<_>>()?,
            one => vec![Statement::parse(one)?],
        };
        Some(Self { text: text.into(), statements })
    }

    /// The document as IAM returned it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Keys of the conditions of statements about an action, and variables in their resources.
    pub fn keys_about(&self, action: &str) -> BTreeSet<String> {
        let action = action.to_ascii_lowercase();
        let about = |statement: &&Statement| statement.actions.covers(&action, str::to_ascii_lowercase);
        let keys = |statement: &Statement| {
            let resources = statement.resources.texts.iter().flat_map(|text| variables(text));
            statement.condition_keys.iter().cloned().chain(resources).collect::<Vec<_>>()
        };
        self.statements.iter().filter(about).flat_map(keys).collect()
    }

    /// The value that a statement about an action asks of a key.
    pub fn asked_value(&self, action: &str, key: &str) -> Option<&str> {
        let action = action.to_ascii_lowercase();
        let about = self.statements.iter().filter(|one| one.actions.covers(&action, str::to_ascii_lowercase));
        let mut values = about.flat_map(|statement| &statement.condition_values);
        values.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// The statement that begins at a line and column, both from 1; byte for byte. Columns are taken with a little
    /// tolerance: the next object that begins there or just before.
    pub fn statement_at(&self, (line, column): (usize, usize)) -> Option<String> {
        let lines = self.text.split_inclusive('\n');
        let before: usize = lines.take(line.checked_sub(1)?).map(str::len).sum();
        let rest = self.text.get(before..)?;
        let reach = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
        let start = before + rest[..reach].rfind('{').or_else(|| rest.find('{'))?;
        let mut values = serde_json::Deserializer::from_str(&self.text[start..]).into_iter::<Value>();
        let value = values.next()?.ok()?;
        value.get("Effect")?;
        Some(self.text[start..start + values.byte_offset()].to_owned())
    }

    pub(super) fn read(&self, action: &str, resource: &str) -> Reading {
        let mut found = Reading::Silent;
        for statement in &self.statements {
            let said = match (statement.applies(action, resource), statement.allows) {
                (Match::Yes, false) => return Reading::Denies,
                (Match::Yes, true) => Reading::Allows,
                (Match::Maybe(on), true) => Reading::MayAllow(on),
                (Match::Maybe(on), false) => Reading::MayDeny(on),
                (Match::No, _) => continue,
            };
            if said.weight() > found.weight() {
                found = said;
            }
        }
        found
    }

    /// Whether a statement allows an action, anywhere or on everything; conditions are not looked at.
    pub(super) fn allows(&self, action: &str, on_anything: bool) -> bool {
        let action = action.to_ascii_lowercase();
        self.statements.iter().any(|statement| {
            statement.allows
                && statement.actions.covers(&action, str::to_ascii_lowercase)
                && (!on_anything || statement.resources.covers("*", str::to_owned))
        })
    }

    /// `*` or `iam:*`, if a statement allows that.
    pub(super) fn broad_action(&self) -> Option<&str> {
        let allowing = self.statements.iter().filter(|statement| statement.allows && !statement.actions.negated);
        let mut texts = allowing.flat_map(|statement| &statement.actions.texts);
        texts.find(|text| matches!(text.to_ascii_lowercase().as_str(), "*" | "*:*" | "iam:*")).map(String::as_str)
    }
}

/// The text of a value, or of the first of a list.
fn first_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => all.first().and_then(first_text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Object(_) => None,
    }
}

/// Names in `${…}`.
fn variables(text: &str) -> Vec<String> {
    let parts = text.split("${").skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.split(',').next().unwrap_or(name).trim().to_owned()).collect()
}

impl Statement {
    fn parse(value: &Value) -> Option<Self> {
        let allows = match value.get("Effect")?.as_str()? {
            "Allow" => true,
            "Deny" => false,
            _ => return None,
        };
        let condition = value.get("Condition").and_then(Value::as_object);
        let keys = condition.into_iter().flat_map(|operators| operators.values()).filter_map(Value::as_object);
        let compared = keys.clone().flatten().filter_map(|(key, value)| Some((key.clone(), first_text(value)?)));
        Some(Self {
            allows,
            actions: Patterns::parse(value, "Action", "NotAction")?,
            resources: Patterns::parse(value, "Resource", "NotResource")?,
            condition_values: compared.collect(),
            condition_keys: keys.flat_map(|keys| keys.keys().cloned()).collect(),
        })
    }

    fn applies(&self, action: &str, resource: &str) -> Match {
        if !self.actions.covers(&action.to_ascii_lowercase(), str::to_ascii_lowercase) {
            return Match::No;
        }
        if let Some(variable) = self.resources.texts.iter().find(|text| text.contains("${")) {
            return Match::Maybe(variable.clone());
        }
        match (self.resources.covers(resource, str::to_owned), self.condition_keys.as_slice()) {
            (false, _) => Match::No,
            (true, []) => Match::Yes,
            (true, keys) => Match::Maybe(keys.join(", ")),
        }
    }
}

impl Patterns {
    fn parse(statement: &Value, plain: &str, negated: &str) -> Option<Self> {
        let (value, negated) = match statement.get(plain) {
            Some(value) => (value, false),
            None => (statement.get(negated)?, true),
        };
        let texts = match value {
            Value::Array(all) => all.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            one => vec![one.as_str()?.to_owned()],
        };
        Some(Self { negated, texts })
    }

    fn covers(&self, text: &str, fold: impl Fn(&str) -> String) -> bool {
        self.texts.iter().any(|pattern| Glob::new(&fold(pattern)).matches(text)) != self.negated
    }
}
