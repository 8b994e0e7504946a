//! Reading the few request bodies `kubectl` can only send as protobuf: small objects
//! and reviews, by tables of their fields from the API's `.proto` files. Answers are
//! always JSON, which those clients accept.

use serde_json::{Map, Value, json};

/// What a field holds.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    Boolean,
    Texts,
    /// `map<string, string>`.
    Pairs,
    Message(&'static [Field]),
}

type Field = (u64, &'static str, Shape);

const METADATA: &[Field] = &[
    (1, "name", Shape::Text),
    (2, "generateName", Shape::Text),
    (3, "namespace", Shape::Text),
    (5, "uid", Shape::Text),
    (6, "resourceVersion", Shape::Text),
    (11, "labels", Shape::Pairs),
    (12, "annotations", Shape::Pairs),
    (14, "finalizers", Shape::Texts),
];
const PRECONDITIONS: &[Field] = &[(1, "uid", Shape::Text), (2, "resourceVersion", Shape::Text)];
const DELETE_OPTIONS: &[Field] = &[
    (1, "gracePeriodSeconds", Shape::Number),
    (2, "preconditions", Shape::Message(PRECONDITIONS)),
    (3, "orphanDependents", Shape::Boolean),
    (4, "propagationPolicy", Shape::Text),
    (5, "dryRun", Shape::Texts),
];
const BOUND: &[Field] =
    &[(1, "kind", Shape::Text), (2, "apiVersion", Shape::Text), (3, "name", Shape::Text), (4, "uid", Shape::Text)];
const TOKEN_SPEC: &[Field] = &[
    (1, "audiences", Shape::Texts),
    (3, "boundObjectRef", Shape::Message(BOUND)),
    (4, "expirationSeconds", Shape::Number),
];
const RESOURCE_ATTRIBUTES: &[Field] = &[
    (1, "namespace", Shape::Text),
    (2, "verb", Shape::Text),
    (3, "group", Shape::Text),
    (4, "version", Shape::Text),
    (5, "resource", Shape::Text),
    (6, "subresource", Shape::Text),
    (7, "name", Shape::Text),
];
const PATH_ATTRIBUTES: &[Field] = &[(1, "path", Shape::Text), (2, "verb", Shape::Text)];
const ACCESS_SPEC: &[Field] = &[
    (1, "resourceAttributes", Shape::Message(RESOURCE_ATTRIBUTES)),
    (2, "nonResourceAttributes", Shape::Message(PATH_ATTRIBUTES)),
];
const RULES_SPEC: &[Field] = &[(1, "namespace", Shape::Text)];
const TYPE: &[Field] = &[(1, "apiVersion", Shape::Text), (2, "kind", Shape::Text)];

/// The fields of the kinds that can be read.
fn fields(kind: &str) -> Option<&'static [Field]> {
    const ONLY_METADATA: &[Field] = &[(1, "metadata", Shape::Message(METADATA))];
    Some(match kind {
        "Namespace" | "ServiceAccount" | "SelfSubjectReview" => ONLY_METADATA,
        "ConfigMap" => &[(1, "metadata", Shape::Message(METADATA)), (2, "data", Shape::Pairs)],
        "DeleteOptions" => DELETE_OPTIONS,
        "Eviction" => {
            &[(1, "metadata", Shape::Message(METADATA)), (2, "deleteOptions", Shape::Message(DELETE_OPTIONS))]
        }
        "TokenRequest" => &[(1, "metadata", Shape::Message(METADATA)), (2, "spec", Shape::Message(TOKEN_SPEC))],
        "SelfSubjectAccessReview" => {
            &[(1, "metadata", Shape::Message(METADATA)), (2, "spec", Shape::Message(ACCESS_SPEC))]
        }
        "SelfSubjectRulesReview" => {
            &[(1, "metadata", Shape::Message(METADATA)), (2, "spec", Shape::Message(RULES_SPEC))]
        }
        _ => return None,
    })
}

/// Reads a body: the magic bytes, the envelope with the type, the object.
///
/// # Errors
/// What cannot be read.
pub fn decode(body: &[u8]) -> Result<Value, String> {
    let envelope = body.strip_prefix(b"k8s\0").ok_or("it does not begin as Kubernetes protobuf does")?;
    let (mut kind, mut raw) = (json!({}), &[][..]);
    for part in Parts(envelope) {
        match part? {
            (1, Content::Bytes(bytes)) => kind = message(bytes, TYPE)?,
            (2, Content::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let name = kind["kind"].as_str().unwrap_or_default();
    let fields = fields(name).ok_or_else(|| format!("a {name} can only be read as JSON or YAML here"))?;
    let mut object = message(raw, fields)?;
    for key in ["apiVersion", "kind"] {
        object[key] = kind[key].clone();
    }
    Ok(object)
}

fn message(bytes: &[u8], fields: &[Field]) -> Result<Value, String> {
    let mut object = Map::new();
    for part in Parts(bytes) {
        let (number, content) = part?;
        if let Some((_, name, shape)) = fields.iter().find(|(n, _, _)| *n == number) {
            insert(&mut object, name, *shape, &content)?;
        }
    }
    Ok(Value::Object(object))
}

fn insert(object: &mut Map<String, Value>, name: &str, shape: Shape, content: &Content<'_>) -> Result<(), String> {
    let value = match (shape, content) {
        (Shape::Number, Content::Number(number)) => json!(i64::from_ne_bytes(number.to_ne_bytes())),
        (Shape::Boolean, Content::Number(number)) => json!(*number != 0),
        // The API's generated code writes empty strings for absent ones.
        (Shape::Text, Content::Bytes([])) => return Ok(()),
        (Shape::Text, Content::Bytes(bytes)) => json!(text(bytes)),
        (Shape::Message(fields), Content::Bytes(bytes)) => message(bytes, fields)?,
        (Shape::Texts, Content::Bytes(bytes)) => {
            let list = object.entry(name).or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|list| list.push(json!(text(bytes))));
            return Ok(());
        }
        (Shape::Pairs, Content::Bytes(bytes)) => {
            const PAIR: &[Field] = &[(1, "key", Shape::Text), (2, "value", Shape::Text)];
            let pair = message(bytes, PAIR)?;
            let key = pair["key"].as_str().unwrap_or_default();
            object.entry(name).or_insert_with(|| json!({}))[key] = json!(pair["value"].as_str().unwrap_or_default());
            return Ok(());
        }
        _ => return Err(format!("field {name} has the wrong wire type")),
    };
    object.insert(name.to_owned(), value);
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message: number and content.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = Result<(u64, Content<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = self.read();
        if part.is_none() {
            self.0 = &[];
        }
        Some(part.ok_or_else(|| "the protobuf is cut off or malformed".to_owned()))
    }
}

impl<'a> Parts<'a> {
    fn read(&mut self) -> Option<(u64, Content<'a>)> {
        let tag = self.varint()?;
        let content = match tag & 7 {
            0 => Content::Number(self.varint()?),
            1 => Content::Bytes(self.bytes(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Content::Bytes(self.bytes(length)?)
            }
            5 => Content::Bytes(self.bytes(4)?),
            _ => return None,
        };
        Some((tag >> 3, content))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}
