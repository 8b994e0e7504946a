//! Reads the `aws:` document field by field and knows where it is, so that an error
//! names its place and a misspelt field is not silently ignored.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::WorldError;

/// One mapping of the document.
pub struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
    known: RefCell<BTreeSet<String>>,
}

impl<'a> Fields<'a> {
    /// The mapping at `path`.
    pub fn new(path: impl Into<String>, value: &'a Value) -> Result<Self, WorldError> {
        let path = path.into();
        match value.as_object() {
            Some(map) => Ok(Self { path, map, known: RefCell::default() }),
            None => Err(WorldError::new(path, format!("expected a mapping, found {}", kind(value)))),
        }
    }

    /// An error at a field of this mapping.
    pub fn wrong(&self, name: &str, what: impl Into<String>) -> WorldError {
        WorldError::new(format!("{}.{name}", self.path), what)
    }

    /// A field as it stands; `null` counts as absent.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.known.borrow_mut().insert(name.to_owned());
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Text (or a number, taken as text) that may be absent.
    pub fn optional(&self, name: &str) -> Result<Option<String>, WorldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.wrong(name, format!("expected text, found {}", kind(other)))),
        }
    }

    /// Text that must be there.
    pub fn text(&self, name: &str) -> Result<String, WorldError> {
        self.optional(name)?.ok_or_else(|| self.wrong(name, "is missing; add it"))
    }

    /// Text or its default.
    pub fn text_or(&self, name: &str, default: &str) -> Result<String, WorldError> {
        Ok(self.optional(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// One of a few words, or the first of them.
    pub fn word(&self, name: &str, words: &[&str]) -> Result<String, WorldError> {
        let text = self.text_or(name, words.first().copied().unwrap_or_default())?;
        if words.contains(&text.as_str()) {
            return Ok(text);
        }
        Err(self.wrong(name, format!("`{text}` is not one of {}", words.join(", "))))
    }

    /// A boolean or its default.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, WorldError> {
        match self.value(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(name, format!("expected true or false, found {}", kind(other)))),
        }
    }

    /// A whole number or its default.
    pub fn number(&self, name: &str, default: u64) -> Result<u64, WorldError> {
        match self.value(name) {
            None => Ok(default),
            Some(value) => value
                .as_u64()
                .ok_or_else(|| self.wrong(name, format!("expected a whole number, found {}", kind(value)))),
        }
    }

    /// An RFC 3339 time or its default.
    pub fn time(&self, name: &str, default: Timestamp) -> Result<Timestamp, WorldError> {
        let Some(text) = self.optional(name)? else {
            return Ok(default);
        };
        text.parse()
            .map_err(|_| self.wrong(name, format!("`{text}` is not an RFC 3339 time, e.g. 2026-11-23T09:00:00Z")))
    }

    /// A duration such as `2s` or `500ms`, or its default.
    pub fn duration(&self, name: &str, default: SignedDuration) -> Result<SignedDuration, WorldError> {
        let Some(text) = self.optional(name)? else {
            return Ok(default);
        };
        let parsed = text.parse::<SignedDuration>().ok().filter(|duration| !duration.is_negative());
        parsed.ok_or_else(|| self.wrong(name, format!("`{text}` is not a duration, e.g. 2s or 500ms")))
    }

    /// A list of texts; a single text is a list of one.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, WorldError> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| self.wrong(name, "expected a list of texts")),
            Some(other) => Err(self.wrong(name, format!("expected a list of texts, found {}", kind(other)))),
        }
    }

    /// A mapping of text to text.
    pub fn tags(&self, name: &str) -> Result<BTreeMap<String, String>, WorldError> {
        let Some(value) = self.value(name) else {
            return Ok(BTreeMap::new());
        };
        let fields = Fields::new(format!("{}.{name}", self.path), value)?;
        fields.map.keys().map(|key| Ok((key.clone(), fields.text(key)?))).collect()
    }

    /// A mapping that may be absent.
    pub fn inner(&self, name: &str) -> Result<Option<Fields<'a>>, WorldError> {
        self.value(name).map(|value| Fields::new(format!("{}.{name}", self.path), value)).transpose()
    }

    /// Reads every mapping of a list.
    pub fn each<T>(
        &self,
        name: &str,
        mut read: impl FnMut(&Fields<'a>) -> Result<T, WorldError>,
    ) -> Result<Vec<T>, WorldError> {
        let items = match self.value(name) {
            None => &[],
            Some(Value::Array(items)) => items.as_slice(),
            Some(other) => {
                return Err(self.wrong(name, format!("expected a list, found {}", kind(other))));
            }
        };
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let fields = Fields::new(format!("{}.{name}[{index}]", self.path), item)?;
            all.push(read(&fields)?);
            fields.done()?;
        }
        Ok(all)
    }

    /// Refuses fields that nobody asked for.
    pub fn done(&self) -> Result<(), WorldError> {
        let known = self.known.borrow();
        let Some(unknown) = self.map.keys().find(|name| !known.contains(*name)) else {
            return Ok(());
        };
        let near =
            known.iter().max_by(|one, other| strsim::jaro(one, unknown).total_cmp(&strsim::jaro(other, unknown)));
        let hint = match near {
            Some(near) if strsim::jaro(near, unknown) > 0.7 => format!("; did you mean `{near}`?"),
            _ => format!("; known are {}", known.iter().cloned().collect::<Vec<_>>().join(", ")),
        };
        Err(WorldError::new(self.path.clone(), format!("unknown field `{unknown}`{hint}")))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
