//! The schemaless store: objects as JSON values by resource, namespace and name, one
//! revision counter, and a bounded log of changes per resource for watches. It knows
//! nothing of kinds, admission or HTTP.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::meta;
use crate::sim::fault::mix;

/// How many changes of a resource are kept for watches; older positions are `Expired`.
pub const LOG_LENGTH: usize = 10_000;

/// The revision of an empty store.
const FIRST: u64 = 1000;

/// Group and resource name.
pub type Key = (String, String);

/// One stored version of an object: as a value, as JSON text, or both. What is missing
/// is made once, when first needed. Text alone takes a tenth of the memory, which is
/// what large loaded worlds are kept in.
#[derive(Debug)]
pub struct Object {
    value: OnceLock<Value>,
    text: OnceLock<Text>,
}

/// The JSON of an object, which begins with its type.
#[derive(Clone, Debug)]
struct Text {
    bytes: Bytes,
    /// Where the fields begin that are not its type.
    rest: usize,
}

impl Text {
    fn of(value: &Value) -> Self {
        let (mut bytes, mut rest) = (b"{".to_vec(), 0);
        let fields = || value.as_object().into_iter().flatten();
        let is_type = |key: &str| matches!(key, "apiVersion" | "kind");
        let first = fields().filter(|(key, _)| is_type(key));
        for (key, value) in first.chain(fields().filter(|(key, _)| !is_type(key))) {
            if bytes.len() > 1 {
                bytes.push(b',');
            }
            if rest == 0 && !is_type(key) {
                rest = bytes.len();
            }
            bytes.extend(serde_json::to_vec(key).unwrap_or_default());
            bytes.push(b':');
            bytes.extend(serde_json::to_vec(value).unwrap_or_default());
        }
        bytes.push(b'}');
        Self { bytes: bytes.into(), rest: rest.max(1) }
    }
}

impl Object {
    /// An object that is not stored (yet).
    pub fn new(value: Value) -> Self {
        Self { value: OnceLock::from(value), text: OnceLock::new() }
    }

    /// The same object, kept as text only.
    fn packed(&self) -> Self {
        Self { value: OnceLock::new(), text: OnceLock::from(self.text().clone()) }
    }

    /// The object.
    pub fn value(&self) -> &Value {
        self.value.get_or_init(|| {
            let bytes = self.text.get().map_or(&[][..], |text| &text.bytes);
            serde_json::from_slice(bytes).unwrap_or_default()
        })
    }

    fn text(&self) -> &Text {
        self.text.get_or_init(|| Text::of(self.value.get().unwrap_or(&Value::Null)))
    }

    /// Its JSON text.
    pub fn bytes(&self) -> &Bytes {
        &self.text().bytes
    }

    /// Its JSON text without its type, behind the opening brace.
    pub fn untyped(&self) -> Bytes {
        let text = self.text();
        text.bytes.slice(text.rest..)
    }
}

/// Objects of a resource in the order in which they are listed: by namespace and name as one path, as etcd keeps them.
pub type Objects = BTreeMap<String, Arc<Object>>;

/// The path of an object in its resource; the namespace is empty for cluster-scoped ones.
pub fn path(namespace: &str, name: &str) -> String {
    format!("{}{name}", scope(namespace))
}

/// What the paths of a namespace's objects begin with; nothing for all namespaces.
pub fn scope(namespace: &str) -> String {
    if namespace.is_empty() { String::new() } else { format!("{namespace}/") }
}

/// Objects of a scope in order, from a place in it.
pub fn within<'a>(objects: &'a Objects, scope: String, start: &str) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
    let first = format!("{scope}{start}");
    objects.range(first..).take_while(move |(path, _)| path.starts_with(&scope)).map(|(_, object)| object)
}

/// What happened to an object at a revision. Before a creation and after a deletion
/// it is absent; a deletion still carries the last state, at its own revision.
#[derive(Clone, Debug)]
pub struct Change {
    /// Revision of the change.
    pub revision: u64,
    /// The object after the change (for a deletion: as it was last).
    pub object: Arc<Object>,
    /// The object before the change.
    pub previous: Option<Arc<Object>>,
    /// Whether this is a deletion.
    pub deleted: bool,
}

#[derive(Debug, Default)]
struct Resource {
    objects: Objects,
    log: VecDeque<Change>,
    /// Changes up to this revision have left the log.
    compacted: u64,
    /// Revision of the last change.
    changed: u64,
}

impl Resource {
    fn record(&mut self, change: Change) {
        self.changed = change.revision;
        if self.log.len() == LOG_LENGTH {
            self.compacted = self.log.pop_front().map_or(self.compacted, |c| c.revision);
        }
        self.log.push_back(change);
    }
}

/// The changes after a position are no longer all known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The oldest position that still works.
    pub oldest: u64,
}

/// All objects of a cluster.
#[derive(Debug)]
pub struct Store {
    revision: u64,
    /// What was at earlier revisions is forgotten, of every resource.
    compacted: u64,
    names: u64,
    resources: BTreeMap<Key, Resource>,
}

impl Default for Store {
    fn default() -> Self {
        Self { revision: FIRST, compacted: 0, names: 0, resources: BTreeMap::new() }
    }
}

impl Store {
    /// The revision of the last change of all.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// One object; the namespace is empty for cluster-scoped ones.
    pub fn get(&self, key: &Key, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        let resource = self.resources.get(key)?;
        resource.objects.get(&path(namespace, name))
    }

