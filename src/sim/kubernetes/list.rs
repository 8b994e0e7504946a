//! Lists: selectors, pages, resource versions.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Response;
use serde_json::{Value, json};

use super::api::Api;
use super::encode::Encoder;
use super::kind::Kind;
use super::request::{Form, Query, Target};
use super::selector::{Fields, Labels};
use super::status::{self, Failure};
use super::store::{Object, Store};
use crate::wire::Body;

/// Which objects of a kind a request is about.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Namespace, empty for all.
    pub namespace: String,
    labels: Labels,
    fields: Fields,
}

impl Selection {
    /// Reads the selectors of a request; a name in the path selects that name.
    ///
    /// # Errors
    /// 400 for selectors that cannot be read or are not supported.
    pub fn of(target: &Target, query: &Query) -> Result<Self, Failure> {
        let fields = Fields::parse(query.text("fieldSelector"), &target.kind)?;
        let name = match target.name.as_str() {
            "" => Fields::default(),
            name => Fields::of_name(name),
        };
        Ok(Self {
            namespace: target.namespace.clone(),
            labels: Labels::parse(query.text("labelSelector"))?,
            fields: fields.and(name),
        })
    }

    /// Whether an object is selected.
    pub fn matches(&self, object: &Object) -> bool {
        let is_inside = || super::meta::namespace(object.value()) == self.namespace;
        (self.namespace.is_empty() || is_inside()) && self.matches_inside(object)
    }

    /// The same for an object that is known to be in the selected namespace. Without
    /// selectors the object is not looked at: it may be kept as text only.
    pub fn matches_inside(&self, object: &Object) -> bool {
        let is_selected = |object: &Value| self.labels.matches(object) && self.fields.matches(object);
        self.is_everything() || is_selected(object.value())
    }

    fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

/// Where a page begins, as the opaque `continue` text carries it.
struct Position {
    revision: u64,
    after: (String, String),
}

impl Position {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!({"rv": self.revision, "after": self.after}).to_string())
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        Some(Self { revision: value["rv"].as_u64()?, after: serde_json::from_value(value["after"].clone()).ok()? })
    }
}

/// Part of a list.
pub struct Page {
    /// The objects.
    pub objects: Vec<Arc<Object>>,
    revision: u64,
    next: Option<Position>,
    remaining: Option<usize>,
}

impl Page {
    fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.revision.to_string()});
        if let Some(next) = &self.next {
            metadata["continue"] = json!(next.encode());
            if let Some(remaining) = self.remaining {
                metadata["remainingItemCount"] = json!(remaining);
            }
        }
        metadata
    }
}

/// Answers a list.
///
/// # Errors
/// What the API server refuses it with.
pub fn answer(api: &Api, target: &Target, query: &Query, form: Form) -> Result<Response<Body>, Failure> {
    let selection = Selection::of(target, query)?;
    let page = api.read(|state| page(&state.store, &target.kind, &selection, query))?;
    let encoder = Encoder {
        form,
        kind: Arc::clone(&target.kind),
        now: api.now(),
        include: query.text("includeObject").to_owned(),
    };
    let metadata = page.metadata();
    let body = encoder.list(&metadata, page.objects);
    Ok(status::stream_response(200, "application/json", body))
}

fn page(store: &Store, kind: &Kind, selection: &Selection, query: &Query) -> Result<Page, Failure> {
    let key = kind.key();
    let position = match query.text("continue") {
        "" => None,
        text => Some(continued(store, kind, text)?),
    };
    if position.is_none() {
        check_revision(store, kind, query)?;
    }
    let revision = position.as_ref().map_or(store.revision(), |p| p.revision);
    let limit = query.number("limit")?.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let after = position.map(|p| p.after);
    let mut matching = store.list(&key, &selection.namespace, after).filter(|object| selection.matches_inside(object));
    let objects: Vec<_> = matching.by_ref().take(limit).cloned().collect();
    let rest = if objects.len() == limit { matching.count() } else { 0 };
    let next = objects.last().filter(|_| rest > 0).map(|last| Position { revision, after: place(last.value()) });
    let remaining = selection.is_everything().then_some(rest);
    Ok(Page { objects, revision, next, remaining })
}

fn place(object: &Value) -> (String, String) {
    (super::meta::namespace(object).to_owned(), super::meta::name(object).to_owned())
}

fn continued(store: &Store, kind: &Kind, text: &str) -> Result<Position, Failure> {
    let position = Position::decode(text).ok_or_else(|| Failure::bad_request("continue key is not valid"))?;
    if position.revision < store.oldest(&kind.key()) {
        return Err(Failure::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
        ));
    }
    Ok(position)
}

/// `resourceVersion` and `resourceVersionMatch` of a list: only the present can be listed.
fn check_revision(store: &Store, kind: &Kind, query: &Query) -> Result<(), Failure> {
    let asked = query.number("resourceVersion")?;
    match (query.text("resourceVersionMatch"), asked) {
        ("" | "NotOlderThan", Some(asked)) if asked > store.revision() => Err(too_large(asked, store.revision())),
        ("Exact", Some(asked)) if asked < store.changed(&kind.key()) => Err(Failure::expired(format!(
            "The resourceVersion for the provided list is too old: {asked} ({})",
            store.changed(&kind.key())
        ))),
        ("" | "Exact" | "NotOlderThan", Some(_)) | ("", None) => Ok(()),
        (_, None) => Err(invalid_match("resourceVersionMatch is forbidden unless resourceVersion is provided")),
        (other, _) => Err(invalid_match(&format!(
            "Unsupported value: \"{other}\": supported values: \"\", \"Exact\", \"NotOlderThan\""
        ))),
    }
}

fn invalid_match(why: &str) -> Failure {
    let message = format!("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: {why}");
    Failure::new(422, "Invalid", message)
}

fn too_large(asked: u64, current: u64) -> Failure {
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let mut failure = Failure::new(504, "Timeout", message);
    failure.details = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    });
    failure
}
