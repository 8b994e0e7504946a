//! The three representations of objects (as they are, metadata only, Table) as bytes,
//! and streams of them in large chunks.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::request::Form;
use super::store::Object;
use crate::wire::{self, Body, BoxError};

/// Chunks of a stream are about this large.
pub const CHUNK: usize = 64 * 1024;

/// Turns objects of one kind into one representation.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// The representation.
    pub form: Form,
    /// The kind.
    pub kind: Arc<Kind>,
    /// For ages.
    pub now: Timestamp,
    /// `includeObject` of a Table: `None`, `Metadata` (default) or `Object`.
    pub include: String,
    /// Whether a Table leaves its columns out: a watch tells them once.
    pub headless: bool,
}

impl Encoder {
    /// An object on its own: the answer to a get, or in a watch event.
    pub fn single(&self, object: &Object) -> Bytes {
        match self.form {
            Form::Full => object.bytes().clone(),
            Form::Metadata => to_bytes(&metadata_of(object.value())),
            Form::Table => {
                let revision = &object.value()["metadata"]["resourceVersion"];
                let metadata = json!({"resourceVersion": revision});
                let columns = if self.headless { Value::Null } else { self.definitions().into() };
                to_bytes(&json!({
                    "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                    "columnDefinitions": columns, "rows": [self.row(object)],
                }))
            }
        }
    }

    /// An object as an element of a list, in two pieces. Lists of the API's own kinds say the type once.
    fn item(&self, object: &Object) -> [Bytes; 2] {
        match self.form {
            Form::Full if self.kind.built_in => [Bytes::from_static(b"{"), object.untyped()],
            Form::Full | Form::Metadata => [self.single(object), Bytes::new()],
            Form::Table => [to_bytes(&self.row(object)), Bytes::new()],
        }
    }

    fn row(&self, object: &Object) -> Value {
        let cells = self.kind.columns.iter().map(|c| c.value(object.value(), self.now));
        let cells: Vec<Value> = cells.collect();
        match self.include.as_str() {
            "None" => json!({"cells": cells, "object": null}),
            "Object" => json!({"cells": cells, "object": object.value()}),
            _ => json!({"cells": cells, "object": metadata_of(object.value())}),
        }
    }

    fn definitions(&self) -> Vec<Value> {
        self.kind.columns.iter().map(super::column::Column::definition).collect()
    }

    /// A list up to its first element.
    fn list_head(&self, metadata: &Value) -> Bytes {
        let (kind, version) = match self.form {
            Form::Full => (format!("{}List", self.kind.kind), self.kind.api_version()),
            Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
            Form::Table => ("Table".to_owned(), "meta.k8s.io/v1".to_owned()),
        };
        let elements = match self.form {
            Form::Table => format!("\"columnDefinitions\":{},\"rows\":[", json!(self.definitions())),
            _ => "\"items\":[".to_owned(),
        };
        format!("{{\"kind\":{},\"apiVersion\":{},\"metadata\":{metadata},{elements}", json!(kind), json!(version))
            .into()
    }

    /// The whole list, made while it is read.
    pub fn list(self, metadata: &Value, objects: Vec<Arc<Object>>) -> Body {
        let head = self.list_head(metadata);
        let items = objects.into_iter().enumerate().flat_map(move |(index, object)| {
            let comma = (index > 0).then(|| Bytes::from_static(b","));
            comma.into_iter().chain(self.item(&object))
        });
        let tail = Bytes::from_static(b"]}\n");
        chunked(std::iter::once(head).chain(items).chain(std::iter::once(tail)))
    }

    /// A bookmark's object; `initial_end` marks the end of the initial events.
    pub fn bookmark(&self, revision: u64, initial_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        to_bytes(&match self.form {
            Form::Full => {
                json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata})
            }
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
            Form::Table => json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": null,
                "metadata": {"resourceVersion": revision.to_string()},
                "rows": [{"cells": [], "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}}],
            }),
        })
    }
}

/// The PartialObjectMetadata of an object.
pub fn metadata_of(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn to_bytes(value: &Value) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// One line of a watch.
pub fn event(kind: &str, object: &[u8], into: &mut BytesMut) {
    into.put_slice(b"{\"type\":\"");
    into.put_slice(kind.as_bytes());
    into.put_slice(b"\",\"object\":");
    into.put_slice(object);
    into.put_slice(b"}\n");
}

/// A body that gathers parts into chunks while it is read.
fn chunked(mut parts: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
    let chunks = std::iter::from_fn(move || {
        let mut chunk = BytesMut::new();
        while chunk.len() < CHUNK {
            let Some(part) = parts.next() else { break };
            chunk.put_slice(&part);
        }
        (!chunk.is_empty()).then(|| Ok::<_, BoxError>(Frame::data(chunk.freeze())))
    });
    wire::body(StreamBody::new(stream::iter(chunks)))
}
