//! Sets of fields of objects, as `managedFields` tells who owns which: paths of steps in the words of
//! `fieldsV1`. There are no schemas here, so which lists and maps are owned as a whole is known by name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{meta, strategic};

/// What identifies an object or is the server's own: nobody owns it.
const UNOWNED: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];
/// Maps that are owned as a whole.
const WHOLE: [&str; 10] = [
    "f:selector",
    "f:nodeSelector",
    "f:podSelector",
    "f:namespaceSelector",
    "f:objectSelector",
    "f:labelSelector",
    "f:fieldRef",
    "f:configMapKeyRef",
    "f:secretKeyRef",
    "f:involvedObject",
];
/// Lists by key whose elements are owned as a whole.
const WHOLE_ELEMENTS: [&str; 3] = ["f:ownerReferences", "f:imagePullSecrets", "f:secrets"];
/// Maps that are always there, so that nobody owns their presence.
const PLAIN: [&str; 5] = ["f:metadata", "f:spec", "f:template", "f:status", "f:strategy"];

/// Steps from the object to a field: `f:name`, `k:{"name":"main"}` of a list by key, `v:"x"` of a set.
type Path = Vec<String>;

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeSet<Path>);

impl Fields {
    /// The fields that an applied object sets. `built_in` kinds have lists by key, all others only whole ones.
    pub fn of(applied: &Value, built_in: bool) -> Self {
        let mut found = Self::default();
        Walk { built_in }.leaves(applied, &mut Path::new(), &mut found);
        found
    }

    /// Reads `fieldsV1`.
    pub fn read(written: &Value) -> Self {
        let mut found = Self::default();
        found.gather(written, &mut Path::new());
        found
    }

    fn gather(&mut self, written: &Value, path: &mut Path) {
        let below: Vec<_> = written.as_object().into_iter().flatten().collect();
        if below.is_empty() {
            self.insert(path);
        }
        for (step, set) in below {
            if step == "." {
                self.insert(path);
            } else {
                path.push(step.clone());
                self.gather(set, path);
                path.pop();
            }
        }
    }

    /// As `fieldsV1`: a field that is owned together with some below it carries a `.`.
    pub fn written(&self) -> Value {
        let mut root = json!({});
        for path in &self.0 {
            node(&mut root, path);
        }
        for path in &self.0 {
            let node = node(&mut root, path);
            if !node.is_empty() {
                node.insert(".".to_owned(), json!({}));
            }
        }
        root
    }

    fn insert(&mut self, path: &Path) {
        if !path.is_empty() {
            self.0.insert(path.clone());
        }
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds another set's fields.
    pub fn add(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Takes another set's fields away.
    pub fn take(&mut self, other: &Self) {
        self.0.retain(|path| !other.0.contains(path));
    }

    /// The fields that are in both, as messages write them: `.metadata.labels.app`.
    pub fn shared(&self, other: &Self) -> Vec<String> {
        self.0.intersection(&other.0).map(|path| path.iter().map(|step| shown(step)).collect()).collect()
    }

    /// Removes the fields from an object, and maps and lists that this empties, unless they are among those to be kept.
    pub fn remove_from(&self, object: &mut Value, kept: &Self) {
        for path in &self.0 {
            remove(object, path, 0, kept);
        }
    }
}

fn node<'a>(root: &'a mut Value, path: &[String]) -> &'a mut Map<String, Value> {
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    meta::map(root, &steps)
}

fn shown(step: &str) -> String {
    match step.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("k:", key)) => {
            let pairs = key_of(key).into_iter().map(|(name, value)| format!("{name}={value}"));
            format!("[{}]", pairs.collect::<Vec<_>>().join(","))
        }
        Some((_, value)) => format!("[={value}]"),
        None => String::new(),
    }
}

