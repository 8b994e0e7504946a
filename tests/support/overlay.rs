//! Worlds made of little: a base, what a case adds to it, and what its counter-example changes again.

use serde_json::{Map, Value};

/// The documents of a world file.
#[derive(Clone, Default)]
pub struct Documents {
    aws: Map<String, Value>,
    manifests: Vec<Value>,
}

impl Documents {
    /// Reads YAML documents; `aws:` may be missing.
    pub fn read(text: &str) -> Self {
        let options = serde_saphyr::options! { budget: None, strict_booleans: true };
        let all: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).unwrap_or_else(|e| panic!("{e}"));
        let mut documents = Self::default();
        for document in all {
            match document.get("aws") {
                Some(Value::Object(aws)) => documents.aws = aws.clone(),
                _ => documents.manifests.push(document),
            }
        }
        documents
    }

    /// With what another file says: members of mappings and elements of the same name are replaced, new ones
    /// added, those with `absent: true` taken away.
    pub fn with(&self, text: &str) -> Self {
        let other = Self::read(text);
        let mut all = self.clone();
        for (key, value) in other.aws {
            merge(all.aws.entry(key).or_insert(Value::Null), value);
        }
        replace(&mut all.manifests, other.manifests, object_key);
        all
    }

    /// As one world file.
    pub fn text(&self) -> String {
        let aws = std::iter::once(serde_json::json!({ "aws": self.aws }).to_string());
        aws.chain(self.manifests.iter().map(Value::to_string)).collect::<Vec<_>>().join("\n---\n")
    }
}

fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(members)) => {
            members.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (Value::Array(into), Value::Array(items)) => {
            replace(into, items, element_key);
        }
        (into, value) => *into = value,
    }
}

fn replace(into: &mut Vec<Value>, items: Vec<Value>, key: impl Fn(&Value) -> String) {
    for item in items {
        into.retain(|known| key(known) != key(&item));
        if item["absent"] != true {
            into.push(item);
        }
    }
}

fn object_key(object: &Value) -> String {
    let metadata = &object["metadata"];
    format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"])
}

fn element_key(element: &Value) -> String {
    ["name", "id", "url", "service"]
        .iter()
        .find_map(|key| element.get(key))
        .map_or_else(|| format!("{} {}", element["namespace"], element["serviceAccount"]), Value::to_string)
}
