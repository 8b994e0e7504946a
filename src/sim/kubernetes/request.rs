//! From an HTTP request to what is asked: path, query, verb and wanted
//! representation. It does not touch the store.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, Method, header};

use super::kind::{Kind, Kinds};
use super::status::Failure;

/// Query parameters by name; of a repeated one the last.
#[derive(Clone, Debug, Default)]
pub struct Query(HashMap<String, String>);

impl Query {
    /// Reads the query part of a URI.
    pub fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|p| !p.is_empty());
        let decoded = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(decoded.collect())
    }

    /// A parameter's text, empty if absent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether a parameter is `true` or `1`.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.text(name), "true" | "1")
    }

    /// A number, absent if there is none.
    ///
    /// # Errors
    /// 400 if it is not a number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        match self.text(name) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| Failure::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))),
        }
    }

    /// The resource version, absent if there is none.
    ///
    /// # Errors
    /// 400 if it is not a number.
    pub fn version(&self) -> Result<Option<u64>, Failure> {
        match self.text("resourceVersion") {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                let why = format!("Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
                Failure::bad_request(format!("invalid resource version: resourceVersion: {why}"))
            }),
        }
    }
}

fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// How objects are to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Full,
    /// PartialObjectMetadata.
    Metadata,
    /// Table.
    Table,
}

impl Form {
    /// The first form of the `Accept` header that can be served.
    ///
    /// # Errors
    /// 406 if there is none, as for clients that insist on protobuf.
    pub fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let accept = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or("*/*");
        accept.split(',').find_map(form_of_range).ok_or_else(|| {
            let message = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
            Failure::new(406, "NotAcceptable", message)
        })
    }
}

fn form_of_range(range: &str) -> Option<Form> {
    let mut parts = range.split(';').map(str::trim);
    if !matches!(parts.next()?, "application/json" | "application/*" | "*/*" | "application/yaml") {
        return None;
    }
    match parts.find_map(|p| p.strip_prefix("as=")) {
        None => Some(Form::Full),
        Some("Table") => Some(Form::Table),
        Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Form::Metadata),
        Some(_) => None,
    }
}

/// The resource a path names.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its kind.
    pub kind: Arc<Kind>,
    /// Namespace, empty for all or for cluster-scoped kinds.
    pub namespace: String,
    /// Name, empty for the collection.
    pub name: String,
    /// Subresource, empty for the object itself.
    pub subresource: String,
}

impl Target {
    /// Reads `/api/v1/…` or `/apis/GROUP/VERSION/…`.
    ///
    /// # Errors
    /// 404 for anything that is not served.
    pub fn parse(path: &str, kinds: &Kinds) -> Result<Self, Failure> {
        let segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decode_segment).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Failure::no_path()),
        };
        let (namespace, rest) = split_namespace(rest);
        let [plural, rest @ ..] = rest else {
            return Err(Failure::no_path());
        };
        let kind = kinds.by_resource(group, version, plural).ok_or_else(|| match kinds.is_served(group) {
            true => Failure::no_path(),
            false => Failure::nowhere(),
        })?;
        let (name, subresource) = match rest {
            [] => ("", ""),
            [name] => (*name, ""),
            [name, subresource] => (*name, *subresource),
            _ => return Err(Failure::no_path()),
        };
        check_scope(&kind, namespace, name)?;
        Ok(Self { kind, namespace: namespace.to_owned(), name: name.to_owned(), subresource: subresource.to_owned() })
    }
}

fn decode_segment(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// `namespaces/NS/RESOURCE…` against `namespaces[/NAME[/status|finalize]]`.
fn split_namespace<'a, 'b>(rest: &'b [&'a str]) -> (&'a str, &'b [&'a str]) {
    match rest {
        ["namespaces", _, "status" | "finalize"] => ("", rest),
        ["namespaces", namespace, _, ..] => (namespace, &rest[2..]),
        _ => ("", rest),
    }
}

fn check_scope(kind: &Kind, namespace: &str, name: &str) -> Result<(), Failure> {
    let misplaced = if kind.namespaced { namespace.is_empty() && !name.is_empty() } else { !namespace.is_empty() };
    if misplaced { Err(Failure::no_path()) } else { Ok(()) }
}

/// The API verb of a request.
pub fn verb(method: &Method, target: &Target, query: &Query) -> Result<&'static str, Failure> {
    let single = !target.name.is_empty();
    Ok(match *method {
        Method::GET if single => "get",
        Method::GET if query.is_true("watch") => "watch",
        Method::GET => "list",
        Method::POST if !single || !target.subresource.is_empty() => "create",
        Method::PUT if single => "update",
        Method::PATCH if single => "patch",
        Method::DELETE if single => "delete",
        Method::DELETE => "deletecollection",
        _ => return Err(Failure::not_allowed()),
    })
}

/// Who asks, for messages: an impersonated user, the subject of a token, or an admin.
pub fn user(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(user) = text("impersonate-user") {
        return user.to_owned();
    }
    let token = text("authorization").and_then(|a| a.strip_prefix("Bearer "));
    token.and_then(super::token::subject).unwrap_or_else(|| "kubernetes-admin".to_owned())
}