fn key_of(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn remove(target: &mut Value, path: &[String], at: usize, kept: &Fields) {
    let Some((kind, text)) = path[at].split_at_checked(2) else { return };
    let is_last = at + 1 == path.len();
    match target {
        Value::Object(map) if is_last => drop(map.remove(text)),
        Value::Object(map) => {
            let Some(below) = map.get_mut(text) else { return };
            remove(below, path, at + 1, kept);
            if is_empty(below) && !kept.0.contains(&path[..=at]) {
                map.remove(text);
            }
        }
        Value::Array(items) => {
            let is_meant = |item: &Value| match kind {
                "k:" => key_of(text).iter().all(|(name, value)| item[name] == *value),
                _ => serde_json::from_str::<Value>(text).is_ok_and(|value| value == *item),
            };
            if is_last {
                items.retain(|item| !is_meant(item));
            } else if let Some(item) = items.iter_mut().find(|item| is_meant(item)) {
                remove(item, path, at + 1, kept);
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// What a write does to fields.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Fields that came or have another value.
    pub set: Fields,
    /// Fields that went.
    pub removed: Fields,
}

impl Changes {
    /// From one state to another; null for an object that is not there yet.
    pub fn between(old: &Value, new: &Value, built_in: bool) -> Self {
        let mut found = Self::default();
        let old = Some(old).filter(|old| !old.is_null());
        Walk { built_in }.compare(old, Some(new), &mut Path::new(), &mut found);
        found.removed.take(&found.set);
        found
    }
}

/// A way through an object.
#[derive(Clone, Copy)]
struct Walk {
    built_in: bool,
}

impl Walk {
    /// What is owned one by one under a field; absent if the field is owned as a whole.
    fn below<'a>(self, path: &[String], value: &'a Value) -> Option<BTreeMap<String, &'a Value>> {
        if self.built_in && is_whole(path) {
            return None;
        }
        let found: BTreeMap<String, &Value> = match value {
            Value::Object(map) => {
                let own = map.iter().filter(|(name, value)| !value.is_null() && !is_unowned(path, name));
                own.map(|(name, value)| (format!("f:{name}"), value)).collect()
            }
            Value::Array(items) if self.built_in => elements(path.last()?.strip_prefix("f:")?, items)?,
            _ => return None,
        };
        let is_something = !found.is_empty() || path.len() < 2 && path.first().is_none_or(|step| step == "f:metadata");
        is_something.then_some(found)
    }

    fn leaves(self, value: &Value, path: &mut Path, found: &mut Fields) {
        let below = self.below(path, value);
        if below.is_none() || path.last().is_some_and(|step| step.starts_with("k:")) {
            found.insert(path);
        }
        for (step, value) in below.into_iter().flatten() {
            path.push(step);
            self.leaves(value, path, found);
            path.pop();
        }
    }

    /// A field and all below it.
    fn everything(self, value: &Value, path: &mut Path, found: &mut Fields) {
        let below = self.below(path, value);
        let is_plain = path.last().is_some_and(|step| PLAIN.contains(&step.as_str()));
        if below.is_none() || !is_plain {
            found.insert(path);
        }
        for (step, value) in below.into_iter().flatten() {
            path.push(step);
            self.everything(value, path, found);
            path.pop();
        }
    }

    fn compare(self, old: Option<&Value>, new: Option<&Value>, path: &mut Path, found: &mut Changes) {
        if old == new {
            return;
        }
        let before = old.map(|old| self.below(path, old));
        let after = new.map(|new| self.below(path, new));
        if let (Some(Some(before)), Some(Some(after))) = (&before, &after) {
            let steps: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for step in steps {
                path.push(step.clone());
                self.compare(before.get(step).copied(), after.get(step).copied(), path, found);
                path.pop();
            }
            return;
        }
        old.into_iter().for_each(|old| self.everything(old, path, &mut found.removed));
        new.into_iter().for_each(|new| self.everything(new, path, &mut found.set));
    }
}

fn is_unowned(path: &[String], name: &str) -> bool {
    match path {
        [] => matches!(name, "apiVersion" | "kind"),
        [metadata] if metadata == "f:metadata" => UNOWNED.contains(&name),
        _ => false,
    }
}

fn is_whole(path: &[String]) -> bool {
    match path {
        [.., list, element] if element.starts_with("k:") => WHOLE_ELEMENTS.contains(&list.as_str()),
        // Of a service account; in pods it is a list by key.
        [only] if only == "f:imagePullSecrets" => true,
        [.., last] => WHOLE.contains(&last.as_str()),
        [] => false,
    }
}

/// The elements of a list by key or of a set; absent for any other list.
fn elements<'a>(field: &str, items: &'a [Value]) -> Option<BTreeMap<String, &'a Value>> {
    let key = strategic::merge_key(field, items);
    let step = |item: &Value| match key {
        Some(key @ ("containerPort" | "port")) => {
            let protocol = item["protocol"].as_str().unwrap_or("TCP");
            format!("k:{}", json!({ key: item[key], "protocol": protocol }))
        }
        Some(key) => format!("k:{}", json!({ key: item[key] })),
        None => format!("v:{item}"),
    };
    (key.is_some() || strategic::is_set(field)).then(|| items.iter().map(|item| (step(item), item)).collect())
}
