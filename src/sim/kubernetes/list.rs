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
use super::store::{self, Object, Store};
use crate::wire::Body;

const INCONSISTENT: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

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
    /// The revision of the whole list; absent if it goes on with what is there now.
    revision: Option<u64>,
    /// Where to begin in the scope of the list.
    start: String,
}

impl Position {
    fn encode(&self) -> String {
        let revision = self.revision.and_then(|revision| i64::try_from(revision).ok()).unwrap_or(-1);
        URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": revision, "start": self.start}).to_string())
    }

    fn decode(text: &str) -> Result<Self, Failure> {
        let refused =
            |why: &str| Failure::bad_request(format!("invalid continue token: continue key is not valid{why}"));
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| refused(&format!(": {error}")))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| refused(&format!(": {error}")))?;
        if value["v"] != "meta.k8s.io/v1" {
            return Err(refused(": server does not recognize this encoded version"));
        }
        let start = value["start"].as_str().filter(|start| !start.is_empty());
        let start = start.ok_or_else(|| refused(": encoded start key empty (version meta.k8s.io/v1)"))?.to_owned();
        match value["rv"].as_i64() {
            None | Some(0) => Err(refused(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)")),
            Some(revision) => Ok(Self { revision: u64::try_from(revision).ok(), start }),
        }
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
    check_options(query)?;
    let selection = Selection::of(target, query)?;
    let page = api.read(|state| page(&state.store, &target.kind, &selection, query))?;
    let encoder = Encoder {
        form,
        kind: Arc::clone(&target.kind),
        now: api.now(),
        include: query.text("includeObject").to_owned(),
        headless: false,
    };
    let metadata = page.metadata();
    let body = encoder.list(&metadata, page.objects);
    Ok(status::stream_response(200, "application/json", body))
}

fn page(store: &Store, kind: &Kind, selection: &Selection, query: &Query) -> Result<Page, Failure> {
    let scope = store::scope(&selection.namespace);
    let asked = Asked::of(query)?;
    let revision = asked.revision(store)?;
    let past = store.past(&kind.key(), revision).map_err(|_| asked.expired())?;
    let start = asked.position.as_ref().map_or("", |position| &position.start);
    let all = past.as_ref().or_else(|| store.present(&kind.key()));
    let all = all.into_iter().flat_map(|objects| store::within(objects, scope.clone(), start));
    let mut matching = all.filter(|object| selection.matches_inside(object));
    let objects: Vec<_> = matching.by_ref().take(asked.limit).cloned().collect();
    let rest = if objects.len() == asked.limit { matching.count() } else { 0 };
    let next = objects.last().filter(|_| rest > 0).map(|last| {
        let path = store::path(super::meta::namespace(last.value()), super::meta::name(last.value()));
        let start = format!("{}\0", path.strip_prefix(&scope).unwrap_or(&path));
        Position { revision: Some(revision), start }
    });
    let remaining = selection.is_everything().then_some(rest);
    Ok(Page { objects, revision, next, remaining })
}

/// Which part of which state of a list is asked for.
struct Asked {
    limit: usize,
    position: Option<Position>,
    version: u64,
    is_exact: bool,
}

impl Asked {
    fn of(query: &Query) -> Result<Self, Failure> {
        let limit = query.number("limit")?.filter(|limit| *limit > 0);
        let position = match query.text("continue") {
            "" => None,
            text => Some(Position::decode(text)?),
        };
        if position.is_some() && !matches!(query.text("resourceVersion"), "" | "0") {
            return Err(Failure::bad_request("specifying resource version is not allowed when using continue"));
        }
        let version = query.version()?.unwrap_or_default();
        let how = query.text("resourceVersionMatch");
        // What a cache may answer is answered from it, and whole.
        let is_cached = query.text("resourceVersion") == "0" && position.is_none();
        let limit =
            limit.filter(|_| !is_cached).map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let is_exact = how == "Exact" || (how.is_empty() && limit < usize::MAX && version > 0);
        Ok(Self { limit, position, version, is_exact })
    }

    /// The revision of the answer.
    fn revision(&self, store: &Store) -> Result<u64, Failure> {
        let present = store.revision();
        if self.version > present {
            return Err(too_large(self.version, present));
        }
        Ok(match &self.position {
            Some(position) => position.revision.unwrap_or(present),
            None if self.is_exact => self.version,
            None => present,
        })
    }

    /// 410; a page can go on with what is there now.
    fn expired(&self) -> Failure {
        let Some(position) = &self.position else {
            return Failure::expired("The resourceVersion for the provided list is too old.");
        };
        let mut failure = Failure::expired(INCONSISTENT);
        failure.next = Some(Position { revision: None, start: position.start.clone() }.encode());
        failure
    }
}

/// The options of a list, as the server validates them before anything else.
fn check_options(query: &Query) -> Result<(), Failure> {
    let (how, version) = (query.text("resourceVersionMatch"), query.text("resourceVersion"));
    let mut complaints = Vec::new();
    let mut forbidden = |field, why: &str| complaints.push((field, format!("Forbidden: {why}")));
    if !how.is_empty() && version.is_empty() {
        forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if !how.is_empty() && !query.text("continue").is_empty() {
        forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    }
    if how == "Exact" && version == "0" {
        let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        forbidden("resourceVersionMatch", why);
    }
    if !query.text("sendInitialEvents").is_empty() {
        forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    if !matches!(how, "" | "Exact" | "NotOlderThan") {
        let why = format!("Unsupported value: \"{how}\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
        complaints.push(("resourceVersionMatch", why));
    }
    if complaints.is_empty() { Ok(()) } else { Err(Failure::invalid_options("ListOptions", &complaints)) }
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