    /// Objects of a resource in order, in one namespace or (empty) in all.
    pub fn list<'a>(&'a self, key: &Key, namespace: &str) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
        let scope = scope(namespace);
        self.present(key).into_iter().flat_map(move |objects| within(objects, scope.clone(), ""))
    }

    /// All objects of a resource as they are now; absent if there never was one.
    pub fn present(&self, key: &Key) -> Option<&Objects> {
        self.resources.get(key).map(|resource| &resource.objects)
    }

    /// All objects of a resource as they were at a revision; absent if nothing has changed since.
    ///
    /// # Errors
    /// If some of the changes since have left the log.
    pub fn past(&self, key: &Key, revision: u64) -> Result<Option<Objects>, Compacted> {
        self.check(revision)?;
        if revision < FIRST {
            return Err(Compacted { oldest: FIRST });
        }
        let Some(resource) = self.resources.get(key).filter(|resource| resource.changed > revision) else {
            return Ok(None);
        };
        let mut objects = resource.objects.clone();
        for change in self.since(key, revision, usize::MAX)?.into_iter().rev() {
            let place = place(change.object.value());
            match change.previous {
                Some(previous) => objects.insert(place, previous),
                None => objects.remove(&place),
            };
        }
        Ok(Some(objects))
    }

    /// Keys of all resources that hold objects.
    pub fn keys(&self) -> Vec<Key> {
        self.resources.keys().cloned().collect()
    }

    /// Stores an object as `put` does, as text only.
    pub fn put_packed(&mut self, key: &Key, value: Value) {
        let place = place(&value);
        let object = self.put(key, value);
        let packed = Arc::new(object.packed());
        if let Some(resource) = self.resources.get_mut(key) {
            if let Some(change) = resource.log.back_mut() {
                change.object = Arc::clone(&packed);
            }
            resource.objects.insert(place, packed);
        }
    }

    /// Keeps every object as text only, and forgets the change log.
    pub fn pack(&mut self) {
        self.compact();
        for object in self.resources.values_mut().flat_map(|r| r.objects.values_mut()) {
            *object = Arc::new(object.packed());
        }
    }

    /// Stores an object under its own namespace and name with the next revision.
    pub fn put(&mut self, key: &Key, mut value: Value) -> Arc<Object> {
        self.revision += 1;
        let revision = self.revision;
        meta::set(&mut value, &["metadata"], "resourceVersion", revision.to_string());
        let place = place(&value);
        let object = Arc::new(Object::new(value));
        let resource = self.resources.entry(key.clone()).or_default();
        let previous = resource.objects.insert(place, Arc::clone(&object));
        resource.record(Change { revision, object: Arc::clone(&object), previous, deleted: false });
        object
    }

    /// Removes an object; the answer is its last state.
    pub fn remove(&mut self, key: &Key, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let resource = self.resources.get_mut(key)?;
        let previous = resource.objects.remove(&path(namespace, name))?;
        self.revision += 1;
        let mut value = previous.value().clone();
        meta::set(&mut value, &["metadata"], "resourceVersion", self.revision.to_string());
        let object = Arc::new(Object::new(value));
        resource.record(Change {
            revision: self.revision,
            object: Arc::clone(&object),
            previous: Some(previous),
            deleted: true,
        });
        Some(object)
    }

    /// Changes of a resource after a revision, oldest first, at most `limit`.
    ///
    /// # Errors
    /// If some of them have left the log.
    pub fn since(&self, key: &Key, revision: u64, limit: usize) -> Result<Vec<Change>, Compacted> {
        self.check(revision)?;
        let Some(resource) = self.resources.get(key) else {
            return Ok(Vec::new());
        };
        if revision < resource.compacted {
            let oldest = resource.compacted;
            return Err(Compacted { oldest });
        }
        let first = resource.log.partition_point(|c| c.revision <= revision);
        Ok(resource.log.iter().skip(first).take(limit).cloned().collect())
    }

    fn check(&self, revision: u64) -> Result<(), Compacted> {
        if revision < self.compacted { Err(Compacted { oldest: self.compacted }) } else { Ok(()) }
    }

    /// Forgets the change log, as the API server does every few minutes: every older
    /// position is then `Expired`.
    pub fn compact(&mut self) {
        self.compacted = self.revision;
        self.resources.values_mut().for_each(|resource| resource.log.clear());
    }

    /// Goes on from this revision at least, and forgets the change log.
    pub fn begin_at(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
        self.compact();
    }

    /// The next number of a sequence for uids and generated names.
    pub fn next_number(&mut self) -> u64 {
        self.names += 1;
        mix(self.names.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A new uid, in the shape of a random UUID.
    pub fn next_uid(&mut self) -> String {
        let (high, low) = (self.next_number(), self.next_number());
        let version = (high & 0x0fff) | 0x4000;
        let variant = ((low >> 48) & 0x3fff) | 0x8000;
        let node = low & 0xffff_ffff_ffff;
        format!("{:08x}-{:04x}-{version:04x}-{variant:04x}-{node:012x}", high >> 32, (high >> 16) & 0xffff)
    }
}

fn place(value: &Value) -> String {
    path(meta::namespace(value), meta::name(value))
}

/// Five letters and digits as the API server appends them to `generateName`.
pub fn suffix(number: u64) -> String {
    letters(number, 5)
}

/// Letters and digits without vowels, so that no words come about.
pub fn letters(mut number: u64, count: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        text.push(ALPHABET[(number % ALPHABET.len() as u64) as usize] as char);
        number /= ALPHABET.len() as u64;
    }
    text
}
