//! JSON Schema 2020-12, as much of it as `assets/schema` uses. A keyword that is not understood is
//! an error, so that no rule goes unchecked.

use std::{collections::BTreeMap, fs, path::Path};

use regex::Regex;
use serde_json::{Map, Value};

/// Says nothing about the data.
const NOTES: [&str; 6] = ["$schema", "$id", "$defs", "title", "description", "format"];

/// All schemas, by file name without its end.
pub struct Schemas(BTreeMap<String, Value>);

/// `PodList` → `pod-list`.
pub fn kebab(kind: &str) -> String {
    let mut name = String::new();
    for letter in kind.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

impl Schemas {
    pub fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema");
        let read = |entry: fs::DirEntry| {
            let name = entry.path().file_stem().unwrap().to_string_lossy().into_owned();
            let schema = serde_json::from_str(&fs::read_to_string(entry.path()).unwrap());
            (name, schema.unwrap_or_else(|error| panic!("{}: {error}", entry.path().display())))
        };
        Self(fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect())
    }

    /// What is wrong with a document, one line each.
    pub fn problems(&self, name: &str, document: &Value) -> Vec<String> {
        let schema = self.0.get(name).unwrap_or_else(|| panic!("there is no assets/schema/{name}.json"));
        let mut problems = Vec::new();
        Check { schemas: self, problems: &mut problems }.value(name, schema, document, "");
        problems
    }

    /// Follows every reference and meets every keyword.
    pub fn examine(&self) {
        for (name, schema) in &self.0 {
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
            self.walk(name, schema);
        }
    }

    fn walk(&self, name: &str, schema: &Value) {
        let known = ["$ref", "type", "const", "enum", "pattern", "minimum", "required", "properties"];
        let known = [&known[..], &["additionalProperties", "items", "anyOf"], &NOTES[..]].concat();
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            assert!(known.contains(&keyword.as_str()), "{name}.json: `{keyword}`");
            match (keyword.as_str(), value) {
                ("$ref", Value::String(target)) => drop(self.follow(name, target)),
                ("properties" | "$defs", Value::Object(members)) => {
                    members.values().for_each(|member| self.walk(name, member));
                }
                ("items" | "additionalProperties", member) => self.walk(name, member),
                ("anyOf", Value::Array(members)) => members.iter().for_each(|member| self.walk(name, member)),
                _ => {}
            }
        }
    }

    fn follow<'a>(&'a self, name: &'a str, target: &'a str) -> (&'a str, &'a Value) {
        let (file, place) = target.split_once('#').unwrap();
        let name = if file.is_empty() { name } else { file.strip_suffix(".json").unwrap() };
        let found = self.0.get(name).and_then(|schema| schema.pointer(place));
        (name, found.unwrap_or_else(|| panic!("{target} leads nowhere")))
    }
}

struct Check<'a> {
    schemas: &'a Schemas,
    problems: &'a mut Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, name: &str, schema: &Value, value: &Value, at: &str) {
        for (keyword, rule) in schema.as_object().into_iter().flatten() {
            let fits = match (keyword.as_str(), rule) {
                ("$ref", Value::String(target)) => {
                    let (name, schema) = self.schemas.follow(name, target);
                    self.value(name, schema, value, at);
                    true
                }
                ("type", rule) => is_of_type(rule, value),
                ("const", rule) => rule == value,
                ("enum", Value::Array(words)) => words.contains(value),
                ("pattern", Value::String(pattern)) => {
                    value.as_str().is_none_or(|text| Regex::new(pattern).unwrap().is_match(text))
                }
                ("minimum", rule) => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
                ("anyOf", Value::Array(choices)) => choices.iter().any(|choice| self.would_fit(name, choice, value)),
                ("items", rule) => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(name, rule, item, &format!("{at}[{index}]"));
                    }
                    true
                }
                ("properties", Value::Object(members)) => self.members(name, schema, members, value, at),
                ("required", Value::Array(names)) => self.required(names, value, at),
                ("additionalProperties", Value::Object(_)) if schema.get("properties").is_none() => {
                    self.members(name, schema, &Map::new(), value, at)
                }
                _ => true,
            };
            if !fits {
                self.problems.push(format!("{at}: {value} is no {keyword} {rule}"));
            }
        }
    }

    fn would_fit(&self, name: &str, schema: &Value, value: &Value) -> bool {
        let mut problems = Vec::new();
        Check { schemas: self.schemas, problems: &mut problems }.value(name, schema, value, "");
        problems.is_empty()
    }

    fn members(&mut self, name: &str, schema: &Value, known: &Map<String, Value>, value: &Value, at: &str) -> bool {
        for (key, member) in value.as_object().into_iter().flatten() {
            let at = format!("{at}.{key}");
            match (known.get(key), schema.get("additionalProperties")) {
                (Some(rule), _) | (None, Some(rule @ Value::Object(_))) => self.value(name, rule, member, &at),
                (None, Some(Value::Bool(false))) => self.problems.push(format!("{at}: not listed")),
                (None, _) => {}
            }
        }
        true
    }

    fn required(&mut self, names: &[Value], value: &Value, at: &str) -> bool {
        let Some(object) = value.as_object() else { return true };
        for name in names.iter().filter_map(Value::as_str).filter(|name| !object.contains_key(*name)) {
            self.problems.push(format!("{at}: `{name}` is missing"));
        }
        true
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |word: &str| match word {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match rule {
        Value::String(word) => is(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).any(is),
        _ => false,
    }
}
